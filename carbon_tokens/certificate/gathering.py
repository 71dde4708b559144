"""From a proof to the facts of its certificate, and to whether the claim holds now.

A proof that does not verify gives no facts: a certificate that could be printed from an invented file would be worth
nothing. Without a chain the facts say that none was asked (``ValidityFacts.asked``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.certificate.grounds import (
    BoundaryFacts,
    ChangeFacts,
    FactorFacts,
    GradeFacts,
    ShareFacts,
    StatementFacts,
)
from carbon_tokens.certificate.instruments import instruments
from carbon_tokens.certificate.parts import (
    AmountFacts,
    ClaimFacts,
    FacilityFacts,
    MatchedFacts,
    MonthFacts,
    RelianceFacts,
    ValidityFacts,
)
from carbon_tokens.claims import account, offline, onchain
from carbon_tokens.claims.account_events import AMOUNTS, SHARED, Confirmed, Disallowed
from carbon_tokens.claims.checks import Check
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import FacilityPart, MonthPart
from carbon_tokens.claims.verifying import relies_on
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.errors import CertificateRefused
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.nesting import loads
from carbon_tokens.statements import FactorReference
from carbon_tokens.statements.fleet import MILLIONTHS

NOW = (  # checks on a chain that a true proof of the past fails once its claim ceased to hold
    "the accounts on the chain are the proof's",
    "the chain's net emissions follow from its accounts",
    "the certificate holds now, is the owner's and is locked",
)


def gather(proof: Proof, chain: Chain | None = None) -> CertificateFacts:
    """The facts of a proof's claim.

    Args:
        chain: asked whether everything stands there as in the proof, and whether the claim holds now.

    Raises:
        CertificateRefused: the proof does not verify, by itself or against the chain.
        LedgerError: the chain does not answer.
    """
    _refuse(offline.checks(proof))
    validity = _held(proof) if chain is None else _holds(proof, chain)
    months = tuple(_month(each, proof.claim.basis) for each in proof.months)
    statements = tuple(_statements(proof))
    return CertificateFacts(
        facility=_facility(proof.facility),
        first=proof.claim.first,
        last=proof.claim.last,
        start=proof.claim.first.start,
        end=proof.claim.last.end,
        basis=proof.claim.basis,
        totals=_sum(each.amounts for each in months),
        months=months,
        matched=_matched(proof),
        boundaries=_boundaries(proof),
        factors=_factors(proof),
        recs=instruments(proof, "rec"),
        offsets=instruments(proof, "offset"),
        quality=max(each.quality for each in statements),
        grades=tuple(_grades(statements)),
        statements=statements,
        changes=tuple(_changes(proof)),
        shares=tuple(_shares(proof)),
        claim=_claim(proof),
        chain=proof.chain,
        contracts=proof.contracts,
        validity=validity,
        relies_on=_reliance(proof),
        proof_sha256=proof.sha256,
    )


# --------------------------------------------------------------------------------------------------------- validity
def _refuse(checks: Iterable[Check]) -> None:
    reasons = [reason for check in checks for reason in check.reasons]
    if reasons:
        more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        raise CertificateRefused(
            f"the proof does not verify: {'; '.join(reasons[:3])}{more}",
            where="proof",
            todo="See `carbon-tokens verify`, and ask for the original file.",
        )


def _held(proof: Proof) -> ValidityFacts:
    claim = proof.claim
    return ValidityFacts(False, True, claim.at.block, claim.at.block_hash, claim.time, ())


def _holds(proof: Proof, chain: Chain) -> ValidityFacts:
    """As of the block that was the last one before the chain was asked."""
    head = chain.rpc.request("eth_getBlockByNumber", ["latest", False])
    checks = onchain.checks(proof, chain)
    _refuse(each for each in checks if each.name not in NOW)
    reasons = tuple(reason for each in checks for reason in each.reasons)
    return ValidityFacts(
        True, not reasons, int(head["number"], 16), str(head["hash"]), int(head["timestamp"], 16), reasons
    )


# ---------------------------------------------------------------------------------------------------------- amounts
def _month(month: MonthPart, basis: str) -> MonthFacts:
    held, totals = month.account, month.totals
    amounts = AmountFacts(
        **{name: getattr(held, name) for name in (*AMOUNTS, *SHARED)},
        scope2_market_g=totals.gross_market_g - held.scope1_g - held.scope3_g - held.allocated_market_g,
        gross_location_g=totals.gross_location_g,
        gross_market_g=totals.gross_market_g,
        recs_wh=held.recs_wh,
        covered_wh=min(held.energy_wh, account.covering(month, basis)),
        offsets_g=held.offsets_g,
        net_g=totals.net_g,
    )
    standing = account.standing(month.events)
    return MonthFacts(month.month, held.version, max(each.document.quality for each in standing), amounts)


def _sum(months: Iterable[AmountFacts]) -> AmountFacts:
    """Sums of every amount over the months."""
    found = [each.to_json() for each in months]
    return AmountFacts(**{name: sum(each[name] for each in found) for name in found[0]})


def _matched(proof: Proof) -> MatchedFacts | None:
    """None on the annual basis: RECs were not compared with hours."""
    if proof.claim.basis != "hourly":
        return None
    found = [each.matching for each in proof.months if each.matching]
    matched = sum(each.matched_wh for each in found)
    energy = sum(each.account.energy_wh for each in proof.months)
    who = {auditor for each in found for auditor in each.auditors}
    return MatchedFacts(matched, energy, matched * MILLIONTHS // energy if energy else 0, _ordered(who))


# ---------------------------------------------------------------------------------------------------------- grounds
def _standing(proof: Proof) -> Iterator[tuple[MonthPart, Confirmed]]:
    for month in proof.months:
        yield from ((month, each) for each in account.standing(month.events))


def _statements(proof: Proof) -> Iterator[StatementFacts]:
    for month, event in _standing(proof):
        yield StatementFacts(
            month=month.month,
            type=event.document.TYPE,
            version=event.version,
            evidence=event.evidence,
            quality=event.document.quality,
            energy_wh=event.energy_wh,
            location_g=event.scope1_g + event.scope2_location_g + event.scope3_g,
            auditors=event.attested or (event.auditor,),
            tx=event.at.tx,
            block=event.at.block,
        )


def _grades(statements: Iterable[StatementFacts]) -> Iterator[GradeFacts]:
    """From the best to the worst; none of a grade that no document has."""
    listed = list(statements)
    for grade in QUALITIES:
        found = [each for each in listed if each.quality == grade]
        if found:
            sums = sum(each.energy_wh for each in found), sum(each.location_g for each in found)
            yield GradeFacts(grade, len(found), *sums)


def _boundaries(proof: Proof) -> tuple[BoundaryFacts, ...]:
    methods = dict.fromkeys(event.document.method for _, event in _standing(proof))
    return tuple(
        BoundaryFacts(each.method, each.boundary, each.sha256, each.included, each.excluded) for each in methods
    )


def _factors(proof: Proof) -> tuple[FactorFacts, ...]:
    found = dict.fromkeys(event.document.factor for _, event in _standing(proof))
    return tuple(_factor(each) for each in found if each)


def _factor(factor: FactorReference) -> FactorFacts:
    name = factor.dataset, factor.year, factor.edition, factor.region
    rates = factor.location_g_per_mwh, factor.residual_g_per_mwh, factor.residual_published
    return FactorFacts(*name, *rates, factor.file_sha256)


def _changes(proof: Proof) -> Iterator[ChangeFacts]:
    for month in proof.months:
        for event in month.events:
            if isinstance(event, Confirmed | Disallowed) and event.event != "Audited":
                place = event.evidence, event.at.tx, event.at.block
                yield ChangeFacts(month.month, event.event, event.version, _reason(event), *place)


def _reason(event: Confirmed | Disallowed) -> str:
    """Why it was restated, in the document's words; a disallowance's document is no part of a proof."""
    return str(getattr(event.document, "reason", "")) if isinstance(event, Confirmed) else ""


def _shares(proof: Proof) -> Iterator[ShareFacts]:
    for month in proof.months:
        for each in account.replay(month.events).shares.values():
            amounts = each.energy_wh, each.location_g, each.market_g
            yield ShareFacts(month.month, each.provider, *amounts, each.at.tx, each.at.block)


# ------------------------------------------------------------------------------------------------- facility and claim
def _facility(part: FacilityPart) -> FacilityFacts:
    try:
        stated = loads(part.description or "null")
    except ValueError:
        stated = {"name": part.description.strip()}
    words = stated if isinstance(stated, Mapping) else {}
    name, place = (each if isinstance(each, str) else "" for each in (words.get("name"), words.get("city")))
    codes = part.grid_region, part.market_zone
    return FacilityFacts(part.id, part.owner, name.strip(), place.strip(), *codes, part.metadata, part.description)


def _claim(proof: Proof) -> ClaimFacts:
    claim, at = proof.claim, proof.claim.at
    stated = claim.id, claim.owner, claim.number, claim.versions, claim.time
    return ClaimFacts(*stated, at.tx, at.block, at.block_hash)


def _reliance(proof: Proof) -> RelianceFacts:
    found = relies_on(proof)
    named = {name: tuple(found[name]) for name in RelianceFacts.TUPLES}  # type: ignore[arg-type,var-annotated]
    return RelianceFacts(**named | {name: _ordered(named[name]) for name in ("auditors", "hours", "issuers")})


def _ordered(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(addresses, key=lambda each: int(each, 16)))
