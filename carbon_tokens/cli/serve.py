"""``serve``: a node with its pages, API and index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carbon_tokens.cli.index import Database, Networks, chains_of
from carbon_tokens.cli.run import Run, verb
from carbon_tokens.errors import ExtraMissing

if TYPE_CHECKING:
    from carbon_tokens.service.networks import Network

Host = Annotated[str, typer.Option("--host", help="Where it listens; 0.0.0.0: everywhere.")]
Port = Annotated[int, typer.Option("--port", help="Port.", min=1, max=65535)]
Name = Annotated[str, typer.Option("--name", help="What the pages call this chain.")]
Every = Annotated[float, typer.Option("--every", help="Seconds between two looks at the chain.", min=0.1)]
SeedDemo = Annotated[bool, typer.Option("--seed-demo", help="Run the demonstration first, and serve its chain.")]

Workers = Annotated[
    int, typer.Option("--workers", help="Processes that answer; one of them indexes a chain.", min=1, max=64)
]
Log = Annotated[str, typer.Option("--log", help="Form of the log on stderr: text or json.")]

Evidence = Annotated[
    str, typer.Option("--evidence", help="Store of evidence: a folder, s3://… or ipfs://….", metavar="URI")
]
Signers = Annotated[
    Path | None,
    typer.Option("--signer", help="TOML file of who signs here for which organisation.", exists=True, dir_okay=False),
]
QuotaBytes = Annotated[
    int, typer.Option("--evidence-bytes", help="Bytes of evidence that each organisation may keep.", min=0)
]
QuotaFiles = Annotated[
    int, typer.Option("--evidence-files", help="Files of evidence that each organisation may keep.", min=0)
]
PublicUrl = Annotated[
    str, typer.Option("--public-url", help="Where people reach it, https://…: for links, QR codes and cookies.")
]
Proxies = Annotated[
    str,
    typer.Option("--forwarded-allow-ips", help="Proxies whose X-Forwarded headers count: IPs, networks or *; none."),
]


def register(app: typer.Typer) -> None:
    verb(app, "serve")(serve)


def serve(
    run: Run, database: Database = "", host: Host = "127.0.0.1", port: Port = 8080, name: Name = "",
    every: Every = 2.0, seed_demo: SeedDemo = False, networks: Networks = None, workers: Workers = 1, log: Log = "text",
    evidence: Evidence = "", signer: Signers = None, public_url: PublicUrl = "", forwarded_allow_ips: Proxies = "",
    evidence_bytes: QuotaBytes = 10_000_000_000, evidence_files: QuotaFiles = 10_000,
) -> None:  # fmt: skip
    """Runs a node: pages at /, the API at /api/v1, /health, /metrics. Without --signer it writes to no chain."""
    try:
        from carbon_tokens.evidence import open_store
        from carbon_tokens.service import addresses, running, signers
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"a node needs {error.name}", todo="pip install 'carbon-tokens[node]'") from error

    if log not in ("text", "json"):
        raise typer.BadParameter(f"{log!r} is neither text nor json")
    if networks and (run.rpc or run.given_state or run.given_deployments or seed_demo or name):
        raise typer.BadParameter("a file of networks names its chains; give the file or the options of one chain")
    if networks:
        home, chains = networks.parent, chains_of(networks)
    else:
        home, chains = _one(run, name, seed_demo)
    home.mkdir(parents=True, exist_ok=True)
    settings = running.Settings(
        database or f"sqlite:///{home / 'node.db'}", chains, every, log, evidence or str(home / "evidence"),
        str(signer) if signer else "", addresses.public(public_url), addresses.proxies(forwarded_allow_ips),
        evidence_bytes, evidence_files,
    )  # fmt: skip
    open_store(settings.evidence)  # what is wrong with an address or a file is said here, not by each worker
    if signer:
        signers.Signers.read(signer)
    node = running.node_of(settings)
    if seed_demo:
        from carbon_tokens.cli.demonstration import seat

        seat(run, node, home)
    run.progress.print(f"http://{host}:{port}", highlight=False)
    running.run(node, settings, host, port, workers)


def _one(run: Run, name: str, seed_demo: bool) -> tuple[Path, list[Network]]:
    """The folder of the node and its one chain, of the common options."""
    from carbon_tokens.service.networks import Network

    state = _seeded(run) if seed_demo else run.state
    deployments = state.parent / "deployments" if seed_demo else run.deployments
    named = name or ("demonstration" if seed_demo else "chain")
    return (run.home if run.rpc else state.parent), [Network(named, deployments, run.rpc, None if run.rpc else state)]


def _seeded(run: Run) -> Path:
    """The state file of the demonstration, which is run where it was not yet."""
    from carbon_tokens.cli.demonstration import seed

    return seed(run)
