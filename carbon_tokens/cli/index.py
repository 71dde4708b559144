"""``index``: what the chain recorded, in a database."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carbon_tokens.cli.run import Run, verb
from carbon_tokens.errors import ExtraMissing, LedgerError, NoAnswer

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Engine

    from carbon_tokens.service.indexer import Indexer, Synced
    from carbon_tokens.service.networks import Network

Database = Annotated[
    str, typer.Option("--database", envvar="CARBON_TOKENS_DATABASE", help="sqlite:///FILE, or of PostgreSQL.")
]
Name = Annotated[str, typer.Option("--name", help="What the pages call this chain.")]
Networks = Annotated[
    Path | None, typer.Option("--networks", help="TOML file of several chains: [networks.NAME] with rpc or state.")
]
Follow = Annotated[int, typer.Option("--follow", help="Go on, and look for new blocks every so many seconds.", min=0)]


def register(app: typer.Typer) -> None:
    verb(app, "index")(index)


def index(
    run: Run, database: Database = "sqlite:///node.db", name: Name = "", follow: Follow = 0, networks: Networks = None
) -> None:  # fmt: skip
    """Brings a database to the head of the chain: every event once, balances and accounts as the chain has them."""
    try:
        from carbon_tokens.service import database as databases
        from carbon_tokens.service.indexer import Indexer
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"an index needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error

    engine = databases.connect(database)
    if networks:
        _several(run, engine, chains_of(networks), follow)
        return
    indexer = Indexer(engine, run.chain, run.ledger.deployments, name)
    found = _sync(run, indexer)
    _answer(run, found)
    while follow:
        time.sleep(follow)
        found = _sync(run, indexer)
        if found.added or found.removed:
            _answer(run, found)


def chains_of(networks: Path) -> list[Network]:
    """The chains of a file of networks."""
    from carbon_tokens.service.networks import read_networks

    return read_networks(networks)


def _several(run: Run, engine: Engine, networks: list[Network], follow: int) -> None:
    """All of them at once, each answered as it is done. Raises NoAnswer, at the end, if one cannot be."""
    from concurrent.futures import ThreadPoolExecutor

    while True:
        with ThreadPoolExecutor(len(networks)) as at_once:
            found = dict(at_once.map(lambda network: (network.name, _indexed(engine, network)), networks))
        failed = {name: str(each) for name, each in found.items() if isinstance(each, LedgerError)}
        done = {name: asdict(each) for name, each in found.items() if not isinstance(each, LedgerError)}
        content = {"networks": done, "failed": failed}
        lines = [f"{name}: {_said(each)}" for name, each in found.items()]
        if failed and not follow:
            run.refused |= content
            raise NoAnswer("; ".join(failed.values()), where=", ".join(failed), todo="The others are indexed.")
        run.answer(content, partial(_print, "\n".join(lines)))
        if not follow:
            return
        time.sleep(follow)


def _print(said: str, out: Console) -> None:
    out.print(said, soft_wrap=True, markup=False)


def _indexed(engine: Engine, network: Network) -> Synced | LedgerError:
    from carbon_tokens.ledger import Chain
    from carbon_tokens.ledger.deployments import deployment_file, read_deployments
    from carbon_tokens.service.indexer import Indexer

    try:
        chain = Chain.connect(network.rpc, state=network.state)
        try:
            deployments = read_deployments(deployment_file(network.deployments, chain.id), chain)
            return Indexer(engine, chain, deployments, network.name).sync()
        finally:
            chain.close()
    except LedgerError as error:
        return error


def _sync(run: Run, indexer: Indexer) -> Synced:
    with run.bar("indexing") as progress:
        return indexer.sync(progress)


def _answer(run: Run, found: Synced) -> None:
    run.answer(asdict(found), lambda out: out.print(_said(found), soft_wrap=True))


def _said(found: Synced | LedgerError) -> str:
    if isinstance(found, LedgerError):
        return str(found)
    gone = f", {found.removed} taken back with {found.rolled_back} blocks" if found.removed else ""
    return f"block {found.block:,}: {found.added:,} events added{gone}"
