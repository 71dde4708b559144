"""What a file of emission factors holds, whatever its form: the kind is recognised from the content, or stated.

egrid            EPA's workbooks, its tables of one level as CSV, the map file of its Power Profiler (JSON), or tables
                 of subregions (``subregions``)
hourly           intensities by the hour (``hourly``)
annual           countries, suppliers, residual mixes (``annual``)
cloud            regions of cloud providers (``cloud``)
utilities        EIA-861's Utility Data (``utilities``)
zips             EPA's table of ZIPs, utilities and subregions (``zips``)

A year that a file does not state is the caller's; else that in its name, if there is one only, and ``year_from`` says
so. This is for looking into files: a factor that is chosen takes no year from a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, area_files, cloud, egrid, hourly, hourly_forms, subregions, utilities, zips
from carbon_tokens.factors.rate import Rate
from carbon_tokens.periods import Month

KINDS = ("egrid", "hourly", "annual", "cloud", "utilities", "zips")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def kind_of(path: Path | str) -> str:
    """One of ``KINDS``. Raises FactorError for a file that cannot be read."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name, todo="Check the path.") from error
    if content[:2] == b"PK" or path.suffix == ".xlsx":
        return "utilities" if utilities.known(content) else "egrid"
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "egrid" if b'"features"' in content else "annual"
    if area_files.holds(content) or subregions.known(content):
        return "egrid"
    if zips.known(content):
        return "zips"
    if cloud.known(content):
        return "cloud"
    return "hourly" if hourly_forms.known(content) else "annual"


def content(
    path: Path | str, kind: str = "", *, edition: str | None = None, year: int | None = None, zone: str = ""
) -> dict[str, Any]:
    """What a file holds, as a JSON object: file, kind, form, rows, regions, start, end and the rejected rows.

    ``rows`` are those of the file, rejected ones included; ``start`` and ``end`` are years, of hours months; of eGRID
    the rates of regions follow.

    Args:
        edition: of an eGRID workbook that does not say it; year: of a file that states none; zone: as ``hourly.read``.

    Raises:
        FactorError: an unknown kind, or a file that the reader of its kind refuses.
    """
    path, kind = Path(path), kind or kind_of(path)
    if kind not in KINDS:
        raise FactorError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    named = sorted(set(_YEAR.findall(path.stem)))
    guess = int(named[0]) if year is None and len(named) == 1 else None
    head: dict[str, Any] = {"file": path.name, "kind": kind}
    if kind == "egrid":
        found = _egrid(path, edition, year, guess)
    elif kind == "hourly":
        found = _hourly(hourly.read(path, zone=zone or path.stem if _unnamed(path) else zone))
    elif kind == "cloud":
        found = _cloud(cloud.read(path, year=guess if year is None else year))
    elif kind == "zips":
        found = zips.summary(path)
    elif kind == "utilities":
        found = _utilities(utilities.read(path))
    else:
        found = _annual(annual.parse(path, year=guess if year is None else year))
    undated = found.pop("undated", False)
    from_name = {"year_from": "file name"} if undated and guess is not None else {}
    return {**head, **found, **from_name, "rejected": found.get("rejected", [])}


def _egrid(path: Path, edition: str | None, year: int | None, guess: int | None) -> dict[str, Any]:
    content = path.read_bytes()
    if content[:1] == b"{":
        return _rates("power-profiler", egrid.read_profiler(path, year).rates)
    if subregions.known(content):
        rates = subregions.read(path, year=guess if year is None else year, edition=edition)
        return _rates("subregion-csv", rates) | {"undated": b"egrid_release" not in content[:4096]}
    if content[:2] != b"PK" and path.suffix != ".xlsx":
        return _areas(area_files.read(path, year=year, edition=edition), [])
    if not area_files.levels(path.name, content):
        return _rates("egrid-summary-tables", egrid.read_workbook(path, edition))
    found = area_files.read(path, year=year, edition=edition)
    rates = egrid.read_workbook(path, edition) if {"us", "state", "subregion"} & set(_levels(found)) else []
    return _areas(found, rates)


def _levels(found: area_files.Areas) -> list[str]:
    return [sheet.level.level for sheet, _ in found.tables]


