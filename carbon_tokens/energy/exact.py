"""Exact numbers: Decimal, Fraction or int. A binary float is refused: it is not the number that somebody wrote."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from carbon_tokens.errors import UnitError

Number = Decimal | Fraction | int


def exact(value: Number, what: str = "amount") -> Fraction:
    """A number as a fraction.

    Raises:
        UnitError: a float, NaN or infinity, or no number at all.
    """
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, (Decimal, int)) or isinstance(value, bool):
        todo = "Give Decimal, Fraction or int; text goes through Decimal."
        raise UnitError(f"{what} {value!r} is no exact number", todo=todo)
    if isinstance(value, Decimal) and not value.is_finite():
        raise UnitError(f"{what} {value} is not finite")
    return Fraction(value)


def made_exact(record: object, *fields: str) -> None:
    """Turns fields of a frozen dataclass into fractions as it is made. Raises UnitError as ``exact`` does."""
    for field in fields:
        object.__setattr__(record, field, exact(getattr(record, field), field))
