"""What came of it: figures by node, and the sums that must agree.

Energy is *proven* where a certificate covers it that was redeemed for this node and period, was produced inside the
period, is of the node's market, was issued once and is retired for ever in the account of the node's month. Everything
else has a reason. Two sums hold for every node and in all, and what the contracts say must be the same:

    energy       = proven + Σ reasons
    certificates = counted + surplus + Σ not retired
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from carbon_tokens.errors import NotConserved
from carbon_tokens.ledger import Status
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil, emissions_g
from examples.filecoin.planning import MISSING, OUTSIDE, REASONS, REJECTED, SHORT, Energy, Plan
from examples.filecoin.published import Sum

Statuses = Mapping[tuple[str, Month], Status]
Rates = Mapping[tuple[str, int], int]  # g/MWh for energy without a certificate, by country and year
WITHOUT_PERIOD = "its energy is published without a period"


@dataclass(slots=True)
class Node:
    """A node's figures: Wh, and g CO2e where its months are audited.

    Attributes:
        bought_wh: certificates that the plan says; issued_wh: those with a statement; retired_wh: of these.
        counted_wh: what covers energy; the rest of what is retired is surplus.
        reasons: Wh of energy that is not proven; not_retired: Wh of certificates.
        net_g: as the contracts compute it; net_in_period_g: by the same rule, with only the certificates produced
            inside the reporting period.
        months: audited; claims: certificates of net emissions; in_period: those of which all energy is proven.
    """

    node: str
    location: str
    energy_wh: int = 0
    proven_wh: int = 0
    bought_wh: int = 0
    statements: int = 0
    issued_wh: int = 0
    retired_wh: int = 0
    counted_wh: int = 0
    gross_location_g: int = 0
    gross_market_g: int = 0
    net_g: int = 0
    net_in_period_g: int = 0
    months: int = 0
    claims: int = 0
    in_period: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    not_retired: dict[str, int] = field(default_factory=dict)

    @property
    def surplus_wh(self) -> int:
        return self.retired_wh - self.counted_wh

    def to_json(self) -> dict[str, Any]:
        """A JSON object; the share that is proven as a number from 0 to 1, None without energy."""
        share = round(self.proven_wh / self.energy_wh, 6) if self.energy_wh else None
        names = [name for name in self.__slots__ if name not in ("reasons", "not_retired")]
        figures = {name: getattr(self, name) for name in names}
        return figures | {
            "surplus_wh": self.surplus_wh, "proven_share": share, "reasons": ordered(self.reasons),
            "not_retired": ordered(self.not_retired),
        }  # fmt: skip


def ordered(by_reason: Mapping[str, int]) -> dict[str, int]:
    """Wh by reason in one order, without those of nothing."""
    return {why: by_reason[why] for why in (*REASONS, WITHOUT_PERIOD) if by_reason.get(why)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All nodes by energy, the greatest first, and their sum; apart from them those without a period."""

    nodes: tuple[Node, ...]
    total: Node
    without_period: tuple[Sum, ...]
    plan: Plan

    def to_json(self) -> dict[str, Any]:
        """A JSON object of the sums, the rejects, and every node."""
        checked = self.plan.checked.to_json()
        others = [{"node": each.node, "location": each.country, "energy_wh": each.energy_wh, "proven_wh": 0,
                   "reasons": {WITHOUT_PERIOD: each.energy_wh}} for each in self.without_period]  # fmt: skip
        return {
            "statements": len(self.plan.checked.batches) + len(self.plan.checked.rejects),
            "batches": checked["batches"],
            "rejected": checked["rejected"],
            "total": {key: value for key, value in self.total.to_json().items() if key not in ("node", "location")},
            "nodes": [each.to_json() for each in self.nodes],
            "without_period": others,
        }


