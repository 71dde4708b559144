"""``serve``: a node with its pages, API and index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from carbon_tokens.cli.index import Database
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.errors import ExtraMissing

Host = Annotated[str, typer.Option("--host", help="Where it listens; 0.0.0.0: everywhere.")]
Port = Annotated[int, typer.Option("--port", help="Port.", min=1, max=65535)]
Name = Annotated[str, typer.Option("--name", help="What the pages call this chain.")]
Every = Annotated[float, typer.Option("--every", help="Seconds between two looks at the chain.", min=0.1)]
SeedDemo = Annotated[bool, typer.Option("--seed-demo", help="Run the demonstration first, and serve its chain.")]


def register(app: typer.Typer) -> None:
    verb(app, "serve")(serve)


def serve(
    run: Run, database: Database = "", host: Host = "127.0.0.1", port: Port = 8080, name: Name = "",
    every: Every = 2.0, seed_demo: SeedDemo = False,
) -> None:  # fmt: skip
    """Runs a node: pages at /, the API at /api/v1, /health, /metrics. It holds no key and writes to no chain."""
    try:
        import uvicorn

        from carbon_tokens.service import database as databases
        from carbon_tokens.service.app import create
        from carbon_tokens.service.node import Network, Node
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"a node needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error

    state, deployments = run.state, run.deployments
    if seed_demo:
        state = _seeded(run)
        deployments = state.parent / "deployments"
    chain = Network(
        name or ("demonstration" if seed_demo else "chain"), deployments, run.rpc, None if run.rpc else state
    )
    home = state.parent if not run.rpc else run.home
    home.mkdir(parents=True, exist_ok=True)
    node = Node(databases.connect(database or f"sqlite:///{home / 'node.db'}"), [chain], every)
    run.progress.print(f"http://{host}:{port}", highlight=False)
    uvicorn.run(create(node), host=host, port=port, log_level="warning", server_header=False)


def _seeded(run: Run) -> Path:
    """The state file of the demonstration, which is run where it was not yet."""
    from carbon_tokens.cli.demonstration import seed

    return seed(run)
