"""``commit``, and ``share prove``, ``share verify``, ``share claim`` and ``share show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import Facility, Into, ReportingMonth
from carbon_tokens.cli.run import STATE, Run, verb

if TYPE_CHECKING:
    from carbon_tokens.allocation.shares import StoredAllocation
    from carbon_tokens.ledger.allocating import AccountTotals, Claimed, ProvenShare, TenantProof
    from carbon_tokens.periods import Month

share = typer.Typer(help="Shares of an account that was split among tenants.", no_args_is_help=True)

Weights = Annotated[
    Path | None,
    typer.Option("--weights", help="CSV: tenant, weight; or what allocate wrote.", exists=True, dir_okay=False),
]
Shares = Annotated[
    Path | None,
    typer.Option("--shares", help="CSV: tenant, energy_wh, location_g, market_g.", exists=True, dir_okay=False),
]
Details = Annotated[
    Path | None,
    typer.Option("--details", help="customers.csv of allocate: what shares are made of.", exists=True, dir_okay=False),
]
Region = Annotated[str, typer.Option("--region", help="The facility's region in --details, if it has several.")]
Folder = Annotated[
    Path, typer.Option("--out", help="New folder for the shares with their salts: keep it, keep it secret.")
]
Stored = Annotated[Path, typer.Option("--allocation", help="Folder that commit wrote.", exists=True, file_okay=False)]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Facility id (0x, 54 digits), 32 bytes (0x, 64 digits) or name.")
]
Out = Annotated[Path, typer.Option("--out", help="File of the tenant's proof; without --tenant a folder for all.")]
Proof = Annotated[Path, typer.Argument(help="The tenant's proof.", exists=True, dir_okay=False, metavar="PROOF")]


def register(app: typer.Typer) -> None:
    verb(app, "commit", writer="operator")(commit)
    app.add_typer(share, name="share")


def commit(
    run: Run,
    facility: Facility,
    month: ReportingMonth,
    out: Folder,
    weights: Weights = None,
    shares: Shares = None,
    details: Details = None,
    region: Region = "",
) -> None:
    """Splits a closed month among tenants and commits it: by weights, by exact shares, or again what --out holds.

    The shares must add up to the account's audited totals. Only the facility's owner, once for each version. With
    --details every share is bound to its rows by project and product, which the tenant then sees and checks.
    """
    if details and not (weights or shares):
        raise typer.BadParameter("--details go with --weights or --shares: what --out holds is bound already")
    if weights and shares:
        raise typer.BadParameter("give --weights or --shares, not both")
    totals = run.ledger.totals_to_split(facility, month)
    if weights or shares:
        _require_unsplit(run, facility, month, totals.version)
    stored = _stored(run, facility, month, out, (weights, shares), totals, (details, region))
    receipt = run.ledger.commit(facility, month, stored.allocation, totals)
    run.written(
        receipt, facility=f"0x{facility:054x}", month=str(month), version=totals.version,
        tenants=len(stored.allocation), depth=stored.allocation.depth, root="0x" + stored.root.hex(),
        **_amounts(totals.amounts), recs_wh=totals.recs, allocation=str(out),
    )  # fmt: skip


def _require_unsplit(run: Run, facility: int, month: Month, version: int) -> None:
    """Before a new folder is written, whose salts would be of no root on chain."""
    from carbon_tokens.errors import AllocationError

    if any(run.ledger.root_of(facility, month, version)):
        what = f"{month} is split already at version {version}"
        raise AllocationError(what, where="month", todo="A split is never replaced; a restated account is split anew.")


def _stored(
    run: Run, facility: int, month: Month, folder: Path, given: tuple[Path | None, Path | None], totals: AccountTotals,
    rows: tuple[Path | None, str],
) -> StoredAllocation:  # fmt: skip
    """The allocation, written before it is committed: salts of a root that stands on chain must not be lost."""
    from carbon_tokens.allocation.shares import Allocation, read, read_shares, shares_of, write
    from carbon_tokens.allocation.shares.detail import Bound, bound, read_details
    from carbon_tokens.allocation.shares.weights import read_weights
    from carbon_tokens.errors import AllocationError
    from carbon_tokens.ledger.ids import audited_id

    account = audited_id(facility, month.number)
    with run.bar("building the tree") as progress:
        weights, shares = given
        if not (weights or shares):
            stored = read(folder, progress=progress)
            if (stored.audited_id, stored.version) != (account, totals.version):
                what = f"the split in it is not of {month} at version {totals.version}"
                raise AllocationError(what, where=str(folder), todo="Split the account as it stands.")
            return stored
        found = read_shares(shares) if shares else shares_of(totals.amounts, read_weights(weights or Path()))
        details: dict[bytes, Bound] = {}
        if rows[0]:
            region, by_tenant = read_details(*rows)  # type: ignore[arg-type]
            pairs = list(bound(found, by_tenant, region))
            found, details = (share for share, _ in pairs), {share.tenant: each for share, each in pairs if each}
        allocation = Allocation(found, totals.amounts, progress=progress)
    return write(folder, allocation, account, totals.version, details)


@verb(share, "prove")
def prove(run: Run, allocation: Stored, out: Out, tenant: Tenant = None) -> None:
    """Writes the proof of a tenant's share, or of every share into a folder, each for its tenant only."""
    from carbon_tokens.allocation.shares import read, tenant_of

    with run.bar("building the tree") as progress:
        stored = read(allocation, progress=progress)
    if tenant is not None:
        made = {out: run.ledger.tenant_proof(stored, tenant_of(tenant))}
    else:
        out.mkdir(parents=True, exist_ok=True)
        made = {
            out / f"{each.tenant.hex()}.json": run.ledger.tenant_proof(stored, index)
            for index, each in enumerate(stored.allocation)
        }
    for path, proof in made.items():
        proof.write(path)
    content = {"proofs": [str(path) for path in made], "version": stored.version, "root": "0x" + stored.root.hex()}
    run.answer(content, lambda console: console.print("\n".join(map(str, made)), soft_wrap=True))


