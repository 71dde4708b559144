"""Registers the demo's device and project and issues their batches: RECs in Wh, offsets in g CO2e.

``brownie run issue --network anvil`` after deploy; see brownie_chain.py for the chain.
"""

from __future__ import annotations

from carbon_tokens.ledger import Ledger
from carbon_tokens.ledger.documents import CLASSES, batch_of
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.ids import note
from carbon_tokens.statements.certificate_table import CertificateRow
from scripts.brownie_chain import Network, report


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        for row in network.facts.certificates():
            ledger = network.ledger(f"{row.document.token_class}-issuer")
            source = registered(ledger, row, network.facts["facility"]["market_zone"])
            done = ledger.issue(source, [batch_of(row.document)])
            how = f"{created_by(ledger, done.ids[0])}, gas {done.gas_used:,}" if done.issued else "existed"
            print(f"issue {row.document.amount:,} {UNITS[row.document.token_class]}, {row.document.serials}: {how}")


UNITS = {"rec": "Wh", "offset": "g"}


def registered(ledger: Ledger, row: CertificateRow, home_zone: str) -> int:
    """Number of the row's device or project, registered if it is not yet."""
    document, cells = row.document, row.cells
    receipt = ledger.add_source(
        CLASSES[document.token_class], document.registry, note(document.source), cells["market_zone"] or home_zone,
        grid_region=cells["grid_region"], technology=cells["technology"],
    )  # fmt: skip
    report(f"add source {document.registry} {document.source}, {cells['name']}", receipt)
    return receipt.id or 0


def created_by(ledger: Ledger, token: int) -> str:
    """The transaction that issued a batch."""
    contract, first = ledger.contracts["CarbonTokens"], ledger.deployments["CarbonTokens"].block
    found = read_events(ledger.chain.rpc, contract, ledger.address("CarbonTokens"), ("Issued",), first, about=[token])
    return next(iter(found)).tx
