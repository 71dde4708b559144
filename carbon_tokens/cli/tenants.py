"""``share statement``, ``share check`` and ``share audit``: what a customer receives, and who checks all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.allocations import share
from carbon_tokens.cli.run import REFUSED, STATE, Run, verb

if TYPE_CHECKING:
    from carbon_tokens.allocation.shares import Amounts, StoredAllocation
    from carbon_tokens.ledger.allocating import ProvenShare
    from carbon_tokens.ledger.tenant_statement import TenantStatement

Splits = Annotated[
    list[Path],
    typer.Option("--allocation", help="Folder that commit wrote; may be repeated.", exists=True, file_okay=False),
]
Split = Annotated[Path, typer.Option("--allocation", help="Folder that commit wrote.", exists=True, file_okay=False)]
Name = Annotated[str, typer.Option("--tenant", help="Facility id, 32 bytes (0x, 64 digits) or name.")]
Folder = Annotated[Path, typer.Option("--out", help="Folder for the tenant: statement.json and statement.html.")]
Pdf = Annotated[bool, typer.Option("--pdf", help="Also statement.pdf (extra report).")]
File = Annotated[Path, typer.Argument(help="The tenant's statement.", exists=True, dir_okay=False, metavar="STATEMENT")]
Leaves = Annotated[
    Path | None,
    typer.Option("--table", help="CSV of shares as allocate wrote it: who must be there.", exists=True, dir_okay=False),
]
Against = Annotated[
    Path | None,
    typer.Option("--against", help="Another copy of the folder: which leaves differ.", exists=True, file_okay=False),
]
Statements = Annotated[
    Path | None,
    typer.Option("--statements", help="Folder of statements that tenants handed in.", exists=True, file_okay=False),
]


def register(_: typer.Typer) -> None:
    """The verbs are under ``share``, which ``allocations`` registers."""
    verb(share, "statement")(statement)
    verb(share, "check")(check)
    verb(share, "audit")(audit)


def statement(run: Run, allocation: Splits, tenant: Name, out: Folder, pdf: Pdf = False) -> None:
    """Writes a tenant's statement, for it alone: its shares of one or several months with their proofs, and a page."""
    from carbon_tokens.allocation.shares import read
    from carbon_tokens.ledger import tenant_page, tenant_statement

    with run.bar("building the tree") as progress:
        split = [(each, read(each, progress=progress)) for each in allocation]
    made = tenant_statement.state(run.ledger, tenant, split)
    pages: dict[str, Callable[[], bytes]] = {
        "statement.json": made.canonical, "statement.html": lambda: tenant_page.html(made).encode(),
    }  # fmt: skip
    if pdf:
        pages["statement.pdf"] = lambda: tenant_page.pdf(made)
    contents = {name: write() for name, write in pages.items()}  # all of them, before the first is written
    out.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (out / name).write_bytes(content)
    files = [str(out / name) for name in contents]
    if any(each.bound is None for each in made.parts):
        run.warn("without rows by project and product: commit --details binds them to the share")
    answer = {"files": files, "tenant": tenant, **_amounts(made.amounts), "warnings": run.warnings}
    run.answer(answer, lambda console: console.print("\n".join(files), soft_wrap=True))


def check(run: Run, file: File) -> None:
    """Verifies a tenant's statement: the file, and with --rpc or the embedded chain that its roots stand there."""
    from carbon_tokens.ledger.tenant_statement import TenantStatement

    run.refused = {"verified": False}
    held = TenantStatement.read(file)
    totals = held.verify()
    asked = bool(run.rpc or run.given_state or STATE.is_file())
    found = held.on_chain(run.ledger) if asked else ()
    content = {"verified": True, "chain_checked": asked, "tenant": held.tenant, "share": _amounts(held.amounts)}
    content["parts"] = [
        {"month": str(each.proof.month), "facility": f"0x{each.proof.facility:054x}", "version": each.proof.version,
         "share": _amounts(each.amounts), "totals": _amounts(total),
         "rows": len(each.bound.detail.rows) if each.bound else 0}
        for each, total in zip(held.parts, totals, strict=True)
    ]  # fmt: skip
    for kind in ("product", "project", "region", "month"):
        content[f"by_{kind}"] = {key: _amounts(each) for key, each in held.by(kind).items()}
    for part, proven in zip(content["parts"], found, strict=False):  # type: ignore[call-overload]
        part |= {"current": proven.current, "claimed_version": proven.claimed.version}
    run.answer(content, lambda out: _show(held, totals, found, out))


