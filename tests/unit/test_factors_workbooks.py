"""EPA's workbook forms, written here by openpyxl under EPA's own labels with rates typed from eGRID2023."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import egrid

Sheets = dict[str, list[list[object]]]
CAMX = [436.655, 0.025, 0.003, 438.203]
CODES = ("CO2RTA", "CH4RTA", "N2ORTA", "C2ERTA")
NAMES = ("CO2", "CH4", "N2O", "CO2 equivalent")


def _names(what: str, unit: str) -> list[object]:
    return [f"{what} annual {gas} total output emission rate ({unit})" for gas in NAMES]


def data_file(year: int = 2024, unit: str = "lb/MWh") -> Sheets:
    """Sheets of the data-file form; the columns do not stand in EPA's order, and others stand between them."""
    yy = year % 100
    return {
        "Contents": [["Contents"], ["eGRID data file"]],
        f"PLNT{yy}": [["anything"]],
        f"SRL{yy}": [
            ["eGRID subregion name", "Data year", "eGRID subregion acronym", "NOx", *_names("eGRID subregion", unit)],
            ["SRNAME", "YEAR", "SUBRGN", "SRNOXRTA", *[f"SR{code}" for code in CODES]],
            ["WECC California", year, "CAMX", 0.338, *CAMX],
            ["ASCC Alaska Grid", year, "AKGD", 5.55, 899.003, "--", None, 904.475],
        ],
        f"ST{yy}": [
            ["Data year", "Plant state abbreviation", *_names("State", unit)],
            ["YEAR", "PSTATABB", *[f"ST{code}" for code in CODES]],
            [year, "CA", 427.5, 0.02, 0.003, 429.1],
        ],
        f"US{yy}": [
            ["Data year", *_names("U.S.", unit)],
            ["YEAR", *[f"US{code}" for code in CODES]],
            [year, 771.523, 0.057, 0.008, 775.218],
        ],
        f"GGL{yy}": [
            ["Data year", "Region", "loss"],
            ["YEAR", "REGION", "GGRSLOSS"],
            [year, "Western", 0.041],
            [year, "U.S.", 0.042],
        ],
    }


def summary_tables(year: int = 2024, unit: str = "lb/MWh") -> Sheets:
    gases: list[object] = ["CO₂", "CH₄", "N₂O", "CO₂e", "SO₂"]
    other: list[object] = [9, 9, 9, 9, 9]
    region, loss = ["eGRID subregion acronym", "eGRID subregion name"], "Grid Gross Loss (%)"
    total, nonbaseload = "Total output emission rates", "Non-baseload output emission rates"
    us: list[object] = [771.523, 0.057, 0.008, 775.218, 0.361]
    return {
        "Contents": [[None, f"eGRID Summary Tables {year}"], [None, "Table of Contents", None, "V1"]],
        "Table 1": [
            [None, f"1. Subregion Output Emission Rates (eGRID{year})"],
            [None, *region, total, *gases[1:], nonbaseload, *gases[1:], loss],
            [None, None, None, unit, None, None, None, None, unit],
            [None, *region, *gases, *gases, loss],
            [None, "CAMX", "WECC California", *CAMX, 0.02, *other, 0.041],
            [None, "PRMS", "Puerto Rico Miscellaneous", 1542.952, 0.077, 0.012, 1548.409, 3.695, *other, None],
            [None, "U.S.", None, *us, *other, 0.042],
            [None, None, None, None, None, None, "Created:", "01/23/2025"],
        ],
        "Table 2": [[None, f"2. Subregion Resource Mix (eGRID{year})"], [None, "eGRID subregion acronym"]],
        "Table 3": [
            [None, f"3. State Output Emission Rates (eGRID{year})"],
            [None, "State", total, *gases[1:]],
            [None, None, unit],
            [None, "State", *gases],
            [None, "WY", 1820.318, 0.195, 0.028, 1833.263, 1.113],
            [None, "U.S.", *us],
            [None, "*percentages may not sum to 100 due to rounding"],
        ],
    }  # fmt: skip


def write(path: Path, sheets: Sheets) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    return lambda sheets, name="egrid2024_data_rev1.xlsx": write(tmp_path / name, sheets)


