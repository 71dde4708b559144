"""A report as sections of texts, totals, tables and pictures, whatever it is written as: HTML or PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a note is what a reader must not miss."""

    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts side by side: name, amount, what is to be known of it."""

    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns from ``words`` on the left are text, the others numbers; ``code``: a column of hashes or formulas."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    code: int = -1


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG with its caption; a small one may stand beside others."""

    svg: str
    caption: str
    small: bool = False


Block = Text | Totals | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: Sequence[Block]


def tonnes(grams: int) -> str:
    return f"{grams / 1e6:,.6f} t"


def kwh(uwh: int) -> str:
    return f"{uwh / 1e9:,.3f}"


def percent(part: float) -> str:
    """Two places, and as many more as a small part needs."""
    return f"{part:.2%}" if abs(part) >= 0.001 or not part else f"{part:.2g}"
