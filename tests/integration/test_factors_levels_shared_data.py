"""Every form of factors on its real file: counts, totals and a few numbers typed from the files themselves."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, area_files, cloud, egrid, files, gwp, sums, utilities, zips
from carbon_tokens.factors.areas import LEVELS, Area

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
EGRID = DATA / "egrid"
pytestmark = pytest.mark.skipif(not EGRID.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")

READ = [
    # file, kind, form, rows, regions, rejected, start, end
    ("egrid/2018v2/plant.csv", "egrid", "egrid-csv", 10_966, 8_604, 2_362, "", ""),
    ("egrid/2018v2/nerc.csv", "egrid", "egrid-csv", 10, 10, 0, "2018", "2018"),
    ("egrid/2018v2/ggl.csv", "egrid", "egrid-csv", 6, 0, 0, "2018", "2018"),
    ("egrid/2018v2/egrid2018_v2_reconstructed_layout.xlsx", "egrid", "egrid-workbook", 88, 87, 1, "2018", "2018"),
    ("egrid/2023rev1/ba.csv", "egrid", "egrid-csv", 70, 69, 1, "2023", "2023"),
    ("egrid/2023rev1/state.csv", "egrid", "egrid-csv", 52, 52, 0, "2023", "2023"),
    ("egrid/2023rev1/egrid2023_rev1_reconstructed_layout.xlsx", "egrid", "egrid-workbook", 159, 157, 2, "2023", "2023"),
    ("egrid/2023rev1/summary_tables_official_form.xlsx", "egrid", "egrid-summary-tables", 80, 80, 0, "2023", "2023"),
    ("egrid/power_profiler/power_profiler_2022.csv", "egrid", "subregion-csv", 28, 28, 0, "2022", "2022"),
    ("egrid/epa_hub/table6_egrid2022_subregion.csv", "egrid", "subregion-csv", 28, 28, 0, "2022", "2022"),
    ("egrid/zip/zip_utility_subregion_2023.csv", "zips", "zip-utility-subregion", 65_110, 27, 0, "", ""),
    ("eia861/Utility_Data_2020.xlsx", "utilities", "eia-861", 1_699, 1_696, 3, "2020", "2020"),
    ("country_factors/owid_ember_carbon_intensity_electricity_2000_2024.csv", "annual", "owid-ember",
     6_332, 226, 312, "1990", "2025"),
    ("country_factors/eea_co2-emission-intensity-6.csv", "annual", "eea", 903, 31, 2, "1990", "2019"),
    ("country_factors/unfccc_ifi_default_grid_factors_2021_v3_1.csv", "annual", "unfccc-ifi",
     235, 233, 2, "2021", "2021"),
    ("country_factors/co2js_ember_average_intensities.json", "annual", "ember-json", 222, 209, 13, "2022", "2024"),
    ("country_factors/electricitymaps_yearly_2024.json", "annual", "electricity-maps-yearly",
     352, 352, 0, "2024", "2024"),
    ("country_factors/codecarbon_private_infra_global_energy_mix.json", "annual", "codecarbon-mix",
     213, 213, 0, "2009", "2023"),
    ("country_factors/codecarbon_private_infra_2023_usa_emissions.json", "annual", "codecarbon-usa",
     52, 52, 0, "2023", "2023"),
    ("country_factors/codecarbon_cloud_impact.csv", "cloud", "codecarbon-cloud", 40, 40, 0, "", ""),
    ("cloud_regions/google_region_carbon_2019.csv", "cloud", "google", 24, 24, 0, "2019", "2019"),
    ("cloud_regions/google_region_carbon_2024.csv", "cloud", "google", 44, 44, 0, "2024", "2024"),
    ("residual_mix/aib_european_residual_mix_2024.csv", "annual", "aib", 34, 34, 0, "2024", "2024"),
    ("hourly_grid/eia930_PJM_2022_generation_and_ci.csv", "hourly", "eia-930", 8_760, 1, 23, "2022-01", "2022-12"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "kind", "form", "rows", "regions", "rejected", "start", "end"), READ)
def test_the_command_reads_a_real_file_whole_and_says_what_it_is(
    file: str, kind: str, form: str, rows: int, regions: int, rejected: int, start: str, end: str
) -> None:
    said = json.loads(CliRunner().invoke(app, ["factors", "read", str(DATA / file), "--json"]).stdout)
    assert (said["kind"], said["form"], said["rows"], said["regions"]) == (kind, form, rows, regions)
    assert (len(said["rejected"]), said["start"], said["end"]) == (rejected, start, end)
    assert len(said["file_sha256"]) == 64 and said["file"] == Path(file).name


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("egrid/power_profiler/power_profiler_2023v1.csv", "below CO2"),
        (
            "country_factors/codecarbon_private_infra_2023_canada_energy_mix.json",
            "shares of fuels without an intensity",
        ),
        ("country_factors/eea_2019-RES_proxies_EEA.csv", "no known form"),
        ("hourly_grid/epa_avert_2023_marginal_co2_lb_per_kwh_hourly.csv", "marginal"),
        ("egrid/layout/metric_structure.xlsx", "no"),
    ],
)
def test_a_real_file_that_holds_no_factor_is_refused_by_name(file: str, reason: str) -> None:
    with pytest.raises(FactorError, match=reason):
        files.content(DATA / file)


def test_plants_without_a_rate_are_listed_with_the_reason() -> None:
    """2,182 plants gave nothing, 178 took more than they gave, two rows name no plant."""
    found = area_files.read(EGRID / "2018v2" / "plant.csv", year=2018)
    kinds = Counter(reason.split(": ")[-2] if ": " in reason else reason for _, reason in found.rejected)
    assert sum(kinds.values()) == 2_362 and kinds["no ORISPL"] == kinds["an empty row"] == 1
    assert (kinds["no generation"], sum(1 for _, said in found.rejected if "negative" in said)) == (2_182, 178)
    assert sum(area.co2 is None for area in found.areas) == 5_259
    barry = found.area("plant", "3")
    assert barry and (barry.name, barry.parent("state"), barry.parent("subregion")) == ("Barry", "AL", "SRSO")


def test_every_rate_of_every_level_has_the_published_digits() -> None:
    for folder, names in (("2018v2", "us state subregion nerc plant"), ("2023rev1", "us state ba subregion nerc")):
        for name in names.split():
            level = next(each for each in LEVELS if each.level == name)
            found = area_files.read(EGRID / folder / f"{name}.csv", year=2018 if name == "plant" else None)
            with (EGRID / folder / f"{name}.csv").open(newline="", encoding="utf-8-sig") as lines:
                published = {row[level.region].upper() if level.region else "US": row for row in csv.DictReader(lines)}
            for area in found.areas:
                printed = [published[area.region][level.prefix + gas] for gas in ("CO2RTA", "C2ERTA", "NGENAN")]
                held = [area.co2, area.co2e, area.generation]
                assert held == [Decimal(text.replace(",", "")) if text else None for text in printed], area.region


@pytest.mark.parametrize(
    ("folder", "names", "generation", "rounding"),
    [
        ("2018v2", "us state subregion nerc plant", "4168370118", "3e-7"),
        ("2023rev1", "us state ba subregion nerc", "4167601391.182", "0"),
    ],
)
def test_the_levels_of_a_real_release_add_up(folder: str, names: str, generation: str, rounding: str) -> None:
    found = sums.reconcile([area_files.read(EGRID / folder / f"{name}.csv") for name in names.split()])
    whole = [each for each in found if (each.quantity, each.level) == ("NGENAN", "us")]
    assert {each.parts for each in whole} == set(names.split()) - {"us"}
    assert {each.printed for each in whole} == {Decimal(generation)}
    assert max(abs(each.added - each.printed) for each in whole) < 1, "MWh of 4,168 TWh"
    assert max(each.difference for each in found) <= Decimal(rounding)


@pytest.mark.parametrize(
    ("folder", "unit", "coal"), [("2018v2", "per cent", "0.275"), ("2023rev1", "fraction", "0.162")]
)
def test_the_resource_mix_is_in_per_cent_in_2018_and_a_fraction_in_2023(folder: str, unit: str, coal: str) -> None:
    found = area_files.read(EGRID / folder / "us.csv")
    assert found.to_json()["resource_mix"] == {"us": unit}
    (us,) = found.areas
    assert round(us.mix()["coal"], 3) == Decimal(coal)
    printed = us.value("GENACL")
    assert printed and abs(us.mix()["coal"] - printed / us.generation) < Decimal("0.001")


def fits(area: Area, potentials: tuple[int, int]) -> bool:
    """Whether the row's CO2e is its CO2 with these potentials of its CH4 and N2O: short tons, of gases pounds."""
    co2e, co2, ch4, n2o = (area.value(code) or Decimal(0) for code in ("CO2EQA", "CO2AN", "CH4AN", "N2OAN"))
    return abs(co2e - co2 - (potentials[0] * ch4 + potentials[1] * n2o) / 2000) < Decimal("0.02")


