"""Published rates, by region, year and edition, against values typed from EPA's tables."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import Rate, Residual, egrid, residual
from carbon_tokens.factors.rate import refuse_impossible
from carbon_tokens.units import emissions_g

PRINTED = [
    # region, year, edition, CO2, CH4, N2O, CO2e in lb/MWh, typed by hand from EPA's tables
    ("CAMX", 2023, "rev1", "436.655", "0.025", "0.003", "438.203"),
    ("AKGD", 2023, "rev1", "899.003", "0.086", "0.012", "904.475"),
    ("SRMW", 2023, "rev1", "1238.311", "0.132", "0.019", "1247.044"),
    ("PRMS", 2023, "rev1", "1542.952", "0.077", "0.012", "1548.409"),
    ("US", 2023, "rev1", "771.523", "0.057", "0.008", "775.218"),
    ("WY", 2023, "rev1", "1820.318", "0.195", "0.028", "1833.263"),
    ("CAMX", 2018, "v2", "496.536", "0.034", "0.004", "498.686"),
    ("US", 2018, "v2", "947.182", "0.085", "0.012", "952.877"),
    ("AR", 2018, "v2", "1211.332", "0.114", "0.017", "1219.144"),
    ("NYCW", 2018, "power-profiler", "596.4", None, None, None),
    ("HIMS", 2020, "power-profiler", "1143.227", None, None, None),
    ("MROW", 2019, "power-profiler", "1098.353", None, None, None),
    ("US", 2019, "power-profiler", "884.23", None, None, None),
    ("MROW", 2021, "power-profiler", "995.79", None, None, "1003.054"),
    ("AKGD", 2021, "power-profiler", "1067.68", None, None, "1073.669"),
    ("PRMS", 2021, "power-profiler", "1558.024", None, None, "1563.896"),
    ("US", 2021, "power-profiler", "852.3", None, None, "857.019"),
    ("CAMX", 2022, "power-profiler", "497.443", None, None, "499.278"),
    ("CAMX", 2022, "hub-2024", "497.443", "0.03", "0.004", None),
]


@pytest.mark.parametrize(("region", "year", "edition", "co2", "ch4", "n2o", "co2e"), PRINTED)
def test_a_rate_is_the_printed_one_to_the_digit(
    region: str, year: int, edition: str, co2: str, ch4: str | None, n2o: str | None, co2e: str | None
) -> None:
    rate = egrid.rates(region, year, edition).to_json()
    assert [rate[f"{gas}_lb_per_mwh"] for gas in ("co2", "ch4", "n2o", "co2e")] == [co2, ch4, n2o, co2e]


def test_one_mwh_in_camx_2023_is_the_hand_computed_grams() -> None:
    """438.203 lb/MWh: 438 × 453.59237 = 198,673.45806, 0.203 × 453.59237 = 92.07925111, together 198,765.53731111."""
    rate = egrid.rates("CAMX", 2023)
    assert rate.g_per_mwh == Decimal("198765.53731111")
    assert rate.factor == 198_766
    assert emissions_g(1_000_000, rate.factor) == 198_766


def test_json_of_a_rate_says_release_revision_units_and_file() -> None:
    shown = egrid.rates("CAMX", 2023).to_json()
    expected = {
        "dataset": "eGRID", "release": "eGRID2023", "year": 2023, "edition": "rev1", "revision": "rev1",
        "level": "subregion", "region": "CAMX", "name": "WECC California", "co2e_g_per_mwh": "198765.53731111",
        "factor_g_per_mwh": 198_766, "grid_loss": "0.041", "residual_published": False, "residual_lb_per_mwh": None,
    }  # fmt: skip
    assert {key: shown[key] for key in expected} == expected
    assert egrid.source(str(shown["source"]))["source_file_sha256"] == shown["file_sha256"]
    assert len(str(shown["file_sha256"])) == 64


def test_a_region_is_found_in_any_case_and_by_its_level() -> None:
    assert egrid.rates(" camx ", 2023) == egrid.rates("CAMX", 2023, level="subregion")
    with pytest.raises(FactorError, match="no state 'CAMX'"):
        egrid.rates("CAMX", 2023, level="state")
    with pytest.raises(FactorError, match="'county' is no level"):
        egrid.rates("CAMX", 2023, level="county")


@pytest.mark.parametrize(
    ("year", "edition"),
    [(2018, "v2"), *((year, "power-profiler") for year in (2019, 2020, 2021, 2022)), (2023, "rev1")],
)
def test_every_year_has_one_stated_default_edition_and_the_result_names_it(year: int, edition: str) -> None:
    assert [one.edition for one in egrid.editions(year) if one.default] == [edition]
    assert egrid.rates("CAMX", year).edition == egrid.release(year).edition == edition


@pytest.mark.parametrize(
    ("year", "edition"), [(2018, "power-profiler"), (2019, None), (2020, None), (2022, "hub-2024")]
)
def test_a_release_without_co2e_gives_no_factor_instead_of_co2(year: int, edition: str | None) -> None:
    rate = egrid.rates("CAMX", year, edition)
    with pytest.raises(FactorError, match="publishes CO2 but no CO2e for CAMX"):
        _ = rate.factor
    assert rate.to_json()["factor_g_per_mwh"] is None
    assert rate.to_json()["co2_g_per_mwh"] is not None


def test_the_first_2023_power_profiler_is_refused_with_the_reason() -> None:
    with pytest.raises(FactorError, match=r"refused: CAMX CO2e 422\.234 lb/MWh is below CO2 436\.655.*Use rev1"):
        egrid.rates("CAMX", 2023, "power-profiler-v1")
    with pytest.raises(FactorError, match="is refused"):
        egrid.release(2023, "power-profiler-v1")
    (refused,) = [one for one in egrid.editions() if not one.usable]
    assert (refused.year, refused.edition, refused.default) == (2023, "power-profiler-v1", False)
    named = refused.note.partition("likewise ")[2].partition(".")[0].split(", ")
    assert len(named) == 15, "CAMX and 14 more subregions, and the US"
    assert "US" in named


def test_no_shipped_rate_has_co2e_below_co2() -> None:
    for one in egrid.editions():
        if one.usable:
            refuse_impossible(egrid.release(one.year, one.edition).rates, one.edition)


@pytest.mark.parametrize(
    ("region", "year", "edition", "reason"),
    [
        ("CAMX", 2017, None, "no eGRID release of 2017. Shipped are 2018, 2019, 2020, 2021, 2022, 2023"),
        ("CAMX", 2023, "rev9", "eGRID2023 has no edition 'rev9'. It has rev1, power-profiler-v1"),
        ("CAMZ", 2023, None, "no region 'CAMZ'"),
        ("PRMS", 2018, None, "no region 'PRMS'"),
        ("CA", 2022, None, "no region 'CA'"),
    ],
)
def test_what_is_not_published_is_an_error_and_falls_back_to_nothing(
    region: str, year: int, edition: str | None, reason: str
) -> None:
    with pytest.raises(FactorError) as caught:
        egrid.rates(region, year, edition)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("year", "edition", "us", "states", "subregions"),
    [
        (2018, "v2", 1, 51, 26),
        (2018, "power-profiler", 1, 0, 26),
        (2019, "power-profiler", 1, 0, 27),
        (2020, "power-profiler", 1, 0, 27),
        (2021, "power-profiler", 1, 0, 27),
        (2022, "power-profiler", 1, 0, 27),
        (2022, "hub-2024", 1, 0, 27),
        (2023, "rev1", 1, 52, 27),
    ],
)
def test_a_release_is_complete(year: int, edition: str, us: int, states: int, subregions: int) -> None:
    rates = egrid.release(year, edition).rates
    found = [sum(rate.level == level for rate in rates) for level in ("us", "state", "subregion")]
    assert found == [us, states, subregions]
    assert len({(rate.level, rate.region) for rate in rates}) == len(rates)


def test_puerto_rico_has_no_grid_loss_because_epa_prints_none() -> None:
    assert egrid.rates("PRMS", 2023).grid_loss is None
    assert egrid.rates("US", 2023).grid_loss == Decimal("0.042")
    assert egrid.rates("CAMX", 2018).grid_loss == Decimal("0.048")
    assert egrid.rates("MROW", 2021).grid_loss == Decimal("0.045")


def test_the_hash_of_a_release_is_that_of_its_own_lines() -> None:
    hashes = {egrid.release(one.year, one.edition).file_sha256 for one in egrid.editions() if one.usable}
    assert len(hashes) == 8
    assert all(len(value) == 64 for value in hashes)


def test_the_hash_of_a_release_stays_when_another_release_is_added(tmp_path: Path) -> None:
    shipped = data_files.path("egrid", "rates.csv")
    longer = tmp_path / "rates.csv"
    added = "eGRID,2024,rev1,us,US,United States,700,0.05,0.008,704,0.04,egrid2024-rev1\n"
    longer.write_text(shipped.read_text(encoding="utf-8") + added, encoding="utf-8")
    before = egrid.lines_sha256(shipped, 2023, "rev1")
    assert before == egrid.release(2023).file_sha256 == egrid.lines_sha256(longer, 2023, "rev1")
    assert egrid.lines_sha256(longer, 2024, "rev1") != before


def test_a_rate_whose_co2e_is_below_its_co2_is_refused_naming_file_region_and_both_numbers() -> None:
    good = egrid.rates("CAMX", 2023)
    wrong = replace(good, co2e_lb_per_mwh=Decimal("436.654"))
    refuse_impossible([good], "somewhere.csv")
    with pytest.raises(FactorError, match=r"somewhere\.csv: refused: CAMX CO2e 436\.654 .* CO2 436\.655"):
        refuse_impossible([good, wrong], "somewhere.csv")


def test_equal_co2e_and_co2_are_not_refused() -> None:
    zero = Decimal(0)
    refuse_impossible([replace(egrid.rates("CAMX", 2023), co2_lb_per_mwh=zero, co2e_lb_per_mwh=zero)], "x")


def test_a_residual_mix_is_joined_to_its_region_and_its_absence_is_stated() -> None:
    mix = Residual("CAMX", 2023, Decimal("500.5"), "a publisher, 2025")
    joined = egrid.release(2023).with_residual({"CAMX": mix})
    camx, erct = joined.rate("CAMX"), joined.rate("ERCT")
    assert (camx.residual_published, erct.residual_published) == (True, False)
    assert camx.residual is not None
    assert camx.residual.factor == 227_023, "500.5 × 453.59237 = 227,022.981185, rounded up"
    assert camx.to_json()["residual_source"] == "a publisher, 2025"
    assert erct.to_json()["residual_lb_per_mwh"] is None
    assert camx.factor == 198_766, "the location-based factor is untouched"


def test_a_residual_mix_of_another_year_or_an_unknown_region_is_not_joined() -> None:
    release = egrid.release(2023)
    with pytest.raises(FactorError, match="is of 2022, the release of 2023"):
        release.with_residual({"CAMX": Residual("CAMX", 2022, Decimal(500), "x")})
    with pytest.raises(FactorError, match="no region 'CAMZ'"):
        release.with_residual({"CAMZ": Residual("CAMZ", 2023, Decimal(500), "x")})


HEADER = "year,region,residual_lb_per_mwh,source\n"


def test_residual_rates_are_read_from_the_users_csv(tmp_path: Path) -> None:
    path = _csv(tmp_path, "# our copy\n" + HEADER + "2023,camx,500.50,x\n2022,CAMX,510,x\n")
    assert residual.read(path, 2023) == {"CAMX": Residual("CAMX", 2023, Decimal("500.50"), "x")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("year,region,source\n2023,CAMX,x\n", "missing column residual_lb_per_mwh"),
        (HEADER + "2023,CAMX,n/a,x\n", "residual.csv:2: no residual rate: '2023', 'n/a'"),
        (HEADER + "2023,CAMX,-1,x\n", "residual.csv:2: a residual rate needs"),
        (HEADER + "2023,CAMX,500,\n", "residual.csv:2: a residual rate needs"),
        (HEADER + "2023,CAMX,500\n", "residual.csv:2: 3 cells under 4 columns"),
        (HEADER + "2023,CAMX,500,x\n2023,camx,501,x\n", "CAMX 2023 stands there twice"),
        (HEADER + "2022,CAMX,500,x\n", "no residual rate of 2023"),
        ("", "this table is empty"),
    ],
)
def test_a_residual_table_that_cannot_be_used_is_rejected_with_its_row(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(FactorError) as caught:
        residual.read(_csv(tmp_path, text), 2023)
    assert reason in str(caught.value)


def test_a_rate_cannot_be_changed() -> None:
    rate: Rate = egrid.rates("CAMX", 2023)
    with pytest.raises(AttributeError):
        rate.co2e_lb_per_mwh = Decimal(0)  # type: ignore[misc]


def _csv(folder: Path, text: str) -> str:
    path = folder / "residual.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_green_es_own_table_of_residual_mixes_is_read_as_it_is_published(tmp_path: Path) -> None:
    path = _csv(tmp_path, "# Adjusted system mix\nresidual_year,subregion,residual_lb_per_mwh\n2023,CAMX,434.219\n")
    assert residual.read(path, 2023) == {"CAMX": Residual("CAMX", 2023, Decimal("434.219"), "residual.csv")}
