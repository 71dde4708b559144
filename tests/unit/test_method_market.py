"""(e) Market-based emissions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import (
    RetiredInstrument,
    hourly_match,
    market_based,
    scaling_factor,
    scaling_factor_of_totals,
)
from carbon_tokens.errors import DuplicateKey, InstrumentRefused, MissingIntensity, NothingToShareBy, UnitError

D = Decimal
US = {"market_zone": "US", "year": 2024}


def rec(energy: int, name: str = "rec", **differs) -> RetiredInstrument:
    return RetiredInstrument(name, **{**US, "energy": energy, **differs})


def test_the_factor_is_last_years_share_without_carbon_free_energy() -> None:
    made = scaling_factor(1000, 750)
    assert (made.factor, made.scale(17560)) == (F("0.25"), 4390)
    assert made.provisional


def test_the_factor_by_totals_weighs_the_residual_mix() -> None:
    """100,000 kg market-based of 380,000 kg location-based."""
    made = scaling_factor_of_totals(1000, 750, residual=400, location=380)
    assert made.factor == F(100_000, 380_000) == F(5, 19)
    assert made.provisional


def test_both_readings_agree_if_the_rest_has_the_locations_factor() -> None:
    assert scaling_factor_of_totals(1000, 750, 380, 380).factor == scaling_factor(1000, 750).factor


@pytest.mark.parametrize("made", [scaling_factor(1000, 1200), scaling_factor_of_totals(1000, 1200, 400, 380)])
def test_more_clean_energy_than_load_is_capped(made) -> None:
    assert (made.factor, made.unmatched) == (0, 200)


@pytest.mark.parametrize("energy", [0, 1000])
def test_a_region_without_purchases_or_without_last_year_is_not_scaled(energy) -> None:
    assert scaling_factor(energy, 0).factor == 1
    assert scaling_factor_of_totals(energy, 0, 380, 380).factor == 1


def test_a_dirtier_residual_mix_can_raise_the_factor_above_one() -> None:
    assert scaling_factor_of_totals(1000, 0, residual=450, location=400).factor == F(9, 8)


def test_there_is_no_ratio_to_a_location_factor_of_zero() -> None:
    with pytest.raises(NothingToShareBy, match="location"):
        scaling_factor_of_totals(1000, 0, residual=450, location=0)


def test_retired_certificates_cover_and_the_residual_mix_charges_the_rest() -> None:
    """1,000,000 kWh, 600,000 of them certified, at 450 g/kWh: 180 t, where the grid's 200 g/kWh would give 200 t."""
    made = market_based(1_000_000, [rec(600_000)], 450, **US)
    assert (made.grams, made.coverage, made.unmatched) == (180_000_000, F("0.6"), 0)


@pytest.mark.parametrize("retired, grams, unmatched", [(60, 18_000, 0), (100, 0, 0), (120, 0, 20)])
def test_certificates_above_the_load_cover_nothing(retired, grams, unmatched) -> None:
    """100 MWh at 450 kg/MWh of residual mix."""
    made = market_based(100, [rec(retired)], 450, **US)
    assert (made.grams, made.unmatched, sum(made.matched.values())) == (grams, unmatched, min(retired, 100))


def test_certificates_with_emissions_count_at_their_own_factor() -> None:
    made = market_based(100, [rec(60, "wind"), rec(20, "biogas", g_per_unit=50)], 450, **US)
    assert made.grams == 20 * 50 + 20 * 450


def test_which_certificate_is_above_the_load_does_not_hang_on_their_order() -> None:
    offered = [rec(60, "wind"), rec(60, "biogas", g_per_unit=50)]
    made = market_based(100, offered, 450, **US)
    assert made.matched == {"wind": 50, "biogas": 50}
    assert made == market_based(100, offered[::-1], 450, **US)


@pytest.mark.parametrize("differs", [{"market_zone": "AIB"}, {"year": 2023}])
def test_a_certificate_of_another_market_or_year_is_refused(differs) -> None:
    with pytest.raises(InstrumentRefused, match="instrument rec: it is of"):
        market_based(100, [rec(1, **differs)], 450, **US)


def test_an_instrument_is_used_once() -> None:
    with pytest.raises(DuplicateKey, match="rec"):
        market_based(100, [rec(1), rec(1)], 450, **US)


def test_without_load_or_certificates_nothing_is_covered() -> None:
    assert market_based(0, [rec(5)], 450, **US).coverage == 0
    assert market_based(10, [], 450, **US).grams == 4500


def test_a_certificate_with_an_inexact_amount_is_refused() -> None:
    with pytest.raises(UnitError, match="energy of rec"):
        rec(0.5)


def test_hourly_matching_counts_energy_of_the_hour_only() -> None:
    """40 MWh of certificates for 40 MWh of load cover all of the year's, and 25 MWh by the hour."""
    load, offered = dict(enumerate((10, 10, 10, 10))), dict(enumerate((25, 10, 0, 5)))
    made = hourly_match(load, offered, dict.fromkeys(load, D("0.3")), residual=400)
    assert list(made.matched.values()) == [10, 10, 0, 5]
    assert list(made.excess.values()) == [15, 0, 0, 0]
    assert (made.annual_share, made.matched_share, made.cfe_score) == (1, F("0.625"), F("0.7375"))
    assert made.grams == 6000
    assert market_based(40, [rec(40)], 400, **US).grams == 0


def test_contracted_energy_in_an_hour_without_load_is_excess() -> None:
    made = hourly_match({0: 10}, {1: 4}, {0: 0}, 400)
    assert (made.matched, made.excess, made.grams) == ({0: 0}, {0: 0, 1: 4}, 4000)
    assert (made.matched_share, made.annual_share) == (0, F("0.4"))


def test_an_hour_of_load_needs_the_grids_clean_share() -> None:
    with pytest.raises(MissingIntensity, match="first 1"):
        hourly_match({0: 1, 1: 1}, {}, {0: 0}, 400)


def test_a_clean_share_above_one_is_refused() -> None:
    with pytest.raises(UnitError, match=r"grid_clean\[0\]"):
        hourly_match({0: 1}, {}, {0: 30}, 400)


def test_without_load_there_is_nothing_to_match() -> None:
    with pytest.raises(NothingToShareBy):
        hourly_match({0: 0}, {0: 1}, {0: 0}, 400)
