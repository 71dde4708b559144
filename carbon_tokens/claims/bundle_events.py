"""The events of a bundle's proof, read from receipts that their blocks' headers authenticate.

The same readers as against a chain (``reading``, ``onchain.recorded``), with the bundle in place of the node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from carbon_tokens.claims import onchain
from carbon_tokens.claims.bundle_blocks import Header, logs
from carbon_tokens.claims.checks import Faults
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import Logged, Receipts
from carbon_tokens.errors import CarbonTokensError, ProofError
from carbon_tokens.ledger.contracts import NAMES, Contract

Values = Mapping[tuple[int, int], bytes]  # what stands in trees, by block and index
# What decoders raise at bytes that a contract of this package never emits: another may stand at the address.
_UNREADABLE = (DecodingError, ValueError, TypeError, LookupError, ArithmeticError, StopIteration)


class BundledReceipts(Receipts):
    """The decoded events of the transactions of a bundle.

    Args:
        hashes: of the blocks, by number.
    """

    def __init__(self, proof: Proof, hashes: Mapping[int, str], transactions: Values, receipts: Values) -> None:
        self.address = proof.address
        self._contracts = {proof.address(name).lower(): Contract.load(name) for name in NAMES}
        self._known = {}
        self.unreadable: list[str] = []
        first = _numbered(receipts)
        for at, value in transactions.items():
            tx = "0x" + keccak(value).hex()
            try:
                self._known[tx] = self._events(_placed(tx, at, hashes.get(at[0], ""), receipts, first))
            except (CarbonTokensError, *_UNREADABLE) as error:
                self.unreadable.append(f"transaction {tx}: its logs cannot be read: {error}")

    def load(self, transactions: Iterable[str]) -> None:
        """Those that the bundle does not hold have no events."""
        for tx in transactions:
            self._known.setdefault(tx, {})


def faults(proof: Proof, headers: Mapping[int, Header], held: BundledReceipts) -> Faults:
    """Differences between the proof and the events in the receipts."""
    yield from held.unreadable

    def time_of(block: str) -> int:
        if (header := headers.get(int(block, 16))) is None:
            raise ProofError(f"there is no header of block {int(block, 16)}", where="headers")
        return header.timestamp

    for path, item, read, names in onchain.recorded(proof, time_of):
        logged = held.at(item.at, *names)
        if logged is None:
            yield f"{path}: no {names[0]} event of these contracts is log {item.at.index} of transaction {item.at.tx}"
            continue
        try:
            yield from onchain.differences(path, item, read(held, logged))
            yield from _elsewhere(path, proof, logged)
        except (CarbonTokensError, *_UNREADABLE) as error:
            yield f"{path}: {error}"
    for number, month in enumerate(proof.months):
        yield from onchain.foreign_faults(f"months[{number}]", proof, month, held)


def _elsewhere(path: str, proof: Proof, logged: Logged) -> Iterator[str]:
    """Panels and claims of another facility; that of months' events is checked with their month."""
    if logged.event.name in ("PanelSet", "Claimed") and logged.args["facility"] != int(proof.facility.id, 16):
        yield f"{path} is about another facility"


def _numbered(receipts: Values) -> dict[tuple[int, int], int]:
    """Index in its block of the first log of each receipt that has all receipts before it."""
    first: dict[tuple[int, int], int] = {}
    for block, index in sorted(receipts):
        before = block, index - 1
        if index == 0:
            first[block, index] = 0
        elif before in first:
            first[block, index] = first[before] + len(logs(receipts[before]))
    return first


def _placed(
    tx: str, at: tuple[int, int], block_hash: str, receipts: Values, first: Mapping[tuple[int, int], int]
) -> dict[str, Any]:
    """The receipt of a transaction as a node gives it, its logs numbered through the block.

    Raises:
        ProofError: a receipt before it is missing, so that its logs cannot be numbered.
    """
    if at not in first:
        raise ProofError(f"receipt {at[1]} of block {at[0]}, or one before it, is missing", where="receipts")
    place = {"blockNumber": hex(at[0]), "transactionHash": tx}
    found = [{**log, **place, "logIndex": hex(first[at] + number)} for number, log in enumerate(logs(receipts[at]))]
    return {"blockHash": block_hash, "logs": found}
