"""Who stands behind the audits of a proof: single auditors, or enough members of the facility's panel."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_tokens.claims.account_events import Attested
from carbon_tokens.claims.checks import Faults
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import MatchingPart, MonthPart, PanelPart


def auditors(proof: Proof) -> Faults:
    """Nobody audited what they own; signatures counted where the Auditors contract called, enough of a panel's."""
    contract, owner = proof.address("Auditors"), proof.facility.owner
    places = [(panel.at.block, panel.at.index) for panel in proof.panels]
    if places != sorted(set(places)):
        yield "the panels are not in the order of the chain"
    for month, event in audited(proof):
        where = f"{month.month}, version {event.version}"
        if owner in (event.auditor, *event.attested):
            yield f"{where}: {owner} audited what they own"
        if (event.auditor == contract) != bool(event.attested):
            yield f"{where}: {event.auditor} audited, signed by {len(event.attested)} auditors"
        panel = panel_of(proof, event)
        if panel and (len(event.attested) < panel.quorum or not set(event.attested) <= set(panel.members)):
            yield f"{where}: {', '.join(event.attested) or 'nobody'} signed, which is not {named(panel)}"


def matchers(proof: Proof) -> Faults:
    """The hours were confirmed by an auditor who does not own the facility, or by enough of its panel."""
    for month in proof.months:
        if month.matching is None:
            continue
        signed, panel = month.matching.auditors, panel_of(proof, month.matching)
        if proof.facility.owner in signed:
            yield f"{month.month}: {proof.facility.owner} confirmed the hours of what they own"
        if len(signed) < (panel.quorum if panel else 1) or not set(signed) <= set(panel.members if panel else signed):
            who = ", ".join(signed) or "nobody"
            yield f"{month.month}: {who} confirmed the hours, which is not {named(panel) if panel else 'an auditor'}"


def audited(proof: Proof) -> Iterator[tuple[MonthPart, Attested]]:
    """What auditors did, with its month."""
    for month in proof.months:
        yield from ((month, event) for event in month.events if isinstance(event, Attested))


def panel_of(proof: Proof, event: Attested | MatchingPart) -> PanelPart | None:
    """The panel that the facility had at an event; None: any one auditor of its market."""
    before = [each for each in proof.panels if (each.at.block, each.at.index) < (event.at.block, event.at.index)]
    return before[-1] if before and before[-1].quorum else None


def named(panel: PanelPart) -> str:
    """k of n, and who."""
    return f"{panel.quorum} of {len(panel.members)}: {', '.join(panel.members)}"
