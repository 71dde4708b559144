"""Reconciliation: a meter's hours against its bills (METHOD sections 3b, C3, and 8).

For each bill: the metered Wh of its local days, the difference from the billed Wh, and the share of its time that the
meter covers. What is best available sets the total, the lower only shapes it: a meter that covers a bill's whole period
is read as it is; where it has gaps the bill is the total, the meter's hours stand and the rest of the bill lies evenly
on the time without a reading. A difference beyond the tolerance (2 % by default) stops, unless the caller says which of
the two is to be believed; the difference is shown in every case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from decimal import Decimal
from fractions import Fraction

from carbon_tokens.energy import bills as bill_tables
from carbon_tokens.energy import tables
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour, repeated
from carbon_tokens.energy.local_time import days
from carbon_tokens.errors import EnergyError, NotReconciled
from carbon_tokens.units import largest_remainder

TOLERANCE = Decimal("0.02")
CHOICES = ("refuse", "bill", "meter")  # beyond the tolerance: stop, or believe one of the two
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Comparison:
    """A bill and what the meter says of its period, [start, end) in UTC seconds."""

    bill: Bill
    start: int
    end: int
    metered_wh: Fraction
    covered_s: Fraction  # seconds of the period with a reading

    @property
    def coverage(self) -> Fraction:
        """0 to 1."""
        return self.covered_s / (self.end - self.start)

    @property
    def complete(self) -> bool:
        return self.covered_s == self.end - self.start

    @property
    def difference_wh(self) -> Fraction:
        """Metered minus billed; below zero: the meter misses energy."""
        return self.metered_wh - self.bill.energy_wh

    @property
    def difference(self) -> Fraction | None:
        """The difference as a share of the bill; None for a bill of nothing."""
        return self.difference_wh / self.bill.energy_wh if self.bill.energy_wh else None

    def within(self, tolerance: Decimal) -> bool:
        """Whether meter and bill agree. A meter with gaps agrees if it shows no more than the bill."""
        allowed = Fraction(tolerance) * self.bill.energy_wh
        return self.difference_wh <= allowed and (not self.complete or self.difference_wh >= -allowed)

    def __str__(self) -> str:
        share = "" if self.difference is None else f" ({float(self.difference):+.2%})"
        return (
            f"{self.bill.where}: {self.bill.first} to {self.bill.last} billed {self.bill.energy_wh:,} Wh, metered "
            f"{float(self.metered_wh):,.0f} Wh over {float(self.coverage):.1%} of the time: "
            f"{float(self.difference_wh):+,.0f} Wh{share}"
        )


def compare(bills: Iterable[Bill], hours: Sequence[Hour], zone: tzinfo = UTC) -> list[Comparison]:
    """Each bill with the hours of its meter, by meter and time.

    Args:
        zone: of the days that the bills name.

    Raises:
        EnergyError: bills of a meter that overlap, or an hour that is there twice.
    """
    bills = list(bills)
    tables.refuse(bill_tables.overlaps(bills) + repeated(hours))
    by_meter: dict[bytes, list[Hour]] = {}
    for hour in hours:
        by_meter.setdefault(hour.meter_id, []).append(hour)
    ordered = sorted(bills, key=lambda bill: (bill.utility, bill.meter, bill.first))
    return [_compare(bill, by_meter.get(bill.meter_id, []), zone) for bill in ordered]


def reconcile(
    bills: Iterable[Bill],
    hours: Sequence[Hour],
    zone: tzinfo = UTC,
    *,
    tolerance: Decimal = TOLERANCE,
    beyond: str = "refuse",
) -> tuple[list[Comparison], list[Hour]]:
    """The comparisons, and the hours that follow from bill and meter together: of the bills' periods the settled ones,
    of all other time the meter's. Each goes on as ``hourly.readings`` takes it.

    Args:
        tolerance: of the difference, as a share of the bill.
        beyond: "refuse", or "bill" or "meter", which sets the total where they differ by more.

    Raises:
        NotReconciled: naming each bill that differs by more than the tolerance, under "refuse"; its ``comparisons``.
        EnergyError: an unknown choice, a tolerance that is none, bills that overlap, or bills of no metered hour.
    """
    if beyond not in CHOICES:
        raise EnergyError(f"choice {beyond!r} is none of {', '.join(CHOICES)}")
    if not tolerance.is_finite() or tolerance < 0:
        raise EnergyError(f"tolerance {tolerance} is no share")
    found = compare(bills, hours, zone)
    apart = [each for each in found if not each.within(tolerance)]
    if apart and beyond == "refuse":
        todo = "Correct the data, or state which one sets the total: bill or meter."
        what = f"meter and bill differ by more than {tolerance:%}: " + "; ".join(map(str, apart))
        raise NotReconciled(what, where=apart[0].bill.where, todo=todo, comparisons=tuple(map(str, found)))
    settled = list(hours)
    for each in found:
        if each.covered_s and not _meter_stands(each, tolerance, beyond):
            settled = _shaped(each, settled)
    return found, sorted(settled, key=lambda hour: (hour.utility, hour.meter, hour.start))


def _meter_stands(each: Comparison, tolerance: Decimal, beyond: str) -> bool:
    if each.within(tolerance):
        return each.complete
    return beyond == "meter"


def shape(comparison: Comparison, hours: Iterable[Hour]) -> dict[int, int]:
    """Wh of a bill in each UTC hour of its period, by start; Σ = the bill.

    What the meter says stands, the rest lies evenly on the seconds without a reading; where the meter says more than
    the bill, or leaves no second, the bill is split in proportion to the meter.

    Raises:
        EnergyError: a bill with energy whose meter says nothing in any hour and leaves no second without a reading.
    """
    known: dict[int, Fraction] = {}
    free: dict[int, Fraction] = {}
    for start in range(comparison.start // HOUR_S * HOUR_S, comparison.end, HOUR_S):
        known[start] = Fraction(0)
        free[start] = Fraction(_overlap(start, comparison.start, comparison.end))
    for hour in hours:
        if hour.meter_id == comparison.bill.meter_id and hour.start in known:
            share = Fraction(_overlap(hour.start, comparison.start, comparison.end), HOUR_S)
            known[hour.start] += share * (hour.energy_wh or 0)
            free[hour.start] -= share * _covered(hour)
    rest, seconds = comparison.bill.energy_wh - sum(known.values()), sum(free.values())
    weights = known if rest < 0 or not seconds else {at: known[at] + rest * free[at] / seconds for at in known}
    if comparison.bill.energy_wh and not any(weights.values()):
        raise EnergyError("the meter shows no energy that could shape the bill", where=comparison.bill.where)
    parts = largest_remainder(comparison.bill.energy_wh, {f"{at:012d}": weight for at, weight in weights.items()})
    return {int(at): part for at, part in parts.items()}


def _compare(bill: Bill, hours: Sequence[Hour], zone: tzinfo) -> Comparison:
    start, end = days(bill.first, bill.last, zone)
    metered, covered = Fraction(0), Fraction(0)
    for hour in hours:
        share = Fraction(_overlap(hour.start, start, end), HOUR_S)
        metered += share * (hour.energy_wh or 0)
        covered += share * _covered(hour)
    return Comparison(bill, start, end, metered, covered)


def _shaped(each: Comparison, hours: list[Hour]) -> list[Hour]:
    """The hours with those of a bill's period settled, which rest on the bill; an hour that the period cuts keeps its
    part outside of it."""
    found = {(hour.meter_id, hour.start): hour for hour in hours}
    for start, energy in shape(each, hours).items():
        inside = _overlap(start, each.start, each.end)
        key = (each.bill.meter_id, start)
        metered = found.get(key)
        outside = Fraction(HOUR_S - inside, HOUR_S)
        bill = each.bill
        found[key] = replace(
            Hour(bill.utility, bill.meter, start, None, bill.file, bill.file_sha256, bill.row),
            energy_wh=Fraction(energy) + (outside * (metered.energy_wh or 0) if metered else 0),
            covered_s=int(inside + (outside * _covered(metered) if metered else 0)),
            quality=max("B", bill.quality, metered.quality if metered else "A"),
        )
    return list(found.values())


def _covered(hour: Hour) -> int:
    return hour.covered_s if hour.energy_wh is not None else 0


def _overlap(hour: int, start: int, end: int) -> int:
    return max(0, min(hour + HOUR_S, end) - max(hour, start))
