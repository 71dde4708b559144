"""What a run of the demonstration tells as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carbon_tokens.ledger import Status


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was done by whom, its transaction and gas (empty when nothing was sent), and its label."""

    what: str
    who: str = ""
    tx: str = ""
    gas: int = 0
    label: str = ""  # published, derived or illustrative


@dataclass(frozen=True, slots=True)
class Stage:
    """The totals at one moment: g, and Wh for energy and covered."""

    name: str
    status: Status
    valid: bool


Tell = Callable[[Step | Stage], None]


def totals_json(status: Status) -> dict[str, object]:
    """The figures of a facility-month with their units in their names."""
    return {
        "energy_wh": status.energy,
        "covered_wh": status.covered,
        "allocated_location_g": status.allocated_location,
        "allocated_market_g": status.allocated_market,
        "gross_location_g": status.gross_location,
        "gross_market_g": status.gross_market,
        "offsets_g": status.offsets,
        "net_g": status.net,
        "version": status.version,
        "closed": status.closed,
    }
