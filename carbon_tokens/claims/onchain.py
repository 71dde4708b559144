"""Depth three of verification: the chain itself is asked, read only, through the addresses that the proof names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from eth_hash.auto import keccak

from carbon_tokens.claims import account, bytecode, reading
from carbon_tokens.claims.account_events import AMOUNTS, EVENTS, SHARED, AccountEvent, Confirmed
from carbon_tokens.claims.checks import Check, Faults
from carbon_tokens.claims.pieces import Place, leaves
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.reading import Logged, Receipts
from carbon_tokens.claims.records import AccountPart, MonthPart, TotalsPart
from carbon_tokens.errors import CarbonTokensError, LedgerError, Reverted
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.contracts import NAMES
from carbon_tokens.ledger.deployments import Deployment
from carbon_tokens.ledger.events import read_events
from carbon_tokens.ledger.ids import BASES, audited_id
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.statements import FactorReference

SUPERSEDABLE = ("CarbonTokens", "Allocations", "HourlyMatching", "NetEmissions")
Found = tuple[str, Any, Callable[[Receipts, Logged], Any], tuple[str, ...]]


def checks(proof: Proof, chain: Chain) -> list[Check]:
    """Every check against a chain. On another chain than the proof's only the first is made.

    Raises:
        LedgerError: the chain does not answer.
    """
    elsewhere = tuple(_chain_faults(proof, chain))
    first = Check("chain", "the chain and the contracts are named", elsewhere)
    if elsewhere:
        return [first]
    views = _views(proof, chain)
    foreign = tuple(_code_faults(proof, views)) or tuple(_asked(bytecode.crossed(views)))
    second = Check("chain", "the contracts are those of this package", foreign)
    if foreign:
        return [first, second]
    receipts = Receipts(views)
    receipts.load(item.at.tx for _, item, _, _ in recorded(proof, views.chain.time))
    rest = {
        "every event stands on the chain as in the proof": _event_faults(proof, views, receipts),
        "no event of the months is left out": _omission_faults(proof, views),
        "the facility's panels are the proof's": _panel_faults(proof, views, receipts),
        "the factors on the chain are the proof's": _factor_faults(proof, views),
        "the accounts on the chain are the proof's": _account_faults(proof, views),
        "the chain's net emissions follow from its accounts": _net_faults(proof, views),
        "the certificate holds now, is the owner's and is locked": _claim_faults(proof, views),
    }
    return [first, second, *(Check("chain", name, tuple(_asked(faults))) for name, faults in rest.items())]


def notes(proof: Proof, chain: Chain) -> tuple[str, ...]:
    """What is no fault, but should be known: contracts that others took over from. What stands in them stays valid."""
    if tuple(_chain_faults(proof, chain)):
        return ()
    views = _views(proof, chain)
    try:
        found = {name: views.superseded_by(name) for name in SUPERSEDABLE}
    except LedgerError:  # not these contracts, which the checks say
        return ()
    return tuple(
        f"{name} is superseded by {successor}; what stands in it stays"
        for name, successor in found.items()
        if successor
    )


def _asked(faults: Faults) -> Faults:
    """A contract that refuses to answer is a reason; a node that does not answer is an error."""
    try:
        yield from faults
    except Reverted as error:
        yield f"the chain refuses to answer: {error}"


def _chain_faults(proof: Proof, chain: Chain) -> Faults:
    if tuple(each.name for each in proof.contracts) != NAMES:
        yield f"the contracts are not {', '.join(NAMES)}"
    if chain.id != proof.chain.id:
        yield f"the proof is of chain {proof.chain.id}, {chain.where} is chain {chain.id}"
    elif chain.genesis != proof.chain.genesis:
        yield f"the proof is of the chain that begins with {proof.chain.genesis}, {chain.where} with {chain.genesis}"


def _views(proof: Proof, chain: Chain) -> LedgerViews:
    deployments = {each.name: Deployment(each.name, each.address, 0, "", "", ()) for each in proof.contracts}
    return LedgerViews(chain, deployments)


def _code_faults(proof: Proof, views: LedgerViews) -> Faults:
    for each in proof.contracts:
        code = views.chain.code(each.address)
        if "0x" + keccak(code).hex() != each.code_hash:
            yield f"the code of {each.name} has hash 0x{keccak(code).hex()}, the proof says {each.code_hash}"
        yield from bytecode.differences(each.name, code, bytecode.immutables(each.name, views))


def recorded(proof: Proof, time_of: Callable[[str], int]) -> Iterator[Found]:
    """What stands in the proof at which place, how it is read from the chain, and from which events."""
    facility, claim = proof.facility, proof.claim
    yield "facility", facility, lambda _, at: reading.facility(at, facility.description), ("FacilityRegistered",)
    for number, source in enumerate(proof.sources):
        yield f"sources[{number}]", source, lambda _, at: reading.source(at), ("SourceRegistered",)
    for number, token in enumerate(proof.tokens):
        yield f"tokens[{number}]", token, partial(reading.token, document=token.document), ("Issued",)
    for number, month in enumerate(proof.months):
        for place, event in enumerate(month.events):
            yield f"months[{number}].events[{place}]", event, _reader(event), (event.event,)
        if month.matching:
            yield f"months[{number}].matching", month.matching, lambda _, at: reading.matching(at), ("Matched",)
    for number, panel in enumerate(proof.panels):
        yield f"panels[{number}]", panel, lambda _, at: reading.panel(at), ("PanelSet",)
    yield "claim", claim, lambda _, at: reading.claim(time_of, at, claim.owner), ("Claimed",)


def _reader(event: AccountEvent) -> Callable[[Receipts, Logged], AccountEvent]:
    """Reads an account's event from the chain; its document is not there and stays the proof's."""
    document = event.document if isinstance(event, Confirmed) else None
    return lambda receipts, logged: reading.account_event(receipts, logged, lambda _: document)


def _event_faults(proof: Proof, views: LedgerViews, receipts: Receipts) -> Faults:
    for path, item, read, names in recorded(proof, views.chain.time):
        at: Place = item.at
        logged = receipts.at(at, *names)
        if logged is None:
            yield f"{path}: there is no {names[0]} event in transaction {at.tx} at log {at.index}"
            continue
        try:
            yield from differences(path, item, read(receipts, logged))
        except LedgerError:
            raise
        except CarbonTokensError as error:
            yield f"{path}: {error}"
    for number, month in enumerate(proof.months):
        yield from foreign_faults(f"months[{number}]", proof, month, receipts)


def foreign_faults(path: str, proof: Proof, month: MonthPart, receipts: Receipts) -> Faults:
    """Events of another facility or month in this month's list."""
    meant = int(proof.facility.id, 16), month.month.number
    for place, event in enumerate(month.events):
        logged = receipts.at(event.at, event.event)
        if logged and reading.about(logged) != meant:
            yield f"{path}.events[{place}] is about another facility or month"
    logged = receipts.at(month.matching.at, "Matched") if month.matching else None
    if logged and reading.about(logged) != meant:
        yield f"{path}.matching is about another facility or month"


