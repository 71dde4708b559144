"""Amounts as people read them: t of g and MWh of Wh with every place, and parts in percent."""

from __future__ import annotations

from fractions import Fraction


def tonnes(grams: int) -> str:
    """t of g with all six places, the sign a minus."""
    return f"{'−' if grams < 0 else ''}{abs(grams) // 1_000_000:,}.{abs(grams) % 1_000_000:06}"


def percent(part: int, whole: int) -> str:
    """A part of a whole to a tenth of a percent, rounded down; a dash where there is no whole."""
    if not whole:
        return "–"
    tenths = int(Fraction(1000 * part, whole))
    return f"{tenths // 10}.{tenths % 10} %"


def change(before: int, now: int) -> str:
    """By how much an amount changed, in percent to a tenth; a dash where nothing was before."""
    if not before:
        return "–"
    tenths = round(Fraction(1000 * (now - before), abs(before)))
    return f"{'+' if tenths >= 0 else '−'}{abs(tenths) // 10}.{abs(tenths) % 10} %"
