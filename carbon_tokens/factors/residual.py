"""Residual-mix rates, which the user brings.

The GHG Protocol's Scope 2 Guidance takes the residual mix for the electricity that no certificate covers. For the US it
is published per eGRID subregion by the Center for Resource Solutions (Green-e), who give no licence to redistribute, so
no table is shipped: the user's own copy is read here. Where none is published, that absence is stated, never filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from carbon_tokens.errors import FactorError, UnitError
from carbon_tokens.factors import table
from carbon_tokens.units import decimal, factor_g_per_mwh, lb_per_mwh_to_g_per_mwh

COLUMNS = ("year", "region", "residual_lb_per_mwh", "source")
GREEN_E = ("residual_year", "subregion", "residual_lb_per_mwh")  # Green-e's own table, which is its own source
_CITE = "Fill in the row; the source is who published the rate."


@dataclass(frozen=True, slots=True)
class Residual:
    """The residual-mix rate of a region and year: lb CO2e/MWh exactly as published, and who published it."""

    region: str
    year: int
    residual_lb_per_mwh: Decimal
    source: str

    @property
    def g_per_mwh(self) -> Decimal:
        """Exact g CO2e/MWh."""
        return lb_per_mwh_to_g_per_mwh(self.residual_lb_per_mwh)

    @property
    def factor(self) -> int:
        """g CO2e/MWh rounded up, the form that goes on chain."""
        return factor_g_per_mwh(self.g_per_mwh)


def read(path: Path | str, year: int) -> dict[str, Residual]:
    """The residual rates of one year from a CSV: year, region, residual_lb_per_mwh and source, or Green-e's table.

    Raises:
        FactorError: a missing column, a row that is no rate, a region given twice, or no row of that year.
    """
    path = Path(path)
    found = _unique(path.name, (row for row in _parsed(path) if row.year == year))
    if not found:
        raise FactorError(f"no residual rate of {year}", where=path.name, todo="Give a table that holds this year.")
    return found


def _parsed(path: Path) -> Iterable[Residual]:
    for where, row in _rows(path):
        try:
            rate, year = decimal(row["residual_lb_per_mwh"], where=where), int(row["year"])
        except (UnitError, ValueError) as error:
            what = f"no residual rate: {row['year']!r}, {row['residual_lb_per_mwh']!r}"
            raise FactorError(what, where=where, todo="Write the year and lb/MWh in digits.") from error
        if rate < 0 or not row["region"] or not row["source"]:
            raise FactorError("a residual rate needs a region, a source and no minus sign", where=where, todo=_CITE)
        yield Residual(row["region"].upper(), year, rate, row["source"])


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    rows = table.read(path, ("residual_lb_per_mwh",))
    for where, row in rows:
        if set(GREEN_E) <= set(row):
            row = {"year": row[GREEN_E[0]], "region": row[GREEN_E[1]], GREEN_E[2]: row[GREEN_E[2]], "source": path.name}
        elif missing := [column for column in COLUMNS if column not in row]:
            raise FactorError(
                f"missing column {', '.join(missing)}", where=path.name, todo=f"Give {', '.join(COLUMNS)}."
            )
        yield where, row


def _unique(name: str, rows: Iterable[Residual]) -> dict[str, Residual]:
    found: dict[str, Residual] = {}
    for row in rows:
        if found.setdefault(row.region, row) is not row:
            what = f"{row.region} {row.year} stands there twice"
            raise FactorError(what, where=name, todo="Keep one row per region and year.")
    return found