@pytest.mark.parametrize(("file", "year", "least"), [("2018v2/plant.csv", 2018, 0.95), ("2023rev1/ba.csv", 2023, 1.0)])
def test_the_co2e_of_a_release_has_the_warming_potentials_that_are_said_of_it(
    file: str, year: int, least: float
) -> None:
    emitting = [area for area in area_files.read(EGRID / file, year=year).areas if area.value("CO2EQA")]
    parts = {
        name: sum(fits(area, potentials) for area in emitting) / len(emitting)
        for name, potentials in gwp.POTENTIALS.items()
    }
    assert parts[gwp.of_egrid(year)] >= least and max(parts, key=lambda name: parts[name]) == gwp.of_egrid(year), parts


def test_the_shipped_balancing_authorities_and_nerc_regions_have_the_published_digits() -> None:
    for folder, year, name in (("2018v2", 2018, "nerc"), ("2023rev1", 2023, "nerc"), ("2023rev1", 2023, "ba")):
        found = area_files.read(EGRID / folder / f"{name}.csv")
        for area in found.areas:
            rate = egrid.rates(area.region, year, None, name)
            assert (rate.co2_lb_per_mwh, rate.co2e_lb_per_mwh) == (area.co2, area.co2e), area.region
    assert str(egrid.rates("CISO", 2023, None, "ba").co2e_lb_per_mwh) == "379.043"
    with pytest.raises(FactorError, match="HST"):
        egrid.rates("HST", 2023, None, "ba")


