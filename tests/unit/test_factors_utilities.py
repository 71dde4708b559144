"""EIA-861's Utility Data, by groups and headers, and a utility's states by its retail sales."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import choice, egrid, files, utilities
from carbon_tokens.factors.choice import Place, explain

Rows = list[list[object]]
GROUPS = ["Utility Characteristics", None, None, None, None, None, "Also operating in other NERC Regions", None]
GROUPS += ["Operating in these RTOs", None]
HEADER = ["Data Year", "Utility Number", "Utility Name", "State", "Ownership Type", "NERC Region"]
HEADER += ["SPP", "WECC", "SPP", "CAISO"]
STATES: Rows = [
    [*GROUPS], [*HEADER],
    [2020, 55, "Town of  A", "KS", "Municipal", "MRO", "Y", None, None, "N"],
    [2020, 56, "Coop B", "CA", "Cooperative", "WECC", None, "Y", None, "Y"],
    [2020, 56, "Coop B", "NV", "Cooperative", "WECC", None, None, "Y", None],
    [2020, 88888, "Withheld", "TX", "Retail", "TRE", None, None, None, None],
    [2020, None, "No number", "TX", "Retail", "TRE", None, None, None, None],
]  # fmt: skip
SALES = "year,eia_utility,state,retail_sales_mwh\n2023,56,CA,600\n2023,56,NV,300\n2023,56,AZ,100\n2022,56,CA,5\n"


def workbook(folder: Path, rows: Rows, name: str = "Utility_Data.xlsx") -> Path:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "States"
    for row in rows:
        page.append(row)
    book.save(folder / name)
    return folder / name


def sales(folder: Path, text: str = SALES) -> Path:
    (folder / "sales.csv").write_text(text)
    return folder / "sales.csv"


def test_a_column_is_found_by_its_group_and_header(tmp_path: Path) -> None:
    """SPP is a NERC region in one group and an RTO in another."""
    found = utilities.read(workbook(tmp_path, STATES))
    town, coop = found.of(55), found.of(56)
    assert (town.name, town.states, town.nerc, town.rtos) == ("Town of A", ("KS",), ("MRO", "SPP"), ())
    assert (coop.states, coop.nerc, coop.rtos) == (("CA", "NV"), ("WECC",), ("CAISO", "SPP"))
    assert (found.year, found.rows, len(found.utilities)) == (2020, 5, 2)


def test_another_year_with_more_columns_is_read_the_same(tmp_path: Path) -> None:
    rows = [[*row[:5], "Y" if at > 1 else ["", "Short Form"][at], *row[5:]] for at, row in enumerate(STATES)]
    assert utilities.read(workbook(tmp_path, rows)).of(55).nerc == ("MRO", "SPP")


def test_a_withheld_utility_is_rejected_by_name(tmp_path: Path) -> None:
    found = files.content(workbook(tmp_path, STATES))
    assert (found["kind"], found["form"], found["rows"], found["regions"]) == ("utilities", "eia-861", 5, 2)
    assert [each["reason"][:8] for each in found["rejected"]] == ["withheld", "'' of 20"]
    with pytest.raises(FactorError, match="no utility 88888 in 2020"):
        utilities.read(workbook(tmp_path, STATES)).of(88888)


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [(2, 0, 2019, "the rows are of 2 years"), (1, 1, "Nr", "no sheet of utilities"), (1, 7, "SPP", "stands twice")],
)
def test_a_workbook_that_could_be_misread_is_refused(
    tmp_path: Path, row: int, column: int, value: object, reason: str
) -> None:
    rows = [list(each) for each in STATES]
    rows[row][column] = value
    with pytest.raises(FactorError, match=reason):
        utilities.read(workbook(tmp_path, rows))


def test_a_zip_of_several_subregions_is_joined_by_the_utilitys_number(tmp_path: Path) -> None:
    rows = [*STATES, [2020, 14328, "Pacific Gas & Electric Co.", "CA", "Investor Owned", "WECC", *[None] * 3, "Y"]]
    joined = utilities.of_zip(utilities.read(workbook(tmp_path, rows)), "93526")
    known = {each.eia_utility: utility for each, utility in joined}
    pacific = known[14328]
    assert pacific and pacific.rtos == ("CAISO",) and known[17609] is None


def test_retail_sales_are_parts_that_add_up_to_one(tmp_path: Path) -> None:
    found = utilities.sales(sales(tmp_path), 56, 2023)
    assert found.shares == {"CA": Fraction(6, 10), "NV": Fraction(3, 10), "AZ": Fraction(1, 10)}
    rates = {"CA": Decimal(200), "NV": Decimal(300), "AZ": Decimal(400)}
    assert choice.retail_weighted(found.shares, rates.__getitem__) == 250


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("600", "-600", "are no sales of a state"),
        ("NV", "CA", "are no sales of a state"),
        ("2023,56", "2023,57", "are no sales|no retail sales"),
        ("retail_sales_mwh", "retail_sales", "missing column retail_sales_mwh"),
    ],
)
def test_sales_that_could_be_misread_are_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(FactorError, match=reason):
        utilities.sales(sales(tmp_path, SALES.replace(old, new)), 56, 2023)


def test_the_states_of_a_utility_answer_where_nothing_nearer_is_known(tmp_path: Path) -> None:
    sold = utilities.sales(sales(tmp_path), 56, 2023)
    alone = explain(Place(eia_utility=56, nerc="WECC"), 2023, sales=sold).chosen("location")
    assert alone and (alone.step, alone.region) == ("utility", "EIA 56") and sold.file_sha256 in alone.reason
    rates = {state: egrid.rates(state, 2023, None, "state").g_per_mwh for state in ("CA", "NV", "AZ")}
    assert alone.g_per_mwh == round((6 * rates["CA"] + 3 * rates["NV"] + rates["AZ"]) / 10, 12)
    nearer = explain(Place(eia_utility=56, state="CA"), 2023, sales=sold).chosen("location")
    assert nearer and nearer.step == "state"
