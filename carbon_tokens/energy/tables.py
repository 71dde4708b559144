"""Strict reading of energy tables: a file is used whole or not at all.

A file is a CSV or a workbook (.xlsx), told by its content, under one set of rules. Unknown columns are refused, because
a column that is not understood (a unit, a sign, a tariff) may change what the others mean. Every rejected row is
reported, in one error.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import sheets
from carbon_tokens.errors import EnergyError

WH_LIMIT = 2**48  # the ledger's integer for Wh: 281 TWh
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?")

Columns = tuple[str, ...]
Problem = tuple[str, str]  # file:row, what is wrong with it


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (the header is line 1) and its cells by column."""

    where: str  # file:row
    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, the sha-256 of its bytes (64 hex digits), and the rows that do not fit its header."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read(path: Path | str, required: Columns, optional: Columns = ()) -> Table:
    """Reads a CSV in UTF-8, or a sheet of a workbook, whose first row names its columns.

    Raises:
        EnergyError: no readable CSV or workbook, a missing, unknown or repeated column, or no rows.
    """
    path = Path(path)
    data, numbered = _numbered(path, required)
    header = tuple(numbered[0][1]) if numbered else ()
    _check_header(path.name, header, required, optional)
    if len(numbered) < 2:
        raise EnergyError("this table has no rows", where=path.name)
    return _table(path.name, hashlib.sha256(data).hexdigest(), header, numbered[1:])


def columns(path: Path | str, wanted: Columns) -> Columns:
    """The columns that a table names, of a workbook those of the sheet that has the wanted ones; none if it is empty.

    Raises:
        EnergyError: no readable table.
    """
    numbered = _numbered(Path(path), wanted)[1]
    return tuple(numbered[0][1]) if numbered else ()


def _numbered(path: Path, required: Columns) -> tuple[bytes, sheets.Numbered]:
    """The bytes of a file and its filled rows."""
    try:
        data = path.read_bytes()
        return data, sheets.rows(data, path.name, required) if sheets.is_workbook(data) else _lines(data)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnergyError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error


def _lines(data: bytes) -> sheets.Numbered:
    """The filled rows of a CSV: the line on which each ends, and its cells."""
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    filled = ((lines.line_num, [cell.strip() for cell in cells]) for cells in lines)
    return [(number, cells) for number, cells in filled if any(cells)]


def _check_header(name: str, header: Columns, required: Columns, optional: Columns) -> None:
    faults = {
        "missing column": [column for column in required if column not in header],
        "unknown column": [column for column in header if column not in required + optional],
        "repeated column": sorted({column for column in header if header.count(column) > 1}),
    }
    found = [f"{fault} {', '.join(map(repr, columns))}" for fault, columns in faults.items() if columns]
    if found:
        known = f"Columns: {', '.join(required)}" + (f"; optional {', '.join(optional)}." if optional else ".")
        raise EnergyError("; ".join(found), where=f"{name}:1", todo=known)


def _table(name: str, sha256: str, header: Columns, numbered: list[tuple[int, list[str]]]) -> Table:
    rows, problems = [], []
    for number, cells in numbered:
        if len(cells) == len(header):
            rows.append(Row(f"{name}:{number}", number, dict(zip(header, cells, strict=True))))
        else:
            problems.append((f"{name}:{number}", f"{len(cells)} cells under {len(header)} columns"))
    return Table(name, sha256, header, tuple(rows), tuple(problems))


def amount(text: str, wh_each: int) -> Fraction:
    """Wh of a number written in plain digits, exactly; ``wh_each`` is 1000 for kWh.

    Thousands separators are refused, not removed: "30,5" is 30.5 to some and 305 to others.

    Raises:
        EnergyError: not a plain number, negative, not finite, or beyond 281 TWh.
    """
    if text.startswith("-") and _NUMBER.fullmatch(text[1:]):
        raise EnergyError(f"negative amount {text}", todo="Feed-in is not negative use; give the energy drawn.")
    if not _NUMBER.fullmatch(text):
        raise EnergyError(f"{text!r} is no amount", todo="Write digits with a decimal point and no separators.")
    if (energy := Fraction(text) * wh_each) >= WH_LIMIT:
        raise EnergyError(f"{text} is more than the ledger can hold", todo="Check the unit.")
    return energy


def refuse(problems: list[Problem]) -> None:
    """Raises one EnergyError that names every rejected row, if there is one."""
    if not problems:
        return
    todo = "Correct them and read the file again; nothing of it was used."
    if len(problems) == 1:
        raise EnergyError(problems[0][1], where=problems[0][0], todo=todo)
    rows = len({where for where, _ in problems})
    listed = "; ".join(f"{where}: {what}" for where, what in problems)
    file = problems[0][0].rsplit(":", 1)[0]
    raise EnergyError(f"{rows} row{'s' if rows > 1 else ''} rejected: {listed}", where=file, todo=todo)


def empty_cells(row: Row, columns: Columns) -> Iterator[Problem]:
    """The columns of a row that may not be empty but are."""
    yield from ((row.where, f"no {column}") for column in columns if not row.cells[column])
