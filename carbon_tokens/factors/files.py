"""What a file of emission factors holds, whatever its form: the kind is recognised from the content, or stated.

egrid            EPA's workbooks (.xlsx), or the map file of its Power Profiler (.json)
hourly           intensities by the hour (``hourly``)
annual           countries, suppliers, residual mixes (``annual``)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, egrid, hourly, hourly_forms
from carbon_tokens.factors.rate import Rate
from carbon_tokens.periods import Month

KINDS = ("egrid", "hourly", "annual")


def kind_of(path: Path | str) -> str:
    """One of ``KINDS``. Raises FactorError for a file that cannot be read."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name, todo="Check the path.") from error
    if path.suffix == ".xlsx" or (path.suffix == ".json" and b'"features"' in content):
        return "egrid"
    return "hourly" if path.suffix != ".json" and hourly_forms.known(content) else "annual"


def content(
    path: Path | str, kind: str = "", *, edition: str | None = None, year: int | None = None, zone: str = ""
) -> dict[str, Any]:
    """What a file holds, as a JSON object: file, kind, rows, start and end, and of eGRID the rates themselves.

    Args:
        edition: of an eGRID workbook that does not say it; year: of a file that states none; zone: as ``hourly.read``.

    Raises:
        FactorError: an unknown kind, or a file that the reader of its kind refuses.
    """
    path, kind = Path(path), kind or kind_of(path)
    if kind == "egrid":
        return {"file": path.name, "kind": kind, **_egrid(path, edition, year)}
    if kind == "hourly":
        return {"kind": kind, **_hourly(hourly.read(path, zone=zone or path.stem if _unnamed(path) else zone))}
    if kind == "annual":
        return {"file": path.name, "kind": kind, **_annual(annual.read(path, year=year))}
    raise FactorError(f"kind {kind!r} is none of {', '.join(KINDS)}")


def _egrid(path: Path, edition: str | None, year: int | None) -> dict[str, Any]:
    rates = egrid.read_workbook(path, edition) if path.suffix == ".xlsx" else egrid.read_profiler(path, year).rates
    first: Rate = rates[0]
    head = {"dataset": first.dataset, "release": first.release, "year": first.year, "edition": first.edition}
    head |= {"revision": first.revision, "file_sha256": first.file_sha256, "rows": len(rates)}
    return {**head, **_years([rate.year for rate in rates]), "rates": [rate.to_json() for rate in rates]}


def _unnamed(path: Path) -> bool:
    """Whether an hourly file names no zone, so that its own name stands for it here."""
    return not any(cell.zone for cell in hourly_forms.parse(path.name, path.read_bytes(), "generation").cells)


def _hourly(found: hourly.Series) -> dict[str, Any]:
    starts = [hour.start for hour in found.hours]
    months = (Month.of(starts[0]), Month.of(starts[-1])) if starts else ("", "")
    return {
        "file": found.file, "form": found.form, "zone": found.zone, "boundary": found.boundary,
        "rows": len(starts) + found.repeated, "hours": len(starts), "repeated": found.repeated,
        "missing": (starts[-1] - starts[0]) // 3600 + 1 - len(starts) if starts else 0,
        "estimated": sum(hour.estimated for hour in found.hours), "start": str(months[0]), "end": str(months[1]),
        "mean_g_per_kwh": f"{float(sum(hour.g_per_kwh for hour in found.hours) / len(starts)):.3f}" if starts else None,
        "file_sha256": found.file_sha256,
    }  # fmt: skip


def _annual(found: list[annual.Annual]) -> dict[str, Any]:
    if not found:
        return {"rows": 0, **_years([])}
    head = {
        "form": found[0].form,
        "basis": found[0].basis,
        "rows": len(found),
        "regions": len({r.region for r in found}),
    }
    return {**head, **_years([each.year for each in found]), "file_sha256": found[0].file_sha256}


def _years(years: list[int]) -> dict[str, Any]:
    return {"start": str(min(years)) if years else "", "end": str(max(years)) if years else ""}
