"""Hourly intensities as publishers write them: one value an UTC hour, nothing filled in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens.errors import CarbonTokensError, FactorError
from carbon_tokens.factors import hourly
from carbon_tokens.periods import Month

MAPS = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),"
    "Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n"
    "2023-01-01 00:00:00,Norway,Norway,NO,37.86,66.23,94.16,87.66,entsoe.eu,false,\n"
    "2023-01-01 01:00:00,Norway,Norway,NO,40.95,69.88,93.65,86.06,entsoe.eu,true,TSA\n"
    "2023-01-01 02:00:00,Norway,Norway,NO,,,,,entsoe.eu,false,\n"
)
EXPORT = (
    '"Region Code","Timestamp (Hour Ending)","Wind Generation (MWh)","Solar Generation (MWh)",'
    '"Coal Generation (MWh)","Natural gas Generation (MWh)"\n'
    'CAL,"11/1/2020 12 a.m. PDT",0,0,1,1\n'
    'CAL,"11/1/2020 12 a.m. PDT",0,0,1,1\n'
    'CAL,"11/1/2020 1 a.m. PDT",10,0,0,10\n'
    'CAL,"11/1/2020 1 a.m. PST",0,5,0,15\n'
)
CODES = (
    "timestamp,WND,SUN,WAT,OIL,NG,COL,NUC,OTH,avg_CI\n"
    "2022-01-01 00:00:00+00:00,1,0,0,0,0,1,0,,1\n"
    "2022-01-01 01:00:00+00:00,1,0,0,0,0,3,0,0,1\n"
)
ENTSOE = """\
time_local,Biomass,Fossil Gas,Hydro Pumped Storage,Nuclear
2020-03-29 01:00:00+01:00,0,100,-500,300
2020-03-29 03:00:00+02:00,0,,0,300
2020-03-29 04:00:00+02:00,0,200,900,200
2020-03-29 04:30:00+02:00,0,0,0,400
"""


def given(folder: Path, text: str) -> Path:
    path = folder / "intensities.csv"
    path.write_text(text)
    return path


def by_hour(series: hourly.Series) -> dict[str, str]:
    month = Month.of(series.hours[0].start)
    return {hour: value for _, hour, value in series.rows(month)}


def test_a_download_of_electricity_maps_gives_direct_or_life_cycle_intensities(tmp_path: Path) -> None:
    path = given(tmp_path, MAPS)
    direct, life = (hourly.read(path, boundary=each) for each in hourly.BOUNDARIES)
    assert by_hour(direct) == {"2023-01-01T00:00Z": "37.86", "2023-01-01T01:00Z": "40.95"}
    assert by_hour(life) == {"2023-01-01T00:00Z": "66.23", "2023-01-01T01:00Z": "69.88"}
    assert direct.zone == "NO" and [hour.estimated for hour in direct.hours] == [False, True]


def test_an_hour_without_a_value_is_missing_and_is_not_filled(tmp_path: Path) -> None:
    series = hourly.read(given(tmp_path, MAPS))
    found, missing = series.of(Month.parse("2023-01"))
    assert (len(found), len(missing)) == (2, 742) and missing[0] == Month.parse("2023-01").start + 7200


def test_eias_export_states_the_end_of_an_hour_in_local_time(tmp_path: Path) -> None:
    """In the night when the clocks go back, 1 a.m. ends two different hours."""
    series = hourly.read(given(tmp_path, EXPORT))
    assert by_hour(series) == {
        "2020-11-01T06:00Z": "565",  # ends at midnight PDT, 07:00Z; (760 + 370) / 2
        "2020-11-01T07:00Z": "185",
        "2020-11-01T08:00Z": "277.5",
    }
    assert series.zone == "CAL" and series.repeated == 1


@pytest.mark.parametrize("column", ["Battery storage Generation (MWh)", "Pumped storage Generation (MWh)", "BAT", "PS"])
def test_generation_that_no_factor_is_known_for_is_never_left_out_of_the_mix(tmp_path: Path, column: str) -> None:
    head, *rows = (CODES if column.isupper() else EXPORT).splitlines()
    text = "\n".join([f"{head},{column}", *(f"{row},200" for row in rows)]) + "\n"
    with pytest.raises(FactorError, match="no fuel with an emission factor"):
        hourly.read(given(tmp_path, text), zone="PJM")


def test_geothermal_energy_is_in_the_mix(tmp_path: Path) -> None:
    text = "timestamp,WND,SUN,COL,GEO\n2020-01-01T00:00:00Z,100,0,100,200\n"
    (hour,) = hourly.read(given(tmp_path, text), zone="CISO").hours
    assert hour.g_per_kwh == 190


def test_an_hour_of_which_one_fuel_is_not_known_has_no_mix(tmp_path: Path) -> None:
    series = hourly.read(given(tmp_path, CODES), zone="PJM")
    assert by_hour(series) == {"2022-01-01T01:00Z": "570"}


def test_pumped_storage_is_no_generation_and_quarters_are_averaged(tmp_path: Path) -> None:
    series = hourly.read(given(tmp_path, ENTSOE), zone="FR")
    assert by_hour(series) == {"2020-03-29T00:00Z": "92.5", "2020-03-29T02:00Z": "92.5"}
    assert series.fuels == (("biomass", 0), ("gas", 370), ("nuclear", 0))


def test_the_caller_may_give_other_intensities_of_fuels(tmp_path: Path) -> None:
    fuels = {"gas": Decimal("400.5"), "nuclear": Decimal(5), "biomass": Decimal(0)}
    series = hourly.read(given(tmp_path, ENTSOE), zone="FR", fuels=fuels)
    assert series.rows(Month.parse("2020-03"))[0][2] == "103.875"
    with pytest.raises(FactorError, match="no intensity of nuclear"):
        hourly.read(given(tmp_path, ENTSOE), zone="FR", fuels={"gas": Decimal(1), "biomass": Decimal(0)})


def test_an_intensity_is_rounded_to_a_millionth_of_a_gram_half_up(tmp_path: Path) -> None:
    text = "hour,g_per_kwh\n2024-02-01T00:00Z,0.0000005\n2024-02-01T01:00Z,0.00000049\n2024-02-01T02:00Z,120\n"
    assert [row[2] for row in hourly.read(given(tmp_path, text), zone="Z").rows(Month.parse("2024-02"))] == [
        "0.000001", "0", "120",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Month,Timestamp,CA,NY\n1,0,1.11,0.9\n", "marginal"),
        ("timestamp,moer\n2024-01-01T00:00Z,900\n", "marginal"),
        ("a,b\n1,2\n", "no known form"),
        ("", "or there is none"),
        ("hour,hour,g_per_kwh\n", "stands twice"),
        ("hour,timestamp,g_per_kwh\n2024-01-01T00:00Z,2024-01-01T00:00Z,5\n", "two columns"),
        ("hour,g_per_kwh\n2024-01-01T00:00Z,-5\n", "negative"),
        ("hour,g_per_kwh\n2024-01-01T00:00Z,five\n", "not a finite number"),
        ("hour,g_per_kwh\nyesterday,5\n", "no time"),
        ("hour,g_per_kwh\n2024-01-01T00:00Z,5,6\n", "3 cells under 2 columns"),
        ("hour,g_per_kwh\n2024-01-01T00:00Z,5\n2024-01-01T00:00Z,6\n", "two values, in rows 2 and 3"),
        (ENTSOE.replace("+01:00", ""), "no offset from UTC"),
        (ENTSOE.replace("Biomass", "Cold fusion"), "no production type"),
        (EXPORT.replace("PDT", "XYZ"), "no hour of EIA's export"),
        (EXPORT.replace("11/1/2020 1 a.m. PST", "11/31/2020 1 a.m. PST"), "no day"),
    ],
)
def test_what_is_no_average_intensity_by_the_hour_is_refused_by_file_and_row(
    tmp_path: Path, text: str, what: str
) -> None:
    with pytest.raises(CarbonTokensError, match=what) as caught:
        hourly.read(given(tmp_path, text), zone="" if text.startswith('"') else "Z")
    assert "intensities.csv" in str(caught.value)


def test_a_file_of_several_zones_needs_one_to_be_named(tmp_path: Path) -> None:
    path = given(tmp_path, MAPS + MAPS.splitlines()[1].replace(",NO,37.86", ",SE,9.5") + "\n")
    with pytest.raises(FactorError, match="2 zones: NO, SE"):
        hourly.read(path)
    assert [hour.text for hour in hourly.read(path, zone="SE").hours] == ["9.5"]
    with pytest.raises(FactorError, match="no zone 'FR'"):
        hourly.read(path, zone="FR")


def test_a_file_that_names_no_zone_needs_one(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="names no grid zone"):
        hourly.read(given(tmp_path, CODES))


def test_life_cycle_intensities_of_fuels_are_not_shipped(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="no intensities of fuels are shipped for lifecycle"):
        hourly.read(given(tmp_path, CODES), zone="Z", boundary="lifecycle")
    with pytest.raises(FactorError, match="no column of lifecycle"):
        hourly.read(given(tmp_path, MAPS.replace("(LCA)", "(old)")), boundary="lifecycle")
