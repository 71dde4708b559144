"""Certificates that count twice over ledgers: batches, serials, registries' documents, and amounts.

The chain keeps serials of one source apart, and one document's batch has one id on every chain; so the same batch, or
the same serials of a registry's device in another batch, on a second ledger is a second use of what was retired once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carbon_tokens.claims.records import SourcePart, TokenPart
from carbon_tokens.portfolio.accounts import Account
from carbon_tokens.portfolio.doubles import overlapping, pairs, squeezed
from carbon_tokens.portfolio.findings import DOUBLE, SUSPICIOUS, Finding, Spot, finding

_PDF = "document.document_sha256"


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch of a ledger, by the first account that it counts in, and what all of them retired of it."""

    account: Account
    token: TokenPart
    source: SourcePart
    retired: int

    def spot(self, field: str) -> Spot:
        place = self.account.proof.tokens.index(self.token)
        return Spot.of(self.account, f"tokens[{place}].{field}")

    @property
    def device(self) -> tuple[str, str]:
        """Registry and device, however they are spelled."""
        stated = self.token.document.source if self.token.document else _text(self.source.device)
        return squeezed(self.source.registry), squeezed(stated)

    @property
    def document(self) -> str:
        """sha-256 of the registry's document; empty if it is not known."""
        return self.token.document.document_sha256 if self.token.document else ""

    @property
    def serials(self) -> tuple[int, int]:
        return int(self.token.serial_from), int(self.token.serial_thru)


def doubles(accounts: Sequence[Account]) -> Iterator[Finding]:
    """Findings about retired RECs and offsets of accounts that count."""
    batches = _batches(accounts)
    yield from _batch_twice(batches)
    yield from _serials(batches)
    yield from _documents(batches)
    for each in batches:
        if each.retired > each.token.amount:
            what = f"{each.retired:,} of batch {each.token.id} count, only {each.token.amount:,} were issued"
            yield finding("amount", DOUBLE, what, each.spot("amount"))


def _batches(accounts: Sequence[Account]) -> list[_Batch]:
    found: dict[object, _Batch] = {}
    for account in accounts:
        for token, source, amount in account.tokens():
            key = (account.held.ledger, token.id)
            first = found.get(key, _Batch(account, token, source, 0))
            found[key] = _Batch(first.account, first.token, first.source, first.retired + amount)
    return list(found.values())


def _batch_twice(batches: Sequence[_Batch]) -> Iterator[Finding]:
    for one, other in pairs(batches, lambda each: each.token.id):
        what = f"the batch {_named(one)} is issued and retired on two ledgers"
        yield finding("token", DOUBLE, what, one.spot("id"), other.spot("id"))


def _serials(batches: Sequence[_Batch]) -> Iterator[Finding]:
    for one, other in overlapping(batches, lambda each: (each.source.token_class, *each.device), _span):
        if one.token.id != other.token.id:
            first, last = max(one.serials[0], other.serials[0]), min(one.serials[1], other.serials[1])
            what = f"serials {first} to {last} of {one.source.registry} are in two batches"
            yield finding("serial", DOUBLE, what, one.spot("serial_from"), other.spot("serial_from"))


def _documents(batches: Sequence[_Batch]) -> Iterator[Finding]:
    """One document of a registry may list many ranges; it is a double count where the ranges meet."""
    stated = [each for each in batches if each.document]
    for one, other in overlapping(stated, lambda each: (each.source.token_class, each.document), _span):
        if one.token.id != other.token.id and one.device != other.device:
            what = "one registry document, and serials that meet, under two registries' or devices' names"
            yield finding("pdf", DOUBLE, what, one.spot(_PDF), other.spot(_PDF))
    firsts = {(each.document, each.account.held.ledger): each for each in reversed(stated)}
    for one, other in pairs(firsts.values(), lambda each: each.document):
        if one.token.id != other.token.id and not _meet(one, other):
            what = "one registry document is behind batches of different serials on two ledgers"
            yield finding("pdf", SUSPICIOUS, what, one.spot(_PDF), other.spot(_PDF))


def _span(batch: _Batch) -> tuple[int, int]:
    return batch.serials


def _meet(one: _Batch, other: _Batch) -> bool:
    return one.serials[0] <= other.serials[1] and other.serials[0] <= one.serials[1]


def _named(batch: _Batch) -> str:
    document = batch.token.document
    if document:
        return f"{document.registry} {document.serials}"
    return f"{batch.source.registry} {batch.token.serial_from} to {batch.token.serial_thru}"


def _text(device: str) -> str:
    """A device as the chain has it: its text, or the hash of a longer one."""
    try:
        return bytes.fromhex(device[2:]).rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return device
