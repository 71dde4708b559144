"""What statement and restatement share: scope 2 is energy x published factor, rounded up once."""

from __future__ import annotations

from carbon_tokens.errors import StatementError
from carbon_tokens.statements.document import GRAMS_BITS, WH_BITS, hexadecimal, whole
from carbon_tokens.statements.factor import FactorReference
from carbon_tokens.units import emissions_g

FACILITY_OCTETS = 27  # the ledger's 216 bits
SCOPES = ("scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g")


def check_totals(document: object) -> None:
    """Refuses totals that do not follow from energy and factor.

    Raises:
        StatementError: an amount out of range, scope 2 that is not energy x factor, energy without a factor.
    """
    energy = whole("energy_wh", getattr(document, "energy_wh", None), WH_BITS)
    scopes = {name: whole(name, getattr(document, name, None), GRAMS_BITS) for name in SCOPES}
    factor: FactorReference | None = getattr(document, "factor", None)
    if factor is None and energy:
        raise StatementError("energy needs an emission factor", where="factor")
    for name, grams in zip(SCOPES[1:3], scope2(energy, factor), strict=True):
        if scopes[name] != grams:
            raise StatementError(f"{scopes[name]} g is not energy x factor, {grams} g", where=name)


def scope2(energy_wh: int, factor: FactorReference | None) -> tuple[int, int]:
    """Location-based and residual-mix grams of an energy, each rounded up once; 0 without a factor."""
    if factor is None:
        return 0, 0
    return emissions_g(energy_wh, factor.location_g_per_mwh), emissions_g(energy_wh, factor.residual_g_per_mwh)


def facility_hex(facility: int | str) -> str:
    """A facility's id as 0x and 54 digits. Raises StatementError if it has more than 216 bits."""
    if isinstance(facility, int) and 0 <= facility < 2 ** (8 * FACILITY_OCTETS):
        return f"0x{facility:0{2 * FACILITY_OCTETS}x}"
    return hexadecimal("facility", facility, FACILITY_OCTETS)
