"""(h) Emissions that no kWh causes. Masses in kg."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import (
    Cohort,
    Facility,
    NonElectric,
    by_electricity,
    monthly_fuel,
    monthly_travel,
    non_electric_emissions,
)
from carbon_tokens.errors import FractionsAboveOne, NothingToShareBy, UnitError
from carbon_tokens.periods import Month

D = Decimal
M = Month.parse
COHORTS = (Cohort("A", 100, 1200, M("2021-01")), Cohort("B", 50, 960, M("2023-07")))
FACILITIES = (Facility("F1", 24_000_000, M("2015-01")),)
RATIO = {"acme": D("0.475"), "beta": D("0.525")}


def of(month: str) -> NonElectric:
    return non_electric_emissions(
        M(month), COHORTS, FACILITIES, monthly_fuel(36_000), monthly_travel(960_000, 500, 20_000)
    )


def test_a_month_carries_its_part_of_equipment_buildings_fuel_and_travel() -> None:
    month = of("2024-12")
    assert month == NonElectric(F(3500), F(100_000), F(3000), F(2000))
    assert (month.scope1, month.scope3, month.total) == (3000, 105_500, 108_500)


def test_a_cohort_leaves_the_sum_after_its_last_month() -> None:
    month = of("2025-01")
    assert month == NonElectric(F(1000), F(100_000), F(3000), F(2000))
    assert month.total == 106_000


def test_customers_share_by_electricity() -> None:
    parts = by_electricity(of("2024-12"), RATIO)
    assert {customer: part.total for customer, part in parts.items()} == {"acme": F("51537.5"), "beta": F("56962.5")}
    assert parts == by_electricity(of("2024-12"), {"acme": D("99.75"), "beta": D("110.25")})


@pytest.mark.parametrize("month, mass", [("2020-12", 0), ("2021-01", 2500), ("2024-12", 2500), ("2025-01", 0)])
def test_equipment_counts_for_48_months_from_its_entry_into_service(month, mass) -> None:
    assert COHORTS[0].mass(M(month)) == mass


@pytest.mark.parametrize("month, mass", [("2014-12", 0), ("2015-01", 100_000), ("2034-12", 100_000), ("2035-01", 0)])
def test_a_building_counts_for_240_months(month, mass) -> None:
    assert FACILITIES[0].mass(M(month)) == mass


def test_lifetimes_are_parameters() -> None:
    assert Cohort("C", 1, 720, M("2024-01"), months=72).mass(M("2029-12")) == 10


def test_a_life_of_no_months_is_refused() -> None:
    with pytest.raises(UnitError, match="no months"):
        Cohort("C", 1, 1, M("2024-01"), months=0)


def test_a_negative_count_or_mass_is_refused() -> None:
    with pytest.raises(UnitError, match="count of C"):
        Cohort("C", -1, 1, M("2024-01"))
    with pytest.raises(UnitError, match="mass of F"):
        Facility("F", -1, M("2024-01"))


def test_staff_are_employees() -> None:
    with pytest.raises(FractionsAboveOne, match="2 staff of 1 employees"):
        monthly_travel(1, 2, 1)
    with pytest.raises(NothingToShareBy):
        monthly_travel(1, 0, 0)


def test_emissions_are_not_dropped_where_nobody_has_electricity() -> None:
    with pytest.raises(NothingToShareBy):
        by_electricity(of("2024-12"), {"acme": 0})
