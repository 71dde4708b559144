"""The files in which eGRID's levels come: EPA's workbook, or one table as a CSV under EPA's short codes.

*Workbook* (``egrid20yy_data.xlsx``): sheets ``PLNT23``, ``ST23``, ``BA23``, ``SRL23``, ``NRL23``, ``US23`` and
``GGL23``, each with a row of long names, a row of short codes, and data. *CSV*: the codes are the header; the level is
told by their prefix. Plants' tables may state no year, and tables no revision: then the caller says it, or it is open.

The grid gross loss is a fraction, of an interconnect (``GGRSLOSS``), in per cent where the file writes ``%``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import areas, gwp, table, workbook
from carbon_tokens.factors.areas import Area, Level, Rejected, Sheet
from carbon_tokens.factors.rate import DATASET

Cells = Sequence[Sequence[object]]
Rows = Sequence[tuple[int, Sequence[object]]]
LOSS_COLUMNS = (("REGION", "GGRSLOSS"), ("REGION", "GRID GROSS LOSS RATE (%)"))
_HEADER_ROWS = 12  # the codes are looked for in the first rows only
_YY = r"\d{2}(\d{2})?"
_LEVEL = re.compile(rf"({'|'.join(name for level in areas.LEVELS for name in level.sheets)}){_YY}")
_WANTED = re.compile(rf"{_LEVEL.pattern}|GGL{_YY}|CONTENTS")


@dataclass(frozen=True, slots=True)
class Areas:
    """What a file holds of eGRID's levels.

    Attributes:
        form: ``egrid-workbook`` or ``egrid-csv``; edition: as ``workbook.read`` finds it.
        rejected: (file:row, reason), every row that is no region with a rate.
        tables: the rows of each sheet, with their numbers in the file, those that are rejected too.
        losses: grid gross loss by interconnect, a fraction.
    """

    file: str
    file_sha256: str
    form: str
    year: int | None
    edition: str
    tables: tuple[tuple[Sheet, Rows], ...]
    areas: tuple[Area, ...]
    rejected: tuple[Rejected, ...]
    losses: Mapping[str, Decimal]

    @property
    def gwp(self) -> str:
        """The set of warming potentials inside the CO2e of this release."""
        return gwp.UNSTATED if self.year is None else gwp.of_egrid(self.year)

    def of(self, level: str) -> tuple[Area, ...]:
        return tuple(area for area in self.areas if area.level == level)

    def area(self, level: str, region: str) -> Area | None:
        """The area of a code; case does not matter."""
        wanted = areas.code(region)
        return next((area for area in self.areas if (area.level, area.region) == (level, wanted)), None)

    def to_json(self) -> dict[str, object]:
        """Counts by level, the unit of the mix by level, and the rejected rows."""
        sheets = [sheet for sheet, _ in self.tables]
        return {
            "dataset": DATASET, "release": f"{DATASET}{self.year}" if self.year else None, "year": self.year,
            "edition": self.edition,
            "gwp": self.gwp, "file_sha256": self.file_sha256, "form": self.form,
            "rows": len(self.areas) + len(self.rejected) if sheets else len(self.losses), "regions": len(self.areas),
            "levels": {each.level.level: len(self.of(each.level.level)) for each in sheets},
            "resource_mix": {each.level.level: each.mix_unit or None for each in sheets},
            "grid_gross_loss": {region: format(loss, "f") for region, loss in self.losses.items()},
            "rejected": [{"row": where, "reason": reason} for where, reason in self.rejected],
        }  # fmt: skip


def read(path: Path | str, *, year: int | None = None, edition: str | None = None) -> Areas:
    """The areas of a workbook or CSV.

    Args:
        year: of a table that states none; edition: of a file that states none.

    Raises:
        FactorError: no such file, no table of any level, a missing column, two years, two sheets of a level, or a
            year or an edition that contradicts the file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name, todo="Check the path.") from error
    book = _workbook(path.name, content) if content[:2] == b"PK" else {"": _csv(path.name, content)}
    found = tuple(_tables(path.name, book))
    losses = _losses(path.name, book)
    if not found and not losses:
        todo = "Give EPA's workbook, or a CSV whose header is EPA's short codes."
        raise FactorError("no table of eGRID's levels", where=path.name, todo=todo)
    names = [sheet.level.level for sheet, _ in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FactorError(f"two sheets of the level {twice[0]}", where=path.name, todo="Keep one of them.")
    parts = [areas.rows(sheet, rows, year) for sheet, rows in found]
    kept = tuple(area for part, _ in parts for area in part)
    stated = _one_year(path.name, {area.year for area in kept} | _loss_years(book), year)
    return Areas(
        path.name, hashlib.sha256(content).hexdigest(), "egrid-workbook" if content[:2] == b"PK" else "egrid-csv",
        stated, workbook.edition_of(path, book, stated, edition), found, kept,
        tuple(each for _, part in parts for each in part), losses,
    )  # fmt: skip


def holds(content: bytes) -> bool:
    """Whether the header of a CSV is that of a level, or of the grid gross loss."""
    codes = [areas.code(cell) for cell in table.header(content)]
    return areas.level_of(codes) is not None or _loss_columns(codes) is not None


def levels(file: str, content: bytes) -> list[str]:
    """The names of a workbook's sheets of levels. Raises FactorError for what is no workbook."""
    with _opened(file, content) as book:
        return [name for name in book.sheet_names if _LEVEL.fullmatch(areas.code(name))]


def _workbook(file: str, content: bytes) -> dict[str, Cells]:
    with _opened(file, content) as book:
        kept = [name for name in book.sheet_names if _WANTED.fullmatch(areas.code(name))]
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in kept}


