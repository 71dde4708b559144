"""Many signed transactions: local nonces, one disk write and one HTTP body for up to 200, receipts afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.journal import Entry, Journal
from carbon_tokens.ledger.rpc import BATCH_BYTES, BATCH_CALLS, NodeError
from carbon_tokens.ledger.settle import RawReceipt, check_sent, settle
from carbon_tokens.ledger.transactions import Transaction

Progress = Callable[[int, int], None]  # items done, items in all

_IN_FLIGHT = 1_000  # transactions sent and not yet seen in a block


@dataclass(frozen=True, slots=True)
class Job:
    """A call to send: the ids of what it makes, its calldata and its gas limit."""

    items: tuple[int, ...]
    data: bytes
    gas: int


class Pipeline:
    """Sends the calls of one account to one contract, journaled, in the order given."""

    def __init__(self, chain: Chain, signer: Signer, journal: Journal, contract: str, action: str) -> None:
        self._chain, self._signer, self._journal = chain, signer, journal
        self._to, self._action = bytes.fromhex(contract[2:]), action

    def send(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[tuple[Entry, RawReceipt | None]]:
        """Sends all and waits until all are mined; each entry with its receipt (None: its nonce was used by another).

        Raises:
            NonceError: another process sends as this account.
            LedgerError: the node refuses a transaction or does not mine; the journal resumes what was sent.
        """
        results: list[tuple[Entry, RawReceipt | None]] = []
        flying: list[Entry] = []
        total, done = sum(len(job.items) for job in jobs), 0
        nonce = self._chain.nonce(self._signer.address, "pending")
        for portion in _portions(jobs):
            flying += self._launch(portion, nonce)
            nonce += len(portion)
            done += sum(len(job.items) for job in portion)
            if len(flying) >= _IN_FLIGHT:
                results += self._land(flying)
                flying = []
            if progress:
                progress(done, total)
        return results + self._land(flying)

    def _launch(self, jobs: Sequence[Job], nonce: int) -> list[Entry]:
        """Signs, journals and sends one portion."""
        fees = self._chain.fees()
        entries = []
        for number, job in enumerate(jobs, nonce):
            tx = Transaction(self._chain.id, number, job.gas, fees, self._to, job.data)
            signed = self._signer.sign_transaction(tx)
            entries.append(
                Entry("", self._action, job.items, self._signer.address, number, "0x" + signed.hash.hex(), signed.raw)
            )
        self._journal.plan(entries)
        results = self._chain.rpc.batch([("eth_sendRawTransaction", ["0x" + entry.raw.hex()]) for entry in entries])
        if any(isinstance(result, NodeError) for result in results):
            check_sent(self._chain, entries, results)
        self._chain.mine()
        return entries

    def _land(self, entries: Sequence[Entry]) -> list[tuple[Entry, RawReceipt | None]]:
        receipts = settle(self._chain, self._journal, entries)
        return [(entry, receipts.get(entry.hash)) for entry in entries]


def _portions(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Jobs by HTTP bodies: at most 200 and about 1.5 MB of hex each."""
    portion: list[Job] = []
    size = 0
    for job in jobs:
        if portion and (len(portion) == BATCH_CALLS or size + 2 * len(job.data) + 400 > BATCH_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(job)
        size += 2 * len(job.data) + 400
    if portion:
        yield portion
