"""``index``: what the chain recorded, in a database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon_tokens.cli.run import Run, verb
from carbon_tokens.errors import ExtraMissing

if TYPE_CHECKING:
    from carbon_tokens.service.indexer import Indexer, Synced

Database = Annotated[
    str, typer.Option("--database", envvar="CARBON_TOKENS_DATABASE", help="sqlite:///FILE, or of PostgreSQL.")
]
Name = Annotated[str, typer.Option("--name", help="What the pages call this chain.")]
Follow = Annotated[int, typer.Option("--follow", help="Go on, and look for new blocks every so many seconds.", min=0)]


def register(app: typer.Typer) -> None:
    verb(app, "index")(index)


def index(run: Run, database: Database = "sqlite:///node.db", name: Name = "", follow: Follow = 0) -> None:
    """Brings a database to the head of the chain: every event once, balances and accounts as the chain has them."""
    try:
        from carbon_tokens.service import database as databases
        from carbon_tokens.service.indexer import Indexer
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"an index needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error

    indexer = Indexer(databases.connect(database), run.chain, run.ledger.deployments, name)
    found = _sync(run, indexer)
    _answer(run, found)
    while follow:
        time.sleep(follow)
        found = _sync(run, indexer)
        if found.added or found.removed:
            _answer(run, found)


def _sync(run: Run, indexer: Indexer) -> Synced:
    with run.bar("indexing") as progress:
        return indexer.sync(progress)


def _answer(run: Run, found: Synced) -> None:
    content: dict[str, Any] = {"block": found.block, "added": found.added, "removed": found.removed,
                               "rolled_back": found.rolled_back}  # fmt: skip
    gone = f", {found.removed} taken back with {found.rolled_back} blocks" if found.removed else ""
    said = f"block {found.block:,}: {found.added:,} events added{gone}"
    run.answer(content, lambda out: out.print(said, soft_wrap=True))