@contextmanager
def _opened(file: str, content: bytes) -> Iterator[CalamineWorkbook]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            yield book
    except CalamineError as error:
        raise FactorError(f"this is no workbook ({error})", where=file, todo="Give EPA's .xlsx file.") from error


def _csv(file: str, content: bytes) -> Cells:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FactorError(f"this is no CSV in UTF-8 ({error})", where=file) from error
    for at, cells in enumerate(lines, start=1):
        if cells and len(cells) != len(lines[0]):
            raise FactorError(f"{len(cells)} cells under {len(lines[0])} columns", where=f"{file}:{at}")
    return lines


def _tables(file: str, book: Mapping[str, Cells]) -> Iterator[tuple[Sheet, Rows]]:
    for name, cells in book.items():
        level, top = _level(name, cells)
        if level is None:
            continue
        filled = any if name else bool  # empty rows of a sheet are its margin; those of a CSV are counted
        numbered = [(at, row) for at, row in enumerate(cells[top + 1 :], start=top + 2) if filled(row)]
        where = f"{file}:{name}" if name else file
        yield areas.sheet(where, level, cells[top], [row for _, row in numbered]), numbered


def _level(name: str, cells: Cells) -> tuple[Level | None, int]:
    """The level of a sheet by its name, of a CSV by its codes, and the row of the codes."""
    named = [each for each in areas.LEVELS if re.fullmatch(rf"({'|'.join(each.sheets)}){_YY}", areas.code(name))]
    for at, row in enumerate(cells[: _HEADER_ROWS if name else 1]):
        level = areas.level_of([areas.code(cell) for cell in row])
        if level and level in (named or [level]):
            return level, at
    if named:
        todo = "Give the workbook as EPA publishes it."
        raise FactorError(f"no row of codes with {named[0].prefix}CO2RTA", where=name, todo=todo)
    return None, 0


def _one_year(file: str, years: set[int | None], given: int | None) -> int | None:
    stated = sorted(year for year in years | {given} if year is not None)
    if len(set(stated)) > 1:
        raise FactorError(f"it is of {' and '.join(map(str, stated))}", where=file, todo="Give a file of one year.")
    return stated[0] if stated else None


def _losses(file: str, book: Mapping[str, Cells]) -> dict[str, Decimal]:
    for name, cells in book.items():
        if name and not re.fullmatch(rf"GGL{_YY}", areas.code(name)):
            continue
        for at, row in enumerate(cells[: _HEADER_ROWS if name else 1]):
            if columns := _loss_columns([areas.code(cell) for cell in row]):
                numbered = (
                    (f"{file}:{at + below}", line) for below, line in enumerate(cells[at + 1 :], start=2) if line
                )
                return dict(_loss(where, line, *columns) for where, line in numbered if any(map(areas.code, line)))
    return {}


def _loss_years(book: Mapping[str, Cells]) -> set[int | None]:
    """The years that a CSV of losses states; a workbook's are those of its other sheets."""
    header, rows = (*book.get("", ())[:1], ())[0], book.get("", ())[1:]
    codes = [areas.code(cell) for cell in header]
    if _loss_columns(codes) is None or "YEAR" not in codes:
        return set()
    return {int(year) for row in rows if row and (year := areas.code(row[codes.index("YEAR")])).isdecimal()}


def _loss_columns(codes: Sequence[str]) -> tuple[int, int] | None:
    found = next((pair for pair in LOSS_COLUMNS if set(pair) <= set(codes)), None)
    return (codes.index(found[0]), codes.index(found[1])) if found else None


def _loss(where: str, row: Sequence[object], region: int, column: int) -> tuple[str, Decimal]:
    text = str(row[column]).strip()
    loss = areas.number(text.removesuffix("%"), where)
    fraction = None if loss is None else loss / 100 if text.endswith("%") else loss
    name = {"US": "U.S."}.get(areas.code(row[region]), areas.code(row[region]))
    if fraction is None or not 0 <= fraction < 1 or not name:
        todo = "Write 4.2 % as 0.042."
        raise FactorError(f"the grid gross loss {text!r} of {name!r} is no fraction", where=where, todo=todo)
    return name, fraction
