"""Chains for the integration tests: embedded, Anvil and Ganache, each of its own port, home and data folder."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.mnemonic import MNEMONIC
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "node_modules" / ".bin"
CHAINS = (
    "embedded",
    pytest.param("anvil", marks=pytest.mark.anvil),
    pytest.param("ganache", marks=pytest.mark.ganache),
)
ROLES = {
    "auditor": ("CarbonTokens", "AUDITOR_ROLE"),
    "auditor-2": ("CarbonTokens", "AUDITOR_ROLE"),
    "rec-issuer": ("CarbonTokens", "REC_ISSUER_ROLE"),
    "offset-issuer": ("CarbonTokens", "OFFSET_ISSUER_ROLE"),
    "registrar": ("CarbonTokens", "REGISTRAR_ROLE"),
    "publisher": ("EmissionFactors", "PUBLISHER_ROLE"),
}

Node = Callable[..., str]


def _command(
    kind: str, port: int, folder: Path, chain_id: int | None, fork: str, options: tuple[str, ...]
) -> list[str]:
    program = BIN / kind
    if not program.exists():
        pytest.skip(f"{kind} is not installed: run npm ci")
    if kind == "anvil":
        # Without --prune-history Anvil writes every historical state into its home.
        chain = ["--chain-id", str(chain_id)] if chain_id else []
        fixed = ["--silent", "--prune-history", "--hardfork", fork]
        return [str(program), "--port", str(port), *fixed, *chain, *options]
    chain = ["--chain.chainId", str(chain_id)] if chain_id else []
    fixed = ["--logging.quiet", "--chain.hardfork", fork, "--database.dbPath", str(folder / "db")]
    return [str(program), "--server.port", str(port), "--wallet.mnemonic", MNEMONIC, *fixed, *chain, *options]


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end and process.poll() is None:
        try:
            Chain.connect(url)
            return
        except LedgerError:
            time.sleep(0.05)
    raise RuntimeError(f"the node does not answer at {url} (exit code {process.poll()})")


@pytest.fixture(scope="session")
def start_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Starts Anvil or Ganache and gives its URL; all are stopped, by their own process, at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *options: str, chain_id: int | None = None, fork: str = "shanghai") -> str:
        folder, port = tmp_path_factory.mktemp(kind), free_port()
        command = _command(kind, port, folder, chain_id, fork, options)
        environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder)}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        url = f"http://127.0.0.1:{port}"
        _await(url, process)
        return url

    yield start
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def anvil(start_node: Node) -> str:
    """URL of an Anvil node that mines every transaction at once."""
    return start_node("anvil")


@pytest.fixture(scope="session")
def ganache(start_node: Node) -> str:
    """URL of a Ganache node."""
    return start_node("ganache")


@pytest.fixture(params=CHAINS)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    """Each of the three chains in turn."""
    url = None if request.param == "embedded" else request.getfixturevalue(request.param)
    with_state = Chain.connect(url, state=tmp_path / "chain.db")
    yield with_state
    with_state.close()


def grant_roles(admin: Ledger) -> None:
    """Gives every role to the development account of its name; the auditors' for the US."""
    for name, (contract, role) in ROLES.items():
        zone = "US" if role == "AUDITOR_ROLE" else ""
        admin.grant_role(contract, role, account(f"dev:{name}", admin.chain).address, zone)


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    """Deploys the contracts on a chain and grants every role to the development account of its name."""
    opened: list[Ledger] = []

    def deployed(chain: Chain, folder: str = "first") -> Ledger:
        home = tmp_path / folder
        admin = Ledger.deploy(chain, account("dev:admin", chain), deployments=home, home=home)
        grant_roles(admin)
        opened.append(admin)
        return admin

    yield deployed
    for ledger in opened:
        ledger.close_files()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server of the tests' own."""
    from tests.integration.postgres import Postgres

    server = Postgres()
    yield server.url
    server.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Each of the two databases in turn, empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'node.db'}"
        return
    url = request.getfixturevalue("postgres")
    yield url
    emptied(url)


def emptied(url: str) -> None:
    """Takes every table out of a PostgreSQL database."""
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
