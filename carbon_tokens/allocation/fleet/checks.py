"""The checks of the method, C1 to C12, evaluated once more on what is published: what was compared, and the numbers.

Steps check themselves while they run and stop at the first fault. This list is made afterwards from the tables of the
result, straight sums beside straight sums, so that a reader sees what holds and can add it up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet import customers
from carbon_tokens.allocation.fleet.exact import mul_div
from carbon_tokens.allocation.fleet.result import Check, Footprint
from carbon_tokens.errors import NotConserved

_UG = 10**6  # in a gram


@dataclass(frozen=True, slots=True)
class Beside:
    """What is not in the result: totals of services after reallocation, totals published by region, retired Wh."""

    totals: pa.Table
    published: pa.Table
    retired_wh: Mapping[str, int]


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
    drawn, shown = (hours.column(name).to_numpy() for name in ("machines", "energy"))
    numbers = {"machines": _sum(hours, "machines"), "meters": metered, "cluster_hours": len(hours)}
    yield Check(
        "C1", "machines draw no more than their meters show, in any hour, µWh", numbers, bool((drawn <= shown).all())
    )
    yield _equal("C2", "energy of services is that of the meters, µWh", services=served, meters=metered)
    yield _bills(f)
    kept = _sum(totals, "energy")
    yield _equal("C4", "what shared services passed on arrived, µWh", before=served, after=kept)
    exact = sum((each.location for each in f.regions), Fraction(0)) * _UG
    lost = exact - _sum(days, "location")
    numbers = {"meters_ug": int(exact), "services_ug": _sum(days, "location"), "floors": len(hours) * max(1, len(days))}
    yield Check(
        "C5", "emissions of services are energy × intensity, but for floors", numbers, 0 <= lost <= numbers["floors"]
    )
    of_regions = sum(each.energy_uwh for each in f.regions)
    yield _equal("C6", "hours add up to days, regions and the fleet, µWh", hours=metered, regions=of_regions)
    yield _matched(f, beside.retired_wh)
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


def _matched(f: Footprint, retired: Mapping[str, int]) -> Check:
    """C7: what instruments cover is no more than the load; a surplus covers nothing."""
    covered = {each.region: min(retired.get(each.region, 0), each.energy_uwh) for each in f.regions}
    numbers = {"retired_uwh": sum(retired.values()), "covered_uwh": sum(covered.values())}
    numbers["load_uwh"] = sum(each.energy_uwh for each in f.regions)
    return Check("C7", "retired instruments cover no more than the load", numbers,
                 numbers["covered_uwh"] <= min(numbers["load_uwh"], numbers["retired_uwh"]))  # fmt: skip


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
