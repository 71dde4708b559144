"""Which source says what a site used in an hour (METHOD section 8).

    interval meter  >  monthly bill, shaped by a profile or flat  >  UPS log + cooling model
                    >  servers' utilisation + power model + PUE   >  activity metrics

For each UTC hour the best source that is available sets the energy; the lower ones only shape it, and what they would
have said stands beside it as the gap. A bill sets the sum of its days: hours of it that the meter has keep the meter's
reading, and the rest of the bill lies on the hours without one in proportion to the best profile that covers any of
them (hours that the profile lacks count as its mean), or evenly if there is none. A meter that covers a bill's whole
period sets it alone. So

    Σ hours of a bill's period = the bill, exactly, by largest remainder         (unless the meter covers all of it)
    Σ hours set by any other source = its sum, rounded up once, and once for each bill that the meter covers

An hour that two bills share, or a bill and another source, belongs to both by seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

from carbon_tokens.energy.hourly import POLICIES
from carbon_tokens.energy.series import HOUR_S, rounded
from carbon_tokens.energy.site_sources import ACTIVITY, BEST_GRADE, BILL, METER, SERVERS, TIERS, UPS, Billed, Source
from carbon_tokens.errors import EnergyError, NotReconciled
from carbon_tokens.units import ceil

FILLED = "filled"  # no source at all: the caller's policy


@dataclass(frozen=True, slots=True)
class SiteHour:
    """Energy of a site in one UTC hour: what set it, what shaped it, and what the lower tiers would have said."""

    start: int
    energy_wh: int
    tier: str
    grade: str
    shaped_by: str = ""  # of a bill's hour: the tier of the profile, or "flat"
    others: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def gaps_wh(self) -> dict[str, Fraction]:
        """By tier that did not set the hour: this energy minus the tier's."""
        return {tier: self.energy_wh - energy for tier, energy in self.others.items()}


