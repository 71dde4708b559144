"""Scope 1 and 3 of a fleet from what they come of: cohorts, buildings, fuel and travel (METHOD (h))."""

from __future__ import annotations

from fractions import Fraction

import pytest

from carbon_tokens.allocation.fleet import allocate, tables, to_json
from carbon_tokens.allocation.fleet.non_electric import worldwide
from carbon_tokens.errors import FleetError
from carbon_tokens.periods import Month
from tests import fleets
from tests.fleets import SMALL, Fleet, rows

MONTH = Month.parse("2024-07")
START = MONTH.start // 3600
GIVEN = {
    "cohorts": rows(
        "cohort,count,kg_each,in_service,months old,10,480,2020-07,48 new,2,960,2024-07,48 six,1,72,2024-01,72"
    ),
    "buildings": rows("building,kg,in_service hall,240000,2010-01"),
    "fuel": rows("year,kg 2022,1200 2023,2400 2025,9"),
    "travel": rows("year,kg,staff,employees 2023,12000,10,1000"),
}


def small(**more: list[dict[str, str]]) -> Fleet:
    """The small fleet in July 2024."""
    fleet = {**SMALL, **more}
    for name in ("machine_hours", "cpu_usage", "facility_hours", "carbon_intensity"):
        fleet[name] = [row | {"hour": str(int(row["hour"]) + START)} for row in fleet[name]]
    return fleet


def read(given: Fleet) -> dict[str, object]:
    return {name: tables.read(fleets.table(cells, ()), name) for name, cells in given.items()}


def test_each_part_is_spread_over_its_months() -> None:
    """old has ended; new gives 2 × 960 / 48, six 72 / 72, the building 240,000 / 240; fuel and travel are of 2023."""
    found = worldwide(read(GIVEN), MONTH)
    assert found.parts == {"fuel": 200_000, "equipment": 41_000, "buildings": 1_000_000, "travel": 10_000}
    assert (found.scope1_g, found.scope3_g) == (200_000, 1_051_000)
    assert found.years == {"fuel": 2023, "travel": 2023}


@pytest.mark.parametrize(
    ("month", "grams"), [("2024-06", 101_000), ("2020-07", 100_000), ("2020-06", 0), ("2030-02", 0)]
)
def test_a_cohort_counts_in_its_months_only(month: str, grams: int) -> None:
    """480 kg × 10 over 48 months from 2020-07 on, 72 kg over 72 from 2024-01."""
    given = {"cohorts": [row for row in GIVEN["cohorts"] if row["cohort"] != "new"]}
    assert worldwide(read(given), Month.parse(month)).scope3_g == grams


def test_a_scope_is_rounded_up_once() -> None:
    given = {"cohorts": rows("cohort,count,kg_each,in_service a,1,0.00001,2024-01 b,1,0.00001,2024-02")}
    assert worldwide(read(given), MONTH).scope3_g == 1 and worldwide(read(given), MONTH).parts["equipment"] == Fraction(
        1, 2400
    )


def test_customers_take_all_of_it_by_electricity() -> None:
    found = allocate(fleets.tables(small(**GIVEN)))
    sums = [sum(found.rows.column(name).to_pylist()) for name in ("scope1_g", "scope3_g")]
    assert sums == [200_000, 1_051_000] == [found.scope1_g, found.scope3_g]
    content = to_json(found)
    assert content["non_electric"]["years"] == {"fuel": 2023, "travel": 2023}
    assert content["non_electric"]["grams"]["equipment"] == "41000"
    assert content["non_electric"]["scopes"] == {"fuel": 1, "equipment": 3, "buildings": 3, "travel": 3}


def test_a_whole_scope_may_be_given_instead() -> None:
    given = {"nonelectric": rows("scope,kg scope1,5 scope1,1"), "travel": GIVEN["travel"]}
    found = worldwide(read(given), MONTH)
    assert (found.scope1_g, found.scope3_g) == (6_000, 10_000)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"nonelectric": rows("scope,kg scope3,5"), "cohorts": GIVEN["cohorts"]}, "scope3 is given as a whole"),
        ({"nonelectric": rows("scope,kg scope1,5"), "fuel": GIVEN["fuel"]}, "scope1 is given as a whole"),
        ({"nonelectric": rows("scope,kg scope2,5")}, "scope 'scope2' is unknown"),
        ({"cohorts": rows("cohort,count,kg_each,in_service a,1,1,2024-01 a,1,1,2024-02")}, "'a' stands in two rows"),
        ({"cohorts": rows("cohort,count,kg_each,in_service a,1,1,01/2024")}, "in_service '01/2024' is not a month"),
        ({"buildings": rows("building,kg,in_service,months a,1,2024-01,0")}, "a life of no months"),
        ({"fuel": rows("year,kg 2025,1")}, "no year up to 2024"),
        ({"fuel": rows("year,kg 2023,1 2023,2")}, "2023 stands in two rows"),
        ({"travel": rows("year,kg,staff,employees 2023,1,5,2")}, "5 staff of 2 employees"),
        ({"travel": rows("year,kg,staff,employees 2023,1,0,0")}, "without employees"),
    ],
)  # fmt: skip
def test_what_would_count_twice_or_not_at_all_is_a_named_error(given: Fleet, what: str) -> None:
    with pytest.raises(FleetError, match=what):
        worldwide(read(given), MONTH)


def test_half_a_machine_is_no_cohort() -> None:
    with pytest.raises(FleetError, match=r"count '1\.5' is no whole number"):
        read({"cohorts": rows("cohort,count,kg_each,in_service a,1.5,1,2024-01")})


def test_cohorts_need_a_fleet_of_a_named_month() -> None:
    with pytest.raises(FleetError, match="the hours are of no named month"):
        allocate(fleets.tables({**SMALL, "cohorts": GIVEN["cohorts"]}))
