"""Carbon intensity of a grid hour by hour: the downloads of publishers, and a month of them as a table for a fleet.

METHOD (d) takes average intensities (what the grid's mix emits per kWh), of generation only. Known forms, told by their
headers:

    electricity-maps   the publisher's download: direct (generation) and life-cycle columns, estimated hours marked
    eia-930            US balancing authorities by fuel: EIA's export (hour ending, local time) or fuel codes in UTC
    entso-e            European generation by production type, local time with its offset; parts of an hour are averaged
    plain              timestamp and carbon_intensity, or hour and g_per_kwh, in UTC

A form by fuel gives Σ energy × intensity of the fuel ÷ Σ energy, with the intensities of ``data/intensity/fuels.csv``
or of the caller; pumped storage is no generation and is left out. Marginal intensities answer another question and are
refused. An hour without a value is missing and stays so: what stands in for it is the allocation's choice, and stated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import hourly_forms, table
from carbon_tokens.factors.hourly_forms import Cell
from carbon_tokens.periods import Month
from carbon_tokens.units import decimal

BOUNDARIES = ("generation", "lifecycle")
FUEL_COLUMNS = ("fuel", "boundary", "g_per_kwh", "source")
_MILLIONTH = 10**6


@dataclass(frozen=True, slots=True)
class HourlyIntensity:
    """g CO2e/kWh of one hour, exact; ``estimated`` as the publisher marks it."""

    start: int  # UTC seconds
    g_per_kwh: Fraction
    estimated: bool
    row: int  # of the file, the header being row 1

    @property
    def text(self) -> str:
        """g/kWh to 10^-6, half up: the resolution of a fleet's tables."""
        millionths = (2 * self.g_per_kwh.numerator * _MILLIONTH + self.g_per_kwh.denominator) // (
            2 * self.g_per_kwh.denominator
        )
        return format((Decimal(millionths) / _MILLIONTH).normalize(), "f")


@dataclass(frozen=True, slots=True)
class Series:
    """The hours of one zone in a file.

    Attributes:
        form: which of the known forms the file has; boundary: what is counted, "generation" or "lifecycle".
        hours: in time order, each once; repeated: rows that repeat an hour with the same value.
        fuels: intensities of fuels that were used, g/kWh; empty where the file states intensities itself.
        rejected: (file:row, reason) of rows without a value: their hours are missing unless another row has them.
    """

    zone: str
    form: str
    boundary: str
    file: str
    file_sha256: str  # 64 hex digits
    hours: tuple[HourlyIntensity, ...]
    repeated: int
    fuels: tuple[tuple[str, Decimal], ...]
    rejected: tuple[tuple[str, str], ...] = ()

    def of(self, month: Month) -> tuple[list[HourlyIntensity], list[int]]:
        """The month's hours, and the starts of those that are missing."""
        found = [hour for hour in self.hours if month.start <= hour.start < month.end]
        present = {hour.start for hour in found}
        return found, [start for start in range(month.start, month.end, 3600) if start not in present]

    def to_json(self, month: Month) -> dict[str, object]:
        """What the file says of a month: hours, missing and estimated ones, mean, and where it comes from."""
        found, missing = self.of(month)
        mean = sum((each.g_per_kwh for each in found), Fraction(0)) / len(found) if found else None
        return {
            "zone": self.zone,
            "month": str(month),
            "form": self.form,
            "boundary": self.boundary,
            "hours": len(found),
            "missing": len(missing),
            "estimated": sum(each.estimated for each in found),
            "repeated": self.repeated,
            "mean_g_per_kwh": None if mean is None else f"{float(mean):.3f}",
            "fuels": {name: format(value, "f") for name, value in self.fuels},
            "file": self.file,
            "file_sha256": self.file_sha256,
        }

    def rows(self, month: Month) -> list[tuple[str, str, str]]:
        """zone, hour and g_per_kwh of the month: the rows of a fleet's ``carbon_intensity`` table."""
        found, _ = self.of(month)
        return [(self.zone, f"{datetime.fromtimestamp(each.start, UTC):%Y-%m-%dT%H:%MZ}", each.text) for each in found]


