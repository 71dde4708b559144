"""Writing a proof: everything that the chain recorded of a claim's months, and the documents behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from carbon_tokens.claims import account, offline, reading
from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.account_events import EVENTS, AccountEvent, Confirmed, Disallowed, Retired
from carbon_tokens.claims.documents import Documents
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import Logged, Receipts, hex32
from carbon_tokens.claims.records import (
    ChainPart,
    ContractPart,
    FacilityPart,
    MonthPart,
    ReleasePart,
    SourcePart,
    TokenPart,
)
from carbon_tokens.errors import ProofError, StatementError
from carbon_tokens.ledger.contracts import NAMES
from carbon_tokens.ledger.deployments import code_hash
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.ids import claim_parts
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.statements import Auditable, CertificateBatch, FactorReference, read_auditable
from carbon_tokens.statements.auditable import is_auditable
from carbon_tokens.statements.document import parse

_ABOUT = 500  # numbers in one request: nodes limit the topics


def prove(ledger: LedgerViews, claim_id: int, path: Path | str, documents: Documents) -> Proof:
    """Writes the proof of a claim that holds now.

    Args:
        ledger: read only; no account is needed.
        path: the file to write.
        documents: where the audited statements are; certificate batches and the facility's description if known.

    Raises:
        ProofError: the claim does not hold, a statement's document is not at hand, or the proof would not verify.
    """
    if not ledger.is_valid(claim_id):
        raise ProofError(f"the claim {hex32(claim_id)} does not hold now", todo="See status for what is missing.")
    proof = _Reader(ledger, documents).proof(claim_id).sealed()
    faults = [reason for check in offline.checks(proof) for reason in check.reasons]
    if faults:
        raise ProofError(f"the proof would not verify: {'; '.join(faults)}", todo="Run it again if the chain moved on.")
    proofs.write(proof, path)
    return proof


def standing(ledger: LedgerViews, documents: Documents, facility: int, month: Month) -> list[Auditable]:
    """The documents that an account rests on now: the last restatement and the audits after it, or every audit.

    Raises:
        ProofError: one of them is not at hand.
    """
    return _Reader(ledger, documents).standing(facility, month)


class _Reader:
    def __init__(self, ledger: LedgerViews, documents: Documents) -> None:
        self._ledger, self._documents = ledger, documents
        self._receipts = Receipts(ledger)

    def proof(self, claim_id: int) -> Proof:
        facility_number = claim_parts(claim_id)[0]
        facility = self._facility(facility_number)
        claimed = self._events("NetEmissions", ("Claimed",), [claim_id])[-1]
        claim = reading.claim(self._ledger.chain.time, claimed, self._ledger.certificate_owner(claim_id))
        months = self._months(facility_number, claim.first, claim.last, claim.basis)
        factors = _factors(months)
        tokens = self._tokens(event for month in months for event in month.events)
        return Proof(
            chain=ChainPart(self._ledger.chain.id, self._ledger.chain.genesis),
            contracts=tuple(self._contract(name) for name in NAMES),
            facility=facility,
            panels=reading.panels(self._ledger, self._receipts, facility, claim.at.block),
            releases=self._releases(factors),
            factors=factors,
            sources=self._sources({token.source for token in tokens}),
            tokens=tokens,
            months=months,
            claim=claim,
            sha256=hex32(0),
        )

    def _contract(self, name: str) -> ContractPart:
        address = self._ledger.address(name)
        return ContractPart(name, address, code_hash(self._ledger.chain, address))

    def _events(self, contract: str, names: Iterable[str], about: Iterable[int]) -> list[Logged]:
        """The events about certain numbers, in the order of the chain."""
        views = self._ledger
        first = views.deployments[contract].block
        where = views.chain.rpc, views.contracts[contract], views.address(contract)
        parts = _portions(list(about))
        found = (event for part in parts for event in read_events(*where, names, first, about=part))
        places = [(each.tx, each.index) for each in sorted(found, key=lambda event: (event.block, event.index))]
        self._receipts.load(tx for tx, _ in places)
        return [self._receipts.events(tx)[index] for tx, index in places]

    def _facility(self, number: int) -> FacilityPart:
        (logged,) = self._events("CarbonTokens", ("FacilityRegistered",), [number])
        return reading.facility(logged, _words(self._documents.get(logged.args["metadata"])))

    def _months(self, facility: int, first: Month, last: Month, basis: str = "annual") -> tuple[MonthPart, ...]:
        events: dict[int, list[AccountEvent]] = {number: [] for number in range(first.number, last.number + 1)}
        for logged in self._events("CarbonTokens", EVENTS, [facility]):
            month = reading.about(logged)[1]
            if month in events:
                events[month].append(reading.account_event(self._receipts, logged, self._statement))
        matched = self._events("HourlyMatching", ("Matched",), [facility]) if basis == "hourly" else []
        return tuple(_month(Month(number), found, basis, matched) for number, found in events.items())

    def standing(self, facility: int, month: Month) -> list[Auditable]:
        return [event.document for event in account.standing(self._months(facility, month, month)[0].events)]

    def _statement(self, evidence: bytes) -> Auditable | None:
        content = self._documents.get(evidence)
        return read_auditable(content) if content and is_auditable(_parsed(content)) else None

    def _releases(self, factors: Iterable[FactorReference]) -> tuple[ReleasePart, ...]:
        numbers = dict.fromkeys(factor.release for factor in factors)
        return tuple(ReleasePart(each, hex32(self._ledger.release_file(bytes.fromhex(each[2:])))) for each in numbers)

    def _tokens(self, events: Iterable[AccountEvent]) -> tuple[TokenPart, ...]:
        named: dict[int, None] = {}
        for event in events:
            if isinstance(event, Retired):
                named |= dict.fromkeys(int(each.token, 16) for each in event.tokens)
            elif isinstance(event, Disallowed):
                named[int(event.token, 16)] = None
        issued = self._events("CarbonTokens", ("Issued",), named) if named else []
        sources = {each.number: each for each in self._sources({log.args["source"] for log in issued})}
        return tuple(
            reading.token(self._receipts, each, self._batch(each.args["evidence"], sources[each.args["source"]]))
            for each in issued
        )

    def _batch(self, evidence: bytes, source: SourcePart) -> CertificateBatch | None:
        """The registry's document of a batch. Anybody can issue under the hash of another document, and give it away:
        then the batch's own is not at hand."""
        content = self._documents.get(evidence)
        if _type(content) != CertificateBatch.TYPE:
            return None
        found = CertificateBatch.from_json(content or b"")
        return found if (found.token_class, found.registry) == (source.token_class, source.registry) else None

    def _sources(self, numbers: set[int]) -> tuple[SourcePart, ...]:
        events = self._events("CarbonTokens", ("SourceRegistered",), sorted(numbers)) if numbers else []
        return tuple(reading.source(each) for each in events)


