"""eGRID at every level: the US, states, subregions, balancing authorities, NERC regions and plants.

A row of EPA's tables is an ``Area``. Its columns are found by EPA's short codes (``SRCO2RTA``, ``BACO2RTA``), never by
position: a prefix that says the level, and the quantity. Rates are the annual total output emission rates, lb/MWh, and
CO2e is EPA's own column. A row is rejected with the reason, and none is dropped, where a rate cannot be one: nothing
was generated, a plant took more from the grid than it gave, a rate is negative, or CO2e is below CO2.

A blank rate is not a rate of 0: EPA leaves it blank where it publishes no emissions, for wind and for what it does not
know alike. The resource mix (``CLPR`` …) is in per cent in 2018 and 2019 and a fraction in 2023; which one is told by
the sums of the rows, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from carbon_tokens.errors import FactorError, UnitError
from carbon_tokens.factors.rate import DATASET, Rate
from carbon_tokens.units import decimal

FUELS = {
    "CL": "coal", "OL": "oil", "GS": "gas", "NC": "nuclear", "HY": "hydro", "BM": "biomass", "WI": "wind",
    "SO": "solar", "GT": "geothermal", "OF": "other fossil", "OP": "other unknown",
}  # fmt: skip
GASES = ("CO2RTA", "CH4RTA", "N2ORTA", "C2ERTA")
GENERATION = "NGENAN"
UNITS = {"per cent": Decimal(100), "fraction": Decimal(1)}
_ROUNDING = Decimal("0.01")  # eleven shares of three digits, each half a digit wrong
_DIGITS = 16  # powers of ten of what EPA publishes, with room
_ASKED = 400  # rows that are asked for the unit of the mix


@dataclass(frozen=True, slots=True)
class Level:
    """A level of aggregation: EPA's sheet without the year's digits, prefix of the codes, columns of code and name."""

    level: str
    sheets: tuple[str, ...]
    prefix: str
    region: str = ""
    name: str = ""


LEVELS = (
    Level("us", ("US",), "US"),
    Level("state", ("ST",), "ST", "PSTATABB"),
    Level("ba", ("BA", "BAL"), "BA", "BACODE", "BANAME"),
    Level("subregion", ("SRL",), "SR", "SUBRGN", "SRNAME"),
    Level("nerc", ("NRL",), "NR", "NERC", "NERCNAME"),
    Level("plant", ("PLNT",), "PL", "ORISPL", "PNAME"),
)
# A plant's codes of the wider levels.
PARENTS = {"state": "PSTATABB", "ba": "BACODE", "subregion": "SUBRGN", "nerc": "NERC"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of one level: where it is, its columns by code, and the unit of its resource mix, if it has one."""

    where: str
    level: Level
    columns: Mapping[str, int] = field(repr=False)
    mix_unit: str


@dataclass(frozen=True, slots=True)
class Area:
    """One row: a region or a plant; lb/MWh, None where EPA publishes none, and net generation in MWh."""

    sheet: Sheet
    row: int  # of the file; the first is 1
    region: str
    name: str
    year: int | None  # None where the table has no year
    co2: Decimal | None
    ch4: Decimal | None
    n2o: Decimal | None
    co2e: Decimal | None
    generation: Decimal | None  # None where the table has no such column
    cells: Sequence[object] = field(repr=False, compare=False)

    @property
    def level(self) -> str:
        return self.sheet.level.level

    @property
    def where(self) -> str:
        return f"{self.sheet.where}:{self.row}"

    def value(self, code: str) -> Decimal | None:
        """The number of a column, by its code without the level's prefix (``CO2AN``: annual CO2, short tons).

        Raises:
            FactorError: no such column, or text.
        """
        full = self.sheet.level.prefix + code
        if full not in self.sheet.columns:
            raise FactorError(f"no column {full}", where=self.sheet.where)
        return number(self.cells[self.sheet.columns[full]], self.where)

    def parent(self, level: str) -> str:
        """The code of a plant's state, balancing authority, subregion or NERC region; empty where EPA states none."""
        column = self.sheet.columns.get(PARENTS[level]) if self.level == "plant" else None
        return "" if column is None else code(self.cells[column])

    def mix(self) -> dict[str, Decimal]:
        """The shares of the fuels in the generation, as fractions; empty where the table has none.

        Raises:
            FactorError: shares that do not add up to 1.
        """
        if not self.sheet.mix_unit:
            return {}
        scale = UNITS[self.sheet.mix_unit]
        shares = {fuel: (self.value(f"{short}PR") or Decimal(0)) / scale for short, fuel in FUELS.items()}
        total = sum(shares.values(), Decimal(0))
        if abs(total - 1) > _ROUNDING:
            raise FactorError(f"the resource mix of {self.region} adds up to {total:f}", where=self.where)
        return shares

    def to_rate(self, edition: str, source: str, file_sha256: str) -> Rate:
        """This row as a rate. Raises FactorError where EPA publishes no CO2 rate, or the table has no year."""
        if self.co2 is None or self.year is None:
            what = "no CO2 rate is published" if self.co2 is None else "the table states no year"
            raise FactorError(f"{self.level} {self.region}: {what}", where=self.where)
        key = DATASET, self.year, edition, self.level, self.region, self.name
        return Rate(*key, self.co2, self.ch4, self.n2o, self.co2e, None, source, file_sha256)


Rejected = tuple[str, str]  # file:row, reason


