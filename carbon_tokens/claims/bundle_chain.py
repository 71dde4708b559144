"""A bundle against a chain: its blocks are the chain's, and final.

Whether the claim holds now, ``onchain`` asks, as of a proof. A block is final by the node's tag ``finalized`` (proof of
stake: two epochs attested); where a node has none, by its depth.
"""

from __future__ import annotations

from carbon_tokens.claims.bundle_checks import Opened, untrusted
from carbon_tokens.claims.checks import Check, Faults
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.rpc import NodeError

DEEP = 64  # blocks above one that is final where no tag says so: two epochs


def checks(opened: Opened, chain: Chain) -> tuple[list[Check], tuple[str, ...]]:
    """The checks of a bundle against a chain, and what should be known besides.

    Raises:
        LedgerError: the chain does not answer.
    """
    foreign = tuple(_foreign(opened, chain))
    first = Check("chain", "the bundle's blocks are the chain's", foreign)
    if foreign:
        return [first], ()
    young = _young(opened.bundle.last, chain)
    if young and chain.is_local:  # such a node ends with its developer's session: what is final there says nothing
        return [first], (f"on this development chain, {young}",)
    return [first, Check("chain", "the bundle's blocks are final", (young,) if young else ())], ()


def _foreign(opened: Opened, chain: Chain) -> Faults:
    """Of headers that lead to each other, the last stands for all."""
    for header in untrusted(opened):
        found = chain.rpc.request("eth_getBlockByNumber", [hex(header.number), False])
        if not isinstance(found, dict):
            yield f"{chain.where} has no block {header.number}, the bundle has it with hash {header.hash}"
        elif found["hash"] != header.hash:
            yield f"block {header.number} has the hash {found['hash']} on the chain, {header.hash} in the bundle"


def _young(block: int, chain: Chain) -> str:
    """Why a block is not final; empty if it is."""
    try:
        final = chain.rpc.request("eth_getBlockByNumber", ["finalized", False])
    except NodeError:
        final = None
    if isinstance(final, dict):
        last = int(final["number"], 16)
        return "" if block <= last else f"block {block} is not final: the last that is is {last}; verify again later"
    above = chain.block_number() - block
    return "" if above >= DEEP else f"block {block} has {above} blocks above it, not {DEEP}; verify again later"