def read(
    path: Path | str, *, boundary: str = "generation", zone: str = "", fuels: Mapping[str, Decimal] | None = None
) -> Series:
    """The hours in a publisher's file.

    Args:
        zone: the grid zone, for forms that do not state one; where the file states several, which one.
        fuels: g/kWh by fuel, instead of the shipped ones, for forms by fuel.

    Raises:
        FactorError: an unknown form, marginal intensities, no or several zones, a boundary that the file does not
            have, a fuel without an intensity, a cell that is no number or no hour, or an hour with two values.
    """
    path = Path(path)
    if boundary not in BOUNDARIES:
        raise FactorError(f"{boundary!r} is no boundary", todo=f"Use {' or '.join(BOUNDARIES)}.")
    content = _bytes(path)
    found = hourly_forms.parse(path.name, content, boundary)
    given = dict(fuels) if fuels is not None else shipped_fuels(boundary) if found.by_fuel else {}
    cells = found.cells if not found.by_fuel else _mixed(found.cells, given, path.name)
    idle = {cell.row for cell in found.cells} - {cell.row for cell in cells}
    blank = [(row, "no value") for row in found.blank] + [(row, "nothing was generated") for row in idle]
    cells, named = _of_zone(cells, zone, path.name)
    hours, repeated = _hours(cells, path.name)
    used = sorted({fuel for cell in cells for fuel in cell.fuels})
    digest = hashlib.sha256(content).hexdigest()
    pairs = tuple((fuel, given[fuel]) for fuel in used)
    rejected = tuple((f"{path.name}:{row}", reason) for row, reason in sorted(blank))
    return Series(named, found.form, boundary, path.name, digest, hours, repeated, pairs, rejected)


@cache
def shipped_fuels(boundary: str) -> dict[str, Decimal]:
    """g CO2e/kWh of each fuel. Raises FactorError where none are shipped for the boundary."""
    rows = table.read(data_files.path("intensity", "fuels.csv"), FUEL_COLUMNS)
    found = {row["fuel"]: decimal(row["g_per_kwh"], where=at) for at, row in rows if row["boundary"] == boundary}
    if not found:
        raise FactorError(f"no intensities of fuels are shipped for {boundary}", todo="Give them, or use generation.")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name, todo="Check the path.") from error


def _mixed(cells: Sequence[Cell], fuels: Mapping[str, Decimal], file: str) -> list[Cell]:
    """The cells with an intensity from their fuels; hours in which nothing was generated are missing."""
    if unknown := sorted({fuel for cell in cells for fuel in cell.fuels if fuel not in fuels}):
        raise FactorError(f"no intensity of {unknown[0]}", where=file, todo=f"Known: {', '.join(sorted(fuels))}.")
    return [cell.with_value(_mix(cell.fuels, fuels)) for cell in cells if sum(cell.fuels.values()) > 0]


def _mix(generated: Mapping[str, Decimal], fuels: Mapping[str, Decimal]) -> Fraction:
    emitted = sum((Fraction(energy) * Fraction(fuels[fuel]) for fuel, energy in generated.items()), Fraction(0))
    return emitted / Fraction(sum(generated.values()))


def _of_zone(cells: Sequence[Cell], zone: str, file: str) -> tuple[list[Cell], str]:
    zones = sorted({cell.zone for cell in cells if cell.zone})
    if not zones:
        if not zone:
            raise FactorError("the file names no grid zone", where=file, todo="Name it with --zone.")
        return list(cells), zone
    if len(zones) > 1 and not zone:
        raise FactorError(f"the file has {len(zones)} zones: {', '.join(zones[:9])}", where=file, todo="Name one.")
    chosen = zone or zones[0]
    if chosen not in zones:
        raise FactorError(f"the file has no zone {zone!r}", where=file, todo=f"It has {', '.join(zones[:9])}.")
    return [cell for cell in cells if cell.zone == chosen], chosen


def _hours(cells: Sequence[Cell], file: str) -> tuple[tuple[HourlyIntensity, ...], int]:
    """One value an hour: the mean of the parts of an hour, and rows that repeat one counted."""
    by_start: dict[int, Cell] = {}
    repeated = 0
    for cell in cells:
        earlier = by_start.setdefault(cell.start, cell)
        if earlier is cell:
            continue
        if earlier.value != cell.value:
            when = f"{datetime.fromtimestamp(cell.start, UTC):%Y-%m-%dT%H:%MZ}"
            what = f"{when} has two values, in rows {earlier.row} and {cell.row}"
            raise FactorError(what, where=f"{file}:{cell.row}", todo="Keep the right one.")
        repeated += 1
    by_hour: dict[int, list[Cell]] = {}
    for start in sorted(by_start):
        by_hour.setdefault(start - start % 3600, []).append(by_start[start])
    return tuple(
        HourlyIntensity(
            hour,
            sum((part.value for part in parts), Fraction(0)) / len(parts),
            any(part.estimated for part in parts),
            parts[0].row,
        )
        for hour, parts in by_hour.items()
    ), repeated
