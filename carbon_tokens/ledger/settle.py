"""Brings journaled transactions to their end: mined, failed, or void because another one used the nonce."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.journal import FAILED, MINED, REPLACED, Entry, Journal, Outcome
from carbon_tokens.ledger.rpc import NodeError

RawReceipt = Mapping[str, Any]
_LATE, _PAUSE = 2.0, 0.01  # s: how much later than its nonce a receipt may come (Anvil: some 10 ms)


class NonceError(LedgerError):
    """A nonce that another transaction has used, or one before it that is missing."""


def settle(chain: Chain, journal: Journal, entries: Sequence[Entry]) -> dict[str, RawReceipt]:
    """Waits for entries without an outcome, sends those again that the chain does not know, and journals how they end.

    Returns:
        the receipts of the mined ones by hash; those that are missing were replaced and are void.

    Raises:
        NonceError: a nonce before theirs is missing, so they can never be mined.
        LedgerError: the node refuses a transaction, or they are not mined in time; they stay open.
    """
    found = _mined(chain, entries)
    rest = [entry for entry in entries if entry.hash not in found]
    used = {sender: chain.nonce(sender) for sender in {entry.sender for entry in rest}}
    passed = [entry for entry in rest if entry.nonce < used[entry.sender]]
    found |= _mined_late(chain, passed)
    void = [entry for entry in passed if entry.hash not in found and not _held(chain, entry)]
    waiting = [entry for entry in rest if entry.hash not in found and entry not in void]
    send(chain, waiting)
    found |= dict(zip([e.hash for e in waiting], chain.wait([e.hash for e in waiting]), strict=True))
    journal.end([outcome(entry.hash, found[entry.hash]) for entry in entries if entry.hash in found])
    journal.end([Outcome(entry.hash, REPLACED) for entry in void])
    return found


def send(chain: Chain, entries: Sequence[Entry]) -> None:
    """Sends those entries that the node does not hold yet, in the order of their nonces.

    Raises:
        NonceError: a nonce before the first, or between two of them, is missing.
        LedgerError: the node refuses a transaction; what it says is in the text.
    """
    known = chain.rpc.batch([("eth_getTransactionByHash", [entry.hash]) for entry in entries])
    missing = [entry for entry, tx in zip(entries, known, strict=True) if tx is None or isinstance(tx, NodeError)]
    _check_gaps(chain, missing)
    results = chain.rpc.batch([("eth_sendRawTransaction", ["0x" + entry.raw.hex()]) for entry in missing])
    check_sent(chain, missing, results)


def check_sent(chain: Chain, entries: Sequence[Entry], results: Sequence[Any]) -> None:
    """Raises what a node's refusals mean; "already known" and the like are none, because the node holds the bytes."""
    refused = [(entry, result) for entry, result in zip(entries, results, strict=True) if isinstance(result, NodeError)]
    for entry, refusal in refused:
        if chain.rpc.request("eth_getTransactionByHash", [entry.hash]) is None:
            raise refusal_of(refusal, entry)


def refusal_of(refusal: NodeError, entry: Entry) -> LedgerError:
    """A node's refusal as an error of the ledger."""
    text, where = refusal.what.lower(), f"{entry.action} with nonce {entry.nonce}"
    if "nonce" in text or "replacement" in text or "underpriced" in text:
        return NonceError(
            f"the node refuses the nonce: {refusal.what}",
            where=where,
            todo=f"Let only one process send as {entry.sender}, and run it again.",
        )
    if "insufficient funds" in text or "enough funds" in text:
        return LedgerError(
            "the account cannot pay for the gas", where=where, todo=f"Fund {entry.sender} and run it again."
        )
    return LedgerError(f"the node refuses the transaction: {refusal.what}", where=where)


def outcome(tx: str, receipt: RawReceipt) -> Outcome:
    """The outcome that a receipt tells."""
    state = MINED if int(receipt["status"], 16) else FAILED
    return Outcome(tx, state, int(receipt["blockNumber"], 16), int(receipt["gasUsed"], 16))


def _mined(chain: Chain, entries: Sequence[Entry]) -> dict[str, RawReceipt]:
    receipts = chain.receipts([entry.hash for entry in entries])
    return {entry.hash: receipt for entry, receipt in zip(entries, receipts, strict=True) if receipt}


def _mined_late(chain: Chain, entries: Sequence[Entry]) -> dict[str, RawReceipt]:
    """Receipts of entries whose nonce is used: a node may count a nonce before it has the receipt."""
    found = _mined(chain, entries)
    end = time.monotonic() + _LATE
    while len(found) < len(entries) and time.monotonic() < end:
        time.sleep(_PAUSE)
        found |= _mined(chain, [entry for entry in entries if entry.hash not in found])
    return found


def _held(chain: Chain, entry: Entry) -> bool:
    """Whether the node knows the transaction: then it was not replaced, however late its receipt is."""
    return chain.rpc.request("eth_getTransactionByHash", [entry.hash]) is not None


def _check_gaps(chain: Chain, entries: Sequence[Entry]) -> None:
    for sender in {entry.sender for entry in entries}:
        expected = chain.nonce(sender, "pending")
        for nonce in sorted(entry.nonce for entry in entries if entry.sender == sender):
            if nonce > expected:
                raise NonceError(
                    f"the nonces {expected} to {nonce - 1} of {sender} are missing, so nonce {nonce} waits for ever",
                    todo="Send any transactions with these nonces, then run it again.",
                )
            expected = max(expected, nonce + 1)
