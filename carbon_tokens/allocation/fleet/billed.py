"""Reconciliation: what the meters of a fleet show against what was billed (METHOD (b), check C3).

A bill is of one meter and of a cluster or a region, from a first to a last day, both inclusive, as on bills. One that
crosses the month's end counts with its days in the month, in whole Wh that add up to the bill (``energy.bills``). A
place's meters are compared with its bills over the days that at least one of its bills covers:

    unmetered = billed − metered          C3:  |unmetered| ≤ tolerance × billed      (2 % where nothing else is asked)

The bills set no total: what customers are given is what the meters show. ``unmetered`` is shown whatever its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from carbon_tokens.energy import bills as billing
from carbon_tokens.energy.bills import Bill
from carbon_tokens.errors import FleetError, NotReconciled
from carbon_tokens.periods import Month

TOLERANCE = Decimal("0.02")
_UWH = 10**6  # in a Wh
_DAY = 86_400
_DATE = re.compile(r"(19[7-9][0-9]|[2-8][0-9]{3})-[0-9]{2}-[0-9]{2}")
_EPOCH = date(1970, 1, 1).toordinal()

Place = tuple[str, str]  # "cluster" or "region", and its name


@dataclass(frozen=True, slots=True)
class Comparison:
    """A place's bills against its meters, over the days of the month that are billed."""

    place: Place
    meters: tuple[str, ...]
    billed_uwh: int
    metered_uwh: int
    days: int  # billed, of the month
    hours: int  # of these days with energy of a meter, summed over the place's clusters
    all_hours: int  # of these days, times the place's clusters

    @property
    def unmetered_uwh(self) -> int:
        """Billed minus metered; below zero: the meters show more than was billed."""
        return self.billed_uwh - self.metered_uwh

    @property
    def difference(self) -> Fraction | None:
        """Unmetered as a part of what was billed; None where nothing was billed."""
        return Fraction(self.unmetered_uwh, self.billed_uwh) if self.billed_uwh else None

    def within(self, tolerance: Decimal) -> bool:
        return abs(self.unmetered_uwh) <= Fraction(tolerance) * self.billed_uwh


@dataclass(frozen=True, slots=True)
class Billed:
    """All comparisons, µWh of clusters without a bill, days of the month, and bills that lie outside it."""

    comparisons: tuple[Comparison, ...]
    unbilled: dict[str, int]
    days: int
    tolerance: Decimal
    elsewhere: int = 0

    @property
    def unmetered_uwh(self) -> int:
        """The residual ``_unmetered`` of all places."""
        return sum(each.unmetered_uwh for each in self.comparisons)


def compare(
    given: Mapping[str, pa.Table], hours: pa.Table, month: Month | None, tolerance: Decimal = TOLERANCE
) -> Billed | None:
    """Compares the table ``bills`` with the meters; None where no bills are given.

    Args:
        given: tables of ``columns.TABLES``.
        hours: by cluster and hour the energy of the meters in µWh, as ``Footprint.hours``.
        tolerance: of the difference, as a part of what was billed.

    Raises:
        FleetError: a place that is unknown or billed twice over, a date that is none, bills of one meter that overlap
            (C12), by file:row.
        NotReconciled: a difference above the tolerance (C3).
    """
    if not 0 <= tolerance < Decimal("Infinity"):
        raise FleetError(f"{tolerance} is no tolerance", where="bill_tolerance", todo="Give a part, 0.02 for 2 %.")
    if "bills" not in given:
        return None
    if month is None:
        todo = "Give hours as instants (2024-07-01T00:00Z)."
        raise FleetError("bills have dates, the hours of the fleet have none", where="bills", todo=todo)
    regions = dict(zip(*(given["regions"].column(name).to_pylist() for name in ("cluster", "region")), strict=True))
    by_place = _bills(given["bills"].to_pylist(), regions)
    _once(by_place, regions)
    energy = _by_cluster_and_day(hours)
    found = [_compared(place, bills, _clusters(place, regions), energy, month) for place, bills in by_place.items()]
    covered = {cluster for each in found if each for cluster in _clusters(each.place, regions)}
    unbilled = {cluster: sum(e for e, _ in energy.get(cluster, {}).values()) for cluster in sorted(regions)}
    elsewhere = sum(not _days(bill, month) for bills in by_place.values() for bill in bills)
    result = Billed(
        tuple(each for each in found if each), {c: e for c, e in unbilled.items() if c not in covered},
        (month.end - month.start) // _DAY, tolerance, elsewhere,
    )  # fmt: skip
    _gate(result)
    return result


def _gate(billed: Billed) -> None:
    """C3."""
    beyond = [each for each in billed.comparisons if not each.within(billed.tolerance)]
    if beyond:
        said = tuple(
            f"{' '.join(each.place)}: billed {each.billed_uwh / 1e9:,.3f}, metered {each.metered_uwh / 1e9:,.3f} kWh"
            for each in beyond
        )
        what = f"C3: bills and meters differ by more than {billed.tolerance:.2%}: {'; '.join(said)}"
        todo = "Look for a missing meter, or give a wider --bill-tolerance; the difference stays in the report."
        raise NotReconciled(what, where="bills", todo=todo, comparisons=said)


