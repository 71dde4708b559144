"""Whatever the numbers are, emissions reach customers completely: steps (d) to (h). Bad input is refused by all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as F

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carbon_tokens.allocation.method import (
    Cohort,
    Facility,
    MachineHour,
    RetiredInstrument,
    ServiceMonth,
    Usage,
    by_electricity,
    closure,
    cluster_hour,
    footprints,
    fractions_by_cost,
    fractions_by_usage,
    location_based,
    market_based,
    non_electric_emissions,
    regional_factors,
    rounds,
    scaling_factor,
    service_factors,
    split,
    total_by,
    usage_by_sku,
    with_overhead,
)
from carbon_tokens.errors import CarbonTokensError, MissingIntensity
from carbon_tokens.periods import Month

SERVICES, REGIONS, SKUS = ("api", "batch", "db", "web"), ("r1", "r2"), ("a", "b", "c")
AMOUNTS = tuple(F(n, d) for d in (1, 7, 20) for n in (0, 1, 2, 3, 5, 12, 60, 997))
amounts = st.sampled_from(AMOUNTS)
positive = st.sampled_from([amount for amount in AMOUNTS if amount])
use = st.tuples(*[st.sampled_from([*[None] * 8, *AMOUNTS])] * 4).map(
    lambda row: {name: amount for name, amount in zip(SERVICES, row, strict=True) if amount is not None}
)
modes = st.sampled_from([regional_factors, service_factors])


def whole(parts: Mapping[object, F]) -> F:
    return sum(parts.values(), F(0))


# (d) and (e)

hours = st.dictionaries(st.integers(0, 60).map(lambda n: 3600 * n), amounts, min_size=1, max_size=6)
places = st.dictionaries(st.sampled_from(SERVICES), hours, min_size=1, max_size=3)


@given(places, positive, st.data())
def test_a_dropped_hour_of_intensity_changes_that_hour_and_its_flag_only(
    energy: dict[str, dict[int, F]], annual: F, data: st.DataObject
) -> None:
    all_hours = sorted({hour for row in energy.values() for hour in row})
    intensity = {hour: data.draw(amounts) for hour in all_hours}
    gone = data.draw(st.sampled_from(all_hours))
    rest = {hour: factor for hour, factor in intensity.items() if hour != gone}
    before, after = location_based(energy, intensity), location_based(energy, rest, annual)
    assert {hour for hour in all_hours if before.basis[hour] != after.basis[hour]} == {gone}
    for service, row in energy.items():
        assert after.grams[service] == {**before.grams[service], **({gone: row[gone] * annual} if gone in row else {})}
    with pytest.raises(MissingIntensity):
        location_based(energy, rest)


@given(places, positive)
def test_hours_days_and_months_have_one_sum(energy: dict[str, dict[int, F]], intensity: F) -> None:
    """Checks C5 and C6."""
    made = location_based(energy, dict.fromkeys({hour for row in energy.values() for hour in row}, intensity))
    assert whole(made.total) == intensity * sum(whole(row) for row in energy.values())
    for spans in (made.by_day(), made.by_month()):
        for service, mass in made.total.items():
            assert mass == sum(row.get(service, 0) for row in spans.values())


@given(positive, amounts, amounts)
def test_a_factor_of_one_leaves_location_based_emissions_as_they_are(energy: F, clean: F, grams: F) -> None:
    assert scaling_factor(energy, 0).scale(grams) == grams
    made = scaling_factor(energy, clean)
    assert 0 <= made.factor <= 1
    assert made.scale(grams) <= grams
    assert made.factor * energy == energy - (clean - made.unmatched)


@given(amounts, st.lists(st.tuples(amounts, amounts), max_size=4), amounts)
def test_instruments_cover_the_load_at_most(load: F, offers: list[tuple[F, F]], residual: F) -> None:
    """Check C7. A surplus of certificates without emissions covers nothing more than the load."""
    given_ = [RetiredInstrument(f"rec{n}", "US", 2024, *offer) for n, offer in enumerate(offers)]
    made = market_based(load, given_, residual, market_zone="US", year=2024)
    offered = sum((offer[0] for offer in offers), F(0))
    assert whole(made.matched) == min(load, offered) and made.unmatched == max(0, offered - load)
    assert all(made.matched[each.instrument] <= each.energy for each in given_ if each.instrument in made.matched)
    highest = max([residual, *(offer[1] for offer in offers)])
    assert 0 <= made.grams <= load * highest


# (f), (g) and (h)


@st.composite
def sales(draw: st.DrawFn) -> tuple[list[Usage], ServiceMonth]:
    """Usage of three SKUs by three customers in two regions, and the service that was used."""
    rows = [
        Usage(draw(st.sampled_from("xyz")), "p", draw(st.sampled_from(SKUS)), draw(st.sampled_from(REGIONS)), amount)
        for amount in draw(st.lists(positive, min_size=1, max_size=6))
    ]
    energy = {region: draw(positive) for region in REGIONS}
    carbon = {region: draw(amounts) for region in REGIONS}
    overhead = draw(amounts) if any(carbon.values()) else F(0)
    prices = {sku: draw(amounts) for sku in SKUS}
    return rows, ServiceMonth(prices, usage_by_sku(rows), energy, carbon, overhead)


def by_customer(rows: list[Usage], month: ServiceMonth, factors: Callable) -> dict[tuple[str, ...], object]:
    return total_by(footprints(rows, {"svc": factors(month)}), "customer")


@given(sales(), modes)
def test_customers_and_unsold_are_the_service_with_its_overhead(given_: tuple[list[Usage], ServiceMonth], mode) -> None:
    """Checks C8 and C9; energy too."""
    rows, month = given_
    (sums,) = total_by(footprints(rows, {"svc": mode(month)})).values()
    assert sums.grams == whole(month.carbon) + month.overhead
    assert sums.energy == whole(month.energy)


@given(sales())
def test_in_regional_mode_every_region_is_conserved(given_: tuple[list[Usage], ServiceMonth]) -> None:
    rows, month = given_
    sums = total_by(footprints(rows, {"svc": regional_factors(month)}), "region")
    assert {region: sums[region,].grams for region in REGIONS if (region,) in sums} == {
        region: mass for region, mass in month.totals().items() if (region,) in sums
    }
    assert all(mass == 0 for region, mass in month.totals().items() if (region,) not in sums)


@given(sales())
def test_the_service_modes_residual_adds_up_to_nothing(given_: tuple[list[Usage], ServiceMonth]) -> None:
    rows, month = given_
    made = service_factors(month)
    assert whole(made.residual) == 0
    sums = total_by(footprints(rows, {"svc": made}), "region")
    for region, mass in month.totals().items():
        charged = sums[region,].grams if (region,) in sums else F(0)
        assert charged == mass + made.residual[region]


@given(sales(), modes)
def test_two_skus_of_one_price_may_be_one(given_: tuple[list[Usage], ServiceMonth], mode) -> None:
    rows, month = given_
    alike = replace(month, prices={**month.prices, "b": month.prices["a"]})
    merged = [replace(row, sku="a") if row.sku == "b" else row for row in rows]
    one = replace(alike, usage=usage_by_sku(merged))
    assert by_customer(merged, one, mode) == by_customer(rows, alike, mode)


@given(sales(), modes)
def test_a_customers_row_split_in_two_changes_nothing(given_: tuple[list[Usage], ServiceMonth], mode) -> None:
    rows, month = given_
    part = replace(rows[0], amount=rows[0].amount / 3)
    assert by_customer([part, part, part, *rows[1:]], month, mode) == by_customer(rows, month, mode)


@given(sales(), modes)
def test_the_only_customer_gets_the_total(given_: tuple[list[Usage], ServiceMonth], mode) -> None:
    """Where something was sold at a price in every region."""
    rows, month = given_
    rows = [replace(row, customer="x") for row in rows] + [Usage("x", "q", "a", region, 1) for region in REGIONS]
    month = replace(month, prices={**month.prices, "a": F(1)}, usage=usage_by_sku(rows))
    sums = by_customer(rows, month, mode)
    assert set(sums) == {("x",)}
    assert sums["x",].grams == whole(month.carbon) + month.overhead


@given(sales(), modes, positive)
def test_units_of_energy_and_money_do_not_matter(given_: tuple[list[Usage], ServiceMonth], mode, k: F) -> None:
    month = given_[1]
    other = replace(
        month,
        energy={region: energy * 1000 for region, energy in month.energy.items()},
        prices={sku: price * k for sku, price in month.prices.items()},
    )
    assert mode(other).grams == mode(month).grams
    assert mode(other).energy == {key: energy * 1000 for key, energy in mode(month).energy.items()}


months = st.integers(600, 700).map(Month)


@given(st.lists(st.tuples(st.integers(0, 9), amounts, months, st.integers(1, 60)), max_size=4), use, months)
def test_non_electric_emissions_are_shared_out_completely(
    cohorts: list[tuple[int, F, Month, int]], electricity: dict[str, F], month: Month
) -> None:
    """Check C10."""
    assume(any(electricity.values()))
    made = [Cohort(f"c{n}", *cohort) for n, cohort in enumerate(cohorts)]
    emissions = non_electric_emissions(month, made, [Facility("f", 240, Month(600))], F(3), F(2))
    parts = by_electricity(emissions, electricity).values()
    for name in ("equipment", "facilities", "fuel", "travel", "scope1", "scope3", "total"):
        assert sum(getattr(part, name) for part in parts) == getattr(emissions, name)


@given(st.integers(0, 9), amounts, months, st.integers(1, 60))
def test_over_its_life_a_cohort_emits_what_it_took_to_make(count: int, each: F, start: Month, life: int) -> None:
    cohort = Cohort("c", count, each, start, life)
    assert sum(cohort.mass(Month(number)) for number in range(590, 770)) == count * each


# never a number from bad input

bad = st.one_of(
    st.fractions(max_value=F(-1, 20)),
    st.floats(),
    st.sampled_from([Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("Infinity"), None, "1", True]),
)
ENTRIES: list[Callable[[object], object]] = [
    lambda x: split(x, 1),
    lambda x: split(1, x),
    lambda x: MachineHour("m", 1, 1, on_hours=x),
    lambda x: cluster_hour([], {}, {"db": {"cpu": x}}, {"cpu": 1}),
    lambda x: cluster_hour([], {}, {"db": {"cpu": 1}}, {"cpu": x}),
    lambda x: cluster_hour([], {}, {}, {"cpu": 1}, unreserved={"cpu": x}),
    lambda x: cluster_hour([], {}, {}, {"cpu": 1}, overhead_without_it=x),
    lambda x: with_overhead([], {"A": x}),
    lambda x: fractions_by_usage({"a": {"b": x}}),
    lambda x: fractions_by_cost({"a": {"b": 1}}, {"a": x}),
    lambda x: closure({"a": x}, {}),
    lambda x: closure({"a": 1}, {"a": {"b": x}}),
    lambda x: rounds({"a": 1}, {"a": {"b": x}}, 1),
    lambda x: location_based({"a": {0: x}}, {0: 1}),
    lambda x: location_based({"a": {0: 1}}, {0: x}),
    lambda x: location_based({"a": {0: 1}}, {0: 1}, annual=x) if x is not None else location_based({"a": {0: 1}}, {}),
    lambda x: scaling_factor(1, x),
    lambda x: market_based(x, [], 1, market_zone="US", year=2024),
    lambda x: RetiredInstrument("rec", "US", 2024, x),
    lambda x: ServiceMonth({"a": x}, {}, {}, {}),
    lambda x: ServiceMonth({}, {}, {}, {}, overhead=x),
    lambda x: Usage("x", "p", "a", "r1", x),
    lambda x: Cohort("c", 1, x, Month(600)),
    lambda x: Facility("f", x, Month(600)),
]


@given(bad, st.sampled_from(ENTRIES))
def test_what_is_no_exact_non_negative_number_is_refused_by_name(value: object, entry) -> None:
    with pytest.raises(CarbonTokensError):
        entry(value)
