"""Reading a workbook of eGRID rates as EPA publishes it: next year's file needs no change of code.

The revision (``rev1``, ``v2``) is taken from the argument, or from what the file says of itself: its name, as EPA gives
it (``egrid2023_data_rev2.xlsx``), or its Contents sheet. A file that states none is of the edition ``unstated``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from carbon_tokens.errors import FactorError
from carbon_tokens.factors.layouts import Cells, data_file, summary_tables
from carbon_tokens.factors.rate import GASES, UNSTATED, Rate, Release, refuse_impossible

_WANTED = re.compile(r"(US|ST|SRL|GGL)\d{2}(\d{2})?|CONTENTS|TABLE \d+", re.IGNORECASE)
_NAME = re.compile(r"(?<![a-z0-9])(rev\d+|v\d+)(?![a-z0-9])")
_EDITION = re.compile(r"[a-z0-9][a-z0-9.-]*")


def read(path: Path | str, edition: str | None = None) -> list[Rate]:
    """The rates of an eGRID workbook: US, states and subregions, lb/MWh as stored in the file.

    Args:
        path: the data file or the summary tables, ``.xlsx``.
        edition: its revision, if the file does not state one.

    Raises:
        FactorError: no eGRID workbook, a missing column, a unit other than lb/MWh, two years, a region with two rates,
            an edition that contradicts the file, or a CO2e below CO2; ``where`` is file:sheet:row.
    """
    path = Path(path)
    content = _content(path)
    book = _sheets(path)
    rates = _unique(path.name, [*data_file(path.name, book), *summary_tables(path.name, book)])
    years = sorted({rate.year for rate in rates})
    if len(years) != 1:
        what = f"the sheets are of {' and '.join(map(str, years))}" if years else "no sheet holds eGRID rates"
        raise FactorError(what, where=path.name, todo="Give EPA's eGRID data file or its summary tables.")
    refuse_impossible(rates, path.name)
    stated = edition_of(path, book, years[0], edition)
    digest = hashlib.sha256(content).hexdigest()
    return [replace(rate, edition=stated, source=path.name, file_sha256=digest) for rate in rates]


def read_release(path: Path | str, edition: str | None = None) -> Release:
    """A workbook as a release that can be published.

    Raises:
        FactorError: as ``read`` does, and for a workbook whose edition is not stated anywhere.
    """
    rates = read(path, edition)
    first = rates[0]
    if first.edition == UNSTATED:
        what = f"{first.release}: the file does not state its revision"
        raise FactorError(what, where=Path(path).name, todo="Give the edition as EPA names this file, e.g. rev2.")
    return Release(first.dataset, first.year, first.edition, first.file_sha256, tuple(rates))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FactorError(f"this workbook cannot be read ({error})", where=path.name, todo="Check the path.") from error


def _sheets(path: Path) -> dict[str, Cells]:
    try:
        with CalamineWorkbook.from_path(path) as book:
            names = [name for name in book.sheet_names if _WANTED.fullmatch(name.strip())]
            return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except CalamineError as error:
        raise FactorError(f"this is no workbook ({error})", where=path.name, todo="Give EPA's .xlsx file.") from error


def _unique(file: str, rates: Iterable[Rate]) -> list[Rate]:
    found: dict[tuple[str, str], Rate] = {}
    for rate in rates:
        first = found.setdefault((rate.level, rate.region), rate)
        # The summary tables print the U.S. row twice; the same row twice in a data file would be a second region.
        if first is not rate and (rate.level != "us" or _pounds(first) != _pounds(rate)):
            raise FactorError(f"{rate.region} has two rates", where=file, todo="Keep one row per region.")
    return list(found.values())


def _pounds(rate: Rate) -> list[object]:
    return [getattr(rate, f"{gas}_lb_per_mwh") for gas in GASES]


def edition_of(path: Path, book: Mapping[str, Cells], year: int | None, given: str | None) -> str:
    """The revision that a file's name, its Contents sheet or the caller states; ``unstated`` if none does.

    Raises:
        FactorError: two of them differ, or what the caller gives is no edition.
    """
    stated = set(_NAME.findall(path.stem.lower())) | _contents(book, year)
    if given is not None:
        stated.add(_checked(given))
    if len(stated) > 1:
        todo = "Give the edition that the file itself states, or rename the file."
        raise FactorError(f"contradicting editions: {', '.join(sorted(stated))}", where=path.name, todo=todo)
    return stated.pop() if stated else UNSTATED


def _checked(edition: str) -> str:
    if not _EDITION.fullmatch(edition.lower()) or edition.lower() == UNSTATED:
        raise FactorError(f"{edition!r} is no edition", todo="Write it as rev2, v2 or first-release.")
    return edition.lower()


def _contents(book: Mapping[str, Cells], year: int | None) -> set[str]:
    said = re.compile(rf"egrid\s?{year}\W{{0,3}}rev(?:ision)?\.?\s*(\d+)", re.IGNORECASE)
    cells = (str(cell) for name, rows in book.items() if name.upper() == "CONTENTS" for row in rows for cell in row)
    return {f"rev{match[1]}" for cell in cells for match in said.finditer(cell)}
