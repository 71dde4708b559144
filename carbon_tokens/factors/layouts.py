"""The two forms in which EPA publishes eGRID as a workbook, found by their own labels, not by positions.

*Data file* (``egrid20yy_data.xlsx``): sheets ``US23``, ``ST23``, ``SRL23``, ``GGL23`` with the year's two digits; one
row of long names with units, one row of short codes (``SRCO2RTA``), then data. The ``YEAR`` column says the year.
*Summary tables*: ``1. Subregion Output Emission Rates (eGRID2023)``, three header rows, a ``U.S.`` row at the end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from carbon_tokens.errors import FactorError, UnitError
from carbon_tokens.factors.rate import DATASET, GASES, UNSTATED, Rate
from carbon_tokens.units import decimal

Cells = Sequence[Sequence[object]]
US_NAME = "United States"
CODES = {"co2": "CO2RTA", "ch4": "CH4RTA", "n2o": "N2ORTA", "co2e": "C2ERTA"}
# EPA's grid gross loss is per interconnect; Puerto Rico is in none and EPA prints no loss for it.
INTERCONNECTS = {
    **dict.fromkeys(("AKGD", "AKMS"), "ALASKA"),
    **dict.fromkeys(("HIMS", "HIOA"), "HAWAII"),
    **dict.fromkeys(("AZNM", "CAMX", "NWPP", "RMPA"), "WESTERN"),
    **dict.fromkeys(("FRCC", "MROE", "MROW", "NEWE", "NYCW", "NYLI", "NYUP", "RFCE", "RFCM", "RFCW"), "EASTERN"),
    **dict.fromkeys(("SPNO", "SPSO", "SRMV", "SRMW", "SRSO", "SRTV", "SRVC"), "EASTERN"),
    "ERCT": "ERCOT",
    "US": "U.S.",
}
_TITLE = re.compile(r"(subregion|state) output emission rates.*\(egrid\s?(\d{4})", re.IGNORECASE)
_UNIT = re.compile(r"\(\s*([^()]*/[^()]*?)\s*\)")
_AS_PUBLISHED = "Give the workbook as EPA publishes it."
_IN_POUNDS = "Give EPA's edition in lb/MWh."
_HEADER_ROWS = 12  # the header is looked for in the first rows only


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the data file: its name without digits, what it holds, and how its columns are called."""

    name: str
    level: str
    region: str | None
    title: str | None
    prefix: str


SHEETS = (
    Sheet("US", "us", None, None, "US"),
    Sheet("ST", "state", "PSTATABB", None, "ST"),
    Sheet("SRL", "subregion", "SUBRGN", "SRNAME", "SR"),
)


def label(cell: object) -> str:
    """A cell as a label: subscripts as digits, upper case, single spaces; empty for None."""
    return " ".join(unicodedata.normalize("NFKC", "" if cell is None else str(cell)).upper().split())


def number(cell: object, where: str) -> Decimal | None:
    """The exact decimal of a cell as its file stores it; None for a blank or ``--``.

    Raises:
        FactorError: text that is no number, or a number below zero.
    """
    if cell is None or label(cell) in ("", "--"):
        return None
    try:
        value = decimal(repr(cell) if isinstance(cell, (int, float)) else str(cell), where=where)
    except UnitError as error:
        raise FactorError(f"{cell!r} is no rate", where=where, todo=_AS_PUBLISHED) from error
    if value < 0:
        raise FactorError(f"the rate {value} is negative", where=where, todo=_AS_PUBLISHED)
    return Decimal(int(value)) if value == value.to_integral_value() else value


def data_file(file: str, book: Mapping[str, Cells]) -> Iterator[Rate]:
    """The rates of the data-file form, level by level. Raises FactorError for a missing column or a wrong unit."""
    losses = _losses(file, book)
    for sheet in SHEETS:
        for name, cells in book.items():
            if re.fullmatch(rf"{sheet.name}\d{{2}}(\d{{2}})?", label(name)):
                yield from _data_sheet(f"{file}:{name}", cells, sheet, losses)


def _data_sheet(where: str, cells: Cells, sheet: Sheet, losses: Mapping[str, Decimal]) -> Iterator[Rate]:
    gases = {gas: sheet.prefix + code for gas, code in CODES.items()}
    wanted = ["YEAR", *gases.values(), *filter(None, (sheet.region, sheet.title))]
    top, column = _codes(where, cells, wanted)
    if top:
        _refuse_other_units(where, cells[top - 1], [column[code] for code in gases.values()])
    for index in range(top + 1, len(cells)):
        row, place = cells[index], f"{where}:{index + 1}"
        if not any(map(label, row)):
            continue
        region = label(row[column[sheet.region]]) if sheet.region else "US"
        name = " ".join(str(row[column[sheet.title]]).split()) if sheet.title else US_NAME if region == "US" else ""
        found = {gas: number(row[column[code]], place) for gas, code in gases.items()}
        year = _year(row[column["YEAR"]], place)
        yield _rate(place, year, sheet.level, region, name, found, losses.get(INTERCONNECTS.get(region, "")))


def _codes(where: str, cells: Cells, wanted: Sequence[str]) -> tuple[int, dict[str, int]]:
    best: list[str] = list(wanted)
    for index, row in enumerate(cells[:_HEADER_ROWS]):
        column = {label(cell): place for place, cell in reversed(list(enumerate(row)))}
        missing = [code for code in wanted if code not in column]
        if not missing:
            return index, column
        best = min(best, missing, key=len)
    raise FactorError(f"no header row with {', '.join(best)}", where=where, todo=_AS_PUBLISHED)


