"""eGRID's levels from EPA's codes: plants, balancing authorities, NERC regions, the mix, and what is no rate."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import area_files, egrid, files, gwp, sums
from carbon_tokens.factors.areas import FUELS, number

Rows = list[list[object]]
MIX = [0] * 9


def table(prefix: str, ids: list[str], *rows: Rows, year: int | None = 2024, whole: int = 1) -> Rows:
    """A table under EPA's codes, its columns not in EPA's order; a row is ids, generation, CO2, CO2e."""
    codes = [f"{prefix}{code}" for code in ("C2ERTA", "NGENAN", "CO2RTA", "CH4RTA", "N2ORTA", "CO2AN", "CO2EQA")]
    header: list[object] = [*codes, *ids, *(f"{prefix}{fuel}PR" for fuel in FUELS), *(["YEAR"] if year else [])]
    filled: Rows = [header]
    for row in rows:
        *names, generation, co2, co2e = row
        tons = [generation, generation] if isinstance(generation, (int, float)) else [0, 0]
        mix = [0.25 * whole, 0.75 * whole, *MIX]
        filled.append([co2e, generation, co2, 0.1, 0.02, *tons, *names, *mix, *([year] if year else [])])
    return filled


PLANTS = table(
    "PL", ["ORISPL", "PNAME", "PSTATABB", "BACODE", "SUBRGN", "NERC"],
    [7, "Big  Bend", "FL", "TEC", "FRCC", "SERC", 60, 900.5, 910.25],
    [8, "Wind", "FL", "TEC", "FRCC", "SERC", 40, None, None],
    [9, "Idle", "FL", "TEC", "FRCC", "SERC", None, None, None],
    [10, "Pump", "FL", "TEC", "FRCC", "SERC", -5, 0, 0],
    [11, "Odd", "FL", "TEC", "FRCC", "SERC", 1, -3, 4],
    [12, "Low", "FL", "TEC", "FRCC", "SERC", 1, 30, 20],
    [None, "Nameless", "FL", "TEC", "FRCC", "SERC", 1, 1, 1],
)  # fmt: skip
BOOK = {
    "Contents": [["eGRID2024 rev2"]],
    "PLNT24": [["long"], *PLANTS],
    "ST24": [["long"], *table("ST", ["PSTATABB"], ["FL", 97, 800, 805])],
    "BA24": [["long"], *table("BA", ["BACODE", "BANAME"], ["TEC", "Tampa", 97, 800, 805], ["SC", "Santee", 3, 7, 8])],
    "SRL24": [["long"], *table("SR", ["SUBRGN", "SRNAME"], ["FRCC", "FRCC All", 97, 800, 805])],
    "NRL24": [["long"], *table("NR", ["NERC", "NERCNAME"], ["SERC", "SERC", 97, 800, 805])],
    "US24": [["long"], *table("US", [], [97, 800, 805])],
    "GGL24": [["Region", "loss"], ["REGION", "GGRSLOSS"], ["Eastern", 0.042], ["U.S.", 0.041]],
}


def workbook(folder: Path, book: dict[str, Rows], name: str = "egrid2024_data.xlsx") -> Path:
    written = openpyxl.Workbook()
    written.remove(written.worksheets[0])
    for sheet, rows in book.items():
        page = written.create_sheet(sheet)
        for row in rows:
            page.append(row)
    written.save(folder / name)
    return folder / name


def csv(folder: Path, rows: Rows, name: str = "table.csv", end: str = "\n") -> Path:
    lines = (",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    (folder / name).write_bytes(("\ufeff" + end.join(lines) + end).encode())
    return folder / name


def test_every_level_of_a_workbook_is_read_by_its_codes(tmp_path: Path) -> None:
    found = area_files.read(workbook(tmp_path, BOOK))
    assert (found.year, found.edition, found.form) == (2024, "rev2", "egrid-workbook")
    assert found.to_json()["levels"] == {"plant": 2, "state": 1, "ba": 2, "subregion": 1, "nerc": 1, "us": 1}
    plant = found.area("plant", "7")
    assert plant and (plant.name, plant.co2, plant.co2e) == ("Big Bend", Decimal("900.5"), Decimal("910.25"))
    assert [plant.parent(level) for level in ("state", "ba", "subregion", "nerc")] == ["FL", "TEC", "FRCC", "SERC"]
    assert found.losses == {"EASTERN": Decimal("0.042"), "U.S.": Decimal("0.041")}


def test_a_row_that_has_no_rate_is_rejected_with_the_reason_and_none_is_dropped(tmp_path: Path) -> None:
    found = area_files.read(csv(tmp_path, PLANTS, end="\r\n"))
    assert len(found.areas) + len(found.rejected) == len(PLANTS) - 1
    assert dict(found.rejected) == {
        "table.csv:4": "9: no generation: no rate follows from it",
        "table.csv:5": "10: negative generation, -5 MWh: no rate follows from it",
        "table.csv:6": "11: the rate CO2RTA is -3 lb/MWh, below 0",
        "table.csv:7": "12: CO2e 20 lb/MWh is below CO2 30 lb/MWh",
        "table.csv:8": "no ORISPL",
    }


def test_a_blank_line_between_rows_is_no_row(tmp_path: Path) -> None:
    path = csv(tmp_path, [PLANTS[0], PLANTS[1], [], PLANTS[2]])
    assert [(area.region, area.row) for area in area_files.read(path).areas] == [("7", 2), ("8", 4)]


def test_a_blank_rate_is_not_a_rate_of_zero(tmp_path: Path) -> None:
    wind = area_files.read(csv(tmp_path, PLANTS)).area("plant", "8")
    assert wind and wind.co2 is None and wind.co2e is None
    with pytest.raises(FactorError, match="no CO2 rate is published"):
        wind.to_rate("rev1", "f", "0" * 64)


def test_a_code_that_stands_twice_is_taken_in_neither_row(tmp_path: Path) -> None:
    found = area_files.read(csv(tmp_path, [*PLANTS, PLANTS[1]]))
    assert found.area("plant", "7") is None
    assert [where for where, reason in found.rejected if "more than once" in reason] == ["table.csv:2", "table.csv:9"]


@pytest.mark.parametrize(("whole", "unit"), [(1, "fraction"), (100, "per cent")])
def test_the_unit_of_the_resource_mix_is_told_by_its_sums(tmp_path: Path, whole: int, unit: str) -> None:
    rows = table("BA", ["BACODE", "BANAME"], ["CISO", "California", 10, 100, 101], whole=whole)
    found = area_files.read(csv(tmp_path, rows))
    assert found.to_json()["resource_mix"] == {"ba": unit}
    mix = found.areas[0].mix()
    assert (mix["coal"], mix["oil"], sum(mix.values())) == (Decimal("0.25"), Decimal("0.75"), 1)


def test_a_mix_in_two_units_or_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    rows = table("ST", ["PSTATABB"], ["CA", 10, 100, 101]) + table("ST", ["PSTATABB"], ["NV", 1, 2, 3], whole=100)[1:]
    with pytest.raises(FactorError, match="per cent in some rows and a fraction in others"):
        area_files.read(csv(tmp_path, rows))
    rows = table("ST", ["PSTATABB"], ["CA", 10, 100, 101], ["NV", 1, 2, 3])
    rows[2][rows[0].index("STOLPR")] = 0.5
    nevada = area_files.read(csv(tmp_path, rows)).area("state", "nv")
    assert nevada
    with pytest.raises(FactorError, match=r"mix of NV adds up to 0\.75"):
        nevada.mix()


def test_the_levels_add_up_and_a_difference_is_found(tmp_path: Path) -> None:
    found = sums.reconcile([area_files.read(workbook(tmp_path, BOOK))])
    plants = {each.level: each for each in found if (each.quantity, each.parts) == ("NGENAN", "plant")}
    assert (plants["state"].added, plants["state"].printed) == (Decimal(97), Decimal(97))
    assert plants["us"].difference == 0
    assert [each.added for each in found if (each.quantity, each.parts) == ("NGENAN", "ba")] == [Decimal(100)]
    authorities = next(each for each in found if each.parts == "ba")
    assert authorities.difference == Decimal(3) / 97


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda book: book["BA24"][1].__setitem__(2, "OTHER"), "no row of codes with BACO2RTA"),
        (lambda book: book["BA24"][1].__setitem__(0, "OTHER"), "no column BAC2ERTA"),
        (lambda book: book["BA24"][1].append("BACO2RTA"), "BACO2RTA stands twice"),
        (lambda book: book["NRL24"][2].__setitem__(-1, 2023), "it is of 2023 and 2024"),
        (lambda book: book.__setitem__("ST2024", book["ST24"]), "two sheets of the level state"),
        (lambda book: book["GGL24"][2].__setitem__(1, 4.2), "the grid gross loss '4.2' of 'EASTERN' is no fraction"),
    ],
)
def test_a_workbook_that_could_be_misread_is_refused(tmp_path: Path, change: object, reason: str) -> None:
    book = {name: [list(row) for row in rows] for name, rows in BOOK.items()}
    change(book)  # type: ignore[operator]
    with pytest.raises(FactorError, match=reason):
        area_files.read(workbook(tmp_path, book))


def test_a_table_without_a_year_takes_the_callers_and_never_two(tmp_path: Path) -> None:
    path = csv(tmp_path, table("PL", ["ORISPL", "PNAME"], [7, "A", 1, 1, 2], year=None))
    assert (area_files.read(path).year, area_files.read(path, year=2018).year) == (None, 2018)
    with pytest.raises(FactorError, match="the table states no year"):
        area_files.read(path).areas[0].to_rate("rev1", "f", "0" * 64)
    dated = csv(tmp_path, PLANTS)
    with pytest.raises(FactorError, match="it is of 2018 and 2024"):
        area_files.read(dated, year=2018)


@pytest.mark.parametrize("cell", [True, "about 5", float("nan"), float("inf"), "1e999999", "1e-999", 1e300, object()])
def test_a_cell_that_is_no_quantity_is_refused(cell: object) -> None:
    with pytest.raises(FactorError, match="is no"):
        number(cell, "here")


@pytest.mark.parametrize(
    ("cell", "value"),
    [("", None), ("--", None), (None, None), (" 1,234.5 ", "1234.5"), (12.0, "12"), (-0.5, "-0.5"), (0, "0")],
)
def test_a_cell_is_read_as_its_file_stores_it(cell: object, value: str | None) -> None:
    assert number(cell) == (None if value is None else Decimal(value))


def test_per_cent_of_grid_loss_become_a_fraction(tmp_path: Path) -> None:
    (tmp_path / "ggl.csv").write_text('Region,Subregion,Grid Gross Loss Rate (%),Year\nWestern,"A,\nB",4.80%,2018\n')
    found = area_files.read(tmp_path / "ggl.csv")
    assert (found.losses, found.year) == ({"WESTERN": Decimal("0.0480")}, 2018)


def test_each_release_says_which_warming_potentials_are_in_its_co2e() -> None:
    assert {year: gwp.of_egrid(year) for year in (2016, 2018, 2022, 2023, 2024)} == {
        2016: "unstated", 2018: "AR4", 2022: "AR4", 2023: "AR5", 2024: "unstated",
    }  # fmt: skip
    assert egrid.rates("CAMX", 2023).to_json()["gwp"] == "AR5"
    assert egrid.rates("CAMX", 2020).to_json()["gwp"] is None, "no CO2e is published"


def test_balancing_authorities_and_nerc_regions_are_shipped_apart_from_the_releases() -> None:
    """SC is South Carolina and a balancing authority, FRCC a subregion and a NERC region."""
    assert egrid.rates("SC", 2023).name == "" and egrid.rates("SC", 2023).level == "state"
    assert egrid.rates("sc", 2023, None, "ba").name == "South Carolina Public Service Authority"
    assert egrid.rates("FRCC", 2018, None, "nerc") != egrid.rates("FRCC", 2018)
    assert {rate.level for rate in egrid.release(2023).rates} == {"us", "state", "subregion"}
    said = CliRunner().invoke(app, ["factors", "show", "--region", "SC", "--level", "ba", "--year", "2023", "--json"])
    assert json.loads(said.stdout)["name"] == "South Carolina Public Service Authority"
    with pytest.raises(FactorError, match="has no ba 'XX' here"):
        egrid.rates("XX", 2023, None, "ba")
    with pytest.raises(FactorError, match="has no ba 'CISO' here"):
        egrid.rates("CISO", 2018, None, "ba")


def test_the_rates_of_every_level_but_plants_are_said(tmp_path: Path) -> None:
    said = files.content(workbook(tmp_path, BOOK))
    assert [(rate["level"], rate["region"]) for rate in said["rates"]] == [
        ("us", "US"), ("state", "FL"), ("subregion", "FRCC"), ("ba", "TEC"), ("ba", "SC"), ("nerc", "SERC"),
    ]  # fmt: skip
    assert (said["rows"], said["regions"], len(said["rejected"]), said["edition"]) == (13, 8, 5, "rev2")


def test_a_broken_sheet_is_not_passed_over_for_the_others(tmp_path: Path) -> None:
    book = {name: [list(row) for row in rows] for name, rows in BOOK.items()}
    book["BA24"] = [["nothing"]]
    with pytest.raises(FactorError, match="no row of codes"):
        files.content(workbook(tmp_path, book))


def test_a_table_without_generation_has_its_rates_and_no_sums(tmp_path: Path) -> None:
    rows = [[cell for cell, code in zip(row, PLANTS[0], strict=True) if code != "PLNGENAN"] for row in PLANTS[:3]]
    found = area_files.read(csv(tmp_path, rows))
    assert [(area.region, area.generation) for area in found.areas] == [("7", None), ("8", None)]
    with pytest.raises(FactorError, match="no column PLNGENAN"):
        sums.reconcile([found])
