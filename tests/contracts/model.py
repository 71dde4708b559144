"""The contracts in plain numbers, against which the state machine compares them."""

from __future__ import annotations

from dataclasses import dataclass, field

from actions import LOCATION, RESIDUAL
from records import ANNUAL, HOURLY, REC, emissions, market_based
from splits import Amounts, Split


@dataclass
class Month:
    energy: int = 0
    location: int = 0
    residual: int = 0
    scope1: int = 0
    version: int = 0
    audited: bool = False
    closed: bool = False
    recs: int = 0
    offsets: int = 0
    granular: dict[int, int] = field(default_factory=dict)  # certificates that are shown, Wh in the hour of all energy
    void: set[int] = field(default_factory=set)  # granular certificates of which anything was disallowed
    matched: tuple[int, int] | None = None  # version and Wh of the match that stands

    @property
    def generated(self) -> int:
        return sum(self.granular.values())

    @property
    def liability(self) -> int:
        return self.scope1 + self.location

    def covering(self, basis: int) -> int | None:
        """Wh of RECs that count on a basis; None if that is not known."""
        if basis == ANNUAL:
            return self.recs
        if self.energy == 0:
            return 0
        version, matched = self.matched or (None, 0)
        return matched if version == self.version else None

    def gross_market(self, recs: int) -> int:
        return self.scope1 + market_based(self.residual, self.energy, recs)

    @property
    def net(self) -> int:
        return self.gross_market(self.recs) - self.offsets

    @property
    def totals(self) -> Amounts:
        """What a split shares out."""
        return self.energy, self.liability, self.gross_market(self.recs)


@dataclass
class Batch:
    token_class: int
    issued: int
    held: dict[str, int]
    retired: int = 0


@dataclass
class Taken:
    """The tenant's account of a month: what it claimed of the facility's, and at which version of that."""

    shares: int = 0  # changes of what it holds
    amounts: Amounts = (0, 0, 0)
    split_version: int | None = None


