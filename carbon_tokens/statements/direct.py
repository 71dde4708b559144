"""Scope 1 of a month from a log of fuels and refrigerants, and from the published factors: whole grams, rounded up.

Each row's part of the month (by inclusive days) × its factor, exactly; the sum is rounded up once. Biogenic CO2 stands
apart: it is no part of scope 1 (GHG Protocol).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.energy.direct_log import Use
from carbon_tokens.factors import direct
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil


@dataclass(frozen=True, slots=True)
class Line:
    """A row's part of the month: its exact g CO2e, and the formula behind it."""

    where: str
    name: str
    amount: Fraction
    unit: str
    grams: Fraction
    biogenic: Fraction
    formula: str


@dataclass(frozen=True, slots=True)
class ScopeOne:
    """Scope 1 of a month: whole grams rounded up, and biogenic CO2 apart."""

    month: Month
    grams: int
    biogenic_g: int
    lines: tuple[Line, ...]

    def to_json(self) -> dict[str, object]:
        lines = [
            {"where": each.where, "name": each.name, "amount": f"{float(each.amount):g} {each.unit}",
             "g": f"{float(each.grams):.3f}", "biogenic_co2_g": f"{float(each.biogenic):.3f}", "formula": each.formula}
            for each in self.lines
        ]  # fmt: skip
        head = {"month": str(self.month), "scope1_g": self.grams, "biogenic_co2_g": self.biogenic_g}
        return {**head, "gwp_set": "AR5", "rows": lines}


def scope1(uses: Sequence[Use], month: Month) -> ScopeOne:
    """Scope 1 of the month. Raises FactorError for a fuel, refrigerant or unit without a factor, by file:row."""
    lines = []
    for use in uses:
        found = direct.emissions(use.kind, use.name, use.within(month), use.unit, where=use.where)
        if use.within(month):
            lines.append(
                Line(use.where, use.name, use.within(month), use.unit, found.grams, found.biogenic, found.formula)
            )
    sums = (sum((getattr(line, name) for line in lines), Fraction(0)) for name in ("grams", "biogenic"))
    total, biogenic = map(ceil, sums)
    return ScopeOne(month, total, biogenic, tuple(lines))
