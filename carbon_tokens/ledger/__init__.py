"""The ledger on chain: connect, sign, write exactly once, read.

>>> chain = Chain.connect(state=Path(".carbon-tokens/chain.db"))      # or Chain.connect("http://127.0.0.1:8545")
>>> ledger = Ledger.deploy(chain, account("dev:admin", chain))
>>> ledger.using(account("dev:operator", chain)).add_facility("CAMX", "US", metadata)
"""

from __future__ import annotations

from carbon_tokens.ledger.accounts import KeyAccount, NodeAccount, Signer, account
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.ledger import Ledger
from carbon_tokens.ledger.records import (
    Account,
    Audit,
    Batch,
    BatchRecord,
    Claim,
    Event,
    Facility,
    Factor,
    IssueReport,
    Receipt,
    Retirement,
    SignedAudit,
    Source,
    Status,
)
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.settle import NonceError
from carbon_tokens.ledger.signing import sign_audit

__all__ = [
    "Account",
    "Audit",
    "Batch",
    "BatchRecord",
    "Chain",
    "Claim",
    "Deployment",
    "Event",
    "Facility",
    "Factor",
    "IssueReport",
    "KeyAccount",
    "Ledger",
    "NodeAccount",
    "NodeError",
    "NonceError",
    "Receipt",
    "Retirement",
    "SignedAudit",
    "Signer",
    "Source",
    "Status",
    "account",
    "sign_audit",
]
