"""Registers the demo's facility and brings its electricity bill on chain: read, stated, audited, closed.

The auditor signs (EIP-712) and the operator submits; an auditor whose account cannot sign writes itself.
``brownie run load_utility_data --network anvil`` after load_factors; see brownie_chain.py for the chain.
"""

from __future__ import annotations

import hashlib

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Audit, Receipt, audits
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.statements import Statement
from scripts.brownie_chain import Network, existed, report

SIGNED_FOR = 86_400  # s


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        facts, metadata = network.facts, hashlib.sha256(network.facts.description()).digest()
        place = facts["facility"]
        receipt = network.ledger("operator").add_facility(place["grid_region"], place["market_zone"], metadata)
        report(f"add facility {place['name']}, {place['city']}", receipt)
        for statement in facts.statements(network.facility):
            grams = f"scope 1 {statement.scope1_g:,} g, scope 3 {statement.scope3_g:,} g"
            report(f"audit {statement.energy_wh:,} Wh, {grams}", audited(network, statement))
        auditor = network.ledger("auditor")
        closed = auditor.account(network.facility, facts.month).closed
        report(f"close {facts.month}", existed("close") if closed else auditor.close(network.facility, facts.month))


def audited(network: Network, statement: Statement) -> Receipt:
    """The audit of a statement, unless its evidence is on chain."""
    ledger = network.ledger("auditor")
    if ledger.account_of_evidence(statement.evidence):
        return existed("audit")
    return confirmed(network, audit_of(statement, ledger.account(network.facility, statement.month).version + 1))


def confirmed(network: Network, audit: Audit) -> Receipt:
    auditor = network.ledger("auditor")
    try:
        signed = auditor.sign(audits(audit), network.chain.time() + SIGNED_FOR)
    except LedgerError as refusal:
        print(f"the auditor writes itself: {refusal}")
        return auditor.audit(audit)
    return network.ledger("operator").submit(signed)