@pytest.mark.parametrize("year", [2016, 2024, 2031])
def test_the_data_file_of_any_year_loads_without_a_code_change(saved: Callable[..., Path], year: int) -> None:
    path = saved(data_file(year), f"egrid{year}_data_rev2.xlsx")
    rates = {rate.region: rate for rate in egrid.read_workbook(path)}
    camx = rates["CAMX"]
    assert sorted(rates) == ["AKGD", "CA", "CAMX", "US"]
    assert (camx.year, camx.edition, camx.level, camx.name) == (year, "rev2", "subregion", "WECC California")
    assert camx.co2e_lb_per_mwh == Decimal("438.203")
    assert camx.factor == 198_766
    assert camx.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_dashes_and_blanks_are_rates_that_are_not_published(saved: Callable[..., Path]) -> None:
    akgd = next(rate for rate in egrid.read_workbook(saved(data_file())) if rate.region == "AKGD")
    assert (akgd.ch4_lb_per_mwh, akgd.n2o_lb_per_mwh, akgd.co2e_lb_per_mwh) == (None, None, Decimal("904.475"))


def test_the_grid_loss_of_a_subregion_is_that_of_its_interconnect(saved: Callable[..., Path]) -> None:
    losses = {rate.region: rate.grid_loss for rate in egrid.read_workbook(saved(data_file()))}
    assert losses == {"CAMX": Decimal("0.041"), "US": Decimal("0.042"), "AKGD": None, "CA": None}


@pytest.mark.parametrize("year", [2022, 2024])
def test_the_summary_tables_of_any_year_load_without_a_code_change(saved: Callable[..., Path], year: int) -> None:
    rates = egrid.read_workbook(saved(summary_tables(year), "summary.xlsx"), "rev1")
    found = {rate.region: (rate.level, rate.co2e_lb_per_mwh, rate.grid_loss) for rate in rates}
    assert found == {
        "CAMX": ("subregion", Decimal("438.203"), Decimal("0.041")),
        "PRMS": ("subregion", Decimal("1548.409"), None),
        "US": ("us", Decimal("775.218"), Decimal("0.042")),
        "WY": ("state", Decimal("1833.263"), None),
    }
    assert {(rate.year, rate.edition) for rate in rates} == {(year, "rev1")}


def test_a_file_that_states_no_revision_is_unstated_and_cannot_be_published(saved: Callable[..., Path]) -> None:
    """``V1`` on EPA's Contents sheet is the name of a column there, not a revision."""
    path = saved(summary_tables(), "summary.xlsx")
    assert {(rate.edition, rate.revision) for rate in egrid.read_workbook(path)} == {("unstated", None)}
    with pytest.raises(FactorError, match="does not state its revision"):
        egrid.read_release(path)
    assert egrid.read_release(path, "Rev2").edition == "rev2"


@pytest.mark.parametrize("said", ["eGRID2024 rev2", "eGRID2024, Revision 2", "eGRID 2024 (rev 2)"])
def test_the_revision_is_read_from_the_contents_sheet(saved: Callable[..., Path], said: str) -> None:
    sheets = data_file() | {"Contents": [["Contents"], [said]]}
    assert egrid.read_release(saved(sheets, "egrid.xlsx")).edition == "rev2"


def test_an_edition_that_contradicts_the_file_is_refused(saved: Callable[..., Path]) -> None:
    with pytest.raises(FactorError, match="contradicting editions: rev1, rev2"):
        egrid.read_workbook(saved(data_file()), "rev2")
    with pytest.raises(FactorError, match="'unstated' is no edition"):
        egrid.read_workbook(saved(data_file(), "egrid.xlsx"), "unstated")


@pytest.mark.parametrize("form", [data_file, summary_tables])
def test_rates_in_another_unit_under_the_same_labels_are_refused(
    saved: Callable[..., Path], form: Callable[..., Sheets]
) -> None:
    with pytest.raises(FactorError, match=r"(?i)in '?kg/MWh"):
        egrid.read_workbook(saved(form(unit="kg/MWh")))


def test_a_release_with_co2e_below_co2_is_refused_naming_file_region_and_both_numbers(
    saved: Callable[..., Path],
) -> None:
    sheets = data_file()
    sheets["SRL24"][2][-1] = 422.234
    with pytest.raises(FactorError, match=r"egrid2024_data_rev1\.xlsx: refused: CAMX CO2e 422\.234 .* CO2 436\.655"):
        egrid.read_workbook(saved(sheets))


