"""Quantities and totals for people: kg and t, kWh and MWh, each with its unit. JSON keeps g and Wh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from carbon_tokens.periods import Month

if TYPE_CHECKING:
    from rich.table import Table

    from carbon_tokens.ledger import Status


def thousandths(value: int) -> str:
    """A count of thousandths with three decimals, exactly: 1,502,427 g are 1,502.427 kg."""
    sign, digits = "-" if value < 0 else "", abs(value)
    return f"{sign}{digits // 1000:,}.{digits % 1000:03d}"


def millionths(value: int) -> str:
    """A count of millionths with six decimals, exactly: 1,502,427 g are 1.502427 t."""
    sign, digits = "-" if value < 0 else "", abs(value)
    return f"{sign}{digits // 1_000_000:,}.{digits % 1_000_000:06d}"


def missing(status: Status) -> list[str]:
    """What a facility-month still lacks to be claimed, as sentences; empty: nothing."""
    found = []
    if not status.version:
        found.append("nothing was audited yet")
    if not status.closed:
        found.append("an auditor has to close the month")
    if status.net > 0:
        found.append(f"{millionths(status.net)} t of offsets ({status.net:,} g)")
        if status.energy > status.covered:
            uncovered = status.energy - status.covered
            found.append(f"or part of it by RECs: {millionths(uncovered)} MWh ({uncovered:,} Wh) are not covered")
    return found


def totals_table(statuses: Sequence[Status]) -> Table:
    """The three totals side by side, one row for each month."""
    from rich.table import Table

    table = Table(title="Totals of the account, CO2e")
    table.add_column("month")
    for name in ("gross location-based", "gross market-based", "net"):
        table.add_column(f"{name}\nt / kg", justify="right")
    for name in ("energy", "covered by RECs"):
        table.add_column(f"{name}\nMWh / kWh", justify="right")
    for name in ("version", "closed"):
        table.add_column(name, justify="right")
    for status in statuses:
        totals = (status.gross_location, status.gross_market, status.net, status.energy, status.covered)
        cells = (f"{millionths(each)}\n{thousandths(each)}" for each in totals)
        table.add_row(str(Month(status.month)), *cells, str(status.version), "yes" if status.closed else "no")
    return table