def _omission_faults(proof: Proof, views: LedgerViews) -> Faults:
    """Events of the months until the claim, or until the last in the proof, that the proof does not have."""
    ends, claimed = {}, (proof.claim.at.block, proof.claim.at.index)
    for month in proof.months:
        places = {(event.at.block, event.at.index) for event in month.events}
        ends[month.month.number] = places, max({claimed, *places})
    where = views.chain.rpc, views.contracts["CarbonTokens"], views.address("CarbonTokens"), EVENTS
    last = min(views.chain.block_number(), max((end[0] for _, end in ends.values()), default=0))
    for event in read_events(*where, proof.facility.at.block, last, about=[int(proof.facility.id, 16)]):
        number, place = reading.about(Logged(event, ""))[1], (event.block, event.index)
        if number in ends and place not in ends[number][0] and place <= ends[number][1]:
            yield f"{Month(number)}: {event.name} of block {event.block} is left out"


def _panel_faults(proof: Proof, views: LedgerViews, receipts: Receipts) -> Faults:
    """Neither missing nor foreign ones: a panel says how many had to sign."""
    found = reading.panels(views, receipts, proof.facility, proof.claim.at.block)
    if found != proof.panels:
        yield f"the facility was given {len(found)} panels until the claim, the proof has {len(proof.panels)} or others"


def differences(path: str, said: Any, found: Any) -> Faults:
    """Leaves in which the proof and the chain differ; documents are compared by their hashes elsewhere."""
    here, there = leaves(said), leaves(found)
    for leaf in sorted(here.keys() | there.keys()):
        if here.get(leaf) != there.get(leaf):
            yield f"{path}.{leaf} is {here.get(leaf)!r} in the proof and {there.get(leaf)!r} on the chain"


