"""Metered intervals of any length → the UTC hours of ``hourly``, exactly.

An amount is split over the hours that its interval touches by seconds and largest remainder, in whole Wh (in the parts
of a Wh that the meter gives, if it gives any), so that the hours add up to the intervals exactly. An hour that the
intervals cover only partly keeps what was metered and says how many of its seconds that is; what stands for the rest is
the policy of ``hourly.readings``. Hours on which an interval longer than an hour, or one across the full hour, was
spread evenly are grade B: the spread is a model (METHOD section 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.tables import WH_LIMIT, Problem
from carbon_tokens.errors import EnergyError
from carbon_tokens.units import largest_remainder

HOUR_S = 3600
LONGEST_S = 400 * 86_400  # a year and a reading that came late
HOURS_LIMIT = 30 * 8784  # thirty years of one meter; more is a wrong unit of time
_END_OF_TIME = 253_402_300_800  # 10000-01-01


@dataclass(frozen=True, slots=True)
class Interval:
    """Wh over [start, end) in UTC seconds, and the line or row that says so. Negative only where feed-in is netted."""

    start: int
    end: int
    energy_wh: Fraction
    row: int
    quality: str = "A"
    cost: Fraction | None = None  # in the currency's unit, where the file has it

    @property
    def seconds(self) -> int:
        return self.end - self.start


def fault(start: int, seconds: int, energy_wh: Fraction) -> str:
    """Why these are no interval; "" if they are one."""
    if seconds <= 0:
        return f"an interval of {seconds} s"
    if seconds > LONGEST_S:
        return f"an interval of {seconds} s is longer than 400 days"
    if not 0 <= start < _END_OF_TIME - seconds:
        return f"start {start} is no time between 1970 and 9999"
    return f"{float(energy_wh):g} Wh is more than the ledger can hold" if abs(energy_wh) >= WH_LIMIT else ""


def in_order(intervals: Iterable[Interval], file: str) -> tuple[list[Interval], list[Interval], list[Problem]]:
    """Intervals by time, those that repeat one of them word for word, and those that contradict or overlap another.

    The order of the file does not count. Of intervals that are the same the first row is kept, with the worst grade.
    """
    kept, repeats, problems = list[Interval](), list[Interval](), list[Problem]()
    for each in sorted(intervals, key=lambda one: (one.start, one.end, one.row)):
        before = kept[-1] if kept else None
        if before is None or each.start >= before.end:
            kept.append(each)
        elif (each.start, each.end, each.energy_wh) == (before.start, before.end, before.energy_wh):
            repeats.append(each)
            kept[-1] = replace(before, quality=max(before.quality, each.quality))
        else:
            same = (each.start, each.end) == (before.start, before.end)
            what = "gives another amount for the interval of" if same else "overlaps the interval of"
            problems.append((f"{file}:{max(each.row, before.row)}", f"{what} line {min(each.row, before.row)}"))
    return kept, repeats, problems


def hours(intervals: Sequence[Interval], *, utility: str, meter: str, file: str, sha256: str) -> list[Hour]:
    """The UTC hours that intervals touch, by time; Σ hours = Σ intervals.

    Args:
        intervals: of one meter, none of them negative, none overlapping.

    Raises:
        EnergyError: overlapping or negative intervals, more than thirty years of hours, no name of utility or meter.
    """
    kept, _, problems = in_order(intervals, file)
    if problems:
        raise EnergyError(problems[0][1], where=problems[0][0])
    if sum(each.seconds for each in kept) > HOURS_LIMIT * HOUR_S:
        raise EnergyError("the intervals cover more than thirty years", where=file, todo="Check the unit of time.")
    found: dict[int, Hour] = {}
    for interval in kept:
        for start, energy in split(interval).items():
            part = _hour(interval, start, energy, Hour(utility, meter, start, energy, file, sha256, interval.row))
            found[start] = _joined(found[start], part) if start in found else part
    if found:
        _ = next(iter(found.values())).meter_id  # both need a name
    return [found[start] for start in sorted(found)]


def split(interval: Interval) -> dict[int, Fraction]:
    """Wh of an interval in each hour that it touches, by seconds; the parts add up to it.

    Raises:
        EnergyError: a negative amount.
    """
    if interval.energy_wh < 0:
        raise EnergyError(f"negative energy {interval.energy_wh} Wh in line {interval.row}")
    first, last = interval.start // HOUR_S * HOUR_S, (interval.end - 1) // HOUR_S * HOUR_S
    if first == last:
        return {first: interval.energy_wh}
    seconds = {f"{start:012d}": _covered(interval, start) for start in range(first, last + 1, HOUR_S)}
    units, per_wh = interval.energy_wh.as_integer_ratio()  # whole Wh have one unit to the Wh
    return {int(start): Fraction(part, per_wh) for start, part in largest_remainder(units, seconds).items()}


def _covered(interval: Interval, start: int) -> int:
    return min(interval.end, start + HOUR_S) - max(interval.start, start)


def _hour(interval: Interval, start: int, energy: Fraction, hour: Hour) -> Hour:
    within = start <= interval.start and interval.end <= start + HOUR_S
    grade = interval.quality if within else max(interval.quality, "B")
    return replace(hour, energy_wh=energy, covered_s=_covered(interval, start), last_row=interval.row, quality=grade)


def _joined(one: Hour, other: Hour) -> Hour:
    """Two parts of one hour."""
    return replace(
        one,
        energy_wh=(one.energy_wh or Fraction(0)) + (other.energy_wh or Fraction(0)),
        covered_s=one.covered_s + other.covered_s,
        row=min(one.row, other.row),
        last_row=max(one.last_row, other.last_row),
        quality=max(one.quality, other.quality),
    )
