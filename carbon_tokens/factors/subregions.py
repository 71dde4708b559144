"""Tables of subregions as CSV under plain headers: the Power Profiler's rates and the Emission Factors Hub's table 6.

Columns ``SUBRGN`` and ``CO2_lb_per_MWh``; optional CH4, N2O and CO2e, the name, the grid gross loss and
``egrid_release`` (``eGRID2022``), which says the year. The row ``National`` or ``US Average`` is the US.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import areas, table, workbook
from carbon_tokens.factors.layouts import US_NAME
from carbon_tokens.factors.rate import DATASET, Rate, refuse_impossible

COLUMNS = ("SUBRGN", "CO2_lb_per_MWh")
_GASES = ("CO2_lb_per_MWh", "CH4_lb_per_MWh", "N2O_lb_per_MWh", "CO2e_lb_per_MWh")
_NATIONAL = ("National", "US Average")


def known(content: bytes) -> bool:
    """Whether the header of a CSV has the columns."""
    return set(COLUMNS) <= set(table.header(content))


def read(path: Path, *, year: int | None = None, edition: str | None = None) -> list[Rate]:
    """The rates of subregions and the US, lb/MWh.

    Args:
        year: where the table has no ``egrid_release``; edition: of the table, which states none.

    Raises:
        FactorError: no year or two, a cell that is no rate, a region twice, or a CO2e below CO2.
    """
    rows = list(table.read(path, COLUMNS))
    releases = {row["egrid_release"] for _, row in rows if "egrid_release" in row}
    years = {int(match[1]) for each in releases if (match := re.match(r"eGRID\s?(\d{4})(?!\d)", each))}
    years |= set() if years or year is None else {year}
    if len(years) != 1:
        todo = "Say the data year."
        raise FactorError(f"the table is of {len(years)} years", where=path.name, todo=todo)
    stated = workbook.edition_of(path, {}, None, edition)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    rates = [_rate(where, row, min(years), stated, path.name, digest) for where, row in rows]
    regions = [rate.region for rate in rates]
    if twice := sorted({region for region in regions if regions.count(region) > 1}):
        raise FactorError(f"{', '.join(twice)} has two rates", where=path.name)
    if not rates:
        raise FactorError("the table has no rows", where=path.name)
    refuse_impossible(rates, path.name)
    return rates


def _rate(where: str, row: dict[str, str], year: int, edition: str, file: str, digest: str) -> Rate:
    national = row["SUBRGN"] in _NATIONAL
    region = "US" if national else row["SUBRGN"]
    if not re.fullmatch(r"US|[A-Z]{4}", region):
        raise FactorError(f"{region!r} is no subregion", where=where)
    gases = [areas.number(row.get(gas, ""), where) for gas in _GASES]
    loss = areas.number(row.get("grid_gross_loss_fraction", ""), where)
    if gases[0] is None or any(rate is not None and rate < 0 for rate in gases) or not 0 <= (loss or Decimal(0)) < 1:
        raise FactorError(f"{region} has no CO2 rate, or a number below 0", where=where)
    name = US_NAME if national else row.get("SRNAME", "")
    key = DATASET, year, edition, "us" if national else "subregion", region, name
    return Rate(*key, gases[0], gases[1], gases[2], gases[3], loss, file, digest)