def _factor_faults(proof: Proof, views: LedgerViews) -> Faults:
    for factor in proof.factors:
        yield from _published(factor, views)
    for release in proof.releases:
        file = views.release_file(bytes.fromhex(release.id[2:])).hex()
        if "0x" + file != release.file_sha256:
            yield f"release {release.id} was published from the file 0x{file}, not {release.file_sha256}"


def _published(factor: FactorReference, views: LedgerViews) -> Faults:
    release = bytes.fromhex(factor.release[2:])
    found = views.factor(release, factor.region)
    residual = factor.residual_g_per_mwh if factor.residual_published else None
    if (found.location, found.residual) != (factor.location_g_per_mwh, residual):
        said = f"{factor.location_g_per_mwh} and {residual}"
        yield f"{factor.region}: {found.location} and {found.residual} g/MWh on the chain, {said} in the proof"
    if (zone := views.factor_zone(release, factor.region)) != factor.market_zone:
        yield f"{factor.region}: market zone {zone} on the chain, {factor.market_zone} in the proof"


def _account_faults(proof: Proof, views: LedgerViews) -> Faults:
    """Retirements after the proof was written cover more, never less, so they are no fault."""
    for month in proof.months:
        now = _account(proof, month, views)
        if now.version != month.account.version:
            yield (
                f"{month.month}: the account is at version {now.version}, the proof at {month.account.version}: "
                "it was changed since"
            )
        for name in (*AMOUNTS, *SHARED, "shares", "closed"):
            if getattr(now, name) != getattr(month.account, name):
                yield f"{month.month}: {name} is {getattr(now, name)} on the chain, {getattr(month.account, name)} here"
        for name in ("recs_wh", "offsets_g"):
            if getattr(now, name) < getattr(month.account, name):
                yield f"{month.month}: {name} is {getattr(now, name)} on the chain, {getattr(month.account, name)} here"


def _net_faults(proof: Proof, views: LedgerViews) -> Faults:
    for month in proof.months:
        now = _account(proof, month, views)
        recs = _matched(proof, month, views) if proof.claim.basis == "hourly" else now.recs_wh
        comes, said = account.totals(now, recs), _totals(proof, month, views)
        if said != comes:
            yield f"{month.month}: the contract says {leaves(said)}, its account comes to {leaves(comes)}"
        if said.net_g > 0:
            yield f"{month.month}: net emissions are now {said.net_g} g, above zero"
        if month.matching and recs < month.matching.matched_wh:
            yield f"{month.month}: {recs} Wh are matched on the chain, {month.matching.matched_wh} here"


def _totals(proof: Proof, month: MonthPart, views: LedgerViews) -> TotalsPart:
    return TotalsPart(*views.totals(int(proof.facility.id, 16), month.month, BASES[proof.claim.basis]))


def _matched(proof: Proof, month: MonthPart, views: LedgerViews) -> int:
    """Wh matched of the account; without energy nothing is."""
    found = views.call("HourlyMatching", "matchingOf", audited_id(int(proof.facility.id, 16), month.month.number))
    return int(found["matched"]) if month.account.energy_wh else 0


def _account(proof: Proof, month: MonthPart, views: LedgerViews) -> AccountPart:
    now = views.account(int(proof.facility.id, 16), month.month)
    amounts = (now.energy, now.scope1, now.scope2_location, now.scope2_residual, now.scope3)
    shares = (now.allocated_location, now.allocated_market, now.shares)
    return AccountPart(*amounts, now.version, now.closed, now.recs, now.offsets, *shares)


def _claim_faults(proof: Proof, views: LedgerViews) -> Faults:
    number = int(proof.claim.id, 16)
    if not views.is_valid(number):
        yield "the certificate does not hold now: its contract says that it is not valid"
    found = views.call("NetEmissions", "claimOf", number)
    claim = found["claim_"]
    if found["basis"] != BASES[proof.claim.basis]:
        yield f"the claim's basis is {found['basis']} on the chain, {proof.claim.basis} in the proof"
    if claim["versions"] != proof.claim.versions or claim["number"] < proof.claim.number:
        yield f"the claim now rests on versions {claim['versions']}, the proof on {proof.claim.versions}"
    owner = views.certificate_owner(number)
    if owner != proof.claim.owner:
        yield f"the certificate is {owner}'s, the proof says {proof.claim.owner}"
    if views.call("NetEmissions", "locked", number) is not True:
        yield "the certificate is not locked"