def number(cell: object, where: str = "") -> Decimal | None:
    """The exact decimal of a cell as its file stores it, negative ones too; None for a blank or ``--``.

    Raises:
        FactorError: text that is no finite number.
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**_DIGITS:
        return Decimal(int(cell))
    if cell is None or cell == "":
        return None
    if isinstance(cell, str) and cell.strip() in ("", "--"):
        return None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise FactorError(f"{cell!r} is no number", where=where)
    try:
        value = decimal(cell if isinstance(cell, str) else repr(cell), where=where)
    except UnitError as error:
        raise FactorError(f"{str(cell)[:40]!r} is no number", where=where) from error
    if value and not -_DIGITS < value.adjusted() < _DIGITS:
        raise FactorError(f"{str(cell)[:40]!r} is no quantity of a grid", where=where)
    return value


def code(cell: object) -> str:
    """A cell as a code: ``60814`` of the number 60814.0, single blanks, upper case; empty for a blank."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(str(cell).upper().split())


def level_of(codes: Sequence[str]) -> Level | None:
    """The level whose rates a header of codes has; None if it has none."""
    return next((each for each in LEVELS if each.prefix + "CO2RTA" in codes), None)


def sheet(where: str, level: Level, header: Sequence[object], rows: Sequence[Sequence[object]]) -> Sheet:
    """The columns of a table by its row of codes, and the unit of its mix.

    Raises:
        FactorError: a code twice, a missing rate or region, or a mix whose unit cannot be told.
    """
    codes = [code(cell) for cell in header]
    columns = {each: at for at, each in enumerate(codes) if each}
    wanted = [*(level.prefix + gas for gas in GASES), *filter(None, (level.region, level.name))]
    if missing := [each for each in wanted if each not in columns]:
        raise FactorError(f"no column {', '.join(missing)}", where=where, todo="Give the table as EPA publishes it.")
    if twice := sorted({each for each in codes if each and codes.count(each) > 1}):
        raise FactorError(f"{', '.join(twice)} stands twice", where=where)
    return Sheet(where, level, columns, _mix_unit(where, level, columns, rows))


def _mix_unit(where: str, level: Level, columns: Mapping[str, int], rows: Sequence[Sequence[object]]) -> str:
    places = [columns[full] for short in FUELS if (full := f"{level.prefix}{short}PR") in columns]
    if len(places) < len(FUELS):
        return ""
    sums = [_sum(row, places) for row in rows[:_ASKED]]
    near = {unit: sum(abs(each / whole - 1) <= _ROUNDING for each in sums) for unit, whole in UNITS.items()}
    if not any(near.values()):
        return ""
    if all(near.values()):
        raise FactorError("the resource mix is in per cent in some rows and a fraction in others", where=where)
    return max(near, key=lambda unit: near[unit])


def _sum(row: Sequence[object], places: Sequence[int]) -> Decimal:
    try:
        return sum((number(row[at]) or Decimal(0) for at in places), Decimal(0))
    except FactorError:
        return Decimal(0)


def rows(
    table: Sheet, numbered: Iterable[tuple[int, Sequence[object]]], year: int | None
) -> tuple[list[Area], list[Rejected]]:
    """The areas of a table's rows, and the rows that are none, with the reasons; none of a code that stands twice.

    Args:
        numbered: the rows with their numbers in the file. year: where the table has none.
    """
    kept: list[Area] = []
    rejected: list[Rejected] = []
    for at, cells in numbered:
        try:
            kept.append(_area(table, at, cells, year))
        except FactorError as error:
            rejected.append((f"{table.where}:{at}", error.what if any(map(code, cells)) else "an empty row"))
    first: dict[str, Area] = {}
    twice = {area.region for area in kept if first.setdefault(area.region, area) is not area}
    rejected += [(area.where, f"{area.region} stands more than once") for area in kept if area.region in twice]
    return [area for area in kept if area.region not in twice], rejected


def _area(table: Sheet, at: int, cells: Sequence[object], year: int | None) -> Area:
    columns, level = table.columns, table.level
    region = code(cells[columns[level.region]]) if level.region else "US"
    if not region:
        raise FactorError(f"no {level.region}")
    at_generation = columns.get(level.prefix + GENERATION)
    generation = None if at_generation is None else number(cells[at_generation])
    if at_generation is not None and (generation is None or generation <= 0):
        said = "no generation" if not generation else f"negative generation, {generation} MWh"
        raise FactorError(f"{region}: {said}: no rate follows from it")
    gases = [number(cells[columns[level.prefix + gas]]) for gas in GASES]
    _refuse(region, gases)
    stated = _year(cells[columns["YEAR"]]) if "YEAR" in columns else year
    name = " ".join(str(cells[columns[level.name]]).split()) if level.name else ""
    co2, ch4, n2o, co2e = gases
    return Area(table, at, region, name, stated, co2, ch4, n2o, co2e, generation, cells)


def _refuse(region: str, gases: Sequence[Decimal | None]) -> None:
    for gas, rate in zip(GASES, gases, strict=True):
        if rate is not None and rate < 0:
            raise FactorError(f"{region}: the rate {gas} is {rate} lb/MWh, below 0")
    co2, co2e = gases[0], gases[3]
    if co2 is not None and co2e is not None and co2e < co2:
        raise FactorError(f"{region}: CO2e {co2e} lb/MWh is below CO2 {co2} lb/MWh")


def _year(cell: object) -> int:
    year = number(cell)
    if year is None or year != int(year) or not 1990 <= year < 2200:
        raise FactorError(f"{cell!r} is no data year")
    return int(year)