def test_google_gives_more_regions_and_another_boundary_year_by_year() -> None:
    found = {
        year: cloud.read(DATA / f"cloud_regions/google_region_carbon_{year}.csv", year=year)
        for year in (2019, 2020, 2021, 2023, 2024)
    }
    assert [len(each.regions) for each in found.values()] == [24, 27, 34, 40, 44]
    assert [each.boundary for each in found.values()] == ["lifecycle", "lifecycle", "", "", ""]
    iowa = found[2024].of("gcp", "asia-east1", 2024)
    assert (iowa.value(cloud.GRID), iowa.value(cloud.CFE_HOURLY)) == (Decimal("439.29"), Decimal("0.17"))
    with pytest.raises(FactorError, match="does not give provider-cfe-hourly"):
        found[2019].of("gcp", "asia-east2", 2019).value(cloud.CFE_HOURLY)


def test_utilities_of_eia_861_join_the_zips() -> None:
    found = utilities.read(DATA / "eia861" / "Utility_Data_2020.xlsx")
    states = [each for each in found.utilities.values() if ":States:" in each.where]
    assert (len(states), len(found.utilities), found.rows) == (1_691, 1_696, 1_694 + 5)
    assert Counter(each.ownership for each in found.utilities.values())["Cooperative"] == 602
    pacific = found.of(14328)
    assert (pacific.name, pacific.states, pacific.nerc, pacific.rtos) == (
        "Pacific Gas & Electric Co.", ("CA",), ("WECC",), ("CAISO",),
    )  # fmt: skip
    joined = utilities.of_zip(found, "93526")
    assert [each.subregion for each, _ in joined] == ["CAMX", "CAMX", "CAMX", "NWPP"] and all(one for _, one in joined)
    assert len(zips.subregions("93526")) == 2


def test_countries_have_the_numbers_of_their_files() -> None:
    folder = DATA / "country_factors"
    ifi = annual.read(folder / "unfccc_ifi_default_grid_factors_2021_v3_1.csv", year=2021)
    maps = annual.read(folder / "electricitymaps_yearly_2024.json", year=2024)
    states = annual.read(folder / "codecarbon_private_infra_2023_usa_emissions.json")
    ember = annual.read(folder / "co2js_ember_average_intensities.json")
    for found, region, year, grams in (
        (ifi, "Aruba", 2021, "753"), (maps, "AE", 2024, "383"), (ember, "ALB", 2023, "24.42"),
        (states, "CA", 2023, format(Decimal("394.769") * Decimal("0.45359237"), "f")),
    ):  # fmt: skip
        one = annual.of(found, region, year, "location")
        assert one and one.g_per_kwh == Decimal(grams)
