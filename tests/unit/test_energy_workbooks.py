"""Bills in workbooks: the template, and the same rules and places of errors as in a CSV."""

from __future__ import annotations

import builtins
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from carbon_tokens.energy import bill_template, bills, hourly
from carbon_tokens.errors import EnergyError, ExtraMissing

HEAD = ["meter", "utility", "from", "thru", "kwh"]
ROW: list[object] = ["0012", "LES", dt.date(2024, 1, 16), dt.date(2024, 2, 14), 30000]


def book(folder: Path, *rows: Sequence[object], sheets: dict[str, list[Sequence[object]]] | None = None) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, content in (sheets or {"bills": list(rows)}).items():
        sheet = made.create_sheet(name)
        for row in content:
            sheet.append(row)
    path = folder / "bills.xlsx"
    made.save(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(EnergyError) as caught:
        bills.read(path)
    return str(caught.value)


def test_a_workbook_gives_the_bills_that_its_csv_gives(tmp_path: Path) -> None:
    table = tmp_path / "bills.csv"
    table.write_text(
        "meter,utility,from,thru,kwh\n0012,LES,2024-01-16,2024-02-14,30000\n7,LES,2024-01-01,2024-01-31,0.3\n"
    )
    path = book(tmp_path, HEAD, ROW, [7, "LES", "2024-01-01", dt.datetime(2024, 1, 31), 0.1 + 0.2])
    for ours, theirs in zip(bills.read(path), bills.read(table), strict=True):
        for name in ("meter", "utility", "first", "last", "energy_wh", "row", "quality"):
            assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (["1", "LES", "16.1.2024", "2024-02-14", 5], "'16.1.2024' is no date"),
        (["1", "LES", 45307, "2024-02-14", 5], "'45307' is no date"),
        (["1", "LES", dt.datetime(2024, 1, 16, 12), "2024-02-14", 5], "'2024-01-16T12:00:00' is no date"),
        (["1", "LES", "2024-02-15", "2024-02-14", 5], "ends (2024-02-14) before it starts"),
        (["1", "LES", "2024-01-16", "2024-02-14", -5], "negative amount -5"),
        (["1", "LES", "2024-01-16", "2024-02-14", "1,000"], "'1,000' is no amount"),
        (["1", "LES", "2024-01-16", "2024-02-14", True], "'TRUE' is no amount"),
        (["1", "LES", "2024-01-16", "2024-02-14", None], "no kwh"),
        (["1", "LES", "2024-01-16", "2024-02-14", 1e300], "more than 15 digits"),
        ([1234567890123456, "LES", "2024-01-16", "2024-02-14", 5], "more than 15 digits"),
        (["1", "LES", "2024-01-16", "2024-02-14", 5, "x"], "6 cells under 5 columns"),
        (["1", "LES", "2024-01-16", "2024-02-14", "#DIV/0!"], "a cell holds an error of Excel's"),
        (["1", "LES", "2024-01-16", "2024-02-14", "=5/0"], "a cell holds a formula without its value"),
    ],
)
def test_a_row_that_is_no_bill_is_refused_with_its_row(tmp_path: Path, row: list[object], what: str) -> None:
    message = refusal(book(tmp_path, HEAD, [], ROW, row))
    assert what in message and message.startswith("bills.xlsx:4: ")


def test_columns_are_checked_as_in_a_csv(tmp_path: Path) -> None:
    assert "missing column 'kwh'; unknown column 'mwh'" in refusal(book(tmp_path, [*HEAD[:4], "mwh"], ROW))
    assert "repeated column 'kwh'" in refusal(book(tmp_path, [*HEAD, "kwh"], [*ROW, 1]))


def test_the_same_bill_twice_is_refused_in_a_workbook(tmp_path: Path) -> None:
    assert "bills.xlsx:3: 2024-01-16 to 2024-02-14 is the same bill as bills.xlsx:2" in refusal(
        book(tmp_path, HEAD, ROW, ROW)
    )


def test_the_sheet_with_the_columns_is_read_and_two_of_them_are_refused(tmp_path: Path) -> None:
    notes: list[Sequence[object]] = [["read me"], ["first"]]
    assert len(bills.read(book(tmp_path, sheets={"notes": notes, "2024": [HEAD, ROW]}))) == 1
    assert "several sheets have these columns: a, b" in refusal(
        book(tmp_path, sheets={"a": [HEAD, ROW], "b": [HEAD, ROW]})
    )


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    assert "missing column" in refusal(book(tmp_path, []))
    assert "this table has no rows" in refusal(book(tmp_path, HEAD))


def test_hours_can_be_typed_into_a_workbook_too(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [["hour_start_utc", "energy_wh"], [dt.datetime(2024, 1, 1, 5), 10.5]]
    (hour,) = hourly.read(book(tmp_path, sheets={"h": rows}), "u", "m")
    assert (hour.start, hour.energy_wh, hour.row) == (1_704_085_200, hour.energy_wh, 2) and hour.energy_wh == 10.5


def test_a_cell_far_away_is_refused_before_its_area_is_opened(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.cell(1_048_576, 16_384, "x")
    made.save(path := tmp_path / "far.xlsx")
    assert "a cell stands beyond column ZZ" in refusal(path)


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b" " * 200_000_001)
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(content.getvalue())
    assert "unpacks to more than 200,000,000 bytes" in refusal(path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("a.txt", "a")
    assert "no readable workbook" in refusal(path)


def test_the_template_is_empty_and_takes_bills(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    bill_template.write(path)
    assert "this table has no rows" in refusal(path)
    made = openpyxl.load_workbook(path)
    made["bills"].append(ROW)
    made.save(path)
    (found,) = bills.read(path)
    assert (found.meter, found.energy_wh, found.quality) == ("0012", 30_000_000, "A")


def test_the_template_checks_days_amounts_and_grades(tmp_path: Path) -> None:
    bill_template.write(path := tmp_path / "template.xlsx")
    sheet = openpyxl.load_workbook(path)["bills"]
    assert [cell.value for cell in sheet[1]] == list(bills.COLUMNS + bills.OPTIONAL)
    checks = {str(each.sqref).split(":")[0]: each for each in sheet.data_validations.dataValidation}
    kinds = {cell: check.type for cell, check in checks.items()}
    assert kinds == {"C2": "date", "D2": "custom", "E2": "decimal", "F2": "textLength", "H2": "list"}
    assert checks["H2"].formula1 == '"A,B,C,D"' and str(checks["H2"].sqref) == "H2:H1001"


def test_the_template_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    bill_template.write(tmp_path / "a.xlsx")
    bill_template.write(tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_csv_form_has_the_columns_of_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "bills.csv"
    path.write_text(bill_template.csv() + "0012,LES,2024-01-16,2024-02-14,30000,,,\n")
    assert len(bills.read(path)) == 1


def test_without_the_extra_the_template_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "xlsxwriter":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=r"pip install 'carbon-tokens\[excel\]'"):
        bill_template.write(tmp_path / "a.xlsx")