def _month(month: Month, events: list[AccountEvent], basis: str, matched: list[Logged]) -> MonthPart:
    """A month as its events have it; its match is the last of the account's version. Without energy none counts."""
    state = account.replay(events).account()
    meant = month.number, state.version
    found = [each for each in matched if (each.args["month"], each.args["matching"]["version"]) == meant]
    matching = reading.matching(found[-1]) if found and state.energy_wh else None
    part = MonthPart(month, tuple(events), state, matching, account.totals(state))
    return replace(part, totals=account.totals(state, account.covering(part, basis)))


def _parsed(content: bytes | None) -> Any:
    """The JSON value of a document; None for what is none."""
    try:
        return parse(content or b"")
    except StatementError:
        return None


def _type(content: bytes | None) -> str | None:
    """The type that a document states; None for what is none."""
    value = _parsed(content)
    return value.get("type") if isinstance(value, dict) else None


def _words(content: bytes | None) -> str:
    """A facility's description; empty for what is no text."""
    try:
        return (content or b"").decode()
    except UnicodeDecodeError:
        return ""


def _factors(months: Iterable[MonthPart]) -> tuple[FactorReference, ...]:
    found = (event.document.factor for month in months for event in month.events if isinstance(event, Confirmed))
    return tuple(dict.fromkeys(factor for factor in found if factor))


def _portions(numbers: list[int]) -> list[list[int]]:
    return [numbers[start : start + _ABOUT] for start in range(0, len(numbers), _ABOUT)]
