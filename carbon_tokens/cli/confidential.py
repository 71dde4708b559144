"""``confidential``: shares of a split that the other tenants cannot read; group, prove, check and verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.options import Facility, ReportingMonth
from carbon_tokens.cli.run import STATE, Run, verb

if TYPE_CHECKING:
    from carbon_tokens.allocation.shares.confidential import Group
    from carbon_tokens.ledger.allocating import ProvenShare, TenantProof
    from carbon_tokens.ledger.confidential import ConfidentialProof

app = typer.Typer(help="Shares that other tenants cannot read, as a group in an account's split.", no_args_is_help=True)

Weights = Annotated[
    Path, typer.Option("--weights", help="CSV: tenant, weight; or what allocate wrote.", exists=True, dir_okay=False)
]
Open = Annotated[
    list[str], typer.Option("--open", help="Tenant that stands by itself, and can claim on chain; may be repeated.")
]
NewFolder = Annotated[Path, typer.Option("--out", help="New folder for the group with its secrets: keep it.")]
Folder = Annotated[Path, typer.Option("--group", help="Folder that group wrote.", exists=True, file_okay=False)]
Stored = Annotated[Path, typer.Option("--allocation", help="Folder that commit wrote.", exists=True, file_okay=False)]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Facility id (0x, 54 digits), 32 bytes (0x, 64 digits) or name.")
]
CheckedFile = Annotated[
    Path | None, typer.Option("--checked", help="The auditor's word, as check wrote it.", exists=True, dir_okay=False)
]
Out = Annotated[Path, typer.Option("--out", help="File of the member's proof; without --tenant a folder for all.")]
OutFile = Annotated[Path, typer.Option("--out", help="File of the auditor's word.", dir_okay=False)]
Proof = Annotated[Path, typer.Argument(help="The member's proof.", exists=True, dir_okay=False, metavar="PROOF")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="confidential")


@verb(app, "group")
def group(
    run: Run, facility: Facility, month: ReportingMonth, weights: Weights, out: NewFolder, opened: Open = []  # noqa: B006
) -> None:  # fmt: skip
    """Splits a closed month by weights, and makes a group of all tenants but those that are --open.

    Writes OUT/shares.csv, which commit --shares takes, and the members' secrets.
    """
    from carbon_tokens.allocation.shares import group_files, shares_of, tenant_of
    from carbon_tokens.allocation.shares.confidential import Group, grouped, members_of
    from carbon_tokens.allocation.shares.weights import read_weights

    totals = run.ledger.totals_to_split(facility, month)
    shares = shares_of(totals.amounts, read_weights(weights))
    plain, hidden = grouped(shares, map(tenant_of, opened))
    with run.bar("committing to shares") as progress:
        made = Group(members_of(hidden), progress=progress)
    group_files.write(out, made, plain)
    if len(made) < 3:
        run.warn(f"{len(made)} members: each can compute the other's share from the group's sums")
    content = {"group": "0x" + made.tenant.hex(), "members": len(made), "open": len(plain), **_amounts(made.amounts)}
    content |= {"shares": str(out / group_files.SHARES), "warnings": run.warnings}
    said = f"{len(made)} members, {len(plain)} by themselves: commit --shares {out / group_files.SHARES}"
    run.answer(content, lambda console: console.print(said, soft_wrap=True))


@verb(app, "check", writer="auditor")
def check(run: Run, folder: Folder, allocation: Stored, out: OutFile) -> None:
    """Rebuilds a group from every member, compares it with the committed split, and signs that. Only an auditor."""
    import json

    from carbon_tokens.ledger import confidential

    made, whole = _both(run, folder, allocation)
    found = confidential.check(run.ledger, made, whole, run.signer())
    out.write_text(json.dumps(found.to_json(), indent=1) + "\n")
    content = {"checked": str(out), "members": found.members, "auditor": found.auditor}
    said = f"{found.auditor} checked {found.members} members: none negative, together what was audited"
    run.answer(content, lambda console: console.print(said, soft_wrap=True))


@verb(app, "prove")
def prove(
    run: Run, folder: Folder, allocation: Stored, out: Out, tenant: Tenant = None, checked: CheckedFile = None
) -> None:
    """Writes the proof of a member's share, or of every member's into a folder, each for its tenant only."""
    from carbon_tokens.allocation.shares import tenant_of
    from carbon_tokens.ledger import confidential
    from carbon_tokens.nesting import loads

    made, whole = _both(run, folder, allocation)
    word = confidential.GroupChecked.from_json(loads(checked.read_text())) if checked else None
    if tenant is None:
        out.mkdir(parents=True, exist_ok=True)
        wanted = {out / f"{each.share.tenant.hex()}.json": each.share.tenant for each in made.members}
    else:
        wanted = {out: tenant_of(tenant)}
    for path, each in wanted.items():
        confidential.prove(made, whole, each, word).write(path)
    if not word:
        run.warn("no auditor's word that no member's share is negative: see confidential check")
    content = {"proofs": [str(path) for path in wanted], "warnings": run.warnings}
    run.answer(content, lambda console: console.print("\n".join(map(str, wanted)), soft_wrap=True))


@verb(app, "verify")
def verify(run: Run, proof: Proof) -> None:
    """Verifies a member's proof: the file itself, and with --rpc or the embedded chain that the split was committed."""
    from carbon_tokens.ledger import confidential

    run.refused = {"verified": False}
    held = confidential.ConfidentialProof.read(proof)
    held.verify()
    asked = bool(run.rpc or run.given_state or STATE.is_file())
    found = confidential.on_chain(run.ledger, held) if asked else None
    totals = held.group.verify()
    content = {"verified": True, "chain_checked": asked, "proof": str(proof), "version": held.group.version,
               "facility": f"0x{held.group.facility:054x}", "month": str(held.group.month),
               "share": _amounts(held.opening.member.share.amounts), "totals": _amounts(totals),
               "checked": held.checked.to_json() if held.checked else None}  # fmt: skip
    if found:
        content["current"] = found.current
    run.answer(content, lambda out: _show(held, totals, found, out))


def _both(run: Run, folder: Path, allocation: Path) -> tuple[Group, TenantProof]:
    """The group in a folder, and its proof in the split of another one."""
    from carbon_tokens.allocation.shares import group_files, read
    from carbon_tokens.ledger import confidential

    with run.bar("building the trees") as progress:
        made = group_files.read(folder, progress=progress)
    return made, confidential.own_proof(run.ledger, made, read(allocation))


def _show(proof: ConfidentialProof, totals: Any, found: ProvenShare | None, out: Any) -> None:
    own, month = proof.opening.member.share, proof.group.month
    rows = (("energy_wh", "Wh"), ("location_g", "g location-based"), ("market_g", "g market-based"))
    for name, unit in rows:
        out.print(f"{month}: {getattr(own, name):,} of {getattr(totals, name):,} {unit}", soft_wrap=True)
    word = proof.checked
    said = f"{word.auditor} checked all {word.members} members" if word else "no auditor checked the other members"
    out.print(said, soft_wrap=True)
    if found is None:
        out.print("CONSISTENT, NOT CHECKED ON A CHAIN")
    else:
        out.print("VERIFIED" if found.current else "VERIFIED, AND REPLACED SINCE: the account was restated")


def _amounts(amounts: Any) -> dict[str, int]:
    return {name: getattr(amounts, name) for name in ("energy_wh", "location_g", "market_g")}
