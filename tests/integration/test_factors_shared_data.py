"""Every shipped rate against EPA's published tables, digit by digit; needs the shared data folder.

These comparisons share no code with the builder: columns are named here again, by EPA's own headers.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import runpy
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import egrid, hourly, residual, zips
from scripts import build_fuel_table

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared"))
EGRID = SHARED / "data" / "egrid"
pytestmark = pytest.mark.skipif(not EGRID.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")

LEVELS = {
    "us": ("us.csv", "US", None),
    "state": ("state.csv", "ST", "PSTATABB"),
    "subregion": ("subregion.csv", "SR", "SUBRGN"),
}
MAPS = (2019, 2021)  # years whose source is the map file itself, which is not in the shared data
GASES = ("co2_lb_per_mwh", "ch4_lb_per_mwh", "n2o_lb_per_mwh", "co2e_lb_per_mwh")


def rows(*parts: str) -> list[dict[str, str]]:
    with EGRID.joinpath(*parts).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def shipped(region: str, year: int, edition: str, level: str | None = None) -> list[object]:
    rate = egrid.rates(region, year, edition, level).to_json()
    return [rate[gas] for gas in GASES]


@pytest.mark.parametrize(("folder", "year", "edition"), [("2018v2", 2018, "v2"), ("2023rev1", 2023, "rev1")])
@pytest.mark.parametrize("level", LEVELS)
def test_every_region_of_a_full_release_has_the_published_digits(
    folder: str, year: int, edition: str, level: str
) -> None:
    name, prefix, column = LEVELS[level]
    published = rows(folder, name)
    for row in published:
        region = row[column] if column else "US"
        printed = [row[prefix + code] for code in ("CO2RTA", "CH4RTA", "N2ORTA", "C2ERTA")]
        assert shipped(region, year, edition, level) == printed, region
    held = [rate for rate in egrid.release(year, edition).rates if rate.level == level]
    assert (
        len(held) == len(published) == {"us": 1, "state": 51 + (year == 2023), "subregion": 26 + (year == 2023)}[level]
    )


@pytest.mark.parametrize("year", [2018, 2020, 2022])
def test_every_subregion_of_a_power_profiler_has_the_published_digits(year: int) -> None:
    published = rows("power_profiler", f"power_profiler_{year}.csv")
    for row in published:
        region = "US" if row["SUBRGN"] == "National" else row["SUBRGN"]
        printed = [row["CO2_lb_per_MWh"], None, None, row["CO2e_lb_per_MWh"] or None]
        assert shipped(region, year, "power-profiler") == printed, region
        assert egrid.rates(region, year, "power-profiler").grid_loss == Decimal(row["grid_gross_loss_fraction"])
    assert len(egrid.release(year, "power-profiler").rates) == len(published)


def test_every_subregion_of_the_emission_factors_hub_has_the_published_digits() -> None:
    for row in rows("epa_hub", "table6_egrid2022_subregion.csv"):
        region = "US" if row["SUBRGN"] == "US Average" else row["SUBRGN"]
        printed = [row["CO2_lb_per_MWh"], row["CH4_lb_per_MWh"], row["N2O_lb_per_MWh"], None]
        assert shipped(region, 2022, "hub-2024") == printed, region


def test_the_2023_power_profiler_v1_does_print_co2e_below_co2_where_the_refusal_says() -> None:
    published = rows("power_profiler", "power_profiler_2023v1.csv")
    wrong = {row["SUBRGN"] for row in published if Decimal(row["CO2e_lb_per_MWh"]) < Decimal(row["CO2_lb_per_MWh"])}
    assert len(wrong) == 16, "15 subregions and National"
    (refused,) = [one for one in egrid.editions(2023) if not one.usable]
    assert all(("US" if region == "National" else region) in refused.note for region in wrong)
    text = data_files.path("egrid", "rates.csv").read_text(encoding="utf-8")
    assert "power-profiler-v1" not in text
    assert "422.234" not in text


def test_a_power_profiler_with_other_losses_agrees_with_the_full_release() -> None:
    """Grid gross loss: the full release gives it per interconnect, the Power Profiler per subregion."""
    for year, edition, name in ((2018, "v2", "2018"), (2023, "rev1", "2023v1")):
        for row in rows("power_profiler", f"power_profiler_{name}.csv"):
            if row["SUBRGN"] not in ("National", "PRMS"):
                found = egrid.rates(row["SUBRGN"], year, edition).grid_loss
                assert found == Decimal(row["grid_gross_loss_fraction"]), row["SUBRGN"]


WORKBOOKS = [
    ("2018v2/egrid2018_v2_reconstructed_layout.xlsx", 2018, "v2", None),
    ("2023rev1/egrid2023_rev1_reconstructed_layout.xlsx", 2023, "rev1", None),
    ("2023rev1/summary_tables_official_form.xlsx", 2023, "rev1", "rev1"),
]


@pytest.mark.parametrize(("name", "year", "edition", "given"), WORKBOOKS)
def test_epas_workbook_forms_give_the_shipped_rates(name: str, year: int, edition: str, given: str | None) -> None:
    release = egrid.read_release(EGRID / name, given)
    expected = egrid.release(year, edition)
    assert (release.year, release.edition) == (year, edition)
    assert len(release.rates) == len(expected.rates)
    assert release.file_sha256 == hashlib.sha256((EGRID / name).read_bytes()).hexdigest()
    for rate in release.rates:
        same = expected.rate(rate.region, rate.level)
        assert [getattr(rate, gas) for gas in GASES] == [getattr(same, gas) for gas in GASES], rate.region
        assert rate.grid_loss is None or rate.grid_loss == same.grid_loss


def test_the_summary_tables_do_not_state_their_revision_and_say_so() -> None:
    rates = egrid.read_workbook(EGRID / "2023rev1" / "summary_tables_official_form.xlsx")
    assert {rate.edition for rate in rates} == {"unstated"}


def test_a_workbook_of_other_tables_is_rejected() -> None:
    with pytest.raises(FactorError, match="no sheet holds eGRID rates"):
        egrid.read_workbook(EGRID / "epa_hub" / "ghg-emission-factors-hub-2024.xlsx")


def test_every_zip_has_epas_subregions_and_utilities() -> None:
    published: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows("zip", "zip_utility_subregion_2023.csv"):
        published[row["zip"]][row["eiaid"]] = row["SUBRGN"]
    assert len(published) == 41_588
    for code, utilities in published.items():
        assert zips.subregions(code) == tuple(sorted(set(utilities.values())))
        if len(set(utilities.values())) > 1:
            assert all(zips.subregion(code, int(number)) == region for number, region in utilities.items())


def test_every_source_has_the_hash_of_the_file_it_came_from() -> None:
    held = {hashlib.sha256(path.read_bytes()).hexdigest() for path in EGRID.rglob("*.csv")}
    used = {
        rate.source for one in egrid.editions() if one.usable for rate in egrid.release(one.year, one.edition).rates
    }
    assert len(used) == 12
    from_json = {f"power-profiler-{year}" for year in MAPS}
    assert {egrid.source(name)["source_file_sha256"] for name in used - from_json} <= held


def map_of(year: int) -> str:
    """EPA's map file of a year again, from the shipped rates: a test of its form, not of its numbers or its hash."""
    shapes = []
    for rate in egrid.release(year, "power-profiler").rates:
        printed = {"co2EmissionRate": rate.co2_lb_per_mwh, "co2eEmissionRate": rate.co2e_lb_per_mwh}
        rates = {key: {"value": float(pounds), "units": "lb/MWh"} for key, pounds in printed.items() if pounds}
        names = ("National", "National") if rate.level == "us" else (rate.region, rate.name)
        shape = {"name": names[0], "fullName": names[1], "gridLoss": {"value": float(rate.grid_loss or 0)}}
        shapes.append({"properties": {**shape, "emissionFactor": rates}})
    return json.dumps({"features": [*shapes, {"properties": {"NAME": "Maine"}}]})


