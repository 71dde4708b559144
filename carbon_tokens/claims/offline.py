"""Depth one of verification: everything inside the file is recomputed. No chain, no input files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import pairwise

from carbon_tokens.claims import account, certificate_checks, panel_checks
from carbon_tokens.claims.account_events import AMOUNTS, Allocated, Confirmed
from carbon_tokens.claims.checks import Check, Faults
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import hex32
from carbon_tokens.claims.records import MonthPart
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.factors import egrid
from carbon_tokens.ledger.contracts import NAMES
from carbon_tokens.ledger.ids import BASES, claim_id, facility_id
from carbon_tokens.periods import Month
from carbon_tokens.statements import Auditable, FactorReference, FleetStatement, Restatement
from carbon_tokens.statements.statement import NO_METER
from carbon_tokens.units import emissions_g


def checks(proof: Proof) -> list[Check]:
    """Every check that needs nothing but the file."""
    return [Check("offline", name, _found(find, proof)) for name, find in CHECKS.items()]


def _found(find: Callable[[Proof], Faults], proof: Proof) -> tuple[str, ...]:
    """The faults of a check; what cannot even be computed is one."""
    found: list[str] = []
    try:
        found.extend(find(proof))
    except CarbonTokensError as error:
        found.append(str(error))
    return tuple(found)


def _seal(proof: Proof) -> Faults:
    if proof.digest() != proof.sha256:
        yield f"the file was changed: its content has sha-256 {proof.digest()}, it says {proof.sha256}"


def _identity(proof: Proof) -> Faults:
    facility = proof.facility
    if int(facility.id, 16) != facility_id(facility.owner, bytes.fromhex(facility.metadata[2:])):
        yield f"facility {facility.id} is not the hash of its owner and metadata"
    if facility.description and hashlib.sha256(facility.description.encode()).hexdigest() != facility.metadata[2:]:
        yield "the facility's description does not have the hash in its metadata"
    if tuple(each.name for each in proof.contracts) != NAMES:
        yield f"the contracts are not {', '.join(NAMES)}"


def _documents(proof: Proof) -> Faults:
    for month, event in _confirmed(proof):
        document = event.document
        where = f"{month.month}, version {event.version}"
        if "0x" + document.evidence.hex() != event.evidence:
            yield f"{where}: the document has sha-256 0x{document.evidence.hex()}, audited was {event.evidence}"
        if bool(getattr(document, "previous", ())) != (event.event == "Restated"):
            yield f"{where}: the document is no {'restatement' if event.event == 'Restated' else 'statement'}"
        stated = _stated(document) | {"facility": document.facility, "month": document.month}
        audited = {name: getattr(event, name) for name in _stated(document)}
        audited |= {"facility": proof.facility.id, "month": month.month}
        for name, value in audited.items():
            if stated[name] != value:
                yield f"{where}: {name} was audited as {value}, the document says {stated[name]}"


def _stated(document: Auditable) -> dict[str, object]:
    """What a document says of the fields that are audited. A restatement has no meter unless it fills a gap."""
    found: dict[str, object] = {name: getattr(document, name) for name in AMOUNTS}
    found["release"] = document.factor.release if document.factor else hex32(0)
    if not isinstance(document, Restatement):
        found |= {"start": document.start, "end": document.end, "meter": document.meter}
    return found


def _factors(proof: Proof) -> Faults:
    used = [event.document.factor for _, event in _confirmed(proof) if event.document.factor]
    if set(used) != set(proof.factors) or len(set(proof.factors)) != len(proof.factors):
        yield "the factors listed are not those of the documents"
    if tuple(release.id for release in proof.releases) != tuple(dict.fromkeys(each.release for each in proof.factors)):
        yield "the releases listed are not those of the factors"
    files = {release.id: release.file_sha256 for release in proof.releases}
    for factor in proof.factors:
        if factor.region != proof.facility.grid_region:
            yield f"the factor is of {factor.region}, the facility is in {proof.facility.grid_region}"
        if factor.market_zone != proof.facility.market_zone:
            yield f"the factor is of market {factor.market_zone}, the facility of {proof.facility.market_zone}"
        yield from _shipped(factor, files.get(factor.release, ""))


def _regions(proof: Proof) -> Faults:
    """A fleet's region names no factor that would tie it to the facility's place; its statement says the place."""
    for month, event in _confirmed(proof):
        document = event.document
        if isinstance(document, FleetStatement) and document.grid_region != proof.facility.grid_region:
            where, meant = f"{month.month}, version {event.version}", proof.facility.grid_region
            yield f"{where}: the statement is of {document.grid_region}, the facility is in {meant}"


def is_shipped(factor: FactorReference) -> bool:
    """Whether this package carries the release, so that its rates need not be taken on the publisher's word."""
    known = {(one.dataset, one.year, one.edition) for one in egrid.editions()}
    return (factor.dataset, factor.year, factor.edition) in known