def _refuse_other_units(where: str, names: Sequence[object], columns: Sequence[int]) -> None:
    # EPA's metric workbooks (kg/MWh) and the lb/GWh of early releases bear the same short codes.
    for column in columns:
        unit = _UNIT.search(str(names[column]))
        if unit and not re.fullmatch(r"lbs?/mwh", unit[1], re.IGNORECASE):
            what = f"{' '.join(str(names[column]).split())!r} is in {unit[1]}, not in lb/MWh"
            raise FactorError(what, where=where, todo=_IN_POUNDS)


def _losses(file: str, book: Mapping[str, Cells]) -> dict[str, Decimal]:
    for name, cells in book.items():
        if re.fullmatch(r"GGL\d{2}(\d{2})?", label(name)):
            top, column = _codes(f"{file}:{name}", cells, ("REGION", "GGRSLOSS"))
            read = ((row, f"{file}:{name}:{at}") for at, row in enumerate(cells[top + 1 :], top + 2))
            found = ((label(row[column["REGION"]]), _loss(row[column["GGRSLOSS"]], place)) for row, place in read)
            return {region: loss for region, loss in found if loss is not None}
    return {}


def _loss(cell: object, where: str) -> Decimal | None:
    loss = number(cell, where)
    if loss is not None and loss >= 1:
        raise FactorError(f"the grid gross loss {loss} is no fraction", where=where, todo="Write 4.2 % as 0.042.")
    return loss


def summary_tables(file: str, book: Mapping[str, Cells]) -> Iterator[Rate]:
    """The rates of the summary-tables form. Raises FactorError for a missing heading or a wrong unit."""
    for name, cells in book.items():
        titles = (_TITLE.search(" ".join(map(str, row))) for row in cells[:3])
        if title := next(filter(None, titles), None):
            yield from _summary_table(f"{file}:{name}", cells, title[1].lower(), int(title[2]))


def _summary_table(where: str, cells: Cells, level: str, year: int) -> Iterator[Rate]:
    top, columns = _headings(where, cells, "EGRID SUBREGION ACRONYM" if level == "subregion" else "STATE")
    for index in range(top + 1, len(cells)):
        row, place = cells[index], f"{where}:{index + 1}"
        region = label(row[columns["region"]])
        if not re.fullmatch(r"U\.S\.|[A-Z]{4}|[A-Z]{2}", region):
            _refuse_unread_numbers(place, region, row[columns["co2"]])
            continue
        found = {gas: number(row[columns[gas]], place) for gas in GASES}
        loss = _loss(row[columns["loss"]], place) if "loss" in columns else None
        if region == "U.S.":
            yield _rate(place, year, "us", "US", US_NAME, found, loss)
        else:
            name = " ".join(str(row[columns["name"]]).split()) if "name" in columns else ""
            yield _rate(place, year, level, region, name, found, loss)


def _headings(where: str, cells: Cells, region: str) -> tuple[int, dict[str, int]]:
    # Three rows: groups, units, gases. A gas is looked for inside the group "Total output emission rates" only.
    head = [[label(cell) for cell in row] for row in cells[:_HEADER_ROWS]]
    group = next((index for index, row in enumerate(head) if "TOTAL OUTPUT EMISSION RATES" in row), None)
    if group is None or len(head) < group + 3 or region not in head[group]:
        raise FactorError("no heading 'Total output emission rates'", where=where, todo=_AS_PUBLISHED)
    start = head[group].index("TOTAL OUTPUT EMISSION RATES")
    if head[group + 1][start] not in ("LB/MWH", "(LB/MWH)"):
        raise FactorError(f"the rates are in {head[group + 1][start]!r}", where=where, todo=_IN_POUNDS)
    later = (at for at, text in enumerate(head[group]) if at > start and "EMISSION RATES" in text)
    names = head[group + 2][start : next(later, None)]
    missing = [gas for gas in GASES if gas.upper() not in names]
    if missing:
        raise FactorError(f"no column {', '.join(missing)}", where=where, todo=_AS_PUBLISHED)
    columns = {gas: start + names.index(gas.upper()) for gas in GASES} | {"region": head[group].index(region)}
    optional = {"name": "EGRID SUBREGION NAME", "loss": "GRID GROSS LOSS (%)"}
    return group + 2, columns | {key: head[group].index(text) for key, text in optional.items() if text in head[group]}


def _refuse_unread_numbers(where: str, region: str, cell: object) -> None:
    if isinstance(cell, (int, float)):
        raise FactorError(f"{region!r} is no state or subregion, yet has a rate", where=where, todo="Name its region.")


def _year(cell: object, where: str) -> int:
    year = number(cell, where)
    if year is None or year != int(year) or not 1990 <= year < 2200:
        raise FactorError(f"{cell!r} is no data year", where=where, todo=_AS_PUBLISHED)
    return int(year)


def _rate(
    where: str, year: int, level: str, region: str, name: str, gases: Mapping[str, Decimal | None], loss: Decimal | None
) -> Rate:
    co2 = gases["co2"]
    if co2 is None or not region:
        raise FactorError(f"{region or 'a row without a region'} has no CO2 rate", where=where, todo=_AS_PUBLISHED)
    others = gases["ch4"], gases["n2o"], gases["co2e"], loss
    return Rate(DATASET, year, UNSTATED, level, region, name, co2, *others, "", "")
