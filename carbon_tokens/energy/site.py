"""Readings of a site's meters, and what the building adds to its servers (PUE).

Quality grades (METHOD section 7): A metered, B modelled from logs with measured parameters, C default coefficients,
D estimate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from carbon_tokens.energy.meters import meter_id
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil

QUALITIES = ("A", "B", "C", "D")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reading:
    """Energy of one meter over a period inside one UTC month, and where it was read.

    Raises:
        EnergyError: a period that is empty or leaves its month, a negative amount, an unknown grade, no file hash.
    """

    utility: str
    meter: str
    start: int  # first instant, UTC seconds
    end: int  # first instant after it
    energy_wh: int  # with the building's share once a PUE is applied
    kind: str  # "bills", "hourly" or "site": which reader took it
    file: str
    source_file_sha256: str
    rows: tuple[int, int]  # first and last row of the file that it was taken from
    quality: str  # A to D
    note: str = ""
    pue: str = "1"  # as applied; "1": none
    before_pue_wh: int | None = None  # what the meter said, if a PUE was applied
    hours_present: int = 0  # of hourly data
    hours_missing: int = 0
    missing: str = ""  # the policy that filled the missing hours

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault:
            raise EnergyError(fault, where=self.where)

    def _fault(self) -> str:
        if self.start >= self.end or self.start < 0 or self.end > Month.of(self.start).end:
            return f"the period {self.start} to {self.end} is empty or leaves its month"
        if self.energy_wh < 0:
            return f"negative energy {self.energy_wh} Wh"
        if self.quality not in QUALITIES:
            return f"quality {self.quality!r} is none of {', '.join(QUALITIES)}"
        return "" if _SHA256.fullmatch(self.source_file_sha256) else "the file's sha-256 is not 64 hex digits"

    @property
    def month(self) -> Month:
        return Month.of(self.start)

    @property
    def row(self) -> int:
        """First row of the file that it was taken from."""
        return self.rows[0]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"

    @property
    def meter_id(self) -> bytes:
        """The meter's name on chain, 32 bytes."""
        return meter_id(self.utility, self.meter)


def apply_pue(reading: Reading, pue: Decimal | str, source: str) -> Reading:
    """The reading of IT equipment raised to the whole facility: energy x PUE, rounded up, recorded with its source.

    Raises:
        EnergyError: a PUE below 1 or not finite, or one that was applied before.
    """
    factor = pue_factor(str(pue))
    if reading.pue != "1":
        raise EnergyError(f"PUE {reading.pue} is applied already", where=reading.where)
    return replace(
        reading,
        energy_wh=ceil(Fraction(reading.energy_wh) * factor),
        pue=str(pue),
        before_pue_wh=reading.energy_wh,
        note=_joined(reading.note, f"x PUE {pue} ({source})"),
    )


def pue_factor(text: str) -> Fraction:
    """A PUE written in plain digits. Raises EnergyError if it is below 1 or no number."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,12})?", text) or Fraction(text) < 1:
        raise EnergyError(f"{text!r} is no PUE", todo="Give total over IT energy, 1 or more, in plain digits.")
    return Fraction(text)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


@dataclass(frozen=True, slots=True)
class SiteEnergy:
    """A site's readings of one month.

    Raises:
        EnergyError: a reading of another month, or two readings of one meter that overlap.
    """

    site: str
    month: Month
    readings: tuple[Reading, ...]

    def __post_init__(self) -> None:
        for reading in self.readings:
            if reading.month != self.month:
                raise EnergyError(f"a reading of {reading.month} in {self.month}", where=reading.where)
        ordered = sorted(self.readings, key=lambda reading: (reading.meter_id, reading.start, reading.end))
        for before, after in pairwise(ordered):
            if before.meter_id == after.meter_id and after.start < before.end:
                what = f"meter {after.meter} is read twice for one time, also in {before.where}"
                raise EnergyError(what, where=after.where)

    @property
    def energy_wh(self) -> int:
        """Wh of all meters."""
        return total_wh(self.readings)

    @property
    def energy_by_quality(self) -> dict[str, int]:
        """Wh of each grade that occurs, A first."""
        grades = sorted({reading.quality for reading in self.readings})
        return {grade: total_wh(reading for reading in self.readings if reading.quality == grade) for grade in grades}


def total_wh(readings: Iterable[Reading]) -> int:
    """Wh of several readings."""
    return sum(reading.energy_wh for reading in readings)
