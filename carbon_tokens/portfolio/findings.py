"""What counts twice, or looks as if it did: each finding with both of its places."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from carbon_tokens.portfolio.accounts import Account, name_of
from carbon_tokens.portfolio.proofs import Ledger

DOUBLE, SUSPICIOUS = "double", "suspicious"
KINDS = {
    "history": "two histories of one account",
    "validity": "certificates that do not hold now",
    "facility": "one facility on two ledgers",
    "evidence": "one audited document on two accounts",
    "meter": "one meter for one time on two accounts",
    "input": "one input file behind two accounts",
    "token": "one batch of certificates on two ledgers",
    "serial": "one serial in two batches",
    "pdf": "one registry document behind two batches",
    "amount": "more retired than was issued",
    "share": "shares that no counted account holds",
    "deployment": "more than one ledger under one chain's name",
}


@dataclass(frozen=True, order=True, slots=True)
class Spot:
    """A place in a proof: its file, ledger, facility and month, and the field there."""

    ledger: Ledger
    facility: str
    month: str
    field: str
    name: str
    file: str

    @classmethod
    def of(cls, account: Account, field: str, *, month: bool = True) -> Spot:
        when = str(account.month.month) if month else ""
        name = name_of(account.facility)
        return cls(account.held.ledger, account.facility.id, when, field, name, account.held.file)

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.month, f"({self.file}, {self.ledger}, {self.field})") if part)

    def to_json(self) -> dict[str, Any]:
        """File, chain, contract, facility, month and field."""
        ledger = {"chain": self.ledger.chain, "genesis": self.ledger.genesis, "contract": self.ledger.address}
        where = {"facility": self.facility, "name": self.name, "month": self.month, "field": self.field}
        return {"file": self.file, **ledger, **where}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that two places of the portfolio have in common.

    ``double``: the total is refused unless somebody allowed it by its name or kind. ``suspicious``: a note.
    """

    kind: str
    severity: str
    what: str
    spots: tuple[Spot, ...]
    allowed: bool = False

    @property
    def name(self) -> str:
        """Its kind and a hash of what and where, which the order of the files does not change."""
        where = "|".join(f"{each.ledger.key} {each.facility} {each.month}" for each in self.spots)
        return f"{self.kind}-{hashlib.sha256(f'{self.what}|{where}'.encode()).hexdigest()[:8]}"

    @property
    def refuses(self) -> bool:
        return self.severity == DOUBLE and not self.allowed

    def __str__(self) -> str:
        return f"{self.what}: {' and '.join(map(str, self.spots))}"

    def to_json(self) -> dict[str, Any]:
        """Name, kind, severity, whether it was allowed, what, and where."""
        head = {"name": self.name, "kind": self.kind, "severity": self.severity, "allowed": self.allowed}
        return head | {"what": self.what, "places": [each.to_json() for each in self.spots]}


def finding(kind: str, severity: str, what: str, *spots: Spot) -> Finding:
    """A finding, its places in an order of their own."""
    return Finding(kind, severity, what, tuple(sorted(spots)))


def ordered(found: Iterable[Finding], allowed: Iterable[str] = ()) -> list[Finding]:
    """Findings once each, double counts first, by kind and place; allowed ones marked."""
    names = set(allowed)
    once = {each.name: each for each in sorted(found, key=lambda each: (each.what, each.spots))}
    marked = [
        replace(each, allowed=each.severity == DOUBLE and bool({each.name, each.kind} & names))
        for each in once.values()
    ]
    kinds = list(KINDS)
    return sorted(marked, key=lambda each: (each.severity != DOUBLE, kinds.index(each.kind), each.spots, each.what))
