"""Units and exact rounding.

Energy is in whole Wh, mass in whole g CO2e, factors in g/MWh on chain and exact ``Decimal`` off chain. Gross emissions
round up and instruments round down, so that a claim can only err on the safe side; totals are split by largest
remainder (Hamilton), so that the parts add up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from carbon_tokens.errors import UnitError

WH_PER_MWH = 1_000_000
G_PER_T = 1_000_000
G_PER_LB = Decimal("453.59237")  # exact by definition of the international pound


def decimal(value: str | int | Decimal, *, where: str = "") -> Decimal:
    """A finite decimal number from text, without passing through binary floating point.

    Raises:
        UnitError: the text is no finite number.
    """
    try:
        number = Decimal(value if isinstance(value, (int, Decimal)) else value.strip().replace(",", ""))
    except (InvalidOperation, ValueError, AttributeError):
        number = Decimal("NaN")
    if not number.is_finite():
        raise UnitError(
            f"{value!r} is not a finite number", where=where, todo="Write it in digits with a decimal point."
        )
    return number


def ceil(value: Decimal | Fraction | int) -> int:
    """The least integer not below ``value``: the rounding of gross emissions."""
    ratio = Fraction(value)
    return -(-ratio.numerator // ratio.denominator)


def floor(value: Decimal | Fraction | int) -> int:
    """The greatest integer not above ``value``: the rounding of RECs and offsets."""
    ratio = Fraction(value)
    return ratio.numerator // ratio.denominator


def lb_per_mwh_to_g_per_mwh(rate: Decimal) -> Decimal:
    """Exact g/MWh of a rate in lb/MWh, as EPA prints it."""
    return rate * G_PER_LB


def factor_g_per_mwh(rate: Decimal) -> int:
    """The integer factor that goes on chain: g/MWh rounded up."""
    return ceil(rate)


def emissions_g(energy_wh: int, g_per_mwh: int) -> int:
    """Grams of ``energy_wh`` at an integer factor, rounded up, as ``CarbonTokens`` recomputes them.

    Raises:
        UnitError: a negative amount.
    """
    if energy_wh < 0 or g_per_mwh < 0:
        raise UnitError(f"negative amount: {energy_wh} Wh at {g_per_mwh} g/MWh")
    return ceil(Fraction(energy_wh * g_per_mwh, WH_PER_MWH))


def largest_remainder(total: int, weights: Mapping[str, int | Decimal | Fraction]) -> dict[str, int]:
    """Splits an integer total in proportion to weights so that the parts add up exactly (Hamilton).

    Floors first; the units left go to the largest fractional parts, ties by key order.

    Raises:
        UnitError: a negative total or weight, or no positive weight to carry a positive total.
    """
    if total < 0 or any(weight < 0 for weight in weights.values()):
        raise UnitError("a total and its weights must not be negative")
    whole = sum((Fraction(weight) for weight in weights.values()), Fraction(0))
    if whole == 0:
        if total:
            raise UnitError(f"{total} cannot be split: no weight is positive")
        return dict.fromkeys(weights, 0)
    quotas = {key: total * Fraction(weight) / whole for key, weight in weights.items()}
    parts = {key: floor(quota) for key, quota in quotas.items()}
    order = sorted(quotas, key=lambda key: (parts[key] - quotas[key], key))
    for key in order[: total - sum(parts.values())]:
        parts[key] += 1
    return parts