@verb(share, "verify")
def verify(run: Run, proof: Proof) -> None:
    """Verifies a tenant's proof: the file itself, and with --rpc or the embedded chain that its root was committed."""
    from carbon_tokens.ledger.allocating import TenantProof

    run.refused = {"verified": False}
    held = TenantProof.read(proof)
    totals = held.verify()
    asked = bool(run.rpc or run.given_state or STATE.is_file())
    found = run.ledger.share_of(held) if asked else None
    content = {"verified": True, "chain_checked": asked, "proof": str(proof), **_place(held)}
    content |= {"share": _amounts(held.share.share.amounts), "totals": _amounts(totals)}
    if found:
        content |= {"current": found.current, "claimed": _claimed(found.claimed)}
    run.answer(content, lambda out: _show(held, totals, found, out))


def _show(proof: TenantProof, totals: Any, found: ProvenShare | None, out: Any) -> None:
    part, whole = _amounts(proof.share.share.amounts), _amounts(totals)
    out.print(f"tenant 0x{proof.tenant.hex()}", soft_wrap=True)
    out.print(f"facility 0x{proof.facility:054x}, {proof.month}, version {proof.version}", soft_wrap=True)
    for name, amount in part.items():
        out.print(f"  {name:10} {amount:>19,} of {whole[name]:,}")
    if found and not found.current:
        out.print("the account moved on since: a claim needs the proof of its present version")
    if found and found.claimed.version:
        out.print(f"claimed at version {found.claimed.version}: {found.claimed.location_g:,} g location-based")
    out.print("VERIFIED" if found else "CONSISTENT, NOT CHECKED ON A CHAIN")


@verb(share, "claim", writer="operator")
def claim(run: Run, proof: Proof, into: Into = None) -> None:
    """Takes a share into scope 3 of the tenant's account of the same month. Only the owner of the tenant's facility.

    Of a tenant's statement with several shares the first that is not claimed yet: run it again for the next.
    """
    held = _unclaimed(run, proof)
    receipt = run.ledger.claim_share(held, into)
    account = run.ledger.account(held.tenant_facility or 0, held.month)
    run.written(
        receipt, **_place(held), **_amounts(held.share.share.amounts),
        scope3_location_g=account.scope3 + account.allocated_location,
        scope3_market_g=account.scope3 + account.allocated_market,
    )  # fmt: skip


def _unclaimed(run: Run, path: Path) -> TenantProof:
    """The proof in a file, or of a tenant's statement the first that is not claimed, or the last."""
    from carbon_tokens.ledger.allocating import TenantProof
    from carbon_tokens.ledger.tenant_statement import TYPE, TenantStatement

    if f'"{TYPE}"'.encode() not in path.read_bytes():
        return TenantProof.read(path)
    proofs = [each.proof for each in TenantStatement.read(path).parts]
    claimed = (run.ledger.claimed(each.facility, each.month, each.tenant).version == each.version for each in proofs)
    return next((each for each, done in zip(proofs, claimed, strict=True) if not done), proofs[-1])


@verb(share, "show")
def show(run: Run, facility: Facility, month: ReportingMonth, tenant: Tenant = None) -> None:
    """Whether an account is split as it stands, and what was claimed of it, in all or by one tenant."""
    from carbon_tokens.allocation.shares import tenant_of

    version = run.ledger.split_version(facility, month)
    root = run.ledger.root_of(facility, month, version)
    claimed = run.ledger.claimed(facility, month, tenant_of(tenant) if tenant else None)
    content = {"facility": f"0x{facility:054x}", "month": str(month), "version": version, "split": any(root)}
    content |= {"root": "0x" + root.hex(), "claimed": _claimed(claimed)}
    lines = [
        f"version {version} " + (f"is split, root 0x{root.hex()}" if any(root) else "is not split"),
        f"claimed at version {claimed.version}: {claimed.energy_wh:,} Wh, {claimed.location_g:,} g location-based, "
        f"{claimed.market_g:,} g market-based",
    ]
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))


def _place(proof: TenantProof) -> dict[str, Any]:
    names = {"tenant": "0x" + proof.tenant.hex(), "facility": f"0x{proof.facility:054x}"}
    return names | {"month": str(proof.month), "version": proof.version}


def _amounts(amounts: Any) -> dict[str, int]:
    return {name: getattr(amounts, name) for name in ("energy_wh", "location_g", "market_g")}


def _claimed(claimed: Claimed) -> dict[str, int]:
    return {"version": claimed.version, **_amounts(claimed)}
