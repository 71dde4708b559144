"""Workbooks (.xlsx): their rows as a CSV would give them, and the template in which a data center types its bills.

A cell becomes the text that a CSV would hold: a day its ISO date, a number its decimals. Excel keeps 15 digits of a
number: a fraction is taken at those that Excel shows, and a whole number that is longer (a meter's), which has lost its
end already, is refused. What a workbook unpacks to, and the area that
its cells span, are limited before it is opened.
"""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from carbon_tokens.errors import EnergyError

UNPACKED_LIMIT = 200_000_000  # bytes
EXCEL_DIGITS = 15
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)(?<!/)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_KIND, _PLACE = re.compile(rb'\bt="(\w+)"'), re.compile(rb'\br="[A-Z]+([0-9]{1,7})"')
_FORMULA, _VALUE = re.compile(rb"<(?:\w+:)?f\b"), re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]")
_FAR = re.compile(rb'r="(?:[A-Z]{3,}[0-9]+|[A-Z]{1,2}[0-9]{7,})"')  # a column beyond ZZ or a row beyond 999,999

Numbered = list[tuple[int, list[str]]]  # (row as Excel counts, its cells)


def is_workbook(data: bytes) -> bool:
    """Whether a file is a workbook rather than a CSV, by its first bytes."""
    return data[:4] == b"PK\x03\x04"


def rows(data: bytes, name: str, required: tuple[str, ...]) -> Numbered:
    """The filled rows of the sheet whose first one names the required columns.

    Raises:
        EnergyError: no readable workbook, one that unpacks to too much, several such sheets, or, with file:row, a cell
            that holds an error or more digits than Excel keeps.
    """
    _check(data, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {sheet: book.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for sheet in book.sheet_names}
    except (CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        raise EnergyError(f"this is no readable workbook ({error})", where=name) from error
    texts = {sheet: list(_filled(cells, name)) for sheet, cells in sheets.items()}
    fitting = [sheet for sheet, found in texts.items() if found and set(required) <= set(found[0][1])]
    if len(fitting) > 1:
        what = f"several sheets have these columns: {', '.join(fitting)}"
        raise EnergyError(what, where=name, todo="Leave one of them in the file.")
    chosen = fitting or [sheet for sheet, found in texts.items() if found]
    return _trimmed(texts[chosen[0]]) if chosen else []


def _check(data: bytes, name: str) -> None:
    """Refuses what the workbook's reader would stumble over or pass in silence."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            if sum(member.file_size for member in members) > UNPACKED_LIMIT:
                raise EnergyError(f"the workbook unpacks to more than {UNPACKED_LIMIT:,} bytes", where=name)
            for member in members:
                if "worksheets/" in member.filename.lower():
                    _check_cells(package.read(member), name)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, ValueError, RuntimeError, EOFError) as error:
        raise EnergyError(f"this is no readable workbook ({error})", where=name) from error


def _check_cells(sheet: bytes, name: str) -> None:
    if _FAR.search(sheet):
        raise EnergyError("a cell stands beyond column ZZ or row 999,999", where=name, todo="Delete what is there.")
    for found in _CELL.finditer(sheet):
        attributes, content = found.groups()
        kind, place = _KIND.search(attributes), _PLACE.search(attributes)
        row = f":{int(place[1])}" if place else ""
        if kind and kind[1] == b"e":
            raise EnergyError("a cell holds an error of Excel's", where=name + row, todo="Correct its formula.")
        if _FORMULA.search(content) and not _VALUE.search(content) and not (kind and kind[1] == b"str"):
            todo = "Open the file in Excel and save it again."
            raise EnergyError("a cell holds a formula without its value", where=name + row, todo=todo)


def _filled(cells: list[list[Any]], name: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(cells, 1):
        texts = [_text(cell, f"{name}:{number}") for cell in row]
        if any(texts):
            yield number, texts


def _trimmed(numbered: Numbered) -> Numbered:
    """Without the empty columns on the right of the header; a cell under none of them is left for the reader."""
    width = max((index + 1 for index, cell in enumerate(numbered[0][1]) if cell), default=0)
    return [(number, (cells + [""] * width)[:width] if not any(cells[width:]) else cells) for number, cells in numbered]


def _text(cell: Any, where: str) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (int, float)):
        return _number(cell, where)
    return str(cell).strip()


def _number(cell: int | float, where: str) -> str:
    number = Decimal(repr(cell))
    if not number.is_finite() or number.adjusted() < -EXCEL_DIGITS:
        return "0" if number == 0 else str(cell)
    if number.adjusted() >= EXCEL_DIGITS:
        what = f"{cell!r} has more than {EXCEL_DIGITS} digits, which Excel does not keep"
        raise EnergyError(what, where=where, todo="Format the cell as text and type it again.")
    shown = Decimal(f"{cell:.{EXCEL_DIGITS}g}").normalize()
    return format(shown, "f")
