"""The checks of the method, C1 to C12, evaluated once more on what is published: what was compared, and the numbers.

Steps check themselves while they run and stop at the first fault. This list is made afterwards from the tables of the
result, straight sums beside straight sums, so that a reader sees what holds and can add it up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet import customers
from carbon_tokens.allocation.fleet.exact import mul_div
from carbon_tokens.allocation.fleet.result import Check, Footprint, Region
from carbon_tokens.errors import NotConserved

_UG = 10**6  # in a gram
_FG = 10**15  # µWh × ng/Wh in a gram


@dataclass(frozen=True, slots=True)
class Beside:
    """What is not in the result: totals of services after reallocation, totals published by region, instruments."""

    totals: pa.Table
    published: pa.Table
    instruments: Sequence[Mapping[str, Any]]


def evaluated(footprint: Footprint, beside: Beside) -> tuple[Check, ...]:
    """All checks, in order. Raises NotConserved for the first that does not hold."""
    found = tuple(_checks(footprint, beside))
    for each in found:
        if not each.holds:
            numbers = ", ".join(f"{name} {value}" for name, value in each.numbers.items())
            raise NotConserved(f"{each.says}: {numbers}", where="result", check=each.check)
    return found


def _checks(f: Footprint, beside: Beside) -> Iterator[Check]:
    hours, days, rows, totals = f.hours, f.days, f.rows, beside.totals
    metered, served = _sum(hours, "energy"), _sum(days, "energy")
    machines, short = _sum(hours, "machines"), _short(hours)
    numbers = {"machines": machines, "overhead": metered - machines, "services": served, "hours_below_machines": short}
    yield Check("C1", "services have what machines drew and its overhead, which no hour has below 0, µWh", numbers,
                not short and machines + numbers["overhead"] == served)  # fmt: skip
    numbers = {"services": served, "meters": metered, "largest_of_a_cluster_day": _apart(days, hours)}
    yield Check("C2", "services have what the meters show, in any cluster and day, µWh", numbers,
                served == metered and not numbers["largest_of_a_cluster_day"])  # fmt: skip
    yield _bills(f)
    kept, placed = _sum(totals, "energy"), _sum(days, "location")
    yield _equal("C4", "what shared services passed on arrived, µWh", before=served, after=kept)
    yield _equal("C4", "and the emissions with it, µg", before=placed, after=_sum(totals, "location"))
    exact = sum((each.location for each in f.regions), Fraction(0)) * _UG
    lost, cells = exact - placed, len(hours) * len(days.column("service").unique())
    numbers = {"meters_ug": int(exact), "services_ug": placed, "floors": cells}
    yield Check(
        "C5", "emissions of services are energy × intensity, but for floors", numbers, 0 <= lost <= numbers["floors"]
    )
    of_regions = sum(each.energy_uwh for each in f.regions)
    yield _equal("C6", "hours add up to days, regions and the fleet, µWh", hours=metered, regions=of_regions)
    yield _matched(f, beside.instruments)
    spread = _sum(rows, "energy_uwh") + _left(f)
    yield Check("C8", "list values carry all energy of the services that were sold, but for floors, µWh",
                {"rows": _sum(rows, "energy_uwh"), "not_sold": _left(f), "services": kept},
                kept - len(rows) <= spread <= kept)  # fmt: skip
    for name in customers.REGIONAL:
        published = _sum(beside.published, name)
        yield _equal("C9", f"rows of customers add up to {name}", rows=_sum(rows, name), published=published)
    for name, grams in (("scope1_g", f.scope1_g), ("scope3_g", f.scope3_g)):
        yield _equal("C10", f"rows of customers add up to {name}", rows=_sum(rows, name), published=grams)
    off = max((_off(f, beside.published, name) for name in customers.REGIONAL), default=0)
    yield Check("C11", "no row is a whole unit from its part", {"largest_rounding_units": off}, off <= 1)
    seen = hours.group_by(["cluster", "hour"]).aggregate([]).num_rows
    yield _equal("C12", "every metered cluster-hour counts once", rows=len(hours), distinct=seen)


def _equal(check: str, says: str, **numbers: int) -> Check:
    return Check(check, says, dict(numbers), len(set(numbers.values())) == 1)


def _sum(table: pa.Table, column: str) -> int:
    return int(table.column(column).to_numpy().sum(dtype=np.int64)) if table.num_rows else 0


def _bills(f: Footprint) -> Check:
    """C3; the comparison itself, and what beyond the tolerance means, is ``billed``."""
    says = "meters agree with the bills"
    if f.billed is None:
        return Check("C3", f"{says}: no bills were given", {}, True)
    of = f.billed.comparisons
    numbers = {"billed_uwh": sum(each.billed_uwh for each in of), "metered_uwh": sum(each.metered_uwh for each in of)}
    return Check("C3", says, numbers, all(each.within(f.options.bill_tolerance) for each in of))


def _short(hours: pa.Table) -> int:
    """How many cluster-hours have machines that drew more than the meters show."""
    drawn, shown = (hours.column(name).to_numpy() for name in ("machines", "energy"))
    return int(np.count_nonzero(drawn > shown))


def _apart(days: pa.Table, hours: pa.Table) -> int:
    """By how much, at most, services and meters differ in a cluster and day."""
    day = pa.array(hours.column("hour").to_numpy() // 24)
    rows = [days.select(["cluster", "day", "energy"]), hours.select(["cluster", "energy"]).append_column("day", day)]
    sums: dict[tuple[str, int], int] = {}
    for sign, table in zip((1, -1), rows, strict=True):
        for row in table.group_by(["cluster", "day"]).aggregate([("energy", "sum")]).to_pylist():
            key = row["cluster"], row["day"]
            sums[key] = sums.get(key, 0) + sign * row["energy_sum"]
    return max(map(abs, sums.values()), default=0)


def _matched(f: Footprint, instruments: Sequence[Mapping[str, Any]]) -> Check:
    """C7: what the market-based total says is covered is no more than the load, nor than what was retired."""
    numbers, holds = {"retired_uwh": 0, "covered_uwh": 0, "load_uwh": 0}, True
    for region in f.regions:
        own = [each for each in instruments if each["region"] == region.region]
        retired = sum(each["energy"] for each in own)
        covered = _covered(region, retired, sum(each["energy"] * each["intensity"] for each in own))
        holds = holds and 0 <= covered <= min(retired, region.energy_uwh)
        for name, amount in zip(numbers, (retired, int(covered), region.energy_uwh), strict=True):
            numbers[name] += amount
    return Check("C7", "retired instruments cover no more than the load", numbers, holds)


def _covered(region: Region, retired: int, certified: int) -> Fraction:
    """µWh at the factor of the certificates, which are what the total is below the residual mix of all energy."""
    if not retired or region.residual_mix is None:
        return Fraction(0)
    factor = Fraction(certified, retired)
    if factor == region.residual_mix:  # then it makes no difference
        return Fraction(min(retired, region.energy_uwh))
    return (region.residual_mix * region.energy_uwh - region.market * _FG) / (region.residual_mix - factor)


def _left(f: Footprint) -> int:
    """µWh of services that nobody bought, where a region has other sales; a region's only row takes the whole."""
    keys = f.rows.select(["region", "customer"])
    whole = set(keys.filter(pc.equal(keys.column("customer"), customers.UNSOLD)).column("region").to_pylist())
    return sum(row["energy_uwh"] for row in f.unsold.to_pylist() if row["region"] not in whole)


def _off(f: Footprint, published: pa.Table, name: str) -> int:
    """The greatest number of units by which a row of a region is above the floor of its exact part."""
    most = 0
    wholes = {row["region"]: row[name] for row in published.to_pylist()}
    if not len(f.rows):
        return most
    regions = f.rows.column("region").combine_chunks().dictionary_encode()
    for at, region in enumerate(regions.dictionary.to_pylist()):
        place = regions.indices.to_numpy() == at
        energy, location, parts = (
            f.rows.column(each).to_numpy()[place] for each in ("energy_uwh", "location_ug", name)
        )
        weights = energy if name == "energy_wh" or not location.any() else location
        whole = int(weights.sum())
        if whole:
            above = parts - mul_div(weights, np.asarray(wholes[region], np.int64), whole)
            most = max(most, int(above.max()), 2 if above.min() < 0 else 0)
    return most
