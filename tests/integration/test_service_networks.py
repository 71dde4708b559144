"""Several chains in one node, and several nodes at one database: each chain by itself, and each event once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.errors import LedgerError
from carbon_tokens.service import actions, database, leases, schema
from carbon_tokens.service.app import create
from carbon_tokens.service.networks import Network, read_networks
from carbon_tokens.service.node import Node
from carbon_tokens.service.running import Settings
from tests.integration.anvil import Stoppable, until
from tests.integration.march import batches, by, rec_source, with_facility


@pytest.fixture
def chains(tmp_path: Path) -> Iterator[dict[str, Stoppable]]:
    """Two chains with a facility each, and certificates on the first."""
    found = {"us": Stoppable(tmp_path / "us", 1001), "eu": Stoppable(tmp_path / "eu", 1002)}
    for each in found.values():
        with_facility(each.ledger)
    by(found["us"].ledger, "rec-issuer").issue(rec_source(found["us"].ledger), batches(3))
    yield found
    for each in found.values():
        each.process.kill()
        each.process.wait()


def networks(chains: dict[str, Stoppable]) -> list[Network]:
    return [Network(name, each.home, rpc=each.url) for name, each in chains.items()]


def events(node: Node, name: str) -> int:
    """The number of events that the index has of a chain."""
    with node.reader.engine.begin() as connection:
        of = (
            select(func.count()).select_from(schema.event).join(schema.chain, schema.chain.c.id == schema.event.c.chain)
        )
        return int(connection.scalar(of.where(schema.chain.c.name == name)) or 0)


def on_chain(chain: Stoppable) -> int:
    return sum(len(list(chain.ledger.events(name))) for name in chain.ledger.deployments)


def test_all_chains_are_indexed_and_one_that_is_silent_makes_only_itself_unready(
    chains: dict[str, Stoppable], database_url: str
) -> None:
    chains["eu"].stop()
    node = Node(database.connect(database_url), networks(chains), every_s=0.1)
    with TestClient(create(node), raise_server_exceptions=False) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503 and ready.json()["chains"]["us"] == ""
        assert "no answer" in ready.json()["chains"]["eu"]
        assert 'carbon_tokens_index_failed{chain="eu"} 1.0' in client.get("/metrics").text
        assert client.get("/health/live").status_code == 200
        (us,) = client.get("/api/v1/chains").json()
        assert us["name"] == "us" and events(node, "us") == on_chain(chains["us"])
        assert len(client.get(f"/api/v1/chains/{us['id']}/facilities").json()["items"]) == 1

        chains["eu"].start()
        until(lambda: client.get("/health/ready").status_code == 200)
        assert events(node, "eu") == on_chain(chains["eu"]) > 0

        chains["us"].stop()
        until(lambda: client.get("/health/ready").json()["chains"]["us"] != "")
        assert client.get("/health/ready").json()["chains"]["eu"] == ""
        assert client.get(f"/api/v1/chains/{us['id']}/facilities").status_code == 200, "what was indexed is there"
        assert client.get(f"/api/v1/chains/{us['id']}/claims/0x{'1' * 64}").status_code == 503
        chains["us"].start()
        until(lambda: client.get("/health/ready").status_code == 200)
        assert events(node, "us") == on_chain(chains["us"])


def test_a_chain_that_was_indexed_and_is_silent_at_the_start_is_read_and_not_asked(
    chains: dict[str, Stoppable], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    node = Node(database.connect(url), networks(chains), every_s=0.1)
    node.start()
    number = next(each["id"] for each in node.reader.chains() if each["name"] == "eu")
    node.stop()
    chains["eu"].stop()
    again = Node(database.connect(url), networks(chains), every_s=0.1)
    with TestClient(create(again), raise_server_exceptions=False) as client:
        assert len(client.get(f"/api/v1/chains/{number}/facilities").json()["items"]) == 1
        asked = client.get(f"/api/v1/chains/{number}/claims/0x{'1' * 64}")
        assert asked.status_code == 503 and asked.json()["where"] == "eu"
        assert client.get(f"/api/v1/chains/77/claims/0x{'1' * 64}").status_code == 404


def test_another_chain_at_the_same_address_does_not_empty_the_index(
    chains: dict[str, Stoppable], tmp_path: Path
) -> None:
    node = Node(database.connect(f"sqlite:///{tmp_path / 'node.db'}"), networks(chains), every_s=0.1)
    node.start()
    before = events(node, "us")
    chains["us"].stop()
    time.sleep(1.1)  # Anvil's first block has the second as its content: in the same one it is the same chain
    chains["us"].start("another.json")
    until(lambda: "another chain" in node.ready["us"], said=lambda: node.ready)
    assert events(node, "us") == before > 0 and node.ready["eu"] == ""
    node.stop()


def test_of_several_nodes_one_indexes_a_chain_and_another_goes_on_when_it_stops(
    chains: dict[str, Stoppable], database_url: str
) -> None:
    nodes = [Node(database.connect(database_url), networks(chains), every_s=0.1) for _ in range(3)]
    for node in nodes:
        node.start()
    until(lambda: all(not any(node.ready.values()) for node in nodes))
    for _ in range(10):
        for number in nodes[0].followers:
            assert sum(node.followers[number].leads for node in nodes) == 1
        time.sleep(0.05)
    number = next(each.indexer.id for each in nodes[0].followers.values() if each.network.name == "us")
    leader = next(node for node in nodes if node.followers[number].leads)
    others = [node for node in nodes if node is not leader]
    leader.stop()
    by(chains["us"].ledger, "rec-issuer").issue(1, batches(2, first=50))
    until(lambda: events(others[0], "us") == on_chain(chains["us"]))
    assert sum(node.followers[number].leads for node in others) == 1
    assert all(node.followers[number].added == 0 for node in others if not node.followers[number].leads)
    for node in others:
        node.stop()


def test_a_lease_whose_holder_died_is_taken_when_it_has_ended(database_url: str) -> None:
    engine = database.connect(database_url)
    with engine.begin() as connection:
        values = {"name": "x", "chain_id": "1", "genesis": "0x1", "contracts": "{}"}
        connection.execute(schema.chain.insert().values(id=1, **values))
        assert leases.take(connection, 1, "dies", 0.2)
    with engine.begin() as connection:
        assert not leases.take(connection, 1, "lives", 5) and leases.take(connection, 1, "dies", 0.2)
    time.sleep(0.3)
    with engine.begin() as connection:
        assert leases.take(connection, 1, "lives", 5) and not leases.take(connection, 1, "dies", 5)
        leases.reached(connection, 1, "dies", 99)  # too late
        assert leases.state(connection, 1).block == -1
    engine.dispose()


def test_actions_of_many_at_once_are_one_unbroken_log(database_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    engine = database.connect(database_url)

    def act(number: int) -> None:
        with engine.begin() as connection:
            actions.append(connection, None, "tried", str(number), {})

    with ThreadPoolExecutor(8) as many:
        list(many.map(act, range(60)))
    with engine.begin() as connection:
        assert actions.faults(connection) == []
        assert connection.scalar(select(func.count()).select_from(schema.action)) == 60
    engine.dispose()


def write(folder: Path, chains: dict[str, Stoppable]) -> Path:
    file = folder / "networks.toml"
    tables = [f'[networks.{name}]\nrpc = "{each.url}"\ndeployments = "{name}"\n' for name, each in chains.items()]
    file.write_text("".join(tables))
    return file


def test_index_brings_every_network_of_a_file_to_its_head(chains: dict[str, Stoppable], tmp_path: Path) -> None:
    command = ["index", "--networks", str(write(tmp_path, chains)), "--database", f"sqlite:///{tmp_path / 'x.db'}"]
    first = CliRunner().invoke(commands, [*command, "--json"])
    found = json.loads(first.stdout)
    assert first.exit_code == 0 and found["failed"] == {}
    assert {name: each["added"] for name, each in found["networks"].items()} == {
        name: on_chain(each) for name, each in chains.items()
    }
    chains["us"].stop()
    again = CliRunner().invoke(commands, [*command, "--json"])
    said = json.loads(again.stdout)
    assert again.exit_code == 3 and {*said["failed"]} == {"us"} and said["networks"]["eu"]["added"] == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not a file of networks"),
        ("[networks]", "no network"),
        ("[networks]\nus = 3", "not a file of networks"),
        ('[networks.us]\nrpc = "http://x"', "deployments"),
        ('[networks.us]\nrpc = "http://x"\nstate = "y"\ndeployments = "z"', "either"),
        ('[networks.us]\ndeployments = "z"', "either"),
        ('[networks.us]\nstate = "y"\nurl = "z"', "only texts of the names"),
        ('[networks.us]\nstate = ""', "only texts"),
        ('[networks.us]\nstate = "y"\n[networks.eu]\nstate = "z"\nname = "us"', "two of one name"),
        ('[networks.us]\nrpc = "env:NOWHERE_SET"\ndeployments = "z"', "NOWHERE_SET is not set"),
    ],
)
def test_a_file_of_networks_that_cannot_be_followed_is_refused_with_what_to_do(
    tmp_path: Path, text: str, what: str
) -> None:
    (tmp_path / "n.toml").write_text(text)
    with pytest.raises(LedgerError, match=what) as error:
        read_networks(tmp_path / "n.toml")
    assert error.value.todo


def test_paths_of_a_file_are_relative_to_it_and_addresses_may_stand_in_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("US_RPC", "http://127.0.0.1:1/key")
    file = tmp_path / "n.toml"
    file.write_text('[networks.us]\nname = "United States"\nrpc = "env:US_RPC"\ndeployments = "d"\n'
                    '[networks.demo]\nstate = "demo/chain.db"\n')  # fmt: skip
    us, demo = read_networks(file)
    assert us == Network("United States", tmp_path / "d", rpc="http://127.0.0.1:1/key")
    assert demo == Network("demo", tmp_path / "demo" / "deployments", state=tmp_path / "demo" / "chain.db")
    settings = Settings("sqlite:///x", [us, demo], 0.5)
    assert Settings.from_text(settings.to_text()) == settings


def test_chains_of_one_genesis_and_two_ids_are_two_chains(database_url: str) -> None:
    """As Ethereum and Ethereum Classic are, and two development chains of one second."""
    engine = database.connect(database_url)
    with engine.begin() as connection:
        for number in ("1", "61"):
            values = {"name": number, "chain_id": number, "genesis": "0xd4", "contracts": "{}"}
            connection.execute(schema.chain.insert().values(**values))
    engine.dispose()


def test_a_database_of_the_step_before_keeps_its_rows(tmp_path: Path) -> None:
    """Chains are told apart by genesis and id since step 6, for which SQLite makes their table again."""
    from importlib import resources

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    url = f"sqlite:///{tmp_path / 'node.db'}"
    config = Config()
    config.set_main_option("script_location", str(resources.files("carbon_tokens.service") / "migrations"))
    old = create_engine(url)
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.exec_driver_sql("INSERT INTO chain VALUES (1, 'us', '1', '0xd4', '{}')")
        connection.exec_driver_sql("INSERT INTO block VALUES (1, 5, '0x5')")
    old.dispose()
    engine = database.connect(url)
    with engine.begin() as connection:
        assert connection.execute(select(schema.block)).all() == [(1, 5, "0x5")]
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        with pytest.raises(Exception, match="FOREIGN KEY"):
            connection.execute(schema.block.insert().values(chain=2, number=1, hash="0x1"))
    engine.dispose()
