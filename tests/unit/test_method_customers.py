"""(f) and (g): from a service's emissions to its SKUs, and from SKUs to customers. Energies in kWh, masses in g."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import (
    UNSOLD,
    Footprint,
    Line,
    ServiceMonth,
    Usage,
    electricity_ratio,
    footprints,
    regional_factors,
    service_factors,
    total_by,
    usage_by_sku,
)
from carbon_tokens.errors import DuplicateKey, NothingToShareBy, UnitError, UnknownKey

D = Decimal
ROWS = (
    Usage("acme", "p1", "a", "r1", 6),
    Usage("acme", "p1", "b", "r1", 5),
    Usage("acme", "p2", "b", "r2", 40),
    Usage("beta", "p3", "a", "r1", 4),
    Usage("beta", "p3", "b", "r1", 15),
    Usage("beta", "p3", "a", "r2", 20),
)
KEYS = (("a", "r1"), ("a", "r2"), ("b", "r1"), ("b", "r2"))
MONTH = ServiceMonth(
    prices={"a": 2, "b": 1},
    usage=dict(zip(KEYS, (10, 20, 20, 40), strict=True)),
    energy={"r1": 90, "r2": 120},
    carbon={"r1": 36_000, "r2": 12_000},
)


def charged(factors, month: ServiceMonth = MONTH) -> dict[str, F]:
    """g by region."""
    regions = dict.fromkeys(month.carbon, F(0))
    for key, units in month.usage.items():
        regions[key[1]] += factors.grams[key] * units
    return regions


def of_customers(factors, *names: str) -> dict[tuple[str, ...], F]:
    return {key: sums.grams for key, sums in total_by(footprints(ROWS, {"svc": factors}), *names).items()}


def test_in_service_mode_factors_follow_price_and_carbon_intensity() -> None:
    made = service_factors(MONTH)
    assert made.energy_per_price == 2
    assert made.grams == dict(zip(KEYS, (1600, 400, 800, 200), strict=True))
    assert charged(made) == {"r1": 32_000, "r2": 16_000}
    assert made.residual == {"r1": -4_000, "r2": 4_000}


def test_in_regional_mode_each_region_keeps_its_total() -> None:
    made = regional_factors(MONTH)
    assert made.grams == dict(zip(KEYS, (1800, 300, 900, 150), strict=True))
    assert made.energy == dict(zip(KEYS, (F("4.5"), 3, F("2.25"), F("1.5")), strict=True))
    assert charged(made) == {"r1": 36_000, "r2": 12_000}
    assert made.residual == {"r1": 0, "r2": 0}


def test_factors_differ_as_prices_do_at_one_place_and_as_intensities_between_places() -> None:
    """Between places only in service mode; in regional mode the ratio is 6 here."""
    by_service, by_region = service_factors(MONTH).grams, regional_factors(MONTH).grams
    assert by_service["a", "r1"] / by_service["b", "r1"] == by_region["a", "r1"] / by_region["b", "r1"] == 2
    assert by_service["a", "r1"] / by_service["a", "r2"] == F(400, 100)
    assert by_region["a", "r1"] / by_region["a", "r2"] == 6


def test_energy_per_price_alone_would_miss_the_total() -> None:
    """210 kWh over 120 of list value: x intensity it gives 42,000 g where 48,000 g were emitted."""
    made = service_factors(MONTH)
    assert made.energy["b", "r1"] == F("1.75")
    missed = sum(made.energy[s, r] * MONTH.intensity()[r] * units for (s, r), units in MONTH.usage.items())
    assert (missed, sum(charged(made).values())) == (42_000, 48_000)


def test_overhead_of_a_service_is_spread_by_its_carbon() -> None:
    month = replace(MONTH, overhead=2_400)
    assert service_factors(month).energy_per_price == F("2.1")
    assert sum(charged(service_factors(month)).values()) == 50_400
    assert charged(regional_factors(month)) == {"r1": 37_800, "r2": 12_600}


def test_a_region_where_nothing_was_sold_keeps_its_carbon_in_view() -> None:
    month = replace(MONTH, usage={("a", "r1"): 10, ("a", "r2"): 0})
    made = regional_factors(month)
    assert (made.unsold, made.unsold_energy) == ({"r2": 12_000}, {"r2": 120})
    assert charged(made, month) == {"r1": 36_000, "r2": 0}
    assert footprints([Usage("acme", "", "a", "r1", 10)], {"svc": made})[Line(UNSOLD, "", "svc", "r2")].grams == 12_000


def test_in_service_mode_other_regions_carry_a_region_without_sales() -> None:
    month = replace(MONTH, usage={("a", "r1"): 10})
    made = service_factors(month)
    assert (made.unsold, made.residual) == ({}, {"r1": 12_000, "r2": -12_000})
    assert charged(made, month) == {"r1": 48_000, "r2": 0}


def test_a_region_without_energy_and_carbon_has_factors_of_nothing() -> None:
    month = replace(MONTH, energy={**MONTH.energy, "r3": 0}, carbon={**MONTH.carbon, "r3": 0})
    month = replace(month, usage={**MONTH.usage, ("a", "r3"): 5})
    assert service_factors(month).grams["a", "r3"] == regional_factors(month).grams["a", "r3"] == 0
    assert service_factors(month).energy_per_price == 2


@pytest.mark.parametrize("factors", [regional_factors, service_factors])
def test_a_service_that_sold_nothing_is_unsold(factors) -> None:
    made = factors(replace(MONTH, usage={("a", "r1"): 0}))
    assert (made.grams["a", "r1"], made.energy["a", "r1"]) == (0, 0)
    assert (made.unsold, made.unsold_energy) == ({"r1": 36_000, "r2": 12_000}, {"r1": 90, "r2": 120})
    assert set(made.residual.values()) == {0}


@pytest.mark.parametrize("factors", [regional_factors, service_factors])
def test_a_free_sku_is_listed_and_gets_nothing_unless_a_floor_price_is_given(factors) -> None:
    free = replace(MONTH, prices={"a": 2, "b": 0})
    assert factors(free).unpriced == ("b",)
    assert factors(free).grams["b", "r1"] == 0
    floored = factors(replace(free, floor_price=1))
    assert (floored.unpriced, floored.grams) == (("b",), factors(MONTH).grams)


def test_usage_without_a_price_or_a_region_is_refused() -> None:
    with pytest.raises(UnknownKey, match="price of 'c'"):
        replace(MONTH, usage={("c", "r1"): 1})
    with pytest.raises(UnknownKey, match="region 'r3'"):
        replace(MONTH, usage={("a", "r3"): 1})
    with pytest.raises(UnknownKey, match="only one of energy and carbon: r2"):
        replace(MONTH, carbon={"r1": 1})


def test_carbon_without_energy_and_overhead_without_carbon_are_refused() -> None:
    with pytest.raises(NothingToShareBy, match="carbon without energy in r1"):
        service_factors(replace(MONTH, energy={"r1": 0, "r2": 120}))
    with pytest.raises(NothingToShareBy, match="emits nothing"):
        regional_factors(replace(MONTH, carbon={"r1": 0, "r2": 0}, overhead=1))


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(UnitError, match="prices"):
        replace(MONTH, prices={"a": -2, "b": 1})


def test_customers_get_the_whole_service_in_both_modes() -> None:
    assert of_customers(service_factors(MONTH), "customer") == {("acme",): 21_600, ("beta",): 26_400}
    assert of_customers(regional_factors(MONTH), "customer") == {("acme",): 21_300, ("beta",): 26_700}
    assert of_customers(regional_factors(MONTH), "region") == {("r1",): 36_000, ("r2",): 12_000}
    assert of_customers(service_factors(MONTH)) == {(): 48_000}


def test_customers_footprints_add_up_by_region() -> None:
    assert of_customers(service_factors(MONTH), "customer", "region") == {
        ("acme", "r1"): 13_600,
        ("acme", "r2"): 8_000,
        ("beta", "r1"): 18_400,
        ("beta", "r2"): 8_000,
    }


def test_electricity_of_customers_and_its_ratio() -> None:
    lines = footprints(ROWS, {"svc": service_factors(MONTH)})
    energy = {key: sums.energy for key, sums in total_by(lines, "customer").items()}
    assert energy == {("acme",): F("99.75"), ("beta",): F("110.25")}
    assert electricity_ratio(lines) == {"acme": F("0.475"), "beta": F("0.525")}


def test_the_usage_of_a_sku_is_that_of_all_its_customers() -> None:
    assert usage_by_sku(ROWS) == MONTH.usage


def test_lines_are_by_customer_project_product_and_region() -> None:
    lines = footprints(ROWS, {"svc": regional_factors(MONTH)})
    assert lines[Line("acme", "p1", "svc", "r1")] == Footprint(energy=F("38.25"), grams=F(15_300))
    assert sorted(lines)[1] == Line("acme", "p2", "svc", "r2")


def test_what_is_unsold_is_no_customer() -> None:
    made = regional_factors(replace(MONTH, usage={("a", "r1"): 10}))
    assert electricity_ratio(footprints([Usage("acme", "", "a", "r1", 10)], {"svc": made})) == {"acme": 1}


def test_usage_without_a_factor_is_refused() -> None:
    with pytest.raises(UnknownKey, match="usage of acme: no factor of 'a' in 'r3'"):
        footprints([Usage("acme", "", "a", "r3", 1)], {"svc": regional_factors(MONTH)})


def test_a_sku_is_of_one_product() -> None:
    made = regional_factors(MONTH)
    with pytest.raises(DuplicateKey, match="SKU 'a' is of 'one' and of 'two'"):
        footprints(ROWS, {"one": made, "two": made})


def test_without_energy_there_is_no_electricity_ratio() -> None:
    with pytest.raises(NothingToShareBy):
        electricity_ratio({})
