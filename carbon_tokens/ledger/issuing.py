"""An issuing run: many batches of one source, resumable, each issued exactly once.

What decides is the chain: a token's id is its content, so before anything is sent the open entries of the journal are
brought to their end, and whatever stands on the chain then is skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache

from eth_utils.address import to_canonical_address

from carbon_tokens.errors import LedgerError, Reverted
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.ids import batch_id
from carbon_tokens.ledger.journal import Journal
from carbon_tokens.ledger.pipeline import Job, Pipeline, Progress
from carbon_tokens.ledger.records import Batch, IssueReport, Source
from carbon_tokens.ledger.settle import RawReceipt, settle

MOST_PER_TRANSACTION = 250  # a transaction may use 16,777,216 gas at most (EIP-7825)
_REHEARSED = 100  # batches an eth_call: about 3 million gas
_MARGIN = 4  # a quarter more gas than was estimated: the first item of a run is not always the dearest


def inputs_digest(source: int, to: str, batches: Sequence[Batch]) -> str:
    """sha256 of what a run is to issue: binds its journal."""
    return hashlib.sha256(_words(source, to) + b"".join(pack_batch(batch) for batch in batches)).hexdigest()


def pack_batch(batch: Batch) -> bytes:
    """A batch in ABI form, six words; by hand, because eth-abi takes twenty times as long.

    Raises:
        LedgerError: a number that does not fit its type.
    """
    numbers = (batch.amount, batch.serial_from, batch.serial_thru, batch.vintage_start, batch.vintage_end)
    for number, bits in zip(numbers, _bits(), strict=True):
        if not 0 <= number < 1 << bits:
            raise LedgerError(f"{number} does not fit", where=f"batch of the document 0x{batch.evidence.hex()}")
    return batch.evidence.rjust(32, b"\0") + b"".join([number.to_bytes(32, "big") for number in numbers])


@cache
def _bits() -> tuple[int, ...]:
    """The widths of the numbers of a batch, as the contract declares them."""
    entry = next(each for each in Contract.load("CarbonTokens").abi if each.get("name") == "issue")
    return tuple(int(part["type"].removeprefix("uint")) for part in entry["inputs"][2]["components"][1:])


def issue_data(source: int, to: str, batches: Sequence[Batch]) -> bytes:
    """Calldata of ``issue`` for one batch, of ``issueBatch`` for several."""
    functions, head = Contract.load("CarbonTokens").functions, _words(source, to)
    packed = b"".join([pack_batch(batch) for batch in batches])
    if len(batches) == 1:
        return functions["issue"][0] + head + packed
    return functions["issueBatch"][0] + head + (96).to_bytes(32, "big") + len(batches).to_bytes(32, "big") + packed


def _words(source: int, to: str) -> bytes:
    return source.to_bytes(32, "big") + to_canonical_address(to).rjust(32, b"\0")


class IssuingRun:
    """Issues batches of a source to a holder. Everything is checked before anything is sent."""

    def __init__(self, chain: Chain, signer: Signer, contract: str, source: int, record: Source, to: str) -> None:
        self._chain, self._signer, self._contract = chain, signer, contract
        self._source, self._record, self._to = source, record, to

    def run(
        self, batches: Sequence[Batch], journal: Journal, per_transaction: int, progress: Progress | None = None
    ) -> IssueReport:
        """Issues what is not on the chain yet.

        Raises:
            LedgerError: two batches are of one document or not in ascending order of serials; or as ``Pipeline.send``.
            Reverted: the contract refuses a batch, named in ``where``; nothing was sent.
        """
        gas = _gas(settle(self._chain, journal, journal.open_entries()).values())
        ids, standing, jobs = self.planned(batches, per_transaction)
        results = Pipeline(self._chain, self._signer, journal, self._contract, "issue").send(jobs, progress)
        failed = next((job for job, (_, receipt) in zip(jobs, results, strict=True) if not _good(receipt)), None)
        if failed:
            self._call(failed.data, failed.items[0])
            raise LedgerError(f"the issue of {failed.items[0]:#x} failed, and would succeed now", todo="Run it again.")
        gas += _gas([receipt for _, receipt in results if receipt])
        return IssueReport(ids, len(ids) - len(standing), len(standing), len(jobs), gas)

    def planned(
        self, batches: Sequence[Batch], per_transaction: int = 100
    ) -> tuple[tuple[int, ...], set[int], list[Job]]:
        """Ids of all batches, those that stand on the chain already, and the calls that issue the others.

        Raises:
            LedgerError, Reverted: as ``run``; nothing is sent.
        """
        ids = tuple(batch_id(self._record.token_class, self._record.registry, batch.evidence) for batch in batches)
        _check(batches)
        standing = self.standing(ids)
        todo = [(number, batch) for number, batch in zip(ids, batches, strict=True) if number not in standing]
        self._rehearse(todo)
        return ids, standing, self._jobs(todo, per_transaction)

    def standing(self, ids: Sequence[int]) -> set[int]:
        """Those of the ids that are on the chain.

        Raises:
            LedgerError: one of them was issued from another source.
        """
        selector = Contract.load("CarbonTokens").functions["batchOf"][0]
        outputs = self._chain.calls(self._contract, [selector + number.to_bytes(32, "big") for number in ids])
        found = set()
        for number, output in zip(ids, outputs, strict=True):
            if isinstance(output, LedgerError):
                raise output
            holder, source = output[:32], int.from_bytes(output[64:96], "big")
            if any(holder) and source != self._source:
                raise LedgerError(
                    f"the token {number:#x} was issued from source {source}, not {self._source}", where="issue"
                )
            if any(holder):
                found.add(number)
        return found

    def _rehearse(self, todo: Sequence[tuple[int, Batch]]) -> None:
        """Asks the contract about every batch before any is sent.

        A batch refused in the middle of a run would stay behind the serials of the next, and could never be issued.
        """
        portions = [todo[start : start + _REHEARSED] for start in range(0, len(todo), _REHEARSED)]
        datas = [issue_data(self._source, self._to, [batch for _, batch in portion]) for portion in portions]
        answers = self._chain.calls(self._contract, datas, sender=self._signer.address)
        for portion, answer in zip(portions, answers, strict=True):
            if isinstance(answer, LedgerError):
                for number, batch in portion:
                    self._call(issue_data(self._source, self._to, [batch]), number)
                raise answer

    def _call(self, data: bytes, number: int) -> None:
        try:
            self._chain.call(self._contract, data, sender=self._signer.address)
        except Reverted as reason:
            where = f"issue of {number:#x}"
            raise Reverted(
                reason.what, where=where, todo=reason.todo, error=reason.error, args_=reason.args_
            ) from reason

    def _jobs(self, todo: Sequence[tuple[int, Batch]], size: int) -> list[Job]:
        if not 1 <= size <= MOST_PER_TRANSACTION:
            raise LedgerError(
                f"{size} batches a transaction", where="per_transaction", todo=f"Use 1 to {MOST_PER_TRANSACTION}."
            )
        jobs: list[Job] = []
        limits: dict[int, int] = {}
        for start in range(0, len(todo), size):
            part = todo[start : start + size]
            data = issue_data(self._source, self._to, [batch for _, batch in part])
            if len(part) not in limits:
                # Estimated by the first of this size: for later ones the chain lacks what precedes them.
                first = issue_data(self._source, self._to, [batch for _, batch in todo[: len(part)]])
                used = self._chain.estimate(self._contract, first, self._signer.address)
                limits[len(part)] = used + used // _MARGIN
            jobs.append(Job(tuple(number for number, _ in part), data, limits[len(part)]))
        return jobs


def _check(batches: Sequence[Batch]) -> None:
    seen: set[bytes] = set()
    next_serial = 0
    for row, batch in enumerate(batches, 1):
        where = f"batch {row}"
        if len(batch.evidence) != 32:
            raise LedgerError("the evidence hash does not have 32 bytes", where=where)
        if batch.evidence in seen:
            raise LedgerError(f"the document 0x{batch.evidence.hex()} occurs twice", where=where, todo="Issue it once.")
        if not next_serial <= batch.serial_from <= batch.serial_thru:
            raise LedgerError(
                f"serials {batch.serial_from} to {batch.serial_thru} are not above those before",
                where=where,
                todo="Sort by serial.",
            )
        seen.add(batch.evidence)
        next_serial = batch.serial_thru + 1


def _good(receipt: RawReceipt | None) -> bool:
    return receipt is not None and int(receipt["status"], 16) == 1


def _gas(receipts: Iterable[RawReceipt]) -> int:
    return sum(int(receipt["gasUsed"], 16) for receipt in receipts)
