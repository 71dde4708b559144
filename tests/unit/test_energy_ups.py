"""The loss curve of a UPS, what it draws, its battery, and units in redundant strings."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest

from carbon_tokens.energy import hourly, loss_curve, series, ups
from carbon_tokens.energy.loss_curve import LossCurve
from carbon_tokens.energy.ups import Unit, UpsSample
from carbon_tokens.errors import EnergyError, UnitError
from carbon_tokens.periods import Month

CURVE = LossCurve(F("0.02"), F("0.01"), F("0.02"))
UNIT = Unit(F(1000), CURVE, "A")
HOUR = 1_717_200_000  # 2024-06-01T00Z
DATASHEET = {F(1, 4): F("0.94"), F(1, 2): F("0.955"), F(3, 4): F("0.955"), F(1): F("0.95")}


def sampled(*samples: UpsSample, unit: Unit = UNIT, **given: int) -> ups.UpsEnergy:
    return ups.energy(samples, unit, utility="own", meter="ups", file="u.log", sha256="0" * 64, **given)


def at(minute: int, watts: object = None, **values: Any) -> UpsSample:
    return UpsSample(F(HOUR + 60 * minute), minute + 1, None if watts is None else F(str(watts)), **values)


def test_four_efficiencies_of_a_known_curve_give_it_back_exactly() -> None:
    found = loss_curve.fit({load: CURVE.efficiency(load) for load in DATASHEET})
    assert found.curve == CURVE and found.worst == 0


def test_a_fit_is_the_least_squares_and_says_what_it_misses() -> None:
    """Four losses on three terms: the residuals are orthogonal to every term that is used (normal equations)."""
    found = loss_curve.fit(DATASHEET)
    assert set(found.residuals) == set(DATASHEET) and 0 < found.worst < F("0.001")
    for power, share in enumerate(found.curve.coefficients.values()):
        moment = sum(load**power * residual for load, residual in found.residuals.items())
        assert moment == 0 if share else moment >= 0


def test_a_term_that_would_be_negative_is_zero_instead() -> None:
    """Losses of 3.0, 3.1, 4.0 and 5.5 % bend down towards no load: the linear term is 0, and the loss never falls."""
    losses = {F(1, 4): F("0.030"), F(1, 2): F("0.031"), F(3, 4): F("0.040"), F(1): F("0.055")}
    curve = loss_curve.fit({load: load / (load + loss) for load, loss in losses.items()}).curve
    assert curve.linear == 0 and curve.no_load > 0 and curve.square > 0


def test_two_efficiencies_fix_no_load_and_square_losses() -> None:
    curve = loss_curve.fit({F(1, 2): F("0.95"), F(1): F("0.94")}).curve
    assert curve.linear == 0 and curve.efficiency(1) == F("0.94") and curve.efficiency(F(1, 2)) == F("0.95")


def test_a_curve_whose_loss_falls_with_load_is_refused() -> None:
    """A vendor's note: 98 % at full load, 85 % at 20 %: losses of 3.5 % and 2.0 % of the rating."""
    with pytest.raises(EnergyError, match=r"falls from 3\.53% of the rating at a load of 20% to 2\.04% at 100%"):
        loss_curve.fit({Decimal("0.2"): Decimal("0.85"), Decimal(1): Decimal("0.98")})


@pytest.mark.parametrize(
    "shares", [("-0.01", "0", "0"), ("0", "-0.01", "0.02"), ("0", "0.02", "-0.01"), ("2", "1", "2")]
)
def test_a_loss_below_zero_or_in_per_cent_is_refused(shares: tuple[str, ...]) -> None:
    with pytest.raises(EnergyError, match="loss of"):
        LossCurve(*map(F, shares))


@pytest.mark.parametrize(
    "points",
    [{}, {F(1): F("0.9")}, {F(0): F("0.9"), F(1): F("0.9")}, {F(50): F(95), F(100): F(94)}, {1: 0, F(1, 2): 1}],
)
def test_efficiencies_that_are_none_or_too_few_are_refused(points: dict[F, F]) -> None:
    with pytest.raises(EnergyError):
        loss_curve.fit(points)


def test_decimals_are_exact_parameters_and_floats_are_none() -> None:
    assert LossCurve(Decimal("0.02"), Decimal("0.01"), Decimal("0.02")) == CURVE  # type: ignore[arg-type]
    assert Unit(1000, CURVE, "A") == UNIT and UNIT.input_w(Decimal("500")) == 530  # type: ignore[arg-type]
    for make in (
        lambda: LossCurve(0.02, 0.01, 0.02),
        lambda: UNIT.input_w(0.5),
        lambda: loss_curve.fit({0.5: 1, 1: 1}),
    ):  # type: ignore[arg-type, dict-item]
        with pytest.raises(UnitError, match="no exact number"):
            make()


def test_a_load_beyond_overload_says_that_a_unit_is_wrong() -> None:
    with pytest.raises(EnergyError, match="a load of 100 of the rating"):
        UNIT.input_w(100_000)
    assert UNIT.input_w(1250) > 1250


def test_two_units_at_forty_per_cent_lose_more_than_one_at_eighty() -> None:
    """Each is evaluated on its own curve: 2 × 27.2 W against 40.8 W for 800 W."""
    assert ups.string_input_w(800, [UNIT]) == F("840.8")
    assert ups.string_input_w(800, [UNIT, UNIT]) == F("854.4")


def test_a_string_shares_its_load_by_rating_and_refuses_one_that_is_empty() -> None:
    double = Unit(F(2000), CURVE)
    assert ups.string_input_w(900, [UNIT, double]) == UNIT.input_w(300) + double.input_w(600)
    with pytest.raises(EnergyError, match="no units"):
        ups.string_input_w(900, [])


