"""The ledger on chain: connect, sign, write exactly once, read.

>>> chain = Chain.connect(state=Path(".carbon-tokens/chain.db"))      # or Chain.connect("http://127.0.0.1:8545")
>>> ledger = Ledger.deploy(chain, account("dev:admin", chain))
>>> ledger.using(account("dev:operator", chain)).add_facility("CAMX", "US", metadata)
"""

from __future__ import annotations

from carbon_tokens.ledger.accounts import KeyAccount, NodeAccount, Signer, account
from carbon_tokens.ledger.allocating import AccountTotals, Claimed, ProvenShare, TenantProof
from carbon_tokens.ledger.auditing import Panel
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.hours import GranularCertificate, HourlyVector
from carbon_tokens.ledger.ledger import Ledger
from carbon_tokens.ledger.matching import Matching
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
    Message,
    Receipt,
    Retirement,
    Signature,
    SignedMessage,
    Source,
    Status,
)
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.settle import NonceError
from carbon_tokens.ledger.signing import audits, closing, disallowance, merged, restatement

__all__ = [
    "Account",
    "AccountTotals",
    "Audit",
    "Batch",
    "BatchRecord",
    "Chain",
    "Claim",
    "Claimed",
    "Deployment",
    "Event",
    "Facility",
    "Factor",
    "GranularCertificate",
    "HourlyVector",
    "IssueReport",
    "KeyAccount",
    "Ledger",
    "Matching",
    "Message",
    "NodeAccount",
    "NodeError",
    "NonceError",
    "Panel",
    "ProvenShare",
    "Receipt",
    "Retirement",
    "Signature",
    "SignedMessage",
    "Signer",
    "Source",
    "Status",
    "TenantProof",
    "account",
    "audits",
    "closing",
    "disallowance",
    "merged",
    "restatement",
]
