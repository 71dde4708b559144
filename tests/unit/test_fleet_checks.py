"""The list of checks of a result: all of C1 to C12, with the numbers that were compared, and each of them can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from carbon_tokens.allocation.fleet import Footprint, Options, allocate, checks, to_json
from carbon_tokens.allocation.fleet.checks import Beside
from carbon_tokens.errors import NotConserved
from tests.fleets import SMALL, Fleet, fleets, rows, tables

WITH_INSTRUMENTS = {
    **SMALL,
    "residual_mix": rows("region,g_per_kwh r1,500"),
    "instruments": rows("instrument,region,energy_wh,g_per_kwh a,r1,100,10 b,r1,50,40"),
}
Made = tuple[Footprint, Beside]


def made(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A result, and what its checks were given beside it."""
    seen: list[Made] = []

    def kept(footprint: Footprint, beside: Beside) -> tuple[Any, ...]:
        seen.append((footprint, beside))
        return evaluated(footprint, beside)

    evaluated = checks.evaluated
    monkeypatch.setattr(checks, "evaluated", kept)
    allocate(tables(fleet))
    return seen[0]


def changed(table: pa.Table, column: str, by: int, row: int = 0) -> pa.Table:
    """The table with a cell that is greater by so much."""
    values = table.column(column).to_numpy().astype(np.int64).copy()
    values[row] += by
    return table.set_column(table.column_names.index(column), column, pa.array(values))


def numbers(footprint: Footprint, check: str) -> list[dict[str, int]]:
    return [each.numbers for each in footprint.checks if each.check == check]


def test_a_result_lists_all_checks_in_order_with_what_was_compared() -> None:
    content = to_json(allocate(tables(WITH_INSTRUMENTS)))["checks"]
    names = [each["check"] for each in content]
    assert list(dict.fromkeys(names)) == [f"C{number}" for number in range(1, 13)]
    assert names == sorted(names, key=lambda name: int(name[1:]))
    assert all(each["holds"] is True and each["says"] for each in content)
    assert all(type(number) is int for each in content for number in each["numbers"].values())
    assert [each["check"] for each in content if not each["numbers"]] == ["C3"]  # there are no bills


def test_the_numbers_are_those_of_the_tables_that_were_given() -> None:
    """Summed here from the text of the tables."""
    found = allocate(tables(WITH_INSTRUMENTS))
    drawn = sum(Fraction(row["energy_wh"]) for row in SMALL["machine_hours"]) * 10**6
    shown = sum(Fraction(row["facility_wh"]) for row in SMALL["facility_hours"]) * 10**6
    [first], [second] = numbers(found, "C1"), numbers(found, "C2")
    assert first == {
        "machines": drawn, "overhead": shown - drawn, "services": shown, "hours_below_machines": 0,
    }  # fmt: skip
    assert second == {"services": shown, "meters": shown, "largest_of_a_cluster_day": 0}
    [matched] = numbers(found, "C7")
    assert matched == {"retired_uwh": 150_000_000, "covered_uwh": 150_000_000, "load_uwh": shown}
    [once] = numbers(found, "C12")
    assert once == {"rows": len(SMALL["facility_hours"]), "distinct": len(SMALL["facility_hours"])}


def test_a_surplus_of_instruments_covers_nothing() -> None:
    """1 MWh retired in r1; the market-based total says that the load of r1 is covered, and no more."""
    surplus = {**WITH_INSTRUMENTS, "instruments": rows("instrument,region,energy_wh,g_per_kwh a,r1,1000000,10")}
    found = allocate(tables(surplus))
    load = next(each.energy_uwh for each in found.regions if each.region == "r1")
    [matched] = numbers(found, "C7")
    assert matched["covered_uwh"] == load < matched["retired_uwh"] == 10**12


def test_certificates_at_the_residual_mix_are_counted_too() -> None:
    same = {**WITH_INSTRUMENTS, "instruments": rows("instrument,region,energy_wh,g_per_kwh a,r1,100,500")}
    [matched] = numbers(allocate(tables(same)), "C7")
    assert matched["covered_uwh"] == matched["retired_uwh"] == 100_000_000


def hour_less_metered(f: Footprint, beside: Beside) -> Made:
    below = changed(f.hours, "machines", int(f.hours.column("energy")[0].as_py()) + 1)
    return replace(f, hours=below), beside


