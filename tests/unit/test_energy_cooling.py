"""Cooling: every model costs more on a hotter day, and a facility is what its UPS, cooling and auxiliaries draw."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.energy import cooling, ups
from carbon_tokens.energy.cooling import Chiller, ConstantCop, FreeCooling, LinearCop
from carbon_tokens.energy.loss_curve import LossCurve
from carbon_tokens.errors import CarbonTokensError, EnergyError

CHILLER = Chiller(F(1_000_000))
HOUR = 1_717_200_000


@pytest.mark.parametrize("load", [F(1, 100), F(15, 100), F(1, 4), F(1, 2), F(7, 10)])
@pytest.mark.parametrize("evaporator", ["4", "6.67", "12"])
def test_the_cop_of_a_chiller_falls_with_the_outdoor_temperature(load: F, evaporator: str) -> None:
    chiller = Chiller(F(1_000_000), evaporator_c=F(evaporator))
    cops = [chiller.cop(load * 1_000_000, outdoor) for outdoor in range(-30, 42)]
    assert cops == sorted(cops, reverse=True) and cops[0] > cops[-1]


def test_a_chiller_at_its_design_point_follows_the_three_polynomials() -> None:
    """At 35 °C and 6.67 °C both differences are 0: cap = 0.944836, full = 1.013390, part load 1 at the capacity."""
    cap = F("0.944836")
    full = F("2.333") - F("1.975") * cap + F("0.6121") * cap**2
    assert CHILLER.available_w(35) == cap * 1_000_000
    part = F("0.03303") + F("0.6852") + F("0.2818")
    assert CHILLER.power_w(cap * 1_000_000, 35) == part * full * cap * 1_000_000 / 3


def test_figures_of_a_chiller_at_half_its_nominal_capacity() -> None:
    """By hand: 3.30 at 35 °C and 3.96 at 25 °C; with the design temperatures' difference in Δ it would rise."""
    assert [round(float(CHILLER.cop(500_000, outdoor)), 2) for outdoor in (25, 35)] == [3.96, 3.30]


def test_below_its_least_part_load_a_chiller_cycles_and_needs_in_proportion_to_the_heat() -> None:
    least = F(15, 100) * CHILLER.available_w(30)
    assert CHILLER.power_w(least / 3, 30) == CHILLER.power_w(least, 30) / 3
    assert CHILLER.power_w(0, 30) == 0


def test_more_heat_than_a_chiller_can_move_is_refused() -> None:
    with pytest.raises(EnergyError, match=r"1,000,000 W of heat, at 35 °C the chiller moves 944,836 W"):
        CHILLER.power_w(1_000_000, 35)


def test_the_linear_cop_falls_to_its_least_and_no_further() -> None:
    assert [LinearCop().cop(outdoor) for outdoor in (15, 25, 35, 60)] == [6, 5, 4, F("1.5")]
    assert LinearCop(slope=F(1)).cop(60) == 1
    with pytest.raises(EnergyError, match="would rise with heat"):
        LinearCop(slope=F(-1, 10))


def test_no_compressor_runs_below_the_temperature_of_free_cooling() -> None:
    model = FreeCooling(ConstantCop(F(4)), F(10))
    assert model.power_w(400, Decimal("9.99")) == 0 and model.power_w(400, 10) == 100


@pytest.mark.parametrize("model", [ConstantCop(F(4)), LinearCop(), CHILLER, FreeCooling(ConstantCop(F(4)), F(10))])
@pytest.mark.parametrize(
    ("heat", "outdoor"), [(-1, 20), (100, 86), (100, 300), (100, -100), (100, Decimal("NaN")), (1.5, 20)]
)
def test_negative_heat_and_temperatures_of_another_unit_are_refused(
    model: cooling.Cooling, heat: int, outdoor: Decimal
) -> None:
    with pytest.raises(CarbonTokensError, match=r"negative heat|no outdoor temperature|not finite|no exact number"):
        model.power_w(heat, outdoor)


@pytest.mark.parametrize("cop", [F(0), F(-1)])
def test_a_cop_of_nothing_is_refused(cop: F) -> None:
    for make in (ConstantCop, LinearCop, lambda value: Chiller(F(1), value), lambda value: Chiller(value)):
        with pytest.raises(EnergyError, match="is not above 0"):
            make(cop)


def test_fans_and_pumps_are_part_of_cooling_and_add_no_heat() -> None:
    site = cooling.facility(100, 6, ConstantCop(F(4)), 20, auxiliary_w=5, fans_and_pumps_w=3)
    assert (site.cooling, site.total) == (F("29.5"), F("140.5"))


@pytest.mark.parametrize("powers", [(-1, 0, 0, 0), (1, -1, 0, 0), (1, 0, -1, 0), (1, 0, 0, -1)])
def test_a_negative_power_in_a_facility_is_refused(powers: tuple[int, ...]) -> None:
    it, loss, auxiliary, fans = powers
    with pytest.raises(EnergyError, match="negative power"):
        cooling.facility(it, loss, ConstantCop(F(4)), 20, auxiliary_w=auxiliary, fans_and_pumps_w=fans)


def test_a_facility_without_it_power_has_no_pue() -> None:
    with pytest.raises(EnergyError, match="IT power"):
        _ = cooling.facility(0, 6, ConstantCop(F(4)), 20).pue


def logged(status: str = "OL", minutes: int = 60) -> ups.UpsEnergy:
    unit = ups.Unit(F(200_000), LossCurve(F("0.02"), F("0.01"), F("0.02")))
    samples = [
        ups.UpsSample(F(HOUR + 600 * step), step + 1, F(100_000), status=status) for step in range(minutes // 10 + 1)
    ]
    return ups.energy(samples, unit, utility="u", meter="m", file="f", sha256="0" * 64)


def test_an_hour_of_a_ups_log_is_an_hour_of_its_facility() -> None:
    found = cooling.facility_hours([logged()], ConstantCop(F(4)), {HOUR: 20}, auxiliary_of_it=F("0.05"))
    assert found == {HOUR: 137_500}
    assert cooling.facility_hours([logged()] * 2, ConstantCop(F(4)), {HOUR: 20}) == {HOUR: 265_000}


def test_on_battery_a_facility_draws_what_cools_the_load_that_runs_on() -> None:
    assert cooling.facility_hours([logged("OB")], ConstantCop(F(4)), {HOUR: 20}) == {HOUR: 25_000}


def test_an_hour_that_one_log_covers_in_part_is_no_hour_of_the_facility() -> None:
    assert cooling.facility_hours([logged(), logged(minutes=50)], ConstantCop(F(4)), {HOUR: 20}) == {}


def test_an_hour_without_an_outdoor_temperature_is_named() -> None:
    with pytest.raises(EnergyError, match="1 hours without an outdoor temperature"):
        cooling.facility_hours([logged()], ConstantCop(F(4)), {})
    with pytest.raises(EnergyError, match="0 UPS units"):
        cooling.facility_hours([], ConstantCop(F(4)), {})