def test_a_unit_without_a_curve_says_what_to_give() -> None:
    with pytest.raises(EnergyError, match=r"UPS B has no loss curve\. Give its efficiencies"):
        Unit(F(1000), None, "B").input_w(10)
    with pytest.raises(EnergyError, match="rating of 0 W"):
        Unit(F(0))


def test_irregular_samples_stand_until_the_next_one() -> None:
    found = sampled(at(0, 100), at(1, 200), at(11, 50), at(12))
    assert found.output_wh == F(100 + 200 * 10 + 50, 60)
    assert found.input_wh == (UNIT.input_w(100) + 10 * UNIT.input_w(200) + UNIT.input_w(50)) / 60


def test_the_order_of_samples_does_not_count() -> None:
    given = [at(0, 100), at(1, 200), at(11, 50), at(12)]
    assert sampled(*given) == sampled(*reversed(given))


def test_a_stretch_without_samples_is_a_gap_and_nothing_is_drawn_over_it() -> None:
    found = sampled(at(0, 100), at(10, 100), at(40, 100), at(50, 100))
    (hour,) = found.output
    assert (hour.energy_wh, hour.covered_s, hour.quality) == (F(100 * 20, 60), 1200, "B")
    assert sampled(at(0, 100), at(40, 100), longest_s=2400).output_wh == F(100 * 40, 60)


def test_gaps_are_refused_or_filled_by_the_policies_of_hourly_data() -> None:
    samples = [at(10 * step, 100) for step in range(7)] + [at(75, 100), at(85, 100)]
    hours = sampled(*samples, longest_s=700).output
    assert [hour.covered_s for hour in hours] == [3600, 600]
    with pytest.raises(EnergyError, match="719 of 720 hours"):
        hourly.readings(hours, Month.parse("2024-06"), "refuse")
    (reading,) = hourly.readings(hours, Month.parse("2024-06"), "mean")
    assert reading.energy_wh == 72_000 and reading.hours_missing == 719


def test_on_battery_nothing_is_drawn_and_the_battery_is_counted_apart() -> None:
    """OL for 20 minutes, OB for 10, OL again: the load is 300 W throughout."""
    given = [
        at(0, 300, status="OL"),
        at(10, 300, status="OL"),
        at(20, 300, status="OB DISCHRG"),
        at(30, 300, status="OL CHRG"),
    ]
    found = sampled(*given, at(40, 300, status="OL"))
    assert found.output_wh == 200 and found.battery_wh == 50
    assert found.input_wh == UNIT.input_w(300) * F(30, 60)
    assert found.loss_wh == UNIT.loss_w(300) * F(30, 60)


def test_on_battery_nothing_is_drawn_even_where_the_log_shows_the_line() -> None:
    found = sampled(at(0, 300, input_w=F(320), status="OB LB"), at(10, 300))
    assert found.input_wh == 0 and found.battery_wh == 50


def test_a_measured_input_counts_and_holds_what_recharges_the_battery() -> None:
    found = sampled(
        at(0, 300, status="OB"), at(10, 300, input_w=F(700), status="OL CHRG"), at(20, 300), unit=Unit(F(1000))
    )
    assert found.input_wh == F(700, 6) and found.battery_wh == 50


def test_a_log_without_input_and_a_unit_without_a_curve_are_refused() -> None:
    with pytest.raises(EnergyError, match="has no loss curve"):
        sampled(at(0, 300), at(10, 300), unit=Unit(F(1000)))


def test_load_in_per_cent_is_a_share_of_the_rating() -> None:
    assert sampled(at(0, load=F(30, 100)), at(10)).output_wh == 50


def test_a_sample_without_any_value_is_a_gap() -> None:
    found = sampled(at(0, 300), at(10), at(20, 300), at(30))
    assert found.output_wh == 100 and found.output[0].covered_s == 1200


def test_input_and_output_exchanged_are_refused() -> None:
    with pytest.raises(EnergyError, match=r"u.log: 55 Wh out of 50 Wh in"):
        sampled(at(0, 330, input_w=F(300)), at(10, 330, input_w=F(300)))


def test_an_output_beyond_the_rating_and_a_contradicting_status_are_named_by_line() -> None:
    with pytest.raises(
        EnergyError, match=r"2 rows rejected: u.log:1: a load of 30 of the rating.*; u.log:11: status 'OL OB'"
    ):
        sampled(at(0, 30_000), at(10, 300, status="OL OB"))


def test_two_values_for_one_time_are_refused() -> None:
    with pytest.raises(EnergyError, match=r"u.log:1: gives another power for the time of line 1"):
        sampled(at(0, 300), at(0, 301), at(10))


def test_no_samples_are_no_hours() -> None:
    found = sampled()
    assert (found.input, found.output, found.battery_wh, found.loss_wh) == ((), (), 0, 0)


def test_whole_watt_hours_of_hours_add_up_to_the_exact_sum_rounded_up() -> None:
    found = sampled(*(at(7 * step, "33.3") for step in range(30)))
    assert sum(series.whole_wh(found.output).values()) == -(-found.output_wh // 1)


@pytest.mark.parametrize("longest", [0, -5])
def test_a_limit_of_gaps_that_is_none_is_refused(longest: int) -> None:
    with pytest.raises(EnergyError, match="more than 0 s"):
        sampled(at(0, 1), at(1, 1), longest_s=longest)


def test_times_in_milliseconds_are_refused_as_a_wrong_unit() -> None:
    with pytest.raises(EnergyError, match="is no time"):
        series.instant("1717200000000")
    stretch = series.Stretch(F(0), F(10**12), F(1), 1)
    with pytest.raises(EnergyError, match="thirty years"):
        series.hours([stretch], utility="u", meter="m", file="f", sha256="0" * 64)
