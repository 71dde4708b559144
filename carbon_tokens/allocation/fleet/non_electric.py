"""Scope 1 and 3 of a fleet's month, METHOD (h): worldwide, without geography, whole grams rounded up once a scope.

Either the month's masses are given as they are (table ``nonelectric``), or they follow from what they come of:

    cohorts     count × kg ÷ months, in the months from the entry into service on (48 where nothing else is said)
    buildings   kg ÷ months, likewise (240)
    fuel        a twelfth of the year's; scope 1
    travel      a twelfth of the year's × staff ÷ employees

Of fuel and travel the latest year up to the month's own is taken, which the result names: years are known late, and are
restated when they are. A scope that is given both ways would count twice and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.method.non_electric import (
    Cohort,
    Facility,
    monthly_fuel,
    monthly_travel,
    non_electric_emissions,
)
from carbon_tokens.errors import AllocationError, FleetError, PeriodError
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil

SCOPES = {"scope1": ("fuel",), "scope3": ("cohorts", "buildings", "travel")}  # and the tables that they follow from
_UG = 10**6  # in a gram


@dataclass(frozen=True, slots=True)
class Worldwide:
    """Scope 1 and 3 of the month.

    Attributes:
        parts: exact grams by what they come of: equipment, buildings, fuel, travel, or scope1 and scope3 as given.
        years: of fuel and travel, whose numbers were taken.
    """

    scope1_g: int
    scope3_g: int
    parts: dict[str, Fraction]
    years: dict[str, int]

    @property
    def grams(self) -> dict[str, int]:
        return {"scope1_g": self.scope1_g, "scope3_g": self.scope3_g}


def worldwide(tables: Mapping[str, pa.Table], month: Month | None) -> Worldwide:
    """What the tables of a fleet say of scope 1 and 3.

    Args:
        month: of the fleet's hours; None where they are hours of no named month.

    Raises:
        FleetError: a scope given twice, cohorts without a month, no year up to the month's, a key twice.
    """
    given = _given(tables)
    if double := [(scope, name) for scope, of in SCOPES.items() for name in of if scope in given and name in tables]:
        scope, name = double[0]
        what = f"{scope} is given as a whole, and by {name} again"
        raise FleetError(what, where=f"nonelectric, {name}", todo="Keep one: either would count it twice.")
    named = [name for of in SCOPES.values() for name in of if name in tables]
    if named and month is None:
        todo = "Give facility_hours with instants (2024-07-01T00:00Z), or the month's masses in nonelectric."
        raise FleetError("the hours are of no named month", where=named[0], todo=todo)
    parts, years = _followed(tables, month) if month and named else ({}, {})
    parts |= given
    scope1 = sum((parts.get(name, Fraction(0)) for name in ("fuel", "scope1")), Fraction(0))
    return Worldwide(ceil(scope1), ceil(sum(parts.values(), Fraction(0)) - scope1), parts, years)


def _given(tables: Mapping[str, pa.Table]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for row in tables["nonelectric"].to_pylist() if "nonelectric" in tables else []:
        if row["scope"] not in SCOPES:
            todo = "Scopes: scope1, scope3; scope 2 is what this allocates."
            raise FleetError(f"scope {row['scope']!r} is unknown", where="nonelectric", todo=todo)
        found[row["scope"]] = found.get(row["scope"], Fraction(0)) + Fraction(row["mass"], _UG)
    return found


def _followed(tables: Mapping[str, pa.Table], month: Month) -> tuple[dict[str, Fraction], dict[str, int]]:
    cohorts = [
        Cohort(row["cohort"], row["count"], Fraction(row["mass"], _UG), _entered(row, "cohorts"), row["months"])
        for row in _rows(tables, "cohorts", "cohort")
    ]
    buildings = [
        Facility(row["building"], Fraction(row["mass"], _UG), _entered(row, "buildings"), row["months"])
        for row in _rows(tables, "buildings", "building")
    ]
    years, fuel, travel = {}, Fraction(0), Fraction(0)
    if "fuel" in tables:
        row = _latest(tables, "fuel", month)
        years["fuel"], fuel = row["year"], monthly_fuel(Fraction(row["mass"], _UG))
    if "travel" in tables:
        row = _latest(tables, "travel", month)
        try:
            travel = monthly_travel(Fraction(row["mass"], _UG), row["staff"], row["employees"])
        except AllocationError as error:
            raise FleetError(error.what, where=f"travel, {row['year']}") from error
        years["travel"] = row["year"]
    found = non_electric_emissions(month, cohorts, buildings, fuel, travel)
    every = {"equipment": found.equipment, "buildings": found.facilities, "fuel": found.fuel, "travel": found.travel}
    names = {"cohorts": "equipment"}
    return {part: every[part] for part in (names.get(n, n) for of in SCOPES.values() for n in of if n in tables)}, years


def _rows(tables: Mapping[str, pa.Table], name: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tables[name].to_pylist() if name in tables else []
    seen: set[object] = set()
    for at, row in enumerate(rows, start=1):
        if row[key] in seen:
            raise FleetError(f"{key} {row[key]!r} stands in two rows", where=f"{name}, row {at}", todo="Give it once.")
        if row.get("months") == 0:
            raise FleetError(f"{key} {row[key]!r} has a life of no months", where=f"{name}, row {at}")
        seen.add(row[key])
    return rows


def _entered(row: Mapping[str, Any], name: str) -> Month:
    try:
        return Month.parse(row["in_service"])
    except PeriodError as error:
        raise FleetError(f"in_service {error.what}", where=name, todo=error.todo) from error


def _latest(tables: Mapping[str, pa.Table], name: str, month: Month) -> dict[str, Any]:
    """The row of the latest year that is not after the month's."""
    rows = [row for row in _rows(tables, name, "year") if row["year"] <= month.year]
    if not rows:
        raise FleetError(f"no year up to {month.year}", where=name, todo="Give the last year that is known.")
    return max(rows, key=lambda row: int(row["year"]))
