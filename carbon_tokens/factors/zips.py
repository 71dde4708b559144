"""ZIP code → eGRID subregion, from EPA's Power Profiler.

A ZIP can be served by utilities of several subregions. Such a ZIP is reported with its candidates, never guessed; the
utility on the electricity bill decides, by its EIA number.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import table

ZIP_COLUMNS = ("zip", "subregions")
UTILITY_COLUMNS = ("zip", "eia_utility", "subregion", "predominant")
NAME_COLUMNS = ("eia_utility", "utility")
EPA_COLUMNS = ("zip", "eiaid", "SUBRGN")  # of the Power Profiler's own table


@dataclass(frozen=True, slots=True)
class Candidate:
    """A utility of an ambiguous ZIP and the subregion it serves it from; ``predominant`` as EPA flags it."""

    zip: str
    subregion: str
    eia_utility: int
    utility: str
    predominant: bool

    def __str__(self) -> str:
        return f"{self.subregion} ({self.utility}, EIA {self.eia_utility}{', predominant' if self.predominant else ''})"


def subregions(zip: str) -> tuple[str, ...]:
    """Every subregion that a ZIP lies in, in alphabetical order; ``zip`` is five digits, or ZIP+4.

    Raises:
        FactorError: no ZIP code, or one that EPA's table does not hold.
    """
    code = _code(zip)
    try:
        return tuple(_zips()[code].split())
    except KeyError:
        raise FactorError(f"ZIP {code} is not in EPA's table", todo="Name the eGRID subregion yourself.") from None


def candidates(zip: str) -> tuple[Candidate, ...]:
    """The utilities among which an ambiguous ZIP must be decided; empty for a ZIP in one subregion.

    Raises:
        FactorError: as ``subregions`` does.
    """
    return _utilities()[_code(zip)] if len(subregions(zip)) > 1 else ()


def subregion(zip: str, eia_utility: int | None = None) -> str:
    """The subregion of a ZIP; for an ambiguous one, that from which the given utility serves it.

    Args:
        zip: five digits, or ZIP+4.
        eia_utility: the utility's EIA number. It is not looked at if the ZIP lies in one subregion.

    Raises:
        FactorError: as ``subregions`` does, and for an ambiguous ZIP without its utility, listing the candidates.
    """
    found = subregions(zip)
    if len(found) == 1:
        return found[0]
    choice = [one for one in candidates(zip) if one.eia_utility == eia_utility]
    if not choice:
        what = f"ZIP {_code(zip)} lies in {len(found)} subregions: {'; '.join(map(str, candidates(zip)))}"
        raise FactorError(what, todo="Give the EIA number of the utility on the bill, or the subregion.")
    return choice[0].subregion


def known(content: bytes) -> bool:
    """Whether the header of a CSV is that of the Power Profiler's table of ZIPs."""
    return set(EPA_COLUMNS) <= set(table.header(content))


def summary(path: Path) -> dict[str, object]:
    """What EPA's table of ZIPs holds: rows, ZIPs, those in several subregions, utilities, and rows that are rejected.

    Raises:
        FactorError: as ``table.read`` does.
    """
    per_zip: dict[str, set[str]] = {}
    utilities: set[str] = set()
    rejected, rows = [], 0
    for where, row in table.read(path, EPA_COLUMNS):
        rows += 1
        if re.fullmatch(r"[0-9]{5}", row["zip"]) and re.fullmatch(r"[A-Z]{4}", row["SUBRGN"]):
            per_zip.setdefault(row["zip"], set()).add(row["SUBRGN"])
            utilities |= {row["eiaid"]} - {""}
        else:
            rejected.append({"row": where, "reason": f"{row['zip']!r} in {row['SUBRGN']!r}: no ZIP in a subregion"})
    return {
        "form": "zip-utility-subregion", "rows": rows,
        "regions": len({region for regions in per_zip.values() for region in regions}), "zips": len(per_zip),
        "zips_in_several": sum(len(regions) > 1 for regions in per_zip.values()), "utilities": len(utilities),
        "start": "", "end": "", "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rejected": rejected,
    }  # fmt: skip


def _code(zip: str) -> str:
    match = re.fullmatch(r"(\d{5})(-\d{4})?", zip.strip()) if isinstance(zip, str) else None
    if not match:
        raise FactorError(f"{zip!r} is no ZIP code", todo="Write five digits as text; leading zeros count.")
    return match[1]


@cache
def _zips() -> dict[str, str]:
    rows = table.read(data_files.path("egrid", "zip_subregions.csv"), ZIP_COLUMNS)
    return {row["zip"]: row["subregions"] for _, row in rows}


@cache
def _utilities() -> dict[str, tuple[Candidate, ...]]:
    rows = table.read(data_files.path("egrid", "utilities.csv"), NAME_COLUMNS)
    names = {row["eia_utility"]: row["utility"] for _, row in rows}
    found: dict[str, list[Candidate]] = {}
    for _, row in table.read(data_files.path("egrid", "zip_utilities.csv"), UTILITY_COLUMNS):
        number = row["eia_utility"]
        one = Candidate(row["zip"], row["subregion"], int(number), names[number], row["predominant"] == "1")
        found.setdefault(one.zip, []).append(one)
    return {code: tuple(several) for code, several in found.items()}
