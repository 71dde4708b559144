"""Reading the shipped and the user's CSV tables: by header, row by row, with the place of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from carbon_tokens.errors import FactorError


def read(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields (``file:row``, row) of a CSV that has at least these columns; lines starting with ``#`` are comments.

    Raises:
        FactorError: the file cannot be read, lacks a column, or a row is longer or shorter than the header.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from _rows(path.name, file, columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = f"this table cannot be read ({error})"
        raise FactorError(what, where=path.name, todo="Give a CSV in UTF-8.") from error


def header(content: bytes) -> list[str]:
    """The cells of the first row of what may be a CSV; empty if it is none. Nothing else of it is looked at."""
    text = content[:65536].decode("utf-8-sig", "replace")
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(text, newline="")), [])]
    except csv.Error:
        return []


def _rows(name: str, lines: Iterator[str], columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    names: list[str] = []
    reader = csv.reader(lines)
    for cells in reader:
        if not cells or cells[0].lstrip().startswith("#"):
            continue
        if not names:
            names = _header(name, cells, columns)
        elif len(cells) != len(names):
            what = f"{len(cells)} cells under {len(names)} columns"
            raise FactorError(what, where=f"{name}:{reader.line_num}", todo="Quote cells that hold a comma.")
        else:
            yield f"{name}:{reader.line_num}", dict(zip(names, map(str.strip, cells), strict=True))
    if not names:
        raise FactorError("this table is empty", where=name, todo=f"Give the columns {', '.join(columns)}.")


def _header(name: str, cells: list[str], columns: tuple[str, ...]) -> list[str]:
    header = [cell.strip() for cell in cells]
    missing = [column for column in columns if column not in header]
    if missing:
        todo = f"The header holds {', '.join(header)}."
        raise FactorError(f"missing column {', '.join(missing)}", where=name, todo=todo)
    return header