def _bills(rows: Sequence[Mapping[str, Any]], regions: Mapping[str, str]) -> dict[Place, list[Bill]]:
    """Bills by place, places in order."""
    found: dict[Place, list[Bill]] = {}
    for number, row in enumerate(rows, start=2):
        found.setdefault(_place(row, regions, f"bills:{number}"), []).append(_bill(row, number))
    faults = billing.overlaps(bill for bills in found.values() for bill in bills)
    if faults:
        where, what = faults[0]
        raise FleetError(f"C12: {what}", where=where, todo="A meter's day is billed once.")
    return dict(sorted(found.items()))


def _place(row: Mapping[str, Any], regions: Mapping[str, str], where: str) -> Place:
    cluster, region = row["cluster"], row["region"]
    if bool(cluster) == bool(region):
        raise FleetError("give the cluster or the region", where=where, todo="One of the two columns.")
    if (cluster and cluster not in regions) or (region and region not in regions.values()):
        raise FleetError(f"{cluster or region!r} is unknown", where=where, todo="Places: those of table regions.")
    return ("cluster", cluster) if cluster else ("region", region)


def _bill(row: Mapping[str, Any], number: int) -> Bill:
    first, last = (_date(row[name], f"bills:{number}") for name in ("from", "thru"))
    if last < first:
        raise FleetError(f"the bill ends ({last}) before it starts ({first})", where=f"bills:{number}")
    wh = -(-row["energy"] // _UWH)  # a fraction of a Wh is rounded up, as in an audit
    return Bill(row["utility"] or "-", row["meter"], first, last, wh, "bills", "", number)


def _date(text: str, where: str) -> date:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        todo = "Write YYYY-MM-DD, as on the bill, both days inclusive."
        raise FleetError(f"{text!r} is no date", where=where, todo=todo) from error


def _once(by_place: Mapping[Place, Sequence[Bill]], regions: Mapping[str, str]) -> None:
    """Refuses a cluster that is billed by itself and with its region."""
    for (kind, name), bills in by_place.items():
        if kind == "cluster" and ("region", regions[name]) in by_place:
            what = f"cluster {name!r} is billed by itself and with its region {regions[name]!r}"
            raise FleetError(what, where=bills[0].where, todo="Name the clusters of each meter, or the region.")


def _by_cluster_and_day(hours: pa.Table) -> dict[str, dict[int, tuple[int, int]]]:
    """µWh and hours by cluster and day since 1970."""
    found: dict[str, dict[int, tuple[int, int]]] = {}
    columns = (hours.column(name).to_pylist() for name in ("cluster", "hour", "energy"))
    for cluster, hour, energy in zip(*columns, strict=True):
        days = found.setdefault(cluster, {})
        before, count = days.get(hour // 24, (0, 0))
        days[hour // 24] = before + energy, count + 1
    return found


def _clusters(place: Place, regions: Mapping[str, str]) -> list[str]:
    kind, name = place
    return [cluster for cluster, region in regions.items() if name == (cluster if kind == "cluster" else region)]


def _days(bill: Bill, month: Month) -> range:
    """Days since 1970 of a bill that lie in the month."""
    first, last = (day.toordinal() - _EPOCH for day in (bill.first, bill.last))
    return range(max(first, month.start // _DAY), min(last + 1, month.end // _DAY))


def _compared(
    place: Place, bills: Sequence[Bill], clusters: Sequence[str], energy: Mapping[str, Mapping[int, tuple[int, int]]],
    month: Month,
) -> Comparison | None:  # fmt: skip
    """None where no bill of the place touches the month."""
    own = [bill for bill in bills if _days(bill, month)]
    if not own:
        return None
    days = {day for bill in own for day in _days(bill, month)}
    cells = [cell for cluster in clusters for day, cell in energy.get(cluster, {}).items() if day in days]
    return Comparison(
        place, tuple(sorted({bill.meter for bill in own})), sum(billing.split(bill)[month] for bill in own) * _UWH,
        sum(used for used, _ in cells), len(days), sum(count for _, count in cells), 24 * len(days) * len(clusters),
    )  # fmt: skip


def content(billed: Billed | None) -> dict[str, Any] | None:
    """As JSON; parts as decimal text."""
    if billed is None:
        return None
    return {
        "tolerance": str(billed.tolerance),
        "unmetered_uwh": billed.unmetered_uwh,
        "days_of_month": billed.days,
        "bills_elsewhere": billed.elsewhere,
        "unbilled_uwh": billed.unbilled,
        "places": list(_said(billed.comparisons)),
    }


def _said(comparisons: Iterable[Comparison]) -> Iterable[dict[str, Any]]:
    for each in comparisons:
        part = each.difference
        yield {
            each.place[0]: each.place[1],
            "meters": list(each.meters),
            "billed_uwh": each.billed_uwh,
            "metered_uwh": each.metered_uwh,
            "unmetered_uwh": each.unmetered_uwh,
            "difference": None if part is None else f"{float(part):.6f}",
            "days_billed": each.days,
            "hours_metered": each.hours,
            "hours": each.all_hours,
        }
