"""``portfolio``: an organisation's roll-up from proof files, with double counts, charts and disclosure tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import Run, verb
from carbon_tokens.cli.shown import millionths

if TYPE_CHECKING:
    from carbon_tokens.ledger.chain import Chain
    from carbon_tokens.portfolio import Portfolio

Paths = Annotated[list[Path], typer.Argument(help="Proof files, and folders of them.", exists=True, metavar="PATH…")]
Organisation = Annotated[str, typer.Option("--organisation", help="Whose portfolio it is.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the page, the accounts and the disclosure tables.")]
Inputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs", help="Folder of the files behind the statements; ID/ in it is of one facility.", exists=True,
        file_okay=False,
    ),
]  # fmt: skip
Rpcs = Annotated[
    list[str], typer.Option("--rpc", help="CHAIN=URL of a node: is each certificate valid now? Repeatable.")
]
States = Annotated[
    list[Path], typer.Option("--state", help="State file of an embedded chain, repeatable.", exists=True)
]
BlockHashes = Annotated[
    list[str],
    typer.Option("--block-hash", help="Hash of a block that you trust: every bundle has to end in one. Repeatable."),
]
Allowed = Annotated[
    list[str], typer.Option("--allow", help="Count a double count nevertheless: its name or kind. Repeatable.")
]
BaseYear = Annotated[
    int | None, typer.Option("--base-year", help="The organisation's base year; without it the first.", min=1970)
]
_SHOWN = 50  # findings on a terminal


def register(app: typer.Typer) -> None:
    verb(app, "portfolio", options=("deployment",))(portfolio)


def portfolio(
    run: Run, paths: Paths, organisation: Organisation = "", out: Out = None, inputs: Inputs = None,
    rpc: Rpcs = [], state: States = [], block_hash: BlockHashes = [], allow: Allowed = [],  # noqa: B006
    base_year: BaseYear = None,
) -> None:  # fmt: skip
    """Adds up verified proofs over facilities, years and chains, each facility-month once.

    Refused if a proof does not verify, or if something counts twice over ledgers (document, meter, file, serial, batch,
    facility) that --allow does not name.
    """
    from carbon_tokens.errors import DoubleCounted, NotVerified
    from carbon_tokens.portfolio import found, openings, read, roll_up, to_json, write

    files, others = found(paths)
    try:
        with _chains(rpc, state) as chains, run.bar("verifying") as bar:
            held = read(files, inputs=inputs, chains=chains, deployments=run.given_deployments,
                        block_hashes=_hashes(block_hash), progress=bar)  # fmt: skip
        _unasked(run, held, chains)
        result = roll_up(held, organisation=organisation, openings=openings(inputs) if inputs else None,
                         allowed=_allowed(allow), base_year=base_year)  # fmt: skip
    except DoubleCounted as error:
        run.refused = {"findings": error.findings}
        for name, said in () if run.as_json else error.findings.items():
            typer.echo(f"DOUBLE COUNT [{name}] {said}", err=True)
        raise
    except NotVerified as error:
        run.refused = {"reasons": error.reasons}
        raise
    known = {name for each in result.findings for name in (each.name, each.kind)}
    for each in sorted(set(allow) - known):
        run.warn(f"--allow {each}: nothing of that name or kind was found")
    lacking = write(result, out) if out else []
    for each in lacking:
        run.warn(each)
    content = to_json(result) | {"ignored": others, "out": str(out) if out else "", "warnings": run.warnings}
    run.answer(content, lambda console: _show(result, others, out, console))


@contextmanager
def _chains(rpc: Sequence[str], state: Sequence[Path]) -> Iterator[list[Chain]]:
    """The chains that the options name, open; each must be the one that it is called."""
    from carbon_tokens.ledger.chain import Chain

    opened: list[Chain] = []
    try:
        for each in rpc:
            number, _, url = each.partition("=")
            if not number.isdigit() or not url:
                raise typer.BadParameter(f"--rpc {each!r}: write CHAIN=URL, e.g. 1=https://node.example")
            opened.append(Chain.connect(url, chain_id=int(number)))
        opened += [Chain.connect(state=path) for path in state]
        yield opened
    finally:
        for chain in opened:
            chain.close()


def _unasked(run: Run, held: Sequence[Any], chains: Sequence[Chain]) -> None:
    """Warns of a chain that was given and holds none of the proofs."""
    used = {(each.proof.chain.id, each.proof.chain.genesis) for each in held}
    for each in chains:
        if (each.id, each.genesis) not in used:
            run.warn(f"no proof is of the chain {each.id} at {each.where}")


def _hashes(texts: Sequence[str]) -> Sequence[str]:
    for each in texts:
        if not re.fullmatch("0x[0-9a-f]{64}", each):
            raise typer.BadParameter(f"--block-hash {each!r} is no hash: 0x and 64 digits in lower case")
    return texts


def _allowed(names: Sequence[str]) -> Sequence[str]:
    from carbon_tokens.portfolio import KINDS

    for each in names:
        if each.rpartition("-")[0] not in KINDS and each not in KINDS:
            raise typer.BadParameter(f"--allow {each!r} is no finding: its kind is one of {', '.join(KINDS)}")
    return names


def _show(result: Portfolio, others: list[str], out: Path | None, console: Any) -> None:
    from carbon_tokens.portfolio import DOUBLE

    console.print(_table(result))
    sums = result.total
    if sums.eliminated_location_g or sums.eliminated_market_g:
        both = (sums.gross_location_g, sums.eliminated_location_g, sums.gross_market_g, sums.eliminated_market_g)
        said = "gross location-based {} t, of which {} t eliminated; gross market-based {} t, of which {} t eliminated"
        console.print(said.format(*map(millionths, both)), soft_wrap=True)
    for (ledger, facility), months in result.missing().items():
        console.print(f"missing: {', '.join(map(str, months))} of {facility} on {ledger}", soft_wrap=True)
    for each in result.replaced:
        said = f"{each.new.month.month}: {each.old.held.file} is replaced by {each.new.held.file}"
        console.print(said, soft_wrap=True, markup=False)
    for found in result.findings[:_SHOWN]:
        mark = "DOUBLE COUNT, ALLOWED" if found.severity == DOUBLE else found.severity
        console.print(f"{mark} [{found.name}] {found}", soft_wrap=True, markup=False)
    if len(result.findings) > _SHOWN:
        console.print(f"{len(result.findings) - _SHOWN} more findings: --json or --out has all of them")
    for note in result.notes:
        console.print(note, soft_wrap=True, markup=False)
    if others:
        console.print(f"{len(others)} other JSON files in these folders are no proofs")
    if out:
        console.print(str(out), soft_wrap=True)


def _table(result: Portfolio) -> Any:
    from rich.table import Table

    name = result.organisation or "Portfolio"
    table = Table(title=f"{name}: {len(result.facilities)} facilities, consolidated, CO2e")
    table.add_column("year")
    for column in ("location-based\nt", "market-based\nt", "net\nt", "energy\nMWh", "covered by RECs\nMWh", "months"):
        table.add_column(column, justify="right")
    rows = {str(year): result.year(year) for year in result.years} | {"all": result.total}
    for year, sums in rows.items():
        amounts = (sums.consolidated_location_g, sums.consolidated_market_g, sums.consolidated_net_g)
        cells = [millionths(each) for each in (*amounts, sums.energy_wh, sums.covered_wh)]
        table.add_row(year, *cells, str(sums.months), end_section=year == str(result.years[-1]))
    return table
