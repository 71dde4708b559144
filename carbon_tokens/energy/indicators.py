"""Indicators of a data center: PUE, REF, CUE, WUE and SCI (METHOD section 8.7).

    PUE = E_DC / E_IT                   ISO/IEC 30134-2     1 or more
    REF = E_renewable / E_DC            ISO/IEC 30134-3     0 to 1; owned and used, or by certificates retired
    CUE = (scope 1 + scope 2) / E_IT    ISO/IEC 30134-8     kg CO2e/kWh = g/Wh
    WUE = water / E_IT                  ISO/IEC 30134-9     l/kWh
    SCI = (E · I + M) / R               ISO/IEC 21031       g per functional unit R; I location-based, no instruments

Energies are Wh of one period, at least a year where a standard says "annual"; results are exact fractions.
"""

from __future__ import annotations

from fractions import Fraction

from carbon_tokens.energy.exact import Number, exact
from carbon_tokens.errors import EnergyError


def pue(facility_wh: Number, it_wh: Number) -> Fraction:
    """Power usage effectiveness. Raises EnergyError without IT energy, or with less facility than IT energy."""
    if (ratio := _ratio(facility_wh, it_wh, "PUE")) < 1:
        todo = "The facility's energy includes its IT equipment: check which meter is which."
        raise EnergyError(f"a facility of {facility_wh} Wh with IT equipment of {it_wh} Wh", todo=todo)
    return ratio


def ref(renewable_wh: Number, facility_wh: Number) -> Fraction:
    """Renewable energy factor, 0 to 1: what is bought beyond the use covers nothing.

    Raises:
        EnergyError: no facility energy, or a negative amount.
    """
    return min(Fraction(1), _ratio(renewable_wh, facility_wh, "REF"))


def cue(scope1_g: Number, scope2_g: Number, it_wh: Number) -> Fraction:
    """Carbon usage effectiveness, g/Wh, which is kg/kWh. Raises EnergyError without IT energy, for negative amounts."""
    return _ratio(scope1_g, it_wh, "CUE") + _ratio(scope2_g, it_wh, "CUE")


def wue(litres: Number, it_wh: Number) -> Fraction:
    """Water usage effectiveness, l/kWh. Raises EnergyError without IT energy, or for a negative amount."""
    return 1000 * _ratio(litres, it_wh, "WUE")


def sci(energy_wh: Number, g_per_kwh: Number, embodied_g: Number, units: Number) -> Fraction:
    """Software carbon intensity, g per functional unit, with the location-based intensity of the grid.

    Raises:
        EnergyError: no functional unit, or a negative amount.
    """
    operational = _ratio(energy_wh, 1000, "SCI") * _ratio(g_per_kwh, 1, "SCI")
    return _ratio(operational + _ratio(embodied_g, 1, "SCI"), units, "SCI")


def embodied_g(
    total_g: Number, reserved_h: Number, lifetime_h: Number, resources: Number = 1, of: Number = 1
) -> Fraction:
    """SCI's share of manufacture: M = TE · (TiR / EL) · (RR / ToR), g.

    Raises:
        EnergyError: a lifetime or total of resources of 0, or a negative amount.
    """
    time, part = _ratio(reserved_h, lifetime_h, "SCI"), _ratio(resources, of, "SCI")
    return _ratio(total_g, 1, "SCI") * time * part


def _ratio(part: Number, whole: Number, name: str) -> Fraction:
    one, other = exact(part, name), exact(whole, name)
    if one < 0 or other <= 0:
        raise EnergyError(f"{name} of {part} to {whole}", todo="Give an amount from 0 on, to a total above 0.")
    return one / other
