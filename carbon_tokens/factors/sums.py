"""Whether eGRID's levels add up: every level is the same plants, grouped otherwise.

    Σ plants of a region = the region · Σ subregions = Σ states = Σ balancing authorities = Σ NERC regions = the US

for net generation (MWh), CO2 and CO2e (short tons). EPA rounds each row to three digits, so the sums differ by about as
many thousandths as there are rows; plants that have no rate of their own count here all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from carbon_tokens.errors import FactorError
from carbon_tokens.factors.area_files import Areas, Rows
from carbon_tokens.factors.areas import PARENTS, Sheet, code, number

QUANTITIES = ("NGENAN", "CO2AN", "CO2EQA")


@dataclass(frozen=True, slots=True)
class Sum:
    """A quantity of a region, as printed, and the sum of the parts; the unit is EPA's (MWh, short tons)."""

    quantity: str
    parts: str  # the level that was added up
    level: str
    region: str
    printed: Decimal
    added: Decimal

    @property
    def difference(self) -> Decimal:
        """Of the printed figure, relative; absolute where it is 0."""
        return abs(self.added - self.printed) / (abs(self.printed) or Decimal(1))


def reconcile(files: Iterable[Areas]) -> list[Sum]:
    """Every sum that the tables of one release allow, level by level; empty for a single level.

    Args:
        files: of one year and edition: a workbook, or the CSVs of the levels.

    Raises:
        FactorError: a table without one of the quantities, or text where one should be.
    """
    tables = {sheet.level.level: (sheet, rows) for each in files for sheet, rows in each.tables}
    return [found for quantity in QUANTITIES for found in _sums(tables, quantity)]


def _sums(tables: Mapping[str, tuple[Sheet, Rows]], quantity: str) -> Iterator[Sum]:
    by_level = {level: _by_region(*table, quantity, table[0].level.region) for level, table in tables.items()}
    for level, parts in by_level.items():
        if level != "us" and by_level.get("us"):
            yield Sum(quantity, level, "us", "US", by_level["us"]["US"], sum(parts.values(), Decimal(0)))
    plants = tables["plant"][0].columns if "plant" in tables else {}
    for level in [each for each in PARENTS if each in by_level and PARENTS[each] in plants]:
        added = _by_region(*tables["plant"], quantity, PARENTS[level])
        for region in sorted(by_level[level].keys() | added.keys()):
            printed = by_level[level].get(region, Decimal(0))
            yield Sum(quantity, "plant", level, region, printed, added.get(region, Decimal(0)))


def _by_region(sheet: Sheet, rows: Rows, quantity: str, column: str) -> dict[str, Decimal]:
    """The quantity by a column of codes; rows that name no region of their own level are none."""
    own = sheet.columns[sheet.level.region] if sheet.level.region else None
    if (full := sheet.level.prefix + quantity) not in sheet.columns:
        raise FactorError(f"no column {full}", where=sheet.where, todo="Give the table as EPA publishes it.")
    group, value = sheet.columns[column] if column else None, sheet.columns[full]
    found: dict[str, Decimal] = {}
    for at, cells in rows:
        if own is None or code(cells[own]):
            region = "US" if group is None else code(cells[group])
            found[region] = found.get(region, Decimal(0)) + (number(cells[value], f"{sheet.where}:{at}") or Decimal(0))
    return found
