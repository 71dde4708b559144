"""Writes for a wallet that is elsewhere: what would be sent is checked against the chain and kept, and nothing is sent.

Every verb of ``Ledger`` works, because all of them write in one way. What the contract refuses is raised as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import to_checksum_address

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.issuing import IssuingRun
from carbon_tokens.ledger.ledger import Ledger
from carbon_tokens.ledger.pipeline import Progress
from carbon_tokens.ledger.records import Batch, IssueReport, Receipt
from carbon_tokens.ledger.transactions import Signed, Transaction
from carbon_tokens.ledger.typed_data import TypedData


@dataclass(frozen=True, slots=True)
class Call:
    """A call for a wallet to send: what it does, the contract, calldata, and gas with a tenth to spare."""

    action: str
    to: str
    data: bytes
    gas: int


class Wallet:
    """An account whose key is in somebody's wallet: an address that signs nothing here.

    Raises:
        LedgerError: no address.
    """

    def __init__(self, address: str) -> None:
        try:
            self.address = to_checksum_address(address)
        except ValueError as error:
            raise LedgerError(f"{address!r} is no address", where="from") from error

    def sign_transaction(self, tx: Transaction) -> Signed:
        raise LedgerError("this account signs in a wallet, not here", where=self.address)

    def sign_typed(self, data: TypedData) -> bytes:
        raise LedgerError("this account signs in a wallet, not here", where=self.address)


class PreparingLedger(Ledger):
    """A ledger whose writes become ``calls``, in their order; a receipt of theirs has no transaction."""

    def __init__(self, chain: Chain, deployments: Mapping[str, Deployment], sender: str) -> None:
        super().__init__(chain, deployments, Wallet(sender))
        self.calls: list[Call] = []

    def _write(self, action: str, contract: str, function: str, *args: object) -> Receipt:
        self._keep(action, self.address(contract), self.contracts[contract].encode(function, args))
        return Receipt(action, "", 0, 0, ())

    def issue(
        self, source: int, batches: Sequence[Batch], to: str | None = None, *, per_transaction: int = 100,
        journal: Path | None = None, progress: Progress | None = None,
    ) -> IssueReport:  # fmt: skip
        """As ``Ledger.issue``: what stands on the chain already is left out."""
        signer, contract = self._signer(), self.address("CarbonTokens")
        run = IssuingRun(self.chain, signer, contract, source, self.source(source), to or signer.address)
        ids, standing, jobs = run.planned(batches, per_transaction)
        self.calls += [Call("issue", contract, job.data, job.gas) for job in jobs]
        return IssueReport(ids, len(ids) - len(standing), len(standing), len(jobs), 0)

    def _keep(self, action: str, to: str, data: bytes) -> None:
        gas = self.chain.estimate(to, data, self._signer().address)
        self.calls.append(Call(action, to, data, gas + gas // 10))
