"""What cloud providers publish of their regions: carbon-free energy, the grid's intensity, PUE.

    google            Google's region-carbon-info: Google CFE and grid intensity by region, a file a year (the year is
                      in its name only). The header says "Lifecycle grid carbon intensity" in some years only
    gsf               Green Software Foundation, Cloud Region Metadata 1.1: columns as below, each of them optional
    codecarbon-cloud  CodeCarbon's table of regions by provider: impact in g/kWh; it states no year

Quantities bear the names of the GSF's columns. A value that a provider does not give (blank or ``NA``) is not 0: asking
for it raises.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import table
from carbon_tokens.units import decimal

CFE_HOURLY, CFE_ANNUAL = "provider-cfe-hourly", "provider-cfe-annual"
PUE = "power-usage-effectiveness"
GRID = "grid-carbon-intensity-average-consumption-annual"
# Quantity: the least and greatest value that it can have.
QUANTITIES: Mapping[str, tuple[int, int]] = {
    CFE_HOURLY: (0, 1), CFE_ANNUAL: (0, 1), PUE: (1, 10), "water-usage-effectiveness": (0, 1000),
    GRID: (0, 100_000), "grid-carbon-intensity": (0, 100_000), "provider-carbon-intensity-market-annual": (0, 100_000),
    "provider-carbon-intensity-average-consumption-hourly": (0, 100_000),
    "grid-carbon-intensity-marginal-consumption-annual": (0, 100_000),
}  # fmt: skip
_GOOGLE = re.compile(r"(lifecycle )?grid carbon intensity \(gco2eq ?/ ?kwh\)")
_CODECARBON = ("provider", "region", "impact")
_GSF = ("year", "cloud-provider", "cloud-region")


@dataclass(frozen=True, slots=True)
class CloudRegion:
    """A region of a provider in a year, and what is published of it (text as in the file)."""

    provider: str
    region: str
    location: str
    year: int | None
    values: Mapping[str, str]
    where: str

    def value(self, quantity: str) -> Decimal:
        """A quantity: a fraction for carbon-free energy, a ratio for PUE, g/kWh for intensities.

        Raises:
            FactorError: no such quantity, or the provider does not give it.
        """
        if quantity not in QUANTITIES:
            raise FactorError(f"{quantity!r} is no quantity of a cloud region", todo=f"Use {', '.join(QUANTITIES)}.")
        text = self.values.get(quantity, "")
        if text.upper() in ("", "NA", "N/A"):
            what = f"{self.provider} does not give {quantity} of {self.region}"
            raise FactorError(what, where=self.where, todo="Nothing stands in for it.")
        return _checked(quantity, text, self.where)


@dataclass(frozen=True, slots=True)
class CloudRegions:
    """The regions of a file; ``boundary`` is ``lifecycle`` where the header says so, else empty: it is not stated."""

    file: str
    file_sha256: str
    form: str
    boundary: str
    regions: tuple[CloudRegion, ...]
    rejected: tuple[tuple[str, str], ...]  # file:row, reason

    def of(self, provider: str, region: str, year: int) -> CloudRegion:
        """A region of a year; case does not matter. Raises FactorError if the file has none."""
        wanted = provider.lower(), region.lower(), year
        for each in self.regions:
            if (each.provider.lower(), each.region.lower(), each.year) == wanted:
                return each
        raise FactorError(f"no region {provider} {region} of {year}", where=self.file)


def known(content: bytes) -> bool:
    """Whether the header of a CSV is one of the forms."""
    return bool(_form(table.header(content)))


def read(path: Path | str, *, year: int | None = None) -> CloudRegions:
    """The regions in a file; a row without any quantity is rejected.

    Args:
        year: of a form that states none; without it the year of its regions stays open.

    Raises:
        FactorError: no such file, an unknown form, a quantity that cannot be, or a region twice in a year.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name) from error
    header = [cell.strip() for cell in lines[0]] if lines else []
    form = _form(header)
    if not form or len(set(header)) != len(header):
        todo = "Known: Google's region-carbon, GSF's Cloud Region Metadata, CodeCarbon's cloud regions."
        raise FactorError(f"no known form of cloud regions: {', '.join(header)}", where=f"{path.name}:1", todo=todo)
    found, rejected = [], []
    for at, row in _rows(path.name, header, lines[1:]):
        one = _region(f"{path.name}:{at}", form, row, year)
        if isinstance(one, CloudRegion):
            found.append(one)
        else:
            rejected.append((f"{path.name}:{at}", one))
    _once(found)
    boundary = "lifecycle" if form == "google" and any(name.lower().startswith("lifecycle") for name in header) else ""
    digest = hashlib.sha256(content).hexdigest()
    return CloudRegions(path.name, digest, form, boundary, tuple(found), tuple(rejected))


def _form(header: Sequence[str]) -> str:
    if {"Google Cloud Region", "Location"} <= set(header) and any(_GOOGLE.fullmatch(name.lower()) for name in header):
        return "google"
    if set(_GSF) <= set(header):
        return "gsf"
    return "codecarbon-cloud" if set(_CODECARBON) <= set(header) else ""


def _rows(file: str, header: Sequence[str], lines: Sequence[list[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    for at, cells in enumerate(lines, start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise FactorError(f"{len(cells)} cells under {len(header)} columns", where=f"{file}:{at}")
        yield at, dict(zip(header, map(str.strip, cells), strict=True))


def _region(where: str, form: str, row: Mapping[str, str], year: int | None) -> CloudRegion | str:
    if form == "google":
        grid = next(row[name] for name in row if _GOOGLE.fullmatch(name.lower()))
        names = "gcp", row["Google Cloud Region"], row["Location"]
        values = {CFE_HOURLY: row.get("Google CFE", ""), GRID: grid}
    elif form == "gsf":
        names = row["cloud-provider"], row["cloud-region"], row.get("location", "")
        values = {name: row[name] for name in QUANTITIES if name in row}
    else:
        names = row["provider"], row["region"], row.get("city", "")
        values = {GRID: row["impact"]}
    if not any(row.values()):
        return "an empty row"
    if not names[0] or not names[1]:
        return "no provider or region"
    stated = _year(where, row["year"]) if form == "gsf" else year
    given = {name: text for name, text in values.items() if text.upper() not in ("", "NA", "N/A")}
    for name, text in given.items():
        _checked(name, text, where)
    return CloudRegion(*names, stated, values, where) if given else f"{names[0]} {names[1]}: no quantity is given"


def _year(where: str, text: str) -> int:
    if not re.fullmatch(r"(19|20|21)[0-9]{2}", text):
        raise FactorError(f"{text!r} is no year", where=where)
    return int(text)


def _checked(quantity: str, text: str, where: str) -> Decimal:
    value = decimal(text, where=where)
    least, most = QUANTITIES[quantity]
    if not least <= value <= most or (value and value.adjusted() < -12):
        todo = "A fraction is between 0 and 1, a PUE at least 1, an intensity g/kWh."
        raise FactorError(f"{quantity} is {text[:20]!r}", where=where, todo=todo)
    return value


def _once(found: Sequence[CloudRegion]) -> None:
    seen: dict[tuple[str, str, int | None], CloudRegion] = {}
    for each in found:
        if seen.setdefault((each.provider.lower(), each.region.lower(), each.year), each) is not each:
            raise FactorError(f"{each.provider} {each.region} {each.year} stands twice", where=each.where)