def _shipped(factor: FactorReference, file_sha256: str) -> Faults:
    """Differences from the table of this package; a release that is not shipped can only be checked on the chain."""
    if not is_shipped(factor):
        return
    try:
        release = egrid.release(factor.year, factor.edition)
        shipped = FactorReference.of(release.rate(factor.region))
    except CarbonTokensError as error:
        yield str(error)
        return
    if "0x" + release.file_sha256 != file_sha256:
        yield f"release {factor.release} was published from the file {file_sha256}, shipped is 0x{release.file_sha256}"
    for name in ("market_zone", "file_sha256", "location_rate", "location_g_per_mwh"):
        if getattr(shipped, name) != getattr(factor, name):
            where = f"{factor.dataset}{factor.year} {factor.edition} {factor.region}"
            yield f"{where}: {name} is {getattr(factor, name)}, published is {getattr(shipped, name)}"


def _scope2(proof: Proof) -> Faults:
    """Of a fleet, the residual mix was checked when its statement was read; its hours are in its tables."""
    for month, event in _confirmed(proof):
        if isinstance(event.document, FleetStatement):
            continue
        factor = event.document.factor
        rates = (factor.location_g_per_mwh, factor.residual_g_per_mwh) if factor else (0, 0)
        for name, rate in zip(("scope2_location_g", "scope2_residual_g"), rates, strict=True):
            grams = emissions_g(event.energy_wh, rate)
            if getattr(event, name) != grams:
                said = f"{name} is {getattr(event, name)}"
                yield f"{month.month}, version {event.version}: {said}, energy x factor rounded up is {grams}"


def _meters(proof: Proof) -> Faults:
    """Of the documents that stand: a restatement may cite a period of what it replaces."""
    standing = (event for month in proof.months for event in account.standing(month.events))
    read = [event for event in standing if event.meter != NO_METER]
    ordered = sorted(read, key=lambda event: (event.meter, event.start, event.end))
    for before, after in pairwise(ordered):
        if before.meter == after.meter and after.start < before.end:
            yield f"meter {after.meter} was audited twice for the time from {after.start} to {before.end}"


def _accounts(proof: Proof) -> Faults:
    for month in proof.months:
        places = [(event.at.block, event.at.index) for event in month.events]
        if places != sorted(set(places)):
            yield f"{month.month}: the events are not in the order of the chain"
        found = account.replay(month.events)
        yield from (f"{month.month}: {fault}" for fault in found.faults)
        for name in found.account().FORMS:
            said, comes = getattr(month.account, name), getattr(found.account(), name)
            if said != comes:
                yield f"{month.month}: the account's {name} is {said}, its events come to {comes}"
        if not month.account.closed:
            yield f"{month.month} is not closed"


def _restatements(proof: Proof) -> Faults:
    for month in proof.months:
        before: set[str] = set()
        for event in month.events:
            if isinstance(event, Confirmed):
                cited = set(getattr(event.document, "previous", ()))
                if not cited <= before:
                    yield f"{month.month}, version {event.version}: replaces a document that was not audited before"
                before.add(event.evidence)


