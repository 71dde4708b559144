"""Checks of a proof's RECs and offsets that need nothing but the file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from carbon_tokens.claims import account
from carbon_tokens.claims.account_events import AccountEvent, AmountPart, Disallowed, Retired
from carbon_tokens.claims.checks import Faults
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import device_hash
from carbon_tokens.claims.records import CLASSES, MonthPart, SourcePart, TokenPart
from carbon_tokens.ledger.ids import batch_id


def tokens(proof: Proof) -> Faults:
    """Every token is of its source and its registry's document."""
    listed = {token.id: token for token in proof.tokens}
    sources = {source.number: source for source in proof.sources}
    named = {token for month in proof.months for event in month.events for token in _named(event)}
    if named != set(listed) or len(listed) != len(proof.tokens):
        yield "the tokens listed are not those retired and disallowed"
    if {token.source for token in proof.tokens} != set(sources) or len(sources) != len(proof.sources):
        yield "the sources listed are not those of the tokens"
    for token in proof.tokens:
        if token.source in sources:
            yield from _batch_faults(token, sources[token.source])


def _batch_faults(token: TokenPart, source: SourcePart) -> Faults:
    evidence = bytes.fromhex(token.evidence[2:])
    if int(token.id, 16) != batch_id(CLASSES[source.token_class], source.registry, evidence):
        yield f"token {token.id} is not the hash of its registry and evidence"
    count = int(token.serial_thru) - int(token.serial_from) + 1
    if count < 1 or not 0 < token.amount <= count * 1_000_000:
        yield f"token {token.id}: {token.amount} for {count} serials"
    if token.vintage_start >= token.vintage_end:
        yield f"token {token.id} has an empty vintage"
    document = token.document
    if document is None:
        return
    if document.evidence != evidence:
        yield f"token {token.id}: the document has sha-256 0x{document.evidence.hex()}, issued was {token.evidence}"
    stated = (document.token_class, document.registry, device_hash(document.source)), document.amount
    issued = (source.token_class, source.registry, source.device), token.amount
    serials_stated = document.serial_from, document.serial_thru, document.vintage_start, document.vintage_end
    serials_issued = int(token.serial_from), int(token.serial_thru), token.vintage_start, token.vintage_end
    if (stated, serials_stated) != (issued, serials_issued):
        yield f"token {token.id} was issued otherwise than its document says"


def serials(proof: Proof) -> Faults:
    """No serial of a source was issued twice."""
    ordered = sorted(proof.tokens, key=lambda token: (token.source, int(token.serial_from)))
    for before, after in pairwise(ordered):
        if before.source == after.source and int(after.serial_from) <= int(before.serial_thru):
            yield f"serial {after.serial_from} of source {after.source} was issued twice"


def retirements(proof: Proof) -> Faults:
    """Retired certificates fit market zone, vintage and what was issued."""
    listed = {token.id: token for token in proof.tokens}
    zones = {source.number: source.market_zone for source in proof.sources}
    sums: dict[str, int] = {}
    for month, each in _retired(proof):
        sums[each.token] = sums.get(each.token, 0) + each.amount
        token = listed.get(each.token)
        if token is None:
            continue
        yield from account.vintage_faults(token, month.month)
        zone = zones.get(token.source, "")
        if account.class_of(token.id) == CLASSES["rec"] and zone != proof.facility.market_zone:
            yield f"REC {token.id} is of market zone {zone}, the facility's is {proof.facility.market_zone}"
    for number, amount in sums.items():
        if number in listed and amount > listed[number].amount:
            yield f"{amount} of token {number} were retired, only {listed[number].amount} were issued"


def _retired(proof: Proof) -> Iterator[tuple[MonthPart, AmountPart]]:
    for month in proof.months:
        for event in month.events:
            if isinstance(event, Retired):
                yield from ((month, each) for each in event.tokens)


def _named(event: AccountEvent) -> tuple[str, ...]:
    if isinstance(event, Retired):
        return tuple(each.token for each in event.tokens)
    return (event.token,) if isinstance(event, Disallowed) else ()
