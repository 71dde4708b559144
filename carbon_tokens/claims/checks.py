"""One check of a proof and its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Faults = Iterator[str]  # sentences that say what is wrong


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a proof: at which depth, what it says when it passes, and why it does not."""

    depth: str  # offline, inputs or chain
    name: str
    reasons: tuple[str, ...]