@dataclass(frozen=True, slots=True)
class Gap:
    """Over the hours that a tier knows but did not set: what was set, and what the tier says, in Wh."""

    tier: str
    hours: int
    set_wh: int
    said_wh: Fraction

    @property
    def difference(self) -> Fraction | None:
        """(set − said) / set; None if nothing was set."""
        return (self.set_wh - self.said_wh) / self.set_wh if self.set_wh else None


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of an hour: exact Wh from one source over a share of the hour."""

    start: int
    share: Fraction
    energy: Fraction
    tier: str
    grade: str
    shaped_by: str = ""


def settle(
    start: int, end: int, sources: Sequence[Source], bills: Sequence[Billed] = (), *, missing: str = "refuse"
) -> list[SiteHour]:
    """The hours of [start, end), which must be full hours.

    A bill counts whole: what of it lies on hours outside of the period is not cut off it, but not given either.

    Args:
        sources: at most one of each tier; of a site with several meters their sum (``total``).
        bills: of the site, none overlapping.
        missing: hours that no source knows: "refuse", or "mean" or "max" of the others, grade D.

    Raises:
        EnergyError: a period without hours, two sources of a tier, overlapping bills, an unknown policy, or hours that
            no source knows under "refuse".
        NotReconciled: a meter that shows more than a bill of which it covers a part.
    """
    if start % HOUR_S or end % HOUR_S or start >= end or missing not in POLICIES:
        raise EnergyError(f"{start} to {end} with policy {missing!r}", todo=f"Full hours; {', '.join(POLICIES)}.")
    by_tier = {source.tier: source for source in sources}
    if len(by_tier) != len(sources):
        raise EnergyError("two sources of one tier", todo="Add them up first: total() does it hour by hour.")
    _refuse_overlaps(bills)
    parts, whole, said = list[_Part](), dict[int, int](), dict[int, Fraction]()
    for bill in bills:
        of_bill = _of_bill(bill, by_tier)
        parts += of_bill
        if all(part.tier == METER for part in of_bill):
            said |= _as_the_meter(bill, of_bill)
        _add(whole, rounded(_by_hour(of_bill)))
    billed = _billed_shares(bills)
    for tier in (METER, UPS, SERVERS, ACTIVITY):
        own = _unbilled(by_tier, tier, range(start, end, HOUR_S), billed)
        parts += own
        _add(whole, rounded(_by_hour(own)) if own else {})
    hours = [_joined(at, whole[at], found, by_tier, said) for at, found in _grouped(parts, start, end)]
    return _filled(hours, start, end, missing)


def gaps(hours: Iterable[SiteHour]) -> dict[str, Gap]:
    """By tier that did not set hours which it knows: how far it is from what did."""
    found: dict[str, Gap] = {}
    for hour in hours:
        for tier, energy in hour.others.items():
            gap = found.get(tier, Gap(tier, 0, 0, Fraction(0)))
            found[tier] = Gap(tier, gap.hours + 1, gap.set_wh + hour.energy_wh, gap.said_wh + energy)
    return {tier: found[tier] for tier in TIERS if tier in found}


def energy_by_grade(hours: Iterable[SiteHour]) -> dict[str, int]:
    """Wh by grade, A first."""
    found: dict[str, int] = {}
    for hour in hours:
        found[hour.grade] = found.get(hour.grade, 0) + hour.energy_wh
    return dict(sorted(found.items()))


def _of_bill(bill: Billed, by_tier: Mapping[str, Source]) -> list[_Part]:
    """The hours of a bill: the meter's where it has them, else its rest by a profile."""
    at = {start: bill.share(start) for start in range(bill.start // HOUR_S * HOUR_S, bill.end, HOUR_S)}
    meter = by_tier[METER].hours if METER in by_tier else {}
    metered = [
        _Part(start, share, share * meter[start], METER, by_tier[METER].graded)
        for start, share in at.items()
        if start in meter
    ]
    open_hours = [start for start in at if start not in meter]
    if not open_hours:
        return metered
    rest = bill.energy_wh - sum((part.energy for part in metered), Fraction(0))
    if rest < 0:
        what = f"the meter shows {float(-rest):,.0f} Wh more than the bill, in a part of its period"
        raise NotReconciled(what, where=bill.where, todo="Reconcile meter and bill first: which of them is right?")
    shaped_by, weights = _profile(open_hours, at, by_tier)
    whole = sum(weights.values(), Fraction(0))
    grade = max(bill.grade, BEST_GRADE[BILL])
    return metered + [
        _Part(each, at[each], rest * weights[each] / whole, BILL, grade, shaped_by) for each in open_hours
    ]


def _profile(
    open_hours: Sequence[int], at: Mapping[int, Fraction], by_tier: Mapping[str, Source]
) -> tuple[str, dict[int, Fraction]]:
    """Weights of hours by the best profile that covers any of them with energy; even ones if none does."""
    for tier in (UPS, SERVERS, ACTIVITY):
        hours = by_tier[tier].hours if tier in by_tier else {}
        known = [hours[each] for each in open_hours if each in hours]
        if sum(known, Fraction(0)):
            mean = sum(known, Fraction(0)) / len(known)
            return tier, {each: at[each] * hours.get(each, mean) for each in open_hours}
    return "flat", {each: at[each] for each in open_hours}


def _unbilled(by_tier: Mapping[str, Source], tier: str, period: range, billed: Mapping[int, Fraction]) -> list[_Part]:
    """What a tier sets outside of bills: hours, or shares of them, that no better tier knows."""
    if tier not in by_tier:
        return []
    better = [by_tier[each].hours for each in TIERS[: TIERS.index(tier)] if each in by_tier]
    found = []
    for start in period:
        share = 1 - billed.get(start, Fraction(0))
        if share and start in by_tier[tier].hours and not any(start in hours for hours in better):
            found.append(_Part(start, share, share * by_tier[tier].hours[start], tier, by_tier[tier].graded))
    return found


def _as_the_meter(bill: Billed, parts: Sequence[_Part]) -> dict[int, Fraction]:
    """A bill that the meter covers, as it would lie on the meter's hours: what it says beside the meter."""
    whole = sum((part.energy for part in parts), Fraction(0))
    seconds = sum((part.share for part in parts), Fraction(0))
    return {
        part.start: bill.energy_wh * (part.energy / whole if whole else part.share / seconds)
        for part in parts
        if part.share == 1
    }


def _joined(
    start: int, energy_wh: int, parts: Sequence[_Part], by_tier: Mapping[str, Source], said: Mapping[int, Fraction]
) -> tuple[Fraction, SiteHour]:
    """The share of an hour that is known, and the hour: its tier is that of most of it, its grade the worst."""
    first = max(parts, key=lambda part: (part.share, -TIERS.index(part.tier)))
    others = {
        tier: Fraction(by_tier[tier].hours[start])
        for tier in TIERS
        if tier in by_tier and tier != first.tier and start in by_tier[tier].hours
    }
    if start in said:
        others = {BILL: said[start], **others}
    known = sum((part.share for part in parts), Fraction(0))
    return known, SiteHour(start, energy_wh, first.tier, max(part.grade for part in parts), first.shaped_by, others)


def _filled(hours: Sequence[tuple[Fraction, SiteHour]], start: int, end: int, missing: str) -> list[SiteHour]:
    """The hours of a period; one that is known in part, or not at all, as the policy says."""
    whole = {hour.start: hour for share, hour in hours if share == 1}
    known = {hour.start: (share, hour.energy_wh) for share, hour in hours}
    absent = [at for at in range(start, end, HOUR_S) if at not in whole]
    if absent and (missing == "refuse" or not whole):
        since = datetime.fromtimestamp(absent[0], UTC)
        what = f"{len(absent)} of {(end - start) // HOUR_S} hours that no source knows, from {since:%Y-%m-%dT%HZ}"
        raise EnergyError(what, todo="Complete a source, or choose a policy for them: mean or max.")
    if absent:
        energies = [hour.energy_wh for hour in whole.values()]
        stand_in = Fraction(max(energies) if missing == "max" else Fraction(sum(energies), len(energies)))
        for at in absent:
            share, energy = known.get(at, (Fraction(0), 0))
            whole[at] = SiteHour(at, energy + ceil((1 - share) * stand_in), FILLED, "D")
    return [whole[at] for at in sorted(whole)]


def _grouped(parts: Iterable[_Part], start: int, end: int) -> list[tuple[int, list[_Part]]]:
    """Parts by hour of the period."""
    found: dict[int, list[_Part]] = {}
    for part in parts:
        if start <= part.start < end:
            found.setdefault(part.start, []).append(part)
    return sorted(found.items())


def _by_hour(parts: Iterable[_Part]) -> dict[int, Fraction]:
    return {part.start: part.energy for part in parts}


def _add(whole: dict[int, int], parts: Mapping[int, int]) -> None:
    for at, energy in parts.items():
        whole[at] = whole.get(at, 0) + energy


def _billed_shares(bills: Iterable[Billed]) -> dict[int, Fraction]:
    """How much of each hour bills cover."""
    found: dict[int, Fraction] = {}
    for bill in bills:
        for at in range(bill.start // HOUR_S * HOUR_S, bill.end, HOUR_S):
            found[at] = found.get(at, Fraction(0)) + bill.share(at)
    return found


def _refuse_overlaps(bills: Sequence[Billed]) -> None:
    for before, after in pairwise(sorted(bills, key=lambda bill: bill.start)):
        if after.start < before.end:
            raise EnergyError(f"overlaps the bill of {before.where}", where=after.where)
