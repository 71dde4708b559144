"""Tables as CSV and as one workbook; text of proofs is never taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import ExtraMissing
from carbon_tokens.portfolio import cdp, esrs, gri
from carbon_tokens.portfolio.content import account_json
from carbon_tokens.portfolio.disclosure import COLUMNS, Row
from carbon_tokens.portfolio.rollup import Portfolio

FRAMEWORKS = {"CDP": cdp.rows, "GRI": gri.rows, "ESRS E1": esrs.rows}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS = (7, 18, 52, 24, 9, 26, 16, 40, 70)
_DIGITS = 15  # significant ones that a cell of a workbook holds exactly
_LARGEST = 999_999_999_999_999
_MOST = 32_000  # characters of a cell; a workbook drops longer ones without a word


def disclosures(portfolio: Portfolio) -> dict[str, list[Row]]:
    """The rows of every framework by its name."""
    return {name: list(rows(portfolio)) for name, rows in FRAMEWORKS.items()}


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Rows as CSV (RFC 4180, UTF-8)."""
    _write(path, [COLUMNS, *(each.cells() for each in rows)])


def write_accounts(path: Path, portfolio: Portfolio) -> None:
    """Every facility-month with all its figures, one row each; "" without one."""
    found = [account_json(each) for each in portfolio.accounts]
    _write(path, [tuple(found[0]), *(tuple(each.values()) for each in found)])


def write_workbook(path: Path, tables: dict[str, list[Row]]) -> None:
    """One sheet for each framework.

    Raises:
        ExtraMissing: xlsxwriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        todo = "pip install 'carbon-tokens[excel]'"
        raise ExtraMissing("workbooks are written by xlsxwriter, which is not installed", todo=todo) from error
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        head, wrapped = (
            book.add_format({"bold": True, "bottom": 1}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
                sheet.set_column(column, column, width, wrapped)
                sheet.write_string(0, column, title, head)
            for line, each in enumerate(rows, 1):
                for column, cell in enumerate(each.cells()):
                    if _is_number(cell):
                        sheet.write_number(line, column, cell)
                    else:
                        sheet.write_string(line, column, _short(str(cell)))
            sheet.freeze_panes(1, 2)
            sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)


def _is_number(cell: object) -> bool:
    """Whether a workbook holds a cell exactly as a number."""
    if isinstance(cell, int):
        return abs(cell) <= _LARGEST
    return isinstance(cell, Decimal) and len(cell.as_tuple().digits) <= _DIGITS


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]} … (the CSV has all of it)"


def _write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_cell(each) for each in row] for row in rows)


def _cell(value: object) -> str:
    """A cell; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
