"""The split of an account among its tenants, provable to each of them: a Merkle-sum tree off chain.

    shares     integers of Wh and g by tenant, each with a salt; their sums are the account's audited totals
    Allocation the tree over them; its root, bound to account and version, is what the operator commits on chain
    ShareProof what a tenant gets: its share and 50 bytes a level, with which anybody can check it against the root

Nobody learns the other tenants' names from a proof; of their amounts it shows one neighbour's and sums of many.
"""

from __future__ import annotations

from carbon_tokens.allocation.shares.allocation import Allocation
from carbon_tokens.allocation.shares.proof import ShareProof
from carbon_tokens.allocation.shares.share import (
    Amounts,
    Share,
    shares_of,
    split,
    tenant_of,
    tenant_of_facility,
    tenant_of_name,
)
from carbon_tokens.allocation.shares.storing import StoredAllocation, read, write
from carbon_tokens.allocation.shares.table import read_shares

__all__ = [
    "Allocation",
    "Amounts",
    "Share",
    "ShareProof",
    "StoredAllocation",
    "read",
    "read_shares",
    "shares_of",
    "split",
    "tenant_of",
    "tenant_of_facility",
    "tenant_of_name",
    "write",
]