def _drop_column(sheets: Sheets) -> None:
    sheets["SRL24"][1][-1] = "SOMETHING"


def _text_rate(sheets: Sheets) -> None:
    sheets["SRL24"][2][4] = "about 400"


def _negative(sheets: Sheets) -> None:
    sheets["ST24"][2][2] = -1.5


def _no_co2(sheets: Sheets) -> None:
    sheets["SRL24"][3][4] = None


def _twice(sheets: Sheets) -> None:
    sheets["SRL24"].append(list(sheets["SRL24"][2]))


def _two_years(sheets: Sheets) -> None:
    sheets["US24"][2][0] = 2023


def _no_year(sheets: Sheets) -> None:
    sheets["US24"][2][0] = "20x4"


def _percent_loss(sheets: Sheets) -> None:
    sheets["GGL24"][2][2] = 4.1


def _no_sheets(sheets: Sheets) -> None:
    for name in ("SRL24", "ST24", "US24"):
        del sheets[name]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_drop_column, "egrid2024_data_rev1.xlsx:SRL24: no header row with SRC2ERTA"),
        (_text_rate, "egrid2024_data_rev1.xlsx:SRL24:3: 'about 400' is no rate"),
        (_negative, "egrid2024_data_rev1.xlsx:ST24:3: the rate -1.5 is negative"),
        (_no_co2, "egrid2024_data_rev1.xlsx:SRL24:4: AKGD has no CO2 rate"),
        (_twice, "egrid2024_data_rev1.xlsx: CAMX has two rates"),
        (_two_years, "egrid2024_data_rev1.xlsx: the sheets are of 2023 and 2024"),
        (_no_year, "egrid2024_data_rev1.xlsx:US24:3: '20x4' is no rate"),
        (_percent_loss, "egrid2024_data_rev1.xlsx:GGL24:3: the grid gross loss 4.1 is no fraction"),
        (_no_sheets, "egrid2024_data_rev1.xlsx: no sheet holds eGRID rates"),
    ],
)
def test_a_malformed_data_file_is_rejected_with_sheet_and_row(
    saved: Callable[..., Path], spoil: Callable[[Sheets], None], reason: str
) -> None:
    sheets = data_file()
    spoil(sheets)
    with pytest.raises(FactorError) as caught:
        egrid.read_workbook(saved(sheets))
    assert reason in str(caught.value)
    assert caught.value.todo


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (3, 6, "Nothing", "Table 1: no column co2e"),
        (1, 3, "Emission rates", "Table 1: no heading 'Total output emission rates'"),
        (4, 1, "California", "Table 1:5: 'CALIFORNIA' is no state or subregion, yet has a rate"),
        (6, 3, 771.5, "US has two rates"),
    ],
)
def test_malformed_summary_tables_are_rejected(
    saved: Callable[..., Path], row: int, column: int, value: object, reason: str
) -> None:
    sheets = summary_tables()
    sheets["Table 1"][row][column] = value
    with pytest.raises(FactorError) as caught:
        egrid.read_workbook(saved(sheets))
    assert reason in str(caught.value)


def test_the_non_baseload_rates_are_never_taken_for_total_ones(saved: Callable[..., Path]) -> None:
    sheets = summary_tables()
    sheets["Table 1"][3][7] = "CO₂e"  # a second CO2e column, right of the right one
    camx = next(rate for rate in egrid.read_workbook(saved(sheets)) if rate.region == "CAMX")
    assert camx.co2e_lb_per_mwh == Decimal("438.203")
    sheets["Table 1"][3][6] = sheets["Table 1"][3][7] = "x"  # CO2e is left in the non-baseload group only
    with pytest.raises(FactorError, match="no column co2e"):
        egrid.read_workbook(saved(sheets))


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a,b\n1,2\n", "this is no workbook"), (b"PK\x03\x04broken", "no workbook")]
)
def test_a_file_that_is_no_workbook_is_rejected(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "egrid.xlsx"
    path.write_bytes(content)
    with pytest.raises(FactorError, match=reason):
        egrid.read_workbook(path)


def test_a_missing_workbook_is_named(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match=r"gone\.xlsx: this workbook cannot be read"):
        egrid.read_workbook(tmp_path / "gone.xlsx")
