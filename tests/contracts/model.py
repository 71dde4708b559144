"""The ledger in plain numbers, against which the state machine compares the contracts."""

from __future__ import annotations

from dataclasses import dataclass, field

from actions import LOCATION, RESIDUAL
from records import REC, emissions, market_based


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

    @property
    def liability(self) -> int:
        return self.scope1 + self.location

    @property
    def net(self) -> int:
        return self.scope1 + market_based(self.residual, self.energy, self.recs) - self.offsets


@dataclass
class Batch:
    token_class: int
    issued: int
    held: dict[str, int]
    retired: int = 0


@dataclass
class Model:
    """What the rules allow: every ``…_error`` is the name of the error that is due, or empty."""

    months: dict[int, Month]
    batches: dict[int, Batch] = field(default_factory=dict)
    frozen: set[int] = field(default_factory=set)  # token classes whose source is frozen
    claims: dict[int, int] = field(default_factory=dict)  # month → version that it was claimed at

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
        self.months[month].version += 1

    def _credit(self, batch: Batch, month: int, amount: int) -> None:
        if batch.token_class == REC:
            self.months[month].recs += amount
        else:
            self.months[month].offsets += amount

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

    def close_error(self, month: int) -> str:
        account = self.months[month]
        if not account.audited:
            return "MonthNotAudited"
        return "MonthIsClosed" if account.closed else ""

    def claim_error(self, month: int) -> str:
        account = self.months[month]
        if not account.closed:
            return "MonthOpen"
        return "NetAboveZero" if account.net > 0 else ""

    def is_valid(self, month: int) -> bool:
        return month in self.claims and self.claims[month] == self.months[month].version and not self.claim_error(month)
