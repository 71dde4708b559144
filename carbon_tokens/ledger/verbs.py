"""What the groups of verbs in ``allocating``, ``matching`` and ``auditing`` stand on: reads, and one way to write."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger.accounts import Signer
from carbon_tokens.ledger.records import Batch, IssueReport, Receipt
from carbon_tokens.ledger.views import LedgerViews

SUPERSEDABLE = ("Allocations", "HourlyMatching", "NetEmissions")


class Verbs(LedgerViews):
    """Reads, and the writing that ``Ledger`` brings."""

    @abstractmethod
    def _write(self, action: str, contract: str, function: str, *args: object) -> Receipt: ...

    @abstractmethod
    def _signer(self) -> Signer: ...

    @abstractmethod
    def issue(self, source: int, batches: Sequence[Batch], to: str | None = None) -> IssueReport: ...

    def supersede(self, contract: str, by: str) -> Receipt:
        """Names the contract that takes over from ``contract``, for ever. Only the ledger's admin, once.

        The old one refuses new claims, splits and retirements from then on. What stands in it stays readable, its
        shares can be claimed and its granular certificates matched.

        Raises:
            LedgerError: the contract has no successor by its design.
        """
        if contract not in SUPERSEDABLE:
            what = f"{contract} is never superseded: its records are what the others rest on"
            raise LedgerError(what, where="contract", todo=f"Name one of {', '.join(SUPERSEDABLE)}.")
        return self._write("supersede", contract, "supersede", by)
