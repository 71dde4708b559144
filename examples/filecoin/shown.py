"""The outcome as a table for people, with what is to be said beside it, and as a CSV of every node."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from rich.table import Table

from examples.filecoin.outcome import Node, Outcome, ordered, summed

COLUMNS = ("node", "at", "energy", "bought", "issued", "retired", "counted", "gross t", "net t", "net t *", "proven")
CSV_COLUMNS = (
    "node", "location", "energy_wh", "proven_wh", "proven_share", "bought_wh", "statements", "issued_wh", "retired_wh",
    "counted_wh", "surplus_wh", "gross_location_g", "gross_market_g", "net_g", "net_in_period_g", "months", "claims",
    "in_period", "reasons", "not_retired",
)  # fmt: skip


def table(found: Outcome, most: int) -> Table:
    """The nodes with the most energy, the others in one row, and the sum. Reasons are letters, see ``lines``."""
    letters = _letters(found)
    made = Table(title="Energy (published upper bound) and certificates in MWh, emissions in t CO2e")
    for name in COLUMNS:
        made.add_column(name, justify="left" if name in COLUMNS[:2] else "right", no_wrap=True)
    made.add_column("why not", overflow="fold")
    shown, rest = found.nodes[:most], found.nodes[most:]
    for node in shown:
        made.add_row(*_cells(node, node.location, letters))
    made.add_section()
    if rest:
        made.add_row(*_cells(summed(rest, "others"), str(len(rest)), letters))
        made.add_section()
    made.add_row(*_cells(found.total, str(len(found.nodes)), letters), style="bold")
    return made


def _letters(found: Outcome) -> dict[str, str]:
    return dict(zip(ordered(found.total.reasons), ascii_lowercase, strict=False))


def _cells(node: Node, location: str, letters: Mapping[str, str]) -> list[str]:
    amounts = (node.energy_wh, node.bought_wh, node.issued_wh, node.retired_wh, node.counted_wh)
    grams = (node.gross_location_g, node.net_g, node.net_in_period_g)
    shown = [f"{each / 1e6:,.0f}" if each >= 10_000_000 or not each else f"{each / 1e6:,.2f}" for each in amounts]
    shown += [f"{each / 1e6:,.0f}" if node.months else "?" for each in grams]
    why = " ".join(f"{letters[reason]}{percent(wh, node.energy_wh)}" for reason, wh in ordered(node.reasons).items())
    return [node.node, location, *shown, percent(node.proven_wh, node.energy_wh), why]


def percent(part: int, whole: int) -> str:
    """A part of a whole, rounded down, so that 100 % is all of it."""
    return f"{1000 * part // whole / 10:.1f}%" if whole else "?"


def lines(found: Outcome, refused: Mapping[str, int]) -> Iterator[str]:
    """What the letters and columns of the table are, and the sums. ``refused``: Wh by the contract's error."""
    total, checked = found.total, found.plan.checked
    for why, letter in _letters(found).items():
        yield f" {letter}  {why}: {_mwh(total.reasons[why])} MWh"
    yield " *  with no other certificates than those produced inside the reporting period"
    yield (f"{len(checked.batches) + len(checked.rejects)} statements: {len(checked.batches)} issued, "
           f"{len(checked.rejects)} rejected")  # fmt: skip
    yield from (f"  {each.entry.where}: {'; '.join(each.why)}" for each in checked.rejects)
    yield (f"certificates: {_mwh(total.issued_wh)} MWh issued = {_mwh(total.counted_wh)} cover energy + "
           f"{_mwh(total.surplus_wh)} more than the energy" + _added(total.not_retired, "not retired, "))  # fmt: skip
    yield f"energy: {_mwh(total.energy_wh)} MWh = {_mwh(total.proven_wh)} proven{_added(total.reasons)}"
    for error, wh in refused.items():
        yield f"the contract was asked to retire the {_mwh(wh)} MWh of another market: {error}"
    yield (f"{total.claims} claims hold; of {total.in_period} all energy is proven, {total.claims - total.in_period} "
           "rest on certificates produced outside their period")  # fmt: skip
    if found.without_period:
        wh = sum(each.energy_wh for each in found.without_period)
        yield (f"{len(found.without_period)} more nodes, {_mwh(wh)} MWh: published without a period, so that no month "
               "of it can be audited; no statement names them")  # fmt: skip


def _added(by_reason: Mapping[str, int], what: str = "") -> str:
    return "".join(f" + {_mwh(wh)} {what}{why}" for why, wh in ordered(by_reason).items())


def _mwh(wh: int) -> str:
    return f"{wh / 1e6:,.3f}".rstrip("0").rstrip(".")


def write(path: Path, found: Outcome) -> None:
    """A CSV with a row for every node. Raises FileExistsError."""
    with path.open("x", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(CSV_COLUMNS)
        for node in found.nodes:
            said: dict[str, Any] = node.to_json()
            for name in ("reasons", "not_retired"):
                said[name] = "; ".join(f"{why}: {wh}" for why, wh in said[name].items())
            rows.writerow([said[name] for name in CSV_COLUMNS])