def day_more(f: Footprint, beside: Beside) -> Made:
    return replace(f, days=changed(f.days, "energy", 1)), beside


def between_clusters(f: Footprint, beside: Beside) -> Made:
    """The sum of all stays."""
    other = f.days.column("cluster").to_pylist()
    row = next(at for at, name in enumerate(other) if name != other[0])
    return replace(f, days=changed(changed(f.days, "energy", 1), "energy", -1, row)), beside


def reallocated_less(f: Footprint, beside: Beside) -> Made:
    return f, replace(beside, totals=changed(beside.totals, "energy", -1))


def emissions_lost_on_the_way(f: Footprint, beside: Beside) -> Made:
    return f, replace(beside, totals=changed(beside.totals, "location", -1))


def meters_a_gram_more(f: Footprint, beside: Beside) -> Made:
    first, *others = f.regions
    return replace(f, regions=(replace(first, location=first.location + 1), *others)), beside


def region_more(f: Footprint, beside: Beside) -> Made:
    first, *others = f.regions
    return replace(f, regions=(replace(first, energy_uwh=first.energy_uwh + 1), *others)), beside


def surplus_covers(f: Footprint, beside: Beside) -> Made:
    """A market-based total as if more were covered than was retired."""
    first, *others = f.regions
    return replace(f, regions=(replace(first, market=first.market - Fraction(1, 10**6)), *others)), beside


def row_of_micro_watt_hours(f: Footprint, beside: Beside) -> Made:
    return replace(f, rows=changed(f.rows, "energy_uwh", 100)), beside


def row_more(name: str) -> Callable[[Footprint, Beside], Made]:
    return lambda f, beside: (replace(f, rows=changed(f.rows, name, 1)), beside)


def two_units_moved(f: Footprint, beside: Beside) -> Made:
    """Sums stay, but a row has three units too many."""
    regions = f.rows.column("region").to_pylist()
    row = next(at for at, name in enumerate(regions) if at and name == regions[0])
    return replace(f, rows=changed(changed(f.rows, "energy_wh", 3), "energy_wh", -3, row)), beside


def hour_twice(f: Footprint, beside: Beside) -> Made:
    """Half the energy of the first hour in each of two rows: no sum changes."""
    first = f.hours.slice(0, 1)
    whole = first.column("energy")[0].as_py()
    again = changed(changed(first, "energy", -whole), "machines", -first.column("machines")[0].as_py())
    return replace(f, hours=pa.concat_tables([f.hours, again.cast(f.hours.schema)])), beside


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("C1", hour_less_metered), ("C1", day_more), ("C2", between_clusters), ("C4", reallocated_less),
        ("C4", emissions_lost_on_the_way), ("C5", meters_a_gram_more), ("C6", region_more), ("C7", surplus_covers),
        ("C8", row_of_micro_watt_hours), ("C9", row_more("energy_wh")), ("C9", row_more("scope2_location_g")),
        ("C9", row_more("scope2_market_g")), ("C10", row_more("scope1_g")), ("C10", row_more("scope3_g")),
        ("C11", two_units_moved), ("C12", hour_twice),
    ],
)  # fmt: skip
def test_a_fault_is_found_by_its_check(
    check: str, fault: Callable[[Footprint, Beside], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    footprint, beside = made(WITH_INSTRUMENTS, monkeypatch)
    assert all(each.holds for each in checks.evaluated(footprint, beside))
    with pytest.raises(NotConserved) as caught:
        checks.evaluated(*fault(footprint, beside))
    assert caught.value.check == check and any(figure.isdigit() for figure in str(caught.value))


@pytest.mark.parametrize("options", [Options(), Options(sku_mode="service"), Options(rounds=1)])
def test_checks_hold_in_every_mode(options: Options) -> None:
    assert all(each.holds for each in allocate(tables(WITH_INSTRUMENTS), options).checks)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets())
def test_checks_hold_for_any_fleet_and_the_bound_of_floors_is_a_floor_each(fleet: Fleet) -> None:
    found = allocate(tables(fleet), Options(missing_hours="annual"))
    assert all(each.holds for each in found.checks)
    [carbon] = numbers(found, "C5")
    services = set(found.days.column("service").to_pylist())
    assert carbon["floors"] == len(found.hours) * len(services)
    assert carbon["meters_ug"] - carbon["services_ug"] <= carbon["floors"]
