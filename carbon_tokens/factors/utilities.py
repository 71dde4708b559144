"""US utilities by their EIA number, from EIA-861's Utility Data: where each works, and to whom it belongs.

The workbook has two sheets, States and Territories: a row of group titles (``Also operating in other NERC Regions``),
a row of headers, then data. ``SPP`` stands under two groups, so a column is found by its group and header; other years
have more columns. The state of a row is that under which the utility files, not all that it serves (PacifiCorp: one of
six), so no state's rate follows from it: a utility of several states is mixed by its retail sales (METHOD 8.1), a table
of the user's (``sales``), for the Utility Data hold none. The EIA number joins it to EPA's ZIP table (``zips``).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import table, zips
from carbon_tokens.factors.areas import code, number
from carbon_tokens.units import decimal

SHEETS = ("STATES", "TERRITORIES")
COLUMNS = ("DATA YEAR", "UTILITY NUMBER", "UTILITY NAME", "STATE", "OWNERSHIP TYPE", "NERC REGION")
NERC_GROUP, RTO_GROUP = "NERC REGIONS", "RTOS"  # in the titles of the groups
WITHHELD = 88888  # EIA's number for every utility that it does not name
SALES_COLUMNS = ("year", "eia_utility", "state", "retail_sales_mwh")
_AS_PUBLISHED = "Give EIA-861's Utility_Data workbook as it is published."


@dataclass(frozen=True, slots=True)
class Utility:
    """A utility: the states that it files under, NERC regions (its own first) and RTOs, as it files them."""

    number: int
    name: str
    ownership: str
    states: tuple[str, ...]
    nerc: tuple[str, ...]
    rtos: tuple[str, ...]
    where: str  # file:sheet:row of its first row


@dataclass(frozen=True, slots=True)
class Utilities:
    """The utilities of a year, by number, and the rows that are none, with the reasons."""

    file: str
    file_sha256: str
    year: int
    rows: int
    utilities: Mapping[int, Utility]
    rejected: tuple[tuple[str, str], ...]

    def of(self, number: int) -> Utility:
        """Raises FactorError for a number that the file does not have."""
        if number not in self.utilities:
            raise FactorError(f"no utility {number} in {self.year}", where=self.file, todo="Check the EIA number.")
        return self.utilities[number]


@dataclass(frozen=True, slots=True)
class Sales:
    """The parts of a utility's retail sales in a year by state, which add up to 1, and the file that says so."""

    shares: Mapping[str, Fraction]
    file: str
    file_sha256: str


def read(path: Path | str) -> Utilities:
    """The utilities in the workbook.

    Raises:
        FactorError: no workbook of Utility Data, a missing column, or two years.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FactorError(f"this file cannot be read ({error})", where=path.name) from error
    rows: list[tuple[str, dict[tuple[str, str], object]]] = []
    for name, cells in _sheets(path.name, content).items():
        rows += _rows(f"{path.name}:{name}", cells)
    found: dict[int, Utility] = {}
    rejected: list[tuple[str, str]] = []
    years = set()
    for where, row in rows:
        try:
            one, year = _utility(where, row)
        except FactorError as error:
            rejected.append((where, error.what))
            continue
        years.add(year)
        found[one.number] = _joined(found.get(one.number, one), one)
    if len(years) != 1:
        raise FactorError(f"the rows are of {len(years)} years", where=path.name, todo=_AS_PUBLISHED)
    digest = hashlib.sha256(content).hexdigest()
    return Utilities(path.name, digest, years.pop(), len(rows), found, tuple(rejected))


def known(content: bytes) -> bool:
    """Whether a workbook is EIA-861's Utility Data."""
    try:
        return bool(_sheets("", content))
    except FactorError:
        return False


def of_zip(found: Utilities, zip: str) -> list[tuple[zips.Candidate, Utility | None]]:
    """The utilities among which a ZIP of several subregions is decided; None where the workbook has no such number."""
    return [(each, found.utilities.get(each.eia_utility)) for each in zips.candidates(zip)]


