"""The errors of carbon-tokens: one tree, one file.

Every error says *what* is wrong, *where* (``file:row`` or the name of the field) and what to *do*.
"""

from __future__ import annotations


class CarbonTokensError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        what: what is wrong, one sentence without a full stop.
        where: ``file:row`` or the field; empty when there is no place.
        todo: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(
            " ".join(part for part in (f"{where}:" if where else "", what + ("." if todo else ""), todo) if part)
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.todo)


def _rebuild(kind: type[CarbonTokensError], what: str, where: str, todo: str) -> CarbonTokensError:
    return kind(what, where=where, todo=todo)


class UnitError(CarbonTokensError):
    """A quantity that is negative, not finite, not a whole base unit or out of range."""


class PeriodError(CarbonTokensError):
    """A month or period that does not exist or ends before it starts."""


class FactorError(CarbonTokensError):
    """An emission factor that is missing, ambiguous or refused."""


class EnergyError(CarbonTokensError):
    """Energy data that cannot be used: overlaps, negative amounts, duplicates, missing columns."""


class StatementError(CarbonTokensError):
    """A statement that does not follow from its inputs, or is malformed."""


class LedgerError(CarbonTokensError):
    """A chain that cannot be used as asked: wrong chain id, unknown deployment, no funds, dropped transaction."""


class Reverted(LedgerError):
    """A contract refused the call; ``error`` and ``args_`` are the decoded custom error."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", error: str = "", args_: tuple[object, ...] = ()
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.error, self.args_ = error, args_


class JournalError(LedgerError):
    """A journal that contradicts the chain or was written for other inputs."""


class ProofError(CarbonTokensError):
    """A proof file that cannot be read as one."""


class AllocationError(CarbonTokensError):
    """Shares that cannot be allocated, or an allocation that cannot be read."""


class SharesNotEqualTotal(AllocationError):
    """Shares that do not add up to the account; ``differences`` is shares minus total, by quantity."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", differences: dict[str, int] | None = None
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.differences = differences or {}


class DuplicateTenant(AllocationError):
    """A tenant that stands twice in one allocation."""


class ShareNotProven(AllocationError):
    """A proof of a share that does not lead to the root."""


class FleetError(AllocationError):
    """Tables of a fleet that cannot be allocated: unknown names, missing rows, amounts that are none."""


class NotConserved(AllocationError):
    """A step whose parts are not the whole; ``check`` is its number in the method (C1 … C12)."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", check: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.check = check


class ClosedLoop(AllocationError):
    """Shared services that pass everything on to each other only; ``services`` are its members, sorted."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", services: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, todo=todo)
        self.services = services


class MissingIntensity(AllocationError):
    """An hour of energy without the grid's value of that hour, and no annual factor to stand in."""


class MeterBelowMachines(AllocationError):
    """A facility's meter that shows less than its own machines used."""


class FractionsAboveOne(AllocationError):
    """Fractions of one whole that add up to more than it."""


class NothingToShareBy(AllocationError):
    """A positive amount whose weights are all zero, or a ratio to nothing."""


class UnknownKey(AllocationError):
    """A row that names a machine, sector, resource, SKU, region or boundary that its table does not hold."""


class DuplicateKey(AllocationError):
    """Two rows of one key where one is allowed: a machine in an hour, an instrument."""


class InstrumentRefused(AllocationError):
    """An energy certificate of another market zone or year than the load it is to cover."""


class ExtraMissing(CarbonTokensError):
    """A part of this package whose extra is not installed."""


class NotReconciled(EnergyError):
    """A meter and its bill that differ by more than the tolerance; ``comparisons`` describes every bill."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", comparisons: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, todo=todo)
        self.comparisons = comparisons


class NoAnswer(LedgerError):
    """A chain that does not answer, or not now: the same may be asked again later."""


class EvidenceError(CarbonTokensError):
    """Evidence that cannot be kept or read; names its CID and its store, and no key of either."""


class EvidenceLost(EvidenceError):
    """Evidence that is not where it was put, or not what was put there: its sha-256 is not that of its CID."""


class EvidenceRefused(EvidenceError):
    """Evidence, a key or an address of a store that is none, or a deletion before the time."""


class BundleError(ProofError):
    """A block, transaction, receipt or file that cannot go into a bundle, by its name."""


class NotInTree(ProofError):
    """A Merkle-Patricia proof that does not lead from the root to a value, or holds more than that takes."""


class SignerFailed(LedgerError):
    """Who was to sign for an organisation does not answer in time, refuses, is busy, or gives no signature of what was
    asked. It says which of these, and none of the signer's own words."""


class NoProofs(ProofError):
    """Files and folders of a portfolio without a proof in them."""


class NotVerified(ProofError):
    """Proofs of a portfolio that do not verify; ``reasons`` are by file."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", reasons: dict[str, tuple[str, ...]] | None = None
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.reasons = reasons or {}


class DoubleCounted(ProofError):
    """Proofs that count the same thing twice; ``findings`` are sentences by the name of the finding."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", findings: dict[str, str] | None = None) -> None:
        super().__init__(what, where=where, todo=todo)
        self.findings = findings or {}


class CertificateRefused(ProofError):
    """A certificate that is not written: its proof does not verify, or the claim does not hold now."""


class EvidenceFull(EvidenceError):
    """Evidence that would be more than an organisation may keep on a node, in bytes or in files."""


class ExchangeRefused(ProofError):
    """What is not written in another standard's form: a field that it needs is not known, or would not be true."""
