"""Transfers the facility's part of the demo's batches to its operator, who retires what the month needs.

Only what is missing is sent: an issuer keeps what is not the facility's, and an account holds what was retired.
``brownie run retire --network anvil`` after load_utility_data and issue; see brownie_chain.py for the chain.
"""

from __future__ import annotations

from carbon_tokens.ledger import Receipt
from carbon_tokens.ledger.documents import CLASSES
from carbon_tokens.ledger.ids import batch_id
from carbon_tokens.statements import CertificateBatch
from carbon_tokens.statements.certificate_table import CertificateRow
from scripts.brownie_chain import Network, existed, report


def main(folder: str = ".") -> None:
    with Network(folder) as network:
        rows = network.facts.certificates()
        for row in rows:
            what = f"transfer {int(row.cells['transfer_to_facility']):,} of {row.document.serials} to the operator"
            report(what, transferred(network, row))
        wanted = network.facts["retire"]
        what = f"retire {wanted['recs_wh']:,} Wh of RECs and {wanted['offsets_g']:,} g of offsets"
        report(f"{what} for {network.facts.month}", retired(network, [row.document for row in rows]))


def transferred(network: Network, row: CertificateRow) -> Receipt:
    issuer = network.ledger(f"{row.document.token_class}-issuer")
    kept = row.document.amount - int(row.cells["transfer_to_facility"])
    missing = issuer.balance(network.account(f"{row.document.token_class}-issuer").address, token(row.document)) - kept
    if missing <= 0:
        return existed("transfer")
    return issuer.transfer(network.account("operator").address, [token(row.document)], [missing])


def retired(network: Network, documents: list[CertificateBatch]) -> Receipt:
    operator, facts = network.ledger("operator"), network.facts
    account, wanted = operator.account(network.facility, facts.month), facts["retire"]
    missing = {"rec": wanted["recs_wh"] - account.recs, "offset": wanted["offsets_g"] - account.offsets}
    amounts = {token(each): missing[each.token_class] for each in documents if missing[each.token_class] > 0}
    if not amounts:
        return existed("retire")
    names = {"beneficiary": facts["facility"]["name"], "purpose": f"net emissions {facts.month}"}
    return operator.retire(network.facility, facts.month, list(amounts), list(amounts.values()), **names)


def token(document: CertificateBatch) -> int:
    return batch_id(CLASSES[document.token_class], document.registry, document.evidence)
