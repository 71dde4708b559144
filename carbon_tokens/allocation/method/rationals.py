"""Exact numbers of the method: non-negative rationals, and shares of a whole.

The published method knows only amounts that cannot be negative (energy, mass, use, price, reservation), and every step
is sums, products and quotients of them. In rationals each step conserves its total exactly, so that "the parts add up"
is an equality here and rounding happens once, at publication (``units.largest_remainder``). Binary floating point is
refused: 0.1 is not a tenth in it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from carbon_tokens.errors import UnitError

Number = int | Decimal | Fraction
Key = TypeVar("Key", bound=Hashable)

ZERO, ONE = Fraction(0), Fraction(1)


def exact(value: Number, where: str) -> Fraction:
    """The non-negative rational of an exact number; ``where`` names the field in the error.

    Raises:
        UnitError: a float or any other type, NaN or infinity, a negative number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, Fraction)):
        todo = "Give an int, a Decimal or a Fraction."
        raise UnitError(f"{value!r} is no exact number", where=where, todo=todo)
    if isinstance(value, Decimal) and not value.is_finite():
        raise UnitError(f"{value} is not finite", where=where)
    if value < 0:
        raise UnitError(f"{value} is negative", where=where)
    return Fraction(value)


def all_exact(values: Mapping[Key, Number], where: str) -> dict[Key, Fraction]:
    """``exact`` of every value, in the order given. Raises UnitError, naming the key."""
    return {key: exact(value, f"{where}[{key!r}]") for key, value in values.items()}


def fraction_of_one(value: Number, where: str) -> Fraction:
    """An exact number from 0 to 1. Raises UnitError for any other."""
    number = exact(value, where)
    if number > 1:
        raise UnitError(f"{value} is above 1", where=where)
    return number


def shares_of(weights: Mapping[Key, Fraction]) -> dict[Key, Fraction]:
    """Each weight over their sum; empty if the sum is zero, for the caller to say what happens then."""
    whole = total(weights)
    return {key: weight / whole for key, weight in weights.items()} if whole else {}


def scaled(parts: Mapping[Key, Fraction], factor: Fraction) -> dict[Key, Fraction]:
    """Every part times ``factor``."""
    return {key: part * factor for key, part in parts.items()}


def summed(*tables: Mapping[Key, Fraction]) -> dict[Key, Fraction]:
    """The sum of several tables, key by key."""
    sums: dict[Key, Fraction] = {}
    for table in tables:
        for key, part in table.items():
            sums[key] = sums.get(key, ZERO) + part
    return sums


def total(parts: Mapping[Key, Fraction]) -> Fraction:
    """The sum of all parts."""
    return sum(parts.values(), ZERO)