@dataclass
class Model:
    """What the rules allow: every ``…_error`` is the name of the error that is due, or empty."""

    months: dict[int, Month]
    taken: dict[int, Taken]
    batches: dict[int, Batch] = field(default_factory=dict)
    frozen: set[int] = field(default_factory=set)  # token classes whose source is frozen
    claims: dict[tuple[int, int], int] = field(default_factory=dict)  # month and basis → version that it was claimed at
    splits: dict[tuple[int, int], Split] = field(default_factory=dict)  # month and version → what was committed
    panelled: bool = False

    # ---------------------------------------------------------------------------------------------------------- tokens
    def move_error(self, token: int, holder: str, amount: int) -> str:
        batch = self.batches[token]
        if batch.token_class in self.frozen:
            return "SourceIsFrozen"
        return "ERC1155InsufficientBalance" if amount > batch.held.get(holder, 0) else ""

    def transfer(self, token: int, source: str, to: str, amount: int) -> None:
        held = self.batches[token].held
        held[source] -= amount
        held[to] = held.get(to, 0) + amount

    def retire(self, token: int, holder: str, amount: int, month: int) -> None:
        batch = self.batches[token]
        batch.held[holder] -= amount
        batch.retired += amount
        self._credit(batch, month, amount)

    def retired(self, token: int, month: int) -> int:
        """What stands in the account of the token's class."""
        account = self.months[month]
        return account.recs if self.batches[token].token_class == REC else account.offsets

    def disallow(self, token: int, amount: int, month: int) -> None:
        self._credit(self.batches[token], month, -amount)
        account = self.months[month]
        account.version += 1
        if token in account.granular:
            account.void.add(token)

    def generate(self, token: int, amount: int, month: int) -> None:
        account = self.months[month]
        account.granular[token], account.recs = amount, account.recs + amount
        self.batches[token] = Batch(REC, amount, {}, amount)

    def leave_out(self, month: int) -> None:
        """Void certificates are not shown again."""
        account = self.months[month]
        account.granular = {token: amount for token, amount in account.granular.items() if token not in account.void}
        account.void = set()

    def _credit(self, batch: Batch, month: int, amount: int) -> None:
        if batch.token_class == REC:
            self.months[month].recs += amount
        else:
            self.months[month].offsets += amount

    # -------------------------------------------------------------------------------------------------------- auditing
    def writer_error(self, by: str) -> str:
        """Whether these may write: the auditor himself, the signature of ``one`` auditor, or of ``two``."""
        if not self.panelled or by == "two":
            return ""
        return "PanelMissing" if by == "auditor" else "QuorumMissing"

    def audit_error(self, month: int, by: str) -> str:
        closed = "MonthIsClosed" if self.months[month].closed else ""
        return self._in_order(closed, by)

    def restate_error(self, month: int, by: str) -> str:
        empty = "" if self.months[month].audited else "MonthNotAudited"
        return self._in_order(empty, by)

    def _in_order(self, error: str, by: str) -> str:
        """The ledger looks at the month before it looks at who writes; signatures are counted before either."""
        writer = self.writer_error(by)
        return writer or error if by != "auditor" else error or writer

    def close_error(self, month: int, by: str) -> str:
        account = self.months[month]
        if error := self.writer_error(by):
            return error
        if not account.audited:
            return "MonthNotAudited"
        return "MonthIsClosed" if account.closed else ""

    def disallow_error(self, token: int, amount: int, month: int, by: str) -> str:
        too_much = amount > self.retired(token, month)
        return self.writer_error(by) or ("DisallowedExceedsRetired" if too_much else "")

    def audit(self, month: int, energy: int, scope1: int) -> None:
        """Every reading is rounded up by itself, so a month read in parts may weigh a few grams more."""
        account = self.months[month]
        account.energy, account.scope1 = account.energy + energy, account.scope1 + scope1
        account.location += emissions(energy, LOCATION)
        account.residual += emissions(energy, RESIDUAL)
        account.version, account.audited = account.version + 1, True

    def restate(self, month: int, energy: int, scope1: int) -> None:
        account = self.months[month]
        account.energy, account.scope1, account.version = energy, scope1, account.version + 1
        account.location, account.residual = emissions(energy, LOCATION), emissions(energy, RESIDUAL)

    # ------------------------------------------------------------------------------------------------- hours and shares
    def match_error(self, month: int, by: str) -> str:
        """An auditor himself is looked at first and replaces any match; signatures are read last."""
        account, writer = self.months[month], self.writer_error(by)
        if by == "auditor" and writer:
            return "NotAuditor"
        if account.void:
            return "CertificateDisallowed"
        if account.generated > account.recs:
            return "GenerationNotRetired"
        version, matched = account.matched or (None, 0)
        if by != "auditor" and version == account.version and matched >= self.matchable(month):
            return "MatchNotHigher"
        return writer

    def matchable(self, month: int) -> int:
        return min(self.months[month].energy, self.months[month].generated)

    def commit_error(self, month: int) -> str:
        if not self.months[month].closed:
            return "MonthNotComplete"
        return "AllocationExists" if (month, self.months[month].version) in self.splits else ""

    def take_error(self, month: int, split: Split) -> str:
        """``split`` is what the tenant shows, which may be of an older version."""
        version = self.months[month].version
        if self.splits.get((month, version)) is not split:
            return "ShareNotProven"
        return "ShareAlreadyClaimed" if self.taken[month].split_version == version else ""

    def take(self, month: int, split: Split) -> None:
        taken = self.taken[month]
        taken.shares += taken.amounts[1:] != split.shares[0].amounts[1:]
        taken.amounts = split.shares[0].amounts
        taken.split_version = self.months[month].version

    # ---------------------------------------------------------------------------------------------------------- claims
    def claim_error(self, month: int, basis: int) -> str:
        account = self.months[month]
        if not account.closed:
            return "MonthOpen"
        recs = account.covering(basis)
        if recs is None:
            return "HoursNotMatched"
        return "NetAboveZero" if account.gross_market(recs) > account.offsets else ""

    def is_valid(self, month: int, basis: int) -> bool:
        claimed = self.claims.get((month, basis))
        return claimed == self.months[month].version and not self.claim_error(month, basis)


BASES = (ANNUAL, HOURLY)
