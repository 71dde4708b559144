"""(d) Location-based emissions by the hour. Energies in kWh, intensities in g/kWh."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import location_based
from carbon_tokens.errors import MissingIntensity, PeriodError, UnitError
from carbon_tokens.periods import Month

FIRST = int(datetime(2024, 6, 30, 22, tzinfo=UTC).timestamp())
HOURS = tuple(FIRST + 3600 * n for n in range(4))  # the last two are of July
ENERGY = {"web": dict(zip(HOURS, (10, 12, 8, 10), strict=True)), "db": dict.fromkeys(HOURS, 5)}
INTENSITY = {HOURS[0]: 300, HOURS[1]: 280, HOURS[3]: 250}


def test_an_hour_without_intensity_takes_the_annual_factor_and_is_flagged() -> None:
    made = location_based(ENERGY, INTENSITY, annual=350)
    assert list(made.grams["web"].values()) == [3000, 3360, 2800, 2500]
    assert list(made.grams["db"].values()) == [1500, 1400, 1750, 1250]
    assert made.total == {"web": 11660, "db": 5900}
    assert list(made.basis.values()) == ["hourly", "hourly", "annual", "hourly"]
    assert made.hourly_share == F(47, 60)


def test_hours_add_up_to_utc_days_and_months() -> None:
    made = location_based(ENERGY, INTENSITY, annual=350)
    assert made.by_day() == {
        date(2024, 6, 30): {"web": 6360, "db": 2900},
        date(2024, 7, 1): {"web": 5300, "db": 3000},
    }
    assert made.by_month() == {
        Month.parse("2024-06"): {"web": 6360, "db": 2900},
        Month.parse("2024-07"): {"web": 5300, "db": 3000},
    }


def test_a_missing_hour_is_refused_unless_the_annual_factor_is_given() -> None:
    with pytest.raises(MissingIntensity, match="1 of 4 hours, first 2024-07-01T00:00Z"):
        location_based(ENERGY, INTENSITY)


def test_a_missing_hour_of_no_energy_is_refused_as_well() -> None:
    with pytest.raises(MissingIntensity):
        location_based({"web": {FIRST: 0}}, {})


def test_an_annual_factor_leaves_hours_with_intensity_alone() -> None:
    whole = {**INTENSITY, HOURS[2]: 100}
    assert location_based(ENERGY, whole, annual=350) == location_based(ENERGY, whole)


def test_no_energy_rests_on_no_annual_factor() -> None:
    assert location_based({"web": {FIRST: 0}}, {}, annual=350).hourly_share == 1


def test_hours_begin_on_the_hour() -> None:
    with pytest.raises(PeriodError, match="first instant of an hour"):
        location_based({"web": {FIRST + 1: 1}}, {FIRST + 1: 1})


def test_a_negative_intensity_is_refused() -> None:
    with pytest.raises(UnitError, match="intensity"):
        location_based({"web": {FIRST: 1}}, {FIRST: -1})