def audit(
    run: Run, allocation: Split, table: Leaves = None, statements: Statements = None, against: Against = None
) -> None:
    """Checks a whole split by its leaf file: the tree, the root on chain, who is missing, what tenants were given.

    For an auditor, to whom the operator shows the folder that commit wrote.
    """
    from carbon_tokens.allocation.shares import read
    from carbon_tokens.periods import Month

    with run.bar("building the tree") as progress:
        stored = read(allocation, progress=progress)
    facility, month = stored.audited_id >> 32 & (1 << 216) - 1, Month(stored.audited_id & 0xFFFFFFFF)
    found = _on_chain(run, stored, facility, month)
    found += _missing(stored, table) if table else []
    found += _differing(stored, read(against)) if against else []
    count, faults = _handed_in(stored, statements) if statements else (0, [])
    found += faults
    content = {"passed": not found, "faults": found, "tenants": len(stored.allocation), "statements": count,
               "facility": f"0x{facility:054x}", "month": str(month), "version": stored.version,
               "root": "0x" + stored.root.hex(), **_amounts(stored.allocation.totals)}  # fmt: skip
    said = [f"{len(stored.allocation):,} shares add up to the audited totals under the root on chain"]
    said += [f"{count} statements agree with their leaves"] if statements else []
    run.answer(content, lambda out: out.print("\n".join(found or said), soft_wrap=True, markup=False))
    if found:
        raise typer.Exit(REFUSED)


def _on_chain(run: Run, stored: StoredAllocation, facility: int, month: Any) -> list[str]:
    root = run.ledger.root_of(facility, month, stored.version)
    if not any(root):
        return [f"no split of {month} at version {stored.version} stands on chain"]
    if root != stored.root:
        return [f"the leaves give the root 0x{stored.root.hex()}, on chain stands 0x{root.hex()}"]
    current = run.ledger.split_version(facility, month)
    replaced = f"the account moved on to version {current}: the split is of {stored.version}"
    return [] if current == stored.version else [replaced]


def _missing(stored: StoredAllocation, table: Path) -> list[str]:
    """Tenants of a table of weights or shares who have no leaf, and leaves of nobody in it."""
    from carbon_tokens.allocation.shares.weights import read_weights

    wanted, there = set(read_weights(table)), {each.tenant for each in stored.allocation}
    found = [f"0x{each.hex()} of {table.name} has no share" for each in sorted(wanted - there)]
    return found + [f"0x{each.hex()} has a share and is not in {table.name}" for each in sorted(there - wanted)]


def _differing(stored: StoredAllocation, other: StoredAllocation) -> list[str]:
    """The leaves in which two splits differ, by tenant."""
    both = {each.tenant: each for each in stored.allocation}, {each.tenant: each for each in other.allocation}
    differing = [each for each in sorted({*both[0], *both[1]}) if both[0].get(each) != both[1].get(each)]
    return [f"the leaf of 0x{each.hex()} is another one in the split compared with" for each in differing]


def _handed_in(stored: StoredAllocation, folder: Path) -> tuple[int, list[str]]:
    from carbon_tokens.errors import AllocationError
    from carbon_tokens.ledger.tenant_statement import TenantStatement, differences

    found, files = list[str](), sorted(each for each in folder.rglob("*.json") if each.is_file())
    for path in files:
        try:
            found += [f"{path.name}: {each}" for each in differences(stored, TenantStatement.read(path))]
        except AllocationError as error:
            found.append(f"{path.name}: {error}")
    return len(files), found


def _show(held: TenantStatement, totals: tuple[Amounts, ...], found: tuple[ProvenShare, ...], out: Any) -> None:
    from rich.table import Table

    for kind in ("product", "project", "region", "month"):
        table = Table(title=f"{held.tenant} by {kind}")
        table.add_column(kind)
        for name in ("energy\nkWh", "location-based\ng CO2e", "market-based\ng CO2e"):
            table.add_column(name, justify="right")
        for key, each in held.by(kind).items():
            table.add_row(key, f"{each.energy_wh / 1000:,.3f}", f"{each.location_g:,}", f"{each.market_g:,}")
        out.print(table)
    for part, total in zip(held.parts, totals, strict=True):
        own = part.amounts
        out.print(f"{part.proof.month}: {own.energy_wh:,} of {total.energy_wh:,} Wh, {own.location_g:,} of "
                  f"{total.location_g:,} g location-based, {own.market_g:,} of {total.market_g:,} g market-based",
                  soft_wrap=True)  # fmt: skip
    if not found:
        out.print("CONSISTENT, NOT CHECKED ON A CHAIN")
    else:
        replaced = not all(each.current for each in found)
        out.print("VERIFIED, AND REPLACED SINCE: an account moved on" if replaced else "VERIFIED")


def _amounts(amounts: Any) -> dict[str, int]:
    return {name: getattr(amounts, name) for name in ("energy_wh", "location_g", "market_g")}