def _rates(form: str, rates: Sequence[Rate]) -> dict[str, Any]:
    first = rates[0]
    head = {"dataset": first.dataset, "release": first.release, "year": first.year, "edition": first.edition}
    head |= {"revision": first.revision, "form": form, "gwp": next((rate.gwp for rate in rates if rate.gwp), None)}
    head |= {"file_sha256": first.file_sha256, "rows": len(rates), "regions": len(rates)}
    return {**head, **_years([rate.year for rate in rates]), "rates": [rate.to_json() for rate in rates]}


def _areas(found: area_files.Areas, rates: Sequence[Rate]) -> dict[str, Any]:
    """Every level counted; the rates of regions in full, those of plants by ``area_files`` alone."""
    said = found.to_json()
    revision = found.edition if re.fullmatch(r"(rev|v)\d+", found.edition) else None
    first = {key: said.pop(key) for key in ("dataset", "release", "year", "edition")}
    held = {"plant", *(rate.level for rate in rates)}
    regions = [area for area in found.areas if area.level not in held and area.co2 is not None and area.year]
    rates = [*rates, *(area.to_rate(found.edition, found.file, found.file_sha256) for area in regions)]
    years = [found.year] if found.year else []
    return {**first, "revision": revision, **said, **_years(years), "rates": [rate.to_json() for rate in rates]}


def _unnamed(path: Path) -> bool:
    """Whether an hourly file names no zone, so that its own name stands for it here."""
    return not any(cell.zone for cell in hourly_forms.parse(path.name, path.read_bytes(), "generation").cells)


def _hourly(found: hourly.Series) -> dict[str, Any]:
    starts = [hour.start for hour in found.hours]
    months = (Month.of(starts[0]), Month.of(starts[-1])) if starts else ("", "")
    return {
        "form": found.form, "zone": found.zone, "boundary": found.boundary,
        "rows": len(starts) + found.repeated + len(found.rejected), "regions": 1,
        "hours": len(starts), "repeated": found.repeated,
        "missing": (starts[-1] - starts[0]) // 3600 + 1 - len(starts) if starts else 0,
        "estimated": sum(hour.estimated for hour in found.hours), "start": str(months[0]), "end": str(months[1]),
        "mean_g_per_kwh": f"{float(sum(hour.g_per_kwh for hour in found.hours) / len(starts)):.3f}" if starts else None,
        "file_sha256": found.file_sha256, "rejected": _rejected(found.rejected),
    }  # fmt: skip


def _annual(found: annual.Annuals) -> dict[str, Any]:
    head: dict[str, Any] = {"form": found.form, "basis": found.basis, "rows": len(found.rows) + len(found.rejected)}
    head |= {"regions": len({each.region for each in found.rows})}
    notes = sorted({each.note for each in found.rows if each.note})
    head |= ({"note": "; ".join(notes)} if notes else {}) | {"undated": found.undated}
    years = _years([each.year for each in found.rows])
    return {**head, **years, "file_sha256": found.file_sha256, "rejected": _rejected(found.rejected)}


def _cloud(found: cloud.CloudRegions) -> dict[str, Any]:
    head = {"form": found.form, "boundary": found.boundary, "rows": len(found.regions) + len(found.rejected)}
    head |= {"regions": len({(each.provider, each.region) for each in found.regions})}
    for quantity in cloud.QUANTITIES:
        given = sum(each.values.get(quantity, "").upper() not in ("", "NA", "N/A") for each in found.regions)
        head |= {quantity: given} if given else {}
    years = _years([each.year for each in found.regions if each.year]) | {"undated": found.form != "gsf"}
    return {**head, **years, "file_sha256": found.file_sha256, "rejected": _rejected(found.rejected)}


def _utilities(found: utilities.Utilities) -> dict[str, Any]:
    states = {state for each in found.utilities.values() for state in each.states}
    return {
        "form": "eia-861", "rows": found.rows, "regions": len(found.utilities), "states": len(states),
        **_years([found.year]), "file_sha256": found.file_sha256, "rejected": _rejected(found.rejected),
    }  # fmt: skip


def _rejected(rows: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"row": where, "reason": reason} for where, reason in rows]


def _years(years: Sequence[int]) -> dict[str, Any]:
    return {"start": str(min(years)) if years else "", "end": str(max(years)) if years else ""}