def _totals(proof: Proof) -> Faults:
    for month in proof.months:
        totals = account.totals(month.account, account.covering(month, proof.claim.basis))
        for name in totals.FORMS:
            said, comes = getattr(month.totals, name), getattr(totals, name)
            if said != comes:
                yield f"{month.month}: {name} is {said}, the account comes to {comes}"
        if totals.net_g > 0:
            yield f"{month.month}: net emissions are {totals.net_g} g, above zero"


def _shares(proof: Proof) -> Faults:
    """What the shares add up to is part of the account: see ``account.Replay``."""
    for month in proof.months:
        for event in month.events:
            if isinstance(event, Allocated) and event.provider == proof.facility.id:
                yield f"{month.month}: the facility claimed a share of itself"


def _matchings(proof: Proof) -> Faults:
    for month in proof.months:
        found, state = month.matching, month.account
        if (found is not None) != (proof.claim.basis == "hourly" and state.energy_wh > 0):
            yield f"{month.month}: a match of hours belongs to the hourly basis of a month with energy, and only there"
        if found is None:
            continue
        if found.version != state.version:
            yield f"{month.month}: the hours were matched at version {found.version}, the account's is {state.version}"
        if found.matched_wh + found.unmatched_wh != state.energy_wh:
            both = f"{found.matched_wh} and {found.unmatched_wh} Wh"
            yield f"{month.month}: {both} are matched and unmatched, the energy is {state.energy_wh} Wh"
        if found.matched_wh > state.recs_wh:
            yield f"{month.month}: {found.matched_wh} Wh are matched, only {state.recs_wh} Wh of RECs are retired"
        if state.energy_wh and found.score != found.matched_wh * 1_000_000 // state.energy_wh:
            yield f"{month.month}: the score is {found.score}, not what is matched of the energy in millionths"


def _claim(proof: Proof) -> Faults:
    claim = proof.claim
    months = [Month(number) for number in range(claim.first.number, claim.last.number + 1)]
    if not months or [month.month for month in proof.months] != months:
        yield f"the months are not those of the claim, {claim.first} to {claim.last}"
    meant = (int(proof.facility.id, 16), claim.first.number, claim.last.number, BASES[claim.basis])
    if int(claim.id, 16) != claim_id(*meant):
        yield f"claim {claim.id} is not of this facility, these months and this basis"
    if claim.owner != proof.facility.owner:
        yield f"the certificate is {claim.owner}'s, the facility {proof.facility.owner}'s"
    versions = sum(month.account.version for month in proof.months)
    if claim.versions != versions:
        yield f"the claim rests on versions that add up to {claim.versions}, the accounts' add up to {versions}"
    if claim.number < 1:
        yield "the claim was never made"


CHECKS: dict[str, Callable[[Proof], Faults]] = {
    "the file is as it was written": _seal,
    "facility and contracts are named by their formulas": _identity,
    "every document has the hash and the amounts that were audited": _documents,
    "every factor is the published one of the facility's region": _factors,
    "a fleet's region is the facility's": _regions,
    "scope 2 is energy x factor, rounded up": _scope2,
    "no meter was audited twice for one time": _meters,
    "the events of every month come to its account, and it is closed": _accounts,
    "every restatement cites what it replaces": _restatements,
    "nobody audited what they own, and enough auditors signed": panel_checks.auditors,
    "the shares of other accounts are not of this facility": _shares,
    "the hours were matched at the account's version": _matchings,
    "the hours were confirmed by auditors, enough of a panel's": panel_checks.matchers,
    "every token is of its registry's document": certificate_checks.tokens,
    "no serial was issued twice": certificate_checks.serials,
    "retired certificates fit market zone, vintage and amount": certificate_checks.retirements,
    "the three totals follow from the account, and net is not above zero": _totals,
    "the claim is of these months and versions": _claim,
}


def _confirmed(proof: Proof) -> Iterator[tuple[MonthPart, Confirmed]]:
    for month in proof.months:
        yield from ((month, event) for event in month.events if isinstance(event, Confirmed))