def outcome(
    plan: Plan, statuses: Statuses, rates: Rates, claims: Iterable[Energy], without_period: Sequence[Sum]
) -> Outcome:
    """The figures of a plan whose retirements stand on the chain.

    Args:
        statuses: of every audited month, by node.
        claims: the bounds whose months were claimed.

    Raises:
        NotConserved: sums that do not agree, or a chain that says otherwise than the plan.
    """
    nodes: dict[str, Node] = {}
    claimed = {each.bound.batch for each in claims}
    for each in plan.energy:
        node = nodes.setdefault(each.bound.node, Node(each.bound.node, each.bound.location))
        _add_energy(node, each, statuses, rates)
        node.bought_wh += each.bound.planned_wh
        if each.bound.batch in claimed:
            node.claims += 1
            node.in_period += all(lot.in_period for lot in each.lots)
    for lot in plan.lots:
        node = nodes.setdefault(lot.node, Node(lot.node, ""))
        node.statements += 1
        node.issued_wh += lot.batch.amount
        node.retired_wh += sum(lot.months.values())
        if lot.why:
            node.not_retired[lot.why] = node.not_retired.get(lot.why, 0) + lot.batch.amount
    rows = tuple(sorted(nodes.values(), key=lambda node: (-node.energy_wh, node.node)))
    found = Outcome(rows, summed(rows, "all"), tuple(without_period), plan)
    check(found)
    return found


def _add_energy(node: Node, energy: Energy, statuses: Statuses, rates: Rates) -> None:
    for month, wh in energy.months.items():
        inside, outside = (
            sum(lot.months.get(month, 0) for lot in energy.lots if lot.in_period is kind) for kind in (True, False)
        )
        proven = min(wh, inside)
        late = min(wh - proven, outside)
        node.energy_wh += wh
        node.proven_wh += proven
        node.counted_wh += proven + late
        for why, part in ((OUTSIDE, late), (why_not(energy), wh - proven - late)):
            if part:
                node.reasons[why] = node.reasons.get(why, 0) + part
        if not energy.why:
            rate = rates[energy.country, month.year]
            _check_status(statuses[node.node, month], node.node, (wh, proven + late, net(wh, proven + late, rate)))
            _add_status(node, statuses[node.node, month], net(wh, proven, rate))


def why_not(energy: Energy) -> str:
    """Why energy has no certificate in its account."""
    if energy.why:
        return energy.why
    kept = next((lot.why for lot in energy.lots if lot.why), "")
    if kept or energy.lots:
        return kept or SHORT
    return REJECTED if energy.rejected else MISSING


def net(energy_wh: int, covered_wh: int, rate: int) -> int:
    """g CO2e of the energy that is not covered, rounded up twice, as NetEmissions.sol has it without other scopes."""
    if not energy_wh:
        return 0
    return ceil(Fraction(emissions_g(energy_wh, rate) * (energy_wh - covered_wh), energy_wh))


def _check_status(status: Status, node: str, expected: tuple[int, int, int]) -> None:
    said = (status.energy, status.covered, status.net)
    if said != expected:
        what = "the chain says {} Wh of which {} covered, net {} g; the plan {}, {}, {}".format(*said, *expected)
        raise NotConserved(what, where=f"{node} {Month(status.month)}", check="chain")


def _add_status(node: Node, status: Status, net_in_period: int) -> None:
    node.gross_location_g += status.gross_location
    node.gross_market_g += status.gross_market
    node.net_g += status.net
    node.net_in_period_g += net_in_period
    node.months += 1


def summed(nodes: Sequence[Node], name: str) -> Node:
    """Several nodes as one."""
    total = Node(name, "")
    for key in Node.__slots__:
        if key in ("reasons", "not_retired"):
            by_reason = getattr(total, key)
            for node in nodes:
                for why, wh in getattr(node, key).items():
                    by_reason[why] = by_reason.get(why, 0) + wh
        elif key not in ("node", "location"):
            setattr(total, key, sum(getattr(node, key) for node in nodes))
    return total


def check(found: Outcome) -> None:
    """That the sums of every node and of all agree. Raises NotConserved."""
    for node in (*found.nodes, found.total):
        parts = {
            "energy": (node.energy_wh, node.proven_wh + sum(node.reasons.values())),
            "certificates": (node.issued_wh, node.counted_wh + node.surplus_wh + sum(node.not_retired.values())),
        }
        for name, (whole, summed) in parts.items():
            if whole != summed or node.surplus_wh < 0:
                raise NotConserved(f"{name}: {whole:,} Wh, the parts add up to {summed:,}", where=node.node, check=name)
    accepted = sum(batch.amount for batch, _ in found.plan.checked.batches)
    if found.total.issued_wh != accepted:
        what = f"{found.total.issued_wh:,} Wh are issued, {accepted:,} Wh were accepted"
        raise NotConserved(what, where="all", check="issued")
