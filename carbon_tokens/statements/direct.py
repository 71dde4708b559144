"""Scope 1 of a month from a log of fuels and refrigerants, and from the published factors: whole grams, rounded up.

Each row's part of the month (by inclusive days) × its factor, exactly; the sum is rounded up once. Biogenic CO2 stands
apart: it is no part of scope 1 (GHG Protocol); and so does what the statement's boundary leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.energy.direct_log import Use
from carbon_tokens.factors import direct
from carbon_tokens.periods import Month
from carbon_tokens.statements.method import MethodReference
from carbon_tokens.units import ceil

_SOURCES = {"fuel": "scope 1: fuel burnt on site", "refrigerant": "scope 1: refrigerants"}  # as boundaries name them


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
    outside: bool = False  # of the boundary


@dataclass(frozen=True, slots=True)
class ScopeOne:
    """Scope 1 of a month: whole grams rounded up; biogenic CO2 and what is outside of the boundary apart."""

    month: Month
    boundary: str
    grams: int
    biogenic_g: int
    outside_g: int
    lines: tuple[Line, ...]

    @property
    def note(self) -> str:
        """What a statement says of what it does not count; "" if it counts all."""
        names = sorted({line.name for line in self.lines if line.outside})
        return f"{self.outside_g} g of {', '.join(names)} are outside of the boundary {self.boundary}" if names else ""

    def to_json(self) -> dict[str, object]:
        lines = [
            {"where": each.where, "name": each.name, "amount": f"{float(each.amount):g} {each.unit}",
             "g": f"{float(each.grams):.3f}", "biogenic_co2_g": f"{float(each.biogenic):.3f}", "formula": each.formula,
             "outside_boundary": each.outside}
            for each in self.lines
        ]  # fmt: skip
        head = {"month": str(self.month), "boundary": self.boundary, "scope1_g": self.grams}
        apart = {"biogenic_co2_g": self.biogenic_g, "outside_boundary_g": self.outside_g}
        return {**head, **apart, "gwp_set": "AR5", "rows": lines}


def scope1(uses: Sequence[Use], month: Month, method: MethodReference) -> ScopeOne:
    """Scope 1 of the month within a method's boundary.

    Raises:
        FactorError: a fuel, refrigerant or unit without a factor, by file:row.
    """
    lines = []
    for use in uses:
        found = direct.emissions(use.kind, use.name, use.within(month), use.unit, where=use.where)
        if use.within(month):
            given = (use.where, use.name, use.within(month), use.unit)
            outside = _SOURCES[use.kind] in method.excluded
            lines.append(Line(*given, found.grams, found.biogenic, found.formula, outside))
    sides = [[line for line in lines if line.outside is side] for side in (False, True)]
    grams, left_out = (ceil(sum((line.grams for line in side), Fraction(0))) for side in sides)
    biogenic = ceil(sum((line.biogenic for line in sides[0]), Fraction(0)))
    return ScopeOne(month, method.boundary, grams, biogenic, left_out, tuple(lines))
