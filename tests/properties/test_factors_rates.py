"""lb/MWh → g/MWh → integer factor → grams, for any printed rate."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.factors import Rate
from carbon_tokens.factors.layouts import number
from carbon_tokens.factors.rate import text
from carbon_tokens.units import decimal, emissions_g, lb_per_mwh_to_g_per_mwh

POUND = Fraction(45_359_237, 100_000)  # g, the international pound
printed = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**9), st.integers(0, 6))


def rate(co2e: Decimal) -> Rate:
    return Rate("eGRID", 2023, "rev1", "us", "US", "", co2e, None, None, co2e, None, "", "")


@given(printed)
def test_grams_per_mwh_are_exact(pounds: Decimal) -> None:
    assert Fraction(lb_per_mwh_to_g_per_mwh(pounds)) == Fraction(pounds) * POUND


@given(printed)
def test_the_factor_is_the_least_integer_not_below_the_exact_rate(pounds: Decimal) -> None:
    factor = rate(pounds).factor
    assert factor - 1 < Fraction(pounds) * POUND <= factor


@given(printed, st.integers(0, 10**13))
def test_grams_by_the_integer_factor_are_never_below_the_exact_ones_and_at_most_a_gram_per_mwh_above(
    pounds: Decimal, energy_wh: int
) -> None:
    exact = Fraction(pounds) * POUND * energy_wh / 1_000_000
    grams = emissions_g(energy_wh, rate(pounds).factor)
    assert exact <= grams < exact + Fraction(energy_wh, 1_000_000) + 1


@given(printed)
def test_a_rate_survives_its_json_text(pounds: Decimal) -> None:
    shown = rate(pounds).to_json()["co2e_lb_per_mwh"]
    assert isinstance(shown, str)
    assert "E" not in shown
    assert decimal(shown) == pounds
    assert text(pounds) == shown


@given(st.floats(min_value=0, max_value=1e6, allow_nan=False))
def test_a_number_stored_in_a_workbook_is_read_as_its_shortest_decimal(stored: float) -> None:
    found = number(stored, "here")
    assert found is not None
    assert float(found) == stored
    assert found == Decimal(repr(stored))
