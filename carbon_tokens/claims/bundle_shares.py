"""Tenants' shares in a bundle: each leads to the root that its operator committed for the account of the proof."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_tokens.allocation.shares import Amounts
from carbon_tokens.claims import account
from carbon_tokens.claims.bundle import Bundle, ShareEntry
from carbon_tokens.claims.bundle_events import BundledReceipts
from carbon_tokens.claims.checks import Faults
from carbon_tokens.claims.proof import Proof
from carbon_tokens.claims.records import MonthPart
from carbon_tokens.errors import AllocationError
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import totals_version


def faults(bundle: Bundle, held: BundledReceipts) -> Faults:
    """Why shares are none of the accounts of the proof."""
    order = [(entry.tenant_proof().month, entry.tenant_proof().tenant) for entry in bundle.shares]
    if order != sorted(set(order)):
        yield "the shares are not in the order of month and tenant, each once"
    months = {month.month: month for month in bundle.proof.months}
    for number, entry in enumerate(bundle.shares):
        share = entry.tenant_proof()
        month = months.get(share.month)
        if month is None:
            yield f"shares[{number}]: {share.month} is no month of the claim"
            continue
        found = list(_foreign(share, bundle.proof, month)) or list(_unproven(entry, share, held, month))
        yield from (f"shares[{number}]: {fault}" for fault in found)


def _foreign(share: TenantProof, proof: Proof, month: MonthPart) -> Iterator[str]:
    stated = share.chain_id, share.genesis.lower(), share.allocations.lower()
    meant = proof.chain.id, proof.chain.genesis, proof.address("Allocations").lower()
    if stated != meant:
        yield f"it is of {share.allocations} on chain {share.chain_id} with genesis {share.genesis}, not the proof's"
    if share.facility != int(proof.facility.id, 16):
        yield f"it is of facility 0x{share.facility:054x}, the proof of {proof.facility.id}"
    version = totals_version(month.account.version, month.account.shares)
    if share.version != version:
        yield f"it is of version {share.version} of the account, the claim rests on {version}; ask for the present one"


def _unproven(entry: ShareEntry, share: TenantProof, held: BundledReceipts, month: MonthPart) -> Iterator[str]:
    """Whether it leads to the root that the Committed event shows, and whether that is of the account's totals."""
    try:
        totals = share.verify()
    except AllocationError as error:
        yield str(error)
        return
    logged = held.at(entry.at, "Committed")
    if logged is None or logged.place != entry.at:
        yield f"no Committed event of Allocations is log {entry.at.index} of transaction {entry.at.tx}"
        return
    names = ("facility", "month", "version", "root", "depth", "total")
    said = (share.facility, share.month.number, share.version, share.root, share.share.depth, _packed(totals))
    for name, value in zip(names, said, strict=True):
        if logged.args[name] != value:
            yield f"committed was the {name} {_shown(logged.args[name])}, the share says {_shown(value)}"
    whole = account.totals(month.account, logged.args["recs"])
    meant = Amounts(month.account.energy_wh, whole.gross_location_g, whole.gross_market_g)
    if totals != meant:
        yield f"the shares add up to {_listed(totals)}, the account is {_listed(meant)}"


def _packed(amounts: Amounts) -> int:
    return int.from_bytes(amounts.packed(), "big")


def _listed(amounts: Amounts) -> str:
    return f"{amounts.energy_wh} Wh, {amounts.location_g} g and {amounts.market_g} g"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