@pytest.fixture
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[str]], None]:
    """The builder with its map files given."""
    folder = tmp_path_factory.mktemp("maps")
    for year in MAPS:
        (folder / f"{year}.json").write_text(map_of(year), encoding="utf-8")
    maps = [argument for year in MAPS for argument in ("--profiler", f"{year}={folder / f'{year}.json'}")]
    main = runpy.run_path(str(ROOT / "scripts" / "build_egrid_table.py"))["main"]
    return lambda arguments: main([*arguments, *maps])


def test_the_builder_does_not_write_tables_without_the_planned_map_files(tmp_path: Path) -> None:
    main = runpy.run_path(str(ROOT / "scripts" / "build_egrid_table.py"))["main"]
    with pytest.raises(FactorError, match="missing or not planned: 2019, 2021"):
        main([str(EGRID), "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_the_shipped_tables_are_what_the_builder_writes(build: Callable[[list[str]], None], tmp_path: Path) -> None:
    build([str(EGRID), "--out", str(tmp_path)])
    for name in ("rates", "areas", "editions", "zip_subregions", "zip_utilities", "utilities"):
        written = (tmp_path / "egrid" / f"{name}.csv").read_bytes()
        assert written == data_files.path("egrid", f"{name}.csv").read_bytes(), name
    own = (tmp_path / "SOURCES.csv").read_text(encoding="utf-8").splitlines()
    own = [line for line in own if not any(f"source=power-profiler-{year}" in line for year in MAPS)]
    assert set(own) <= set(data_files.path("SOURCES.csv").read_text(encoding="utf-8").splitlines())


def test_the_builder_keeps_the_source_rows_of_others(build: Callable[[list[str]], None], tmp_path: Path) -> None:
    (tmp_path / "SOURCES.csv").write_bytes(data_files.path("SOURCES.csv").read_bytes())
    with (tmp_path / "SOURCES.csv").open("a", encoding="utf-8") as file:
        file.write('data/demo/x.csv,all rows,"a, b",someone,d,e,s,0,MIT,\n')
    build([str(EGRID), "--out", str(tmp_path)])
    once = (tmp_path / "SOURCES.csv").read_text(encoding="utf-8")
    build([str(EGRID), "--out", str(tmp_path)])
    assert (tmp_path / "SOURCES.csv").read_text(encoding="utf-8") == once
    assert once.count('data/demo/x.csv,all rows,"a, b"') == 1


def test_next_years_workbook_is_added_to_the_tables_by_its_name(
    build: Callable[[list[str]], None], tmp_path: Path
) -> None:
    """eGRID2023's workbook under another edition: it becomes the default, and the old one stays as it was."""
    copy = tmp_path / "summary.xlsx"
    copy.write_bytes((EGRID / "2023rev1" / "summary_tables_official_form.xlsx").read_bytes())
    build([str(EGRID), "--out", str(tmp_path), "--workbook", f"{copy}=rev7"])
    lines = (tmp_path / "egrid" / "editions.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[2] for line in lines if line.startswith("eGRID,2023") and ",usable,yes," in line] == [
        "rev7"
    ]
    table = tmp_path / "egrid" / "rates.csv"
    assert "eGRID,2023,rev7,subregion,CAMX,WECC California,436.655,0.025,0.003,438.203,0.041," in table.read_text(
        "utf-8"
    )
    assert egrid.lines_sha256(table, 2023, "rev1") == egrid.release(2023, "rev1").file_sha256


def test_a_users_residual_table_is_joined_to_the_release(tmp_path: Path) -> None:
    with (SHARED / "data/residual_mix/crs_green_e_residual_mix_2025_release_2023_data.csv").open(newline="") as file:
        published = list(csv.DictReader(line for line in file if not line.startswith("#")))
    table = tmp_path / "residual.csv"
    lines = [f"{row['residual_year']},{row['subregion']},{row['residual_lb_per_mwh']},CRS" for row in published]
    table.write_text("\n".join(["year,region,residual_lb_per_mwh,source", *lines]), encoding="utf-8")
    mix = {region: one for region, one in residual.read(table, 2023).items() if len(region) == 4}
    assert len(mix) == 27
    joined = egrid.release(2023).with_residual(mix)
    assert sum(rate.residual_published for rate in joined.rates) == 27
    assert not joined.rate("CA").residual_published


@pytest.mark.parametrize(
    ("file", "zone", "hours", "means"),
    [
        ("electricitymaps_NO_2023_hourly.csv", "NO", 8760, ("9.3", "34.1")),
        ("electricitymaps_US-CAL-CISO_2023_hourly.csv", "US-CAL-CISO", 8760, ("193.5", "261.2")),
    ],
)
def test_a_years_download_of_hourly_intensities_is_read_whole(
    file: str, zone: str, hours: int, means: tuple[str, str]
) -> None:
    for boundary, mean in zip(hourly.BOUNDARIES, means, strict=True):
        series = hourly.read(SHARED / "data" / "hourly_grid" / file, boundary=boundary)
        values = [hour.g_per_kwh for hour in series.hours]
        assert (series.zone, len(values), f"{float(sum(values)) / len(values):.1f}") == (zone, hours, mean)


def test_eias_yearly_export_has_every_hour_once_and_its_repeated_ones_counted() -> None:
    series = hourly.read(SHARED / "data" / "hourly_grid" / "eia930_official_export_caiso2020_year.csv")
    assert (series.zone, len(series.hours), series.repeated) == ("CAL", 8785, 11)
    starts = [hour.start for hour in series.hours]
    assert starts == list(range(starts[0], starts[-1] + 1, 3600))
    assert 120 < sum(hour.g_per_kwh for hour in series.hours) / len(starts) < 300


def test_marginal_intensities_are_refused() -> None:
    with pytest.raises(FactorError, match="marginal"):
        hourly.read(SHARED / "data" / "hourly_grid" / "epa_avert_2023_marginal_co2_lb_per_kwh_hourly.csv")


def test_the_shipped_fuels_are_the_hubs_first_table(tmp_path: Path) -> None:
    """Built again from EPA's workbook, byte by byte; the workbook is the one that SOURCES.csv names."""
    workbook = EGRID / "epa_hub" / "ghg-emission-factors-hub-2024.xlsx"
    sheet = CalamineWorkbook.from_path(str(workbook)).get_sheet_by_index(0).to_python()
    built = [",".join(row.values()) for row in build_fuel_table.rows(sheet)]
    assert built == data_files.path("direct", "fuels.csv").read_text().splitlines()[1:]
    assert hashlib.sha256(workbook.read_bytes()).hexdigest() in data_files.path("SOURCES.csv").read_text()
