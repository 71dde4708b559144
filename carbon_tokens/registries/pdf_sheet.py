"""What a statement lists: its rows, the totals that it states beside them, and what is wrong with it as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from carbon_tokens.registries.entries import Row

COUNT = r"[0-9]{1,3}(?:[ ,][0-9]{3})+|[0-9]+"  # whole MWh, with or without a separator of thousands


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows by the names of a form's cells, totals as written; faults are of every row."""

    rows: tuple[Row, ...]
    totals: tuple[str, ...]
    faults: tuple[str, ...] = ()


def plain(count: str) -> str:
    """A count without its separators of thousands."""
    return count.strip().replace(" ", "").replace(",", "")


def first(pattern: str, text: str) -> str:
    """What a pattern's first group finds, in one line; empty if it finds nothing."""
    match = re.search(pattern, text, re.DOTALL)
    return " ".join(match[1].split()) if match else ""


def once(lines: Iterable[str]) -> str:
    """Lines that are printed twice for bold type, once and in one line."""
    kept: list[str] = []
    for line in (" ".join(each.split()) for each in lines):
        if line and kept[-1:] != [line]:
            kept.append(line)
    return " ".join(kept)
