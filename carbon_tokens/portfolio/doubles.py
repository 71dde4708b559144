"""What counts twice over ledgers: documents, meters, files, facilities, histories and shares.

A ledger refuses a document, a meter's time and a share that it already has; two ledgers cannot know of each other, be
they on two chains or one contract deployed twice on one. So every proof is compared with every other. What a genuine
ledger cannot hold is found on one ledger too: then one of the proofs is invented.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from carbon_tokens.claims.account_events import Confirmed
from carbon_tokens.portfolio.accounts import Account, Replaced, name_of
from carbon_tokens.portfolio.findings import DOUBLE, SUSPICIOUS, Finding, Spot, finding
from carbon_tokens.statements import FleetStatement, Restatement
from carbon_tokens.statements.statement import NO_METER, Input

Openings = Mapping[str, str]  # sha-256 of a file by its salted commitment, 0x and 64 digits
Kind = TypeVar("Kind")
_NOTHING = ("0x" + 64 * "0", "0x" + hashlib.sha256(b"").hexdigest())  # metadata that describe no facility


@dataclass(frozen=True, slots=True)
class Audited:
    """An audited document and where it stands."""

    account: Account
    place: int
    event: Confirmed

    def spot(self, field: str) -> Spot:
        return Spot.of(self.account, f"events[{self.place}].{field}")


@dataclass(frozen=True, slots=True)
class _File:
    """A file behind an audited document."""

    audited: Audited
    number: int
    item: Input

    @property
    def account(self) -> Account:
        return self.audited.account

    @property
    def place(self) -> tuple[object, str]:
        """Ledger and facility, whose months may share their files."""
        return self.account.key[:2]

    def spot(self) -> Spot:
        return self.audited.spot(f"document.inputs[{self.number}].sha256")


def doubles(accounts: Sequence[Account], openings: Openings) -> Iterator[Finding]:
    """Findings about documents, meters, files and facilities of accounts that count."""
    documents = [
        Audited(account, place, event)
        for account in accounts
        for place, event in enumerate(account.month.events)
        if isinstance(event, Confirmed)
    ]
    yield from _evidence(documents)
    yield from _meters(documents)
    yield from _files(documents, openings)
    yield from _facilities(accounts)


def pairs(items: Iterable[Kind], key: Callable[[Kind], object]) -> Iterator[tuple[Kind, Kind]]:
    """Pairs of items with one key."""
    groups: dict[object, list[Kind]] = {}
    for each in items:
        groups.setdefault(key(each), []).append(each)
    for group in groups.values():
        yield from combinations(group, 2)


def overlapping(
    items: Iterable[Kind], key: Callable[[Kind], object], span: Callable[[Kind], tuple[int, int]]
) -> Iterator[tuple[Kind, Kind]]:
    """Pairs of items with one key whose spans meet; spans are from the first to the last, both among them."""
    groups: dict[object, list[Kind]] = {}
    for each in items:
        groups.setdefault(key(each), []).append(each)
    for group in groups.values():
        ordered = sorted(group, key=span)
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 :]:
                if span(other)[0] > span(one)[1]:
                    break
                yield one, other


def squeezed(text: str) -> str:
    """A name without case, spaces and signs, so that another spelling of it is found."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def apart(one: Account, other: Account) -> bool:
    """Whether two accounts are on two ledgers."""
    return one.held.ledger != other.held.ledger


def _between(documents: Iterable[Audited], key: Callable[[Audited], object]) -> Iterator[tuple[Audited, Audited]]:
    """Pairs of documents with one key that stand in two accounts."""
    for one, other in pairs(documents, key):
        if one.account.key != other.account.key:
            yield one, other


def _evidence(documents: Sequence[Audited]) -> Iterator[Finding]:
    for one, other in _between(documents, lambda each: each.event.evidence):
        what = f"the document {one.event.evidence} is audited twice{_invented(one.account, other.account)}"
        yield finding("evidence", _severity(one, other), what, one.spot("evidence"), other.spot("evidence"))


