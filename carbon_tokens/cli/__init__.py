"""The command line: the verbs of the Python API, one command each.

Only typer is imported before a command runs; what costs time (web3, py-evm, eth-abi) is imported by the commands.
"""

from __future__ import annotations

from typing import Annotated

import typer

from carbon_tokens.cli import (
    allocations,
    audits,
    certificate,
    certificates,
    claims,
    confidential,
    demonstration,
    energy,
    evidence,
    exchange,
    factors,
    fleet,
    index,
    keys,
    matching,
    panels,
    portfolio,
    registries,
    serve,
    setup,
    sites,
    stating,
    tenants,
)

app = typer.Typer(
    name="carbon-tokens",
    help="Proof on an Ethereum chain that a data center's measured emissions are audited, covered and offset.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("carbon-tokens"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Proof on an Ethereum chain that a data center's measured emissions are audited, covered and offset."""


for _part in (
    demonstration,
    setup,
    factors,
    energy,
    sites,
    fleet,
    stating,
    audits,
    panels,
    registries,
    certificates,
    matching,
    allocations,
    claims,
    certificate,
    portfolio,
    confidential,
    tenants,
    exchange,
    index,
    serve,
    keys,
    evidence,
):
    _part.register(app)
