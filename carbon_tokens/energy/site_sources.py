"""What is known of a site's energy, by tier: hours of a meter, UPS, servers or activity, and bills.

The tiers are those of METHOD section 8, the best first; ``precedence`` says which of them counts in an hour. A grade is
the source's own, but not better than its tier can be: A for a meter, B for a bill's hours, because their spread is a
model, B for UPS and servers, D for activity (METHOD section 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from fractions import Fraction

from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.exact import exact
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.local_time import days
from carbon_tokens.energy.series import HOUR_S
from carbon_tokens.energy.site import QUALITIES, pue_factor
from carbon_tokens.errors import EnergyError

METER, BILL, UPS, SERVERS, ACTIVITY = TIERS = ("meter", "bill", "ups", "servers", "activity")
BEST_GRADE = {METER: "A", BILL: "B", UPS: "B", SERVERS: "B", ACTIVITY: "D"}


@dataclass(frozen=True, slots=True)
class Source:
    """One tier's Wh of a site by start of the UTC hour, and its grade.

    Raises:
        EnergyError: an unknown tier or grade, a start that is no full hour, or negative energy.
        UnitError: energy that is not exact (a float), or not finite.
    """

    tier: str
    hours: Mapping[int, Fraction]
    grade: str = ""  # by default the tier's best, and C for servers

    def __post_init__(self) -> None:
        if self.tier not in TIERS or self.tier == BILL:
            raise EnergyError(f"tier {self.tier!r} is none of {METER}, {UPS}, {SERVERS}, {ACTIVITY}")
        if self.grade not in ("", *QUALITIES):
            raise EnergyError(f"grade {self.grade!r} is none of {', '.join(QUALITIES)}")
        hours = {start: exact(energy, "energy") for start, energy in self.hours.items()}
        object.__setattr__(self, "hours", hours)
        for start, energy in hours.items():
            if start % HOUR_S or energy < 0:
                raise EnergyError(f"{energy} Wh from {start} on", where=self.tier, todo="Give full hours, not below 0.")

    @property
    def graded(self) -> str:
        return max(self.grade or ("C" if self.tier == SERVERS else "A"), BEST_GRADE[self.tier])


@dataclass(frozen=True, slots=True)
class Billed:
    """Wh of a bill over [start, end), UTC seconds. Raises EnergyError for an empty period or negative energy."""

    start: int
    end: int
    energy_wh: int
    where: str = ""
    grade: str = "A"

    def __post_init__(self) -> None:
        if (
            self.start >= self.end
            or exact(self.energy_wh, "a bill") % 1
            or self.energy_wh < 0
            or self.grade not in QUALITIES
        ):
            raise EnergyError(
                f"{self.energy_wh} Wh from {self.start} to {self.end}, grade {self.grade}", where=self.where
            )

    @classmethod
    def of(cls, bill: Bill, zone: tzinfo = UTC) -> Billed:
        """A bill of the local days of a zone."""
        return cls(*days(bill.first, bill.last, zone), bill.energy_wh, bill.where, bill.quality)

    def share(self, hour: int) -> Fraction:
        """How much of an hour it covers, 0 to 1."""
        return Fraction(max(0, min(hour + HOUR_S, self.end) - max(hour, self.start)), HOUR_S)


def total(tier: str, several: Sequence[Sequence[Hour]], grade: str = "") -> Source:
    """One source from several meters, UPS or machines: the hours that all of them know completely, added up.

    Raises:
        EnergyError: an hour twice in one of them, an unknown tier or grade.
    """
    sums: dict[int, list[Fraction]] = {}
    worst = grade
    for hours in several:
        complete = {hour.start: hour.energy_wh for hour in hours if hour.complete and hour.energy_wh is not None}
        if len({hour.start for hour in hours}) != len(hours):
            raise EnergyError("an hour is there twice", where=hours[0].file)
        worst = max([worst, *(hour.quality for hour in hours if hour.start in complete)])
        for at, energy in complete.items():
            sums.setdefault(at, []).append(energy)
    kept = {at: sum(each, Fraction(0)) for at, each in sorted(sums.items()) if len(each) == len(several)}
    return Source(tier, kept, worst)


def with_pue(source: Source, pue: str) -> Source:
    """IT equipment raised to its facility: each hour × PUE, in plain digits. Raises EnergyError for a PUE below 1."""
    factor = pue_factor(pue)
    return replace(source, hours={at: energy * factor for at, energy in source.hours.items()})


def flat(tier: str, start: int, end: int, energy_wh: Fraction) -> Source:
    """An amount over full hours, evenly: of activity that is known for a period only.

    Raises:
        EnergyError: no hours, or as Source does.
    """
    if (hours := range(start, end, HOUR_S)) and not (start % HOUR_S or end % HOUR_S):
        return Source(tier, dict.fromkeys(hours, Fraction(energy_wh) / len(hours)))
    raise EnergyError(f"{start} to {end} are no full hours")