def _meters(documents: Sequence[Audited]) -> Iterator[Finding]:
    read = [each for each in documents if each.event.meter != NO_METER]
    found = overlapping(read, lambda each: each.event.meter, lambda each: (each.event.start, each.event.end - 1))
    for one, other in found:
        if one.account.key != other.account.key and one.event.evidence != other.event.evidence:
            what = f"meter {_meter(one)} is audited twice for one time{_invented(one.account, other.account)}"
            yield finding("meter", _severity(one, other), what, one.spot("meter"), other.spot("meter"))
    yield from _renamed(read)


def _renamed(read: Sequence[Audited]) -> Iterator[Finding]:
    """The same energy to the Wh in the same period of two meters: one may be the other under another name."""

    def key(each: Audited) -> object:
        return each.event.start, each.event.end, each.event.energy_wh

    for one, other in _between((each for each in read if each.event.energy_wh), key):
        if one.event.meter != other.event.meter and (
            _number(one) == _number(other) or apart(one.account, other.account)
        ):
            what = f"the same period and {one.event.energy_wh:,} Wh of meters {_meter(one)} and {_meter(other)}"
            yield finding("meter", SUSPICIOUS, what, one.spot("meter"), other.spot("meter"))


def _number(audited: Audited) -> str:
    return squeezed(str(getattr(audited.event.document, "meter_number", "")))


def _files(documents: Sequence[Audited], openings: Openings) -> Iterator[Finding]:
    files = [
        _File(each, number, item)
        for each in documents
        for number, item in enumerate(each.event.document.inputs)
        if item.kind != "factor"  # public, and everybody's
    ]
    rows = list(_rows_twice(files, openings))
    said = {frozenset((each.ledger, each.facility) for each in found.spots) for found in rows}
    yield from rows
    for found in _named_twice(files, openings):
        if frozenset((each.ledger, each.facility) for each in found.spots) not in said:
            yield found


def _rows_twice(files: Sequence[_File], openings: Openings) -> Iterator[Finding]:
    """One month's rows behind two facilities' accounts."""

    def key(each: _File) -> object:
        return openings.get(each.item.sha256, each.item.sha256), each.account.month.month

    for one, other in pairs((each for each in files if each.item.kind != "document"), key):
        if one.place != other.place and one.audited.event.evidence != other.audited.event.evidence:
            severity = _of_rows(one, other)
            if severity:
                what = f"{_called(one, openings)} is behind two accounts of one month"
                yield finding("input", severity, what, one.spot(), other.spot())


def _named_twice(files: Sequence[_File], openings: Openings) -> Iterator[Finding]:
    """A file on two ledgers, whatever its rows and months: one note for each two facilities."""
    first: dict[object, dict[object, _File]] = {}
    for each in files:
        first.setdefault(openings.get(each.item.sha256, each.item.sha256), {}).setdefault(each.place, each)
    for places in first.values():
        one, *others = places.values()
        for other in others:
            if apart(one.account, other.account) and one.audited.event.evidence != other.audited.event.evidence:
                what = f"{_called(one, openings)} is named on two ledgers"
                yield finding("input", SUSPICIOUS, what, one.spot(), other.spot())


def _called(file: _File, openings: Openings) -> str:
    return f"{file.item.name} ({openings.get(file.item.sha256, file.item.sha256)[:18]}…)"


def _of_rows(one: _File, other: _File) -> str:
    """How rows of one month count: "" where a table has many facilities, and each names rows or a region of its own."""
    a, b = one.audited.event, other.audited.event
    if isinstance(a.document, FleetStatement) and isinstance(b.document, FleetStatement):
        return DOUBLE if a.document.region == b.document.region else ""
    if not _overlap(one.item, other.item):
        return ""
    exact = one.item.kind in ("bills", "site") or NO_METER in (a.meter, b.meter)
    return DOUBLE if exact or a.meter == b.meter else SUSPICIOUS


