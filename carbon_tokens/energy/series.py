"""Samples of power at irregular times → the UTC hours of ``hourly``, exactly.

A sample stands until the next one (rectangle rule): a log is read where a state begins, and power must not be drawn as
a line across a transfer to the battery. A stretch without a sample for longer than ``longest_s`` is a gap, not energy:
nothing is interpolated over it. Averages over a fixed period (monitoring systems, cluster traces) stand for their
``period_s`` instead. So

    Wh of an hour = Σ P_k · (seconds of the hour for which sample k stands) / 3600

and the hours add up to the integral; a sample that is repeated inside its own stretch changes nothing. An hour says how
many of its seconds are covered, and the policy of ``hourly.readings`` (refuse, mean, max) stands for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from itertools import pairwise

from carbon_tokens.energy import tables
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.errors import EnergyError
from carbon_tokens.units import ceil, largest_remainder

HOUR_S = 3600
LONGEST_S = 900  # a quarter of an hour, the interval of utilities' meters
HOURS_LIMIT = 30 * 8784  # thirty years of hours; more is a wrong unit of time
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?")
_STAMP = re.compile(
    r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})[T ]([0-9]{2}):?([0-9]{2}):?([0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Power in W from an instant on (UTC seconds); None: the log has no value there, which is a gap."""

    at: Fraction
    watts: Fraction | None
    row: int  # line of the file


@dataclass(frozen=True, slots=True)
class Stretch:
    """Power in W over [start, end)."""

    start: Fraction
    end: Fraction
    watts: Fraction
    row: int

    @property
    def energy_wh(self) -> Fraction:
        return self.watts * (self.end - self.start) / HOUR_S


def stretches(
    samples: Iterable[Sample], *, file: str, longest_s: int = LONGEST_S, period_s: int | None = None
) -> list[Stretch]:
    """What samples stand for, by time; their order in the file does not count.

    Args:
        longest_s: a sample stands for its successor's time at most this far away; beyond is a gap.
        period_s: of samples that are averages: the seconds from ``at`` on that each stands for.

    Raises:
        EnergyError: naming by file:row a power below 0 or beyond the ledger, and samples of one instant that differ;
            averages that overlap; a limit that is none.
    """
    if (period_s if period_s is not None else longest_s) <= 0:
        raise EnergyError("a period or longest gap must be more than 0 s", where=file)
    kept = _in_order(samples, file)
    if period_s is not None:
        return list(_averages(kept, period_s, file))
    return [
        Stretch(one.at, following.at, one.watts, one.row)
        for one, following in pairwise(kept)
        if one.watts is not None and following.at - one.at <= longest_s
    ]


def hours(
    found: Sequence[Stretch], *, utility: str, meter: str, file: str, sha256: str, quality: str = "B"
) -> list[Hour]:
    """The UTC hours that stretches touch, by time; Σ hours = Σ stretches.

    Args:
        found: of one meter, not overlapping.
        quality: grade A of a meter's own power readings, B of logs (METHOD section 7).

    Raises:
        EnergyError: more than thirty years of hours, times before 1970, no name of utility or meter.
    """
    energy, covered, rows = dict[int, Fraction](), dict[int, Fraction](), dict[int, list[int]]()
    if sum(each.end - each.start for each in found) > HOURS_LIMIT * HOUR_S:
        raise EnergyError("the samples cover more than thirty years", where=file, todo="Check the unit of time.")
    for each in found:
        for start, seconds in _touched(each):
            energy[start] = energy.get(start, Fraction(0)) + each.watts * seconds / HOUR_S
            covered[start] = covered.get(start, Fraction(0)) + seconds
            rows.setdefault(start, []).append(each.row)
    made = [
        Hour(utility, meter, at, energy[at], file, sha256, min(rows[at]), int(covered[at]), max(rows[at]), quality)
        for at in sorted(energy)
    ]
    if made:
        _ = made[0].meter_id  # both need a name
    return made


def whole_wh(hours: Iterable[Hour]) -> dict[int, int]:
    """Whole Wh of hours by start, which add up to their exact sum rounded up (largest remainder)."""
    exact: dict[int, Fraction] = {}
    for hour in hours:
        exact[hour.start] = exact.get(hour.start, Fraction(0)) + (hour.energy_wh or 0)
    return rounded(exact)


def rounded(exact: Mapping[int, Fraction]) -> dict[int, int]:
    """Whole Wh by hour that add up to the exact sum rounded up. Raises UnitError for a negative amount."""
    whole = ceil(sum(exact.values(), Fraction(0)))
    parts = largest_remainder(whole, {f"{at:012d}": energy for at, energy in exact.items()})
    return {int(at): part for at, part in parts.items()}


def number(text: str, what: str = "amount") -> Fraction:
    """A plain number from 0 on, exactly; exponents as monitoring systems write them (1e-05) are read.

    Raises:
        EnergyError: no such number.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise EnergyError(f"{text!r} is no {what}", todo="Write digits with a decimal point, not below 0.")
    return Fraction(text.strip())


def instant(text: str, zone: tzinfo = UTC) -> Fraction:
    """UTC seconds of an ISO 8601 stamp or of seconds since 1970; a stamp without an offset is of ``zone``.

    Raises:
        EnergyError: no such time between 1970 and 9999.
    """
    if re.fullmatch(r"[0-9]{9,11}(\.[0-9]{1,9})?", text):
        return Fraction(text)
    match = _STAMP.fullmatch(text)
    try:
        if not match or not "1970" < match[1] < "9999":
            raise ValueError(text)
        offset = (match[8] or "").replace("Z", "+00:00")
        stamp = datetime.fromisoformat(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6]}{offset}")
    except (ValueError, OverflowError) as error:
        raise EnergyError(f"{text!r} is no time", todo="Write YYYY-MM-DDTHH:MM:SSZ, or seconds since 1970.") from error
    whole = int((stamp if stamp.tzinfo else stamp.replace(tzinfo=zone)).timestamp())
    return whole + Fraction(f"0{match[7]}" if match[7] else 0)


def _in_order(samples: Iterable[Sample], file: str) -> list[Sample]:
    kept, problems = list[Sample](), list[tuple[str, str]]()
    for each in sorted(samples, key=lambda sample: (sample.at, sample.row)):
        if each.watts is not None and not 0 <= each.watts < tables.WH_LIMIT:
            problems.append((f"{file}:{each.row}", f"a power of {float(each.watts):g} W"))
        elif not kept or each.at > kept[-1].at:
            kept.append(each)
        elif each.watts != kept[-1].watts:
            problems.append((f"{file}:{each.row}", f"gives another power for the time of line {kept[-1].row}"))
    tables.refuse(problems)
    return kept


def _averages(kept: Sequence[Sample], period_s: int, file: str) -> Iterator[Stretch]:
    problems = [
        (f"{file}:{after.row}", f"starts inside the {period_s} s of line {before.row}")
        for before, after in pairwise(kept)
        if after.at - before.at < period_s
    ]
    tables.refuse(problems)
    for each in kept:
        if each.watts is not None:
            yield Stretch(each.at, each.at + period_s, each.watts, each.row)


def _touched(each: Stretch) -> Iterator[tuple[int, Fraction]]:
    """Each hour that a stretch touches, and the seconds of it."""
    start = int(each.start // HOUR_S) * HOUR_S
    while start < each.end:
        yield start, min(each.end, Fraction(start + HOUR_S)) - max(each.start, Fraction(start))
        start += HOUR_S