def sales(path: Path | str, utility: int, year: int) -> Sales:
    """The parts of a utility's retail sales by state, from a CSV of ``SALES_COLUMNS``.

    Raises:
        FactorError: a missing column, a cell that is no amount, a state twice, or no sales of the utility and year.
    """
    path = Path(path)
    found: dict[str, Fraction] = {}
    for where, row in table.read(path, SALES_COLUMNS):
        if (row["eia_utility"], row["year"]) != (str(utility), str(year)):
            continue
        amount = decimal(row["retail_sales_mwh"], where=where)
        if amount < 0 or amount.adjusted() > 12 or not row["state"] or row["state"].upper() in found:
            raise FactorError(f"{row['state']!r}: {str(amount)[:20]} MWh are no sales of a state", where=where)
        found[row["state"].upper()] = Fraction(amount)
    total = sum(found.values())
    if not total:
        raise FactorError(f"no retail sales of utility {utility} in {year}", where=path.name)
    shares = {state: amount / total for state, amount in found.items()}
    return Sales(shares, path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def _sheets(file: str, content: bytes) -> Mapping[str, Sequence[Sequence[object]]]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            names = [name for name in book.sheet_names if code(name) in SHEETS]
            cells = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except CalamineError as error:
        raise FactorError(f"this is no workbook ({error})", where=file, todo=_AS_PUBLISHED) from error
    found = {name: rows for name, rows in cells.items() if set(COLUMNS) <= {code(cell) for cell in (*rows[1:2], ())[0]}}
    if not found:
        raise FactorError("no sheet of utilities", where=file, todo=_AS_PUBLISHED)
    return found


def _rows(where: str, cells: Sequence[Sequence[object]]) -> Iterator[tuple[str, dict[tuple[str, str], object]]]:
    """The rows by (group, header); of the first group the header alone is the name."""
    groups: list[str] = []
    for title in cells[0]:
        groups.append(code(title) or (groups[-1] if groups else ""))
    keys = list(zip(groups, map(code, cells[1]), strict=True))
    if twice := sorted({header for at, (group, header) in enumerate(keys) if header and (group, header) in keys[:at]}):
        raise FactorError(f"{', '.join(twice)} stands twice in a group", where=where, todo=_AS_PUBLISHED)
    for at, row in enumerate(cells[2:], start=3):
        if any(cell not in ("", None) for cell in row):
            yield f"{where}:{at}", dict(zip(keys, row, strict=True))


def _utility(where: str, row: Mapping[tuple[str, str], object]) -> tuple[Utility, int]:
    by_header = {header: cell for (_, header), cell in reversed(list(row.items()))}
    year, eia = (number(by_header[column]) for column in COLUMNS[:2])
    name, state, ownership = (" ".join(str(by_header[column]).split()) for column in COLUMNS[2:5])
    if year is None or eia is None or year != int(year) or eia != int(eia) or not 1990 <= year < 2200 or eia <= 0:
        raise FactorError(f"{by_header[COLUMNS[1]]!r} of {by_header[COLUMNS[0]]!r} is no utility of a year")
    if eia == WITHHELD:
        raise FactorError("withheld: EIA does not name this utility")
    if not name or not state:
        raise FactorError(f"utility {eia} has no name or no state")
    own = code(by_header[COLUMNS[5]])
    nerc = dict.fromkeys([*([own] if own else []), *_flags(row, NERC_GROUP)])
    return Utility(int(eia), name, ownership, (state.upper(),), tuple(nerc), tuple(_flags(row, RTO_GROUP)), where), int(
        year
    )


def _flags(row: Mapping[tuple[str, str], object], group: str) -> list[str]:
    return [header for (title, header), cell in row.items() if group in title and code(cell) == "Y"]


def _joined(first: Utility, other: Utility) -> Utility:
    """One utility of two rows, in the states, NERC regions and RTOs of both."""
    states, nerc, rtos = (
        tuple(dict.fromkeys([*getattr(first, name), *getattr(other, name)])) for name in ("states", "nerc", "rtos")
    )
    return Utility(first.number, first.name, first.ownership, states, nerc, rtos, first.where)
