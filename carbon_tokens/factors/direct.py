"""Scope 1 of a site: what fuel burnt in generators and boilers, and what leaks from cooling and switchgear, emits.

Fuel: US EPA's GHG Emission Factors Hub, stationary combustion, kg CO2 and g CH4 and N2O a unit of fuel, × GWP:

    g CO2e = amount × (1000 × kg CO2 + g CH4 × GWP(CH4) + g N2O × GWP(N2O))

CO2 of biomass is biogenic: outside the scopes and stated apart (GHG Protocol, Corporate Standard, chapter 4), while its
CH4 and N2O count. Refrigerants: mass that leaked × Σ mass fraction × GWP of the gases in the blend; of hydrocarbons and
olefins with a GWP near 1 none is shipped. GWPs are of one set (AR5, 100 years), which is named in every result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from carbon_tokens import data_files
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import table
from carbon_tokens.units import decimal

FUEL_COLUMNS = ("fuel", "unit", "mmbtu", "kg_co2", "g_ch4", "g_n2o", "biogenic", "source")
GAS_COLUMNS = ("gas", "gwp", "gwp_set", "source")
REFRIGERANT_COLUMNS = ("refrigerant", "gas", "mass_fraction", "source")
KINDS = ("fuel", "refrigerant")
# Exact by definition: of a unit of fuel in the hub's units, and of kilograms. A liter is 1/3.785411784 US gallon.
UNITS: Mapping[str, Mapping[str, Fraction]] = {
    "gallon": {"gallon": Fraction(1), "l": 1 / Fraction("3.785411784"), "m3": 1000 / Fraction("3.785411784")},
    "scf": {"scf": Fraction(1), "m3": 1 / Fraction("0.028316846592")},
    "short ton": {"short ton": Fraction(1), "kg": 1 / Fraction("907.18474"), "t": 1000 / Fraction("907.18474")},
    "kg": {"kg": Fraction(1), "g": Fraction(1, 1000), "lb": Fraction("0.45359237")},
}
NAMES = {
    "diesel": "Distillate Fuel Oil No. 2",
    "heating oil": "Distillate Fuel Oil No. 2",
    "gasoline": "Motor Gasoline",
    "gas": "Natural Gas",
    "biodiesel": "Biodiesel (100%)",
}


@dataclass(frozen=True, slots=True)
class Fuel:
    """A fuel of the hub: heat (mmBtu), CO2 (kg), CH4 and N2O (g) of one ``unit``."""

    fuel: str
    unit: str
    mmbtu: Decimal
    kg_co2: Decimal
    g_ch4: Decimal
    g_n2o: Decimal
    biogenic: bool
    source: str


@dataclass(frozen=True, slots=True)
class Direct:
    """Scope 1 of an amount, exact g CO2e; biogenic CO2 (g) stands apart and is no part of it."""

    grams: Fraction
    biogenic: Fraction
    formula: str
    source: str


def emissions(kind: str, name: str, amount: Fraction, unit: str, *, where: str = "") -> Direct:
    """Scope 1 of an amount of a fuel that was burnt, or of a refrigerant that leaked.

    Args:
        kind: "fuel" or "refrigerant".
        name: as the hub names the fuel (or diesel, gas …: see ``NAMES``), or a refrigerant's ASHRAE number.
        unit: the fuel's unit in the hub or another of ``UNITS``, mmbtu of any fuel; kg, g or lb of a refrigerant.

    Raises:
        FactorError: an unknown kind, name or unit, by ``where``.
    """
    if kind not in KINDS:
        raise FactorError(f"{kind!r} is neither fuel nor refrigerant", where=where)
    if amount < 0:
        raise FactorError(f"a negative amount of {name}", where=where, todo="Leave out what was not burnt.")
    return _burnt(name, amount, unit, where) if kind == "fuel" else _leaked(name, amount, unit, where)


def _burnt(name: str, amount: Fraction, unit: str, where: str) -> Direct:
    gases, choices = gwps(), _fuels_of(name, where)
    for fuel in choices:
        units = {**UNITS[fuel.unit], "mmbtu": 1 / Fraction(fuel.mmbtu)}
        if unit.lower() in units:
            burnt = amount * units[unit.lower()]
            co2 = 1000 * Fraction(fuel.kg_co2)
            others = Fraction(fuel.g_ch4) * gases["CH4"] + Fraction(fuel.g_n2o) * gases["N2O"]
            said = f"{fuel.kg_co2} kg CO2 + {fuel.g_ch4} g CH4 × {gases['CH4']} + {fuel.g_n2o} g N2O × {gases['N2O']}"
            said = f"{fuel.fuel}: ({said}) a {fuel.unit}" + (", CO2 biogenic" if fuel.biogenic else "")
            counted, apart = (others, co2) if fuel.biogenic else (co2 + others, Fraction(0))
            return Direct(burnt * counted, burnt * apart, said, fuel.source)
    known = sorted({each for fuel in choices for each in (*UNITS[fuel.unit], "mmbtu")})
    raise FactorError(f"{name} is not measured in {unit!r} here", where=where, todo=f"Use {', '.join(known)}.")


def _fuels_of(name: str, where: str) -> list[Fuel]:
    wanted = NAMES.get(name.strip().lower(), name.strip()).lower()
    found = [fuel for fuel in fuels() if fuel.fuel.lower() == wanted]
    if not found:
        todo = f"Known: {', '.join(sorted({*NAMES, *(fuel.fuel for fuel in fuels())}))}."
        raise FactorError(f"no emission factor of fuel {name!r}", where=where, todo=todo)
    return found


def _leaked(name: str, amount: Fraction, unit: str, where: str) -> Direct:
    blends, units = refrigerants(), UNITS["kg"]
    if unit.lower() not in units:
        raise FactorError(f"a leak is a mass, not {unit!r}", where=where, todo=f"Use {', '.join(units)}.")
    wanted = {each.upper(): each for each in blends}.get(name.strip().upper())
    if wanted is None:
        raise FactorError(f"no refrigerant {name!r}", where=where, todo=f"Known: {', '.join(blends)}.")
    gases, parts = gwps(), blends[wanted]
    gwp = sum((Fraction(part) * gases[gas] for gas, part in parts.items()), Fraction(0))
    said = f"{wanted}: " + " + ".join(f"{part} × {gases[gas]} ({gas})" for gas, part in parts.items())
    return Direct(1000 * amount * units[unit.lower()] * gwp, Fraction(0), said, "ipcc-ar5")


@cache
def fuels() -> tuple[Fuel, ...]:
    """The shipped fuels, in the hub's order."""
    rows = table.read(data_files.path("direct", "fuels.csv"), FUEL_COLUMNS)
    return tuple(_fuel(where, row) for where, row in rows)


def _fuel(where: str, row: dict[str, str]) -> Fuel:
    heat, co2, ch4, n2o = (decimal(row[name], where=where) for name in FUEL_COLUMNS[2:6])
    return Fuel(row["fuel"], row["unit"], heat, co2, ch4, n2o, row["biogenic"] == "yes", row["source"])


@cache
def gwps() -> dict[str, int]:
    """100-year global warming potentials of the set AR5."""
    return {row["gas"]: int(row["gwp"]) for _, row in table.read(data_files.path("direct", "gases.csv"), GAS_COLUMNS)}


@cache
def refrigerants() -> dict[str, dict[str, Decimal]]:
    """Mass fractions of the gases in each refrigerant. Raises FactorError if they do not add up to 1."""
    found: dict[str, dict[str, Decimal]] = {}
    for where, row in table.read(data_files.path("direct", "refrigerants.csv"), REFRIGERANT_COLUMNS):
        found.setdefault(row["refrigerant"], {})[row["gas"]] = decimal(row["mass_fraction"], where=where)
    if wrong := [name for name, parts in found.items() if sum(parts.values()) != 1]:
        raise FactorError(f"the parts of {wrong[0]} do not add up to 1", where="refrigerants.csv")
    return found
