"""Parts of a portfolio that need no proof: amounts, tables, charts, and opening salted commitments."""

from __future__ import annotations

import csv
import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens.evidence.sealing import commitment_of
from carbon_tokens.portfolio import charts, markup, openings, tables
from carbon_tokens.portfolio.accounts import is_renewable
from carbon_tokens.portfolio.amounts import change, percent, tonnes
from carbon_tokens.portfolio.disclosure import COLUMNS, NOT_COVERED, Row
from carbon_tokens.portfolio.doubles import overlapping, squeezed

EVIL = '=HYPERLINK("http://example.invalid")'


def test_amounts_have_every_place_and_parts_are_rounded_down() -> None:
    assert (tonnes(1), tonnes(-1_234_567_890), tonnes(0)) == ("0.000001", "−1,234.567890", "0.000000")
    assert (percent(999_999, 1_000_000), percent(1, 3), percent(1, 0)) == ("99.9 %", "33.3 %", "–")
    assert (change(200, 100), change(100, 250), change(0, 5)) == ("−50.0 %", "+150.0 %", "–")


@pytest.mark.parametrize(
    ("technology", "renewable"),
    [("wind", True), ("Solar PV", True), ("hydro", True), ("hydrogen", False), ("nuclear", False), ("", False)],
)
def test_only_technologies_that_are_known_to_be_renewable_are(technology: str, renewable: bool) -> None:
    assert is_renewable(technology) is renewable


def test_another_spelling_of_a_name_is_the_same_name() -> None:
    assert squeezed("N.A.R. ") == squeezed("nar") != squeezed("NARX")
    assert squeezed("ＧＥＮ-2613") == squeezed("gen 2613")


def test_spans_that_meet_are_found_however_they_are_ordered() -> None:
    spans = [(10, 20), (1, 5), (5, 9), (12, 13), (20, 30), (40, 40)]
    found = {frozenset(pair) for pair in overlapping(spans, lambda _: 0, lambda span: span)}
    by_hand = {
        frozenset((a, b)) for a in spans for b in spans if a != b and a[0] <= b[1] and b[0] <= a[1]
    }  # fmt: skip
    assert found == by_hand and len(found) == 3


def test_text_of_a_proof_is_never_a_formula(tmp_path: Path) -> None:
    row = Row(2024, "7.6.1", EVIL, Decimal("-1.5"), "t CO2e", note="@SUM(1)")
    tables.write_csv(tmp_path / "rows.csv", [row])
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        head, line = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert line[2] == f"'{EVIL}" and line[3] == "-1.5" and line[8] == "'@SUM(1)"


def test_a_workbook_keeps_text_as_text_and_amounts_as_numbers(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    from python_calamine import CalamineWorkbook

    long = Decimal("1234567890123456.789")  # more digits than a cell holds: it stays a text
    rows = [Row(2024, "a", EVIL, Decimal("1.250"), "t CO2e"), Row(2024, "b", "none", None, "t CO2e"),
            Row(2024, "c", "x" * 40_000, long, "MWh")]  # fmt: skip
    tables.write_workbook(tmp_path / "rows.xlsx", {"CDP": rows})
    _head, *lines = CalamineWorkbook.from_path(str(tmp_path / "rows.xlsx")).get_sheet_by_name("CDP").to_python()
    assert [line[3] for line in lines] == [1.25, NOT_COVERED, str(long)]
    assert lines[0][2] == EVIL and str(lines[2][2]).endswith("(the CSV has all of it)")


def test_markup_escapes_whatever_a_proof_says() -> None:
    for made in (
        markup.paragraph("<b>"), markup.items(["<b>"]), markup.table("<b>", ["<b>"], [["<b>"]]),
        markup.tiles([("<b>", "<i>", "<b>")]).replace("<b>&lt;i", ""), markup.section("<b>", "inner"),
        charts.months({"<b>": [True, None]}, "2024-01", "<b>"), charts.bars({"<b>": [1]}, [("net", "<b>")], "<b>", "t"),
    ):  # fmt: skip
        assert "<b>" not in made and "&lt;b&gt;" in made


def test_a_commitment_is_opened_by_the_file_and_its_salt(tmp_path: Path) -> None:
    salt = bytes(range(32))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bill.csv").write_bytes(b"kwh\n1\n")
    (tmp_path / "sub" / "bill.csv.salt").write_text(salt.hex())
    (tmp_path / "lost.csv.salt").write_text(salt.hex())
    digest = "0x" + hashlib.sha256(b"kwh\n1\n").hexdigest()
    assert openings(tmp_path) == {"0x" + commitment_of(b"kwh\n1\n", salt).hex(): digest}