def _overlap(one: Input, other: Input) -> bool:
    """Whether rows of a file are behind both; row 0 stands for the whole file."""
    if not one.last_row or not other.last_row:
        return True
    return one.first_row <= other.last_row and other.first_row <= one.last_row


def _facilities(accounts: Sequence[Account]) -> Iterator[Finding]:
    """One description, or one owner's one description, in two places; or one name on two ledgers."""
    places: dict[tuple[object, str], list[Account]] = {}
    for each in accounts:
        places.setdefault(each.key[:2], []).append(each)
    described = [own for own in places.values() if own[0].facility.metadata not in _NOTHING]
    for one, other in pairs(described, lambda own: own[0].facility.metadata):
        yield _described_twice(one, other)
    for one, other in pairs(described, lambda own: squeezed(name_of(own[0].facility))):
        if one[0].facility.metadata != other[0].facility.metadata and apart(one[0], other[0]):
            spots = (Spot.of(own[0], "facility.description", month=False) for own in (one, other))
            yield finding("facility", SUSPICIOUS, "facilities of one name on two ledgers", *spots)


def _described_twice(one: Sequence[Account], other: Sequence[Account]) -> Finding:
    months = sorted({each.month.month for each in one} & {each.month.month for each in other})
    same_id = one[0].facility.id == other[0].facility.id
    who = "the same facility" if same_id else "facilities of two owners with one description"
    two = apart(one[0], other[0])
    said = f", both with {', '.join(map(str, months))}" if months else ", in different months"
    what = f"{who} on {'two ledgers' if two else 'one ledger'}{said}"
    field = "facility.id" if same_id else "facility.metadata"
    shared = [next((each for each in own if each.month.month in months), own[0]) for own in (one, other)]
    spots = (Spot.of(each, field, month=False) for each in shared)
    return finding("facility", DOUBLE if two and months else SUSPICIOUS, what, *spots)


def histories(replaced: Iterable[Replaced]) -> Iterator[Finding]:
    """Two proofs of an account of which the newer one does not begin as the older one."""
    for each in replaced:
        old, new = each.old.month.events, each.new.month.events
        if new[: len(old)] != old:
            at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new))
            what = "two proofs tell one account differently: one of them is invented, or of a chain that was undone"
            spots = (Spot.of(account, f"events[{at}]") for account in (each.old, each.new))
            yield finding("history", DOUBLE, what, *spots)


def deployments(accounts: Iterable[Account]) -> Iterator[Finding]:
    """Two ledgers on one chain, or two chains under one id: whoever forged one may have copied the other.

    Contracts that somebody named as the ones to trust are none of these.
    """
    firsts = {each.held.ledger: each for each in reversed(list(accounts)) if not each.held.deployment}
    for one, other in combinations(sorted(firsts), 2):
        if one.chain == other.chain:
            what = "two contracts on one chain" if one.genesis == other.genesis else "two chains of one id"
            field = "contracts" if one.genesis == other.genesis else "chain.genesis"
            said = f"{what}: name the ones that you trust with --deployment"
            spots = (Spot.of(firsts[each], field, month=False) for each in (one, other))
            yield finding("deployment", SUSPICIOUS, said, *spots)


def _severity(one: Audited, other: Audited) -> str:
    """A replaced document counts through the restatement, unless that took all energy out of the account."""
    emptied = any(_replaced(each) and not each.account.month.account.energy_wh for each in (one, other))
    return SUSPICIOUS if emptied else DOUBLE


def _replaced(audited: Audited) -> bool:
    later = audited.account.month.events[audited.place + 1 :]
    return any(isinstance(each, Confirmed) and each.event == "Restated" for each in later)


def _invented(one: Account, other: Account) -> str:
    return "" if apart(one, other) else ", which one genuine ledger refuses: one proof is invented"


def _meter(audited: Audited) -> str:
    document = audited.event.document
    if isinstance(document, Restatement):
        return audited.event.meter
    return f"{document.utility} {document.meter_number}"
