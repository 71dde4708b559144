"""Activity as energy: every rate named with its source, spread over its days, and never better than an estimate."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from carbon_tokens.energy import activity, files, site_file, site_month
from carbon_tokens.energy.local_time import zone_named
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

HEAD = "what,amount,unit,from,thru,copies,load,watt_hours,watts,source\n"


def log(folder: Path, *rows: str) -> Path:
    path = folder / "activity.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def test_a_published_rate_is_taken_by_its_name(tmp_path: Path) -> None:
    (found,) = activity.read(log(tmp_path, "HDD,1000,TB h,2024-01-01,2024-01-01,3,,,,"))
    assert (found.energy_wh, found.formula) == (1950, "1000 TB h × 3 copies × 0.65 Wh")
    assert found.source == "cloud-carbon-footprint@b7a049c7"


def test_a_rate_of_ones_own_needs_a_source(tmp_path: Path) -> None:
    (found,) = activity.read(log(tmp_path, "requests,2000000,request,2024-01-01,2024-01-02,,,0.0003,,measured in 2023"))
    assert (found.energy_wh, found.source) == (600, "measured in 2023")
    with pytest.raises(EnergyError, match="need a source"):
        activity.read(log(tmp_path, "requests,2000000,request,2024-01-01,2024-01-02,,,0.0003,,"))


def test_rack_units_are_watts_by_load_over_the_days(tmp_path: Path) -> None:
    (found,) = activity.read(log(tmp_path, "u-rack,42,U,2024-01-01,2024-01-02,,0.5,,100,nameplates"))
    assert found.energy_wh == 42 * 100 * F("0.5") * 48 and found.formula == "42 U × 100 W × 0.5 × 48 h"


def test_an_amount_is_spread_evenly_over_the_hours_of_its_days(tmp_path: Path) -> None:
    rows = ["HDD,100,TB h,2024-01-01,2024-01-01,,,,,", "SSD,100,TB h,2024-01-01,2024-01-02,,,,,"]
    hours = activity.hours(activity.read(log(tmp_path, *rows)), utility="own", meter="m")
    assert len(hours) == 48 and sum(hour.energy_wh or 0 for hour in hours) == 65 + 120
    assert hours[0].energy_wh == F(65, 24) + F(120, 48) and hours[-1].energy_wh == F(120, 48)
    assert {hour.quality for hour in hours} == {"D"} and all(hour.complete for hour in hours)


def test_days_are_those_of_the_zone(tmp_path: Path) -> None:
    found = activity.read(log(tmp_path, "HDD,48,TB h,2024-01-01,2024-01-01,,,,,"), zone_named("Asia/Kolkata"))
    hours = activity.hours(found, utility="own", meter="m")
    assert len(hours) == 25 and [hour.covered_s for hour in (hours[0], hours[1], hours[-1])] == [1800, 3600, 1800]
    assert sum(hour.energy_wh or 0 for hour in hours) == 48 * F("0.65")


def test_a_day_that_never_was_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match="never was in this zone"):
        activity.read(log(tmp_path, "HDD,1,TB h,2011-12-30,2011-12-30,,,,,"), zone_named("Pacific/Apia"))


def test_it_is_the_last_tier_of_a_site(tmp_path: Path) -> None:
    log(tmp_path, "u-rack,10,U,2024-01-01,2024-01-31,,1,,100,nameplates")
    text = 'utility = "U"\nmeter = "M"\nzone = "UTC"\n[[activity]]\nfile = "activity.csv"\n'
    (tmp_path / "site.toml").write_text(text)
    found = site_month.of(site_file.read(tmp_path / "site.toml"), Month.parse("2024-01"))
    assert (found.reading.energy_wh, found.reading.quality) == (744_000, "D")
    assert found.hours_by_tier == {"activity": 744}


def test_energy_read_tells_it_by_its_columns_and_says_each_formula(tmp_path: Path) -> None:
    found = files.content(log(tmp_path, "HDD,1000,TB h,2024-01-01,2024-01-01,3,,,,"))
    assert (found.kind, found.energy_wh, found.quality, found.hours) == ("activity", 1950, "D", 24)
    assert "1000 TB h × 3 copies × 0.65 Wh (cloud-carbon-footprint@b7a049c7)" in found.warnings[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tape,1,TB h,2024-01-01,2024-01-01,,,,,", "no published rate"),
        ("HDD,1,GB h,2024-01-01,2024-01-01,,,,,", "is in TB h, not in GB h"),
        ("HDD,1,TB h,2024-01-01,2024-01-01,,,5,,mine", "has a published rate"),
        ("HDD,1,TB h,2024-01-01,2024-01-01,0,,,,", "0 copies"),
        ("HDD,1,TB h,2024-01-01,2024-01-01,1.5,,,,", "1.5 copies"),
        ("HDD,-1,TB h,2024-01-01,2024-01-01,,,,,", "no amount"),
        ("HDD,1,TB h,2024-01-02,2024-01-01,,,,,", "no period"),
        ("HDD,1,TB h,2024-02-30,2024-03-01,,,,,", "no dates"),
        ("HDD,1,TB h,1024-01-01,2024-03-01,,,,,", "no period"),
        ("HDD,1,TB h,2024-01-01,2024-01-01,,0.5,,,", "watts and load are of u-rack"),
        ("u-rack,1,U,2024-01-01,2024-01-01,,,,100,x", "needs the unit U, watts"),
        ("u-rack,1,U,2024-01-01,2024-01-01,,50,,100,x", "no utilisation"),
        ("u-rack,1,U,2024-01-01,2024-01-01,2,0.5,,100,x", "not watt_hours or copies"),
        ("requests,99999999999999999999,r,2024-01-01,2024-01-01,,,9,,x", "more than the ledger holds"),
        (",1,TB h,2024-01-01,2024-01-01,,,,,", "what"),
    ],
)
def test_a_row_without_a_rate_that_fits_is_refused_by_its_place(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(EnergyError, match=said) as error:
        activity.read(log(tmp_path, row))
    assert "activity.csv:2" in str(error.value)
