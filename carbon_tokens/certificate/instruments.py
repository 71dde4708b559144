"""The RECs and offsets that count in a claim, by batch: what was retired when, and what was disallowed since."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_tokens.certificate.grounds import InstrumentFacts, RetirementFacts
from carbon_tokens.claims.account_events import Disallowed, Retired
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import SourcePart, TokenPart


def instruments(proof: Proof, token_class: str) -> tuple[InstrumentFacts, ...]:
    """The batches of a class ("rec" or "offset") of which something counts, in the order of registry and serial."""
    sources = {each.number: each for each in proof.sources if each.token_class == token_class}
    found = (_instrument(proof, each, sources[each.source]) for each in proof.tokens if each.source in sources)
    counting = [each for each in found if each.amount]
    return tuple(sorted(counting, key=lambda each: (each.registry, each.device, int(each.serial_from), each.token)))


def _instrument(proof: Proof, token: TokenPart, source: SourcePart) -> InstrumentFacts:
    retired, disallowed = tuple(_retired(proof, token.id)), _disallowed(proof, token.id)
    document = token.document
    return InstrumentFacts(
        token=token.id,
        token_class=source.token_class,
        registry=source.registry,
        device=document.source if document else source.device,
        technology=source.technology,
        market_zone=source.market_zone,
        grid_region=source.grid_region,
        serials=document.serials if document else _range(token),
        serial_from=token.serial_from,
        serial_thru=token.serial_thru,
        vintage_start=token.vintage_start,
        vintage_end=token.vintage_end,
        issued=token.amount,
        amount=sum(each.amount for each in retired) - disallowed,
        disallowed=disallowed,
        issuer=source.issuer,
        evidence=token.evidence,
        documented=document is not None,
        retired=retired,
    )


def _range(token: TokenPart) -> str:
    return token.serial_from if token.serial_from == token.serial_thru else f"{token.serial_from} – {token.serial_thru}"


def _retired(proof: Proof, token: str) -> Iterator[RetirementFacts]:
    for month in proof.months:
        for event in month.events:
            for each in event.tokens if isinstance(event, Retired) else ():
                if each.token == token:
                    yield RetirementFacts(month.month, each.amount, event.at.tx, event.at.block)


def _disallowed(proof: Proof, token: str) -> int:
    events = (event for month in proof.months for event in month.events if isinstance(event, Disallowed))
    return sum(event.amount for event in events if event.token == token)
