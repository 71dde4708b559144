"""kill -9 of the node, of PostgreSQL and of the chain, in the middle of work: nothing is lost and nothing is doubled.

What a client was told (2xx) stands after the crash; what it was not told it asks again with the same Idempotency-Key or
version, and it is done once. Then the index is equal to the chain, and the log of actions is unbroken.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
import requests
from eth_account import Account
from sqlalchemy import create_engine, func, select

from carbon_tokens.ledger import Ledger, account
from carbon_tokens.ledger.mnemonic import MNEMONIC
from carbon_tokens.service import actions, database, leases, schema
from tests.integration.anvil import Stoppable, until
from tests.integration.march import batches, by, rec_source, with_facility
from tests.integration.postgres import Postgres
from tests.integration.served import Served
from tests.integration.test_service_audits import statement
from tests.integration.test_service_index import assert_equal

pytestmark = pytest.mark.slow
CLIENTS, EACH = 4, 12  # at once, and how many requests each brings to an end


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Stoppable]:
    made = Stoppable(tmp_path / "chain", 1003)
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """No server outlives its test."""
    yield
    for process in Served.started:
        process.kill()
        process.wait()
    Served.started.clear()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'node.db'}"
        return
    server = Postgres(safe=True)
    yield server.url
    server.close()


def assert_whole(node: Served) -> None:
    """The index is the chain's, and no action is missing or changed."""
    engine = database.connect(node.database)

    def is_equal() -> bool:
        try:
            assert_equal(engine, node.ledger)
        except AssertionError:
            return False
        return indexed(node.database) == node.ledger.chain.block_number()

    until(is_equal, 40)
    assert_equal(engine, node.ledger)
    with engine.begin() as connection:
        assert actions.faults(connection) == []
    engine.dispose()


def indexed(url: str) -> int:
    """The block that the index stands at."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return int(connection.scalar(select(func.max(schema.block.c.number))) or -1)
    finally:
        engine.dispose()


def signature(typed: dict[str, Any], ledger: Ledger) -> str:
    """What the auditor's wallet makes of typed data."""
    Account.enable_unaudited_hdwallet_features()
    wanted = account("dev:auditor", ledger.chain).address
    wallets = (Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(20))
    wallet = next(each for each in wallets if each.address == wanted)
    return "0x" + wallet.sign_typed_data(full_message=typed).signature.hex().removeprefix("0x")


class Clients:
    """Operators and an auditor who bring requests for audits to their end, whatever happens to the node."""

    def __init__(self, node: Served) -> None:
        self.node, self.facility = node, with_facility(node.ledger)
        by(node.ledger, "rec-issuer").issue(rec_source(node.ledger), batches(4))
        self.told: list[tuple[str, str]] = []  # idempotency keys that were answered with 201, and the request's id
        self.signed: list[str] = []
        self.end = threading.Event()

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as many:
            for each in [many.submit(self._bring, client) for client in range(CLIENTS)]:
                each.result()
        self.end.set()

    def _bring(self, client: int) -> None:
        for number in range(EACH):
            key = f"client-{client}-{number}"
            body = {"documents": [statement(self.facility, meter=key).to_json()]}
            made = self._until("operator", "POST", "/chains/1/audits", body, 201, Idempotency_Key=key)
            self.told.append((key, made["id"]))
            again = self._until("operator", "POST", "/chains/1/audits", body, 201, Idempotency_Key=key)
            assert again["id"] == made["id"]
            self._change(made["id"], "take", "taken", None)
            typed = self._until("auditor", "GET", f"/audits/{made['id']}/typed-data", None, 200)
            self._change(made["id"], "signature", "signed", {"signature": signature(typed, self.node.ledger)})
            self.signed.append(made["id"])

    def _change(self, request: str, verb: str, wanted: str, body: Any) -> None:
        """Changes a request; after an answer that did not come it is read whether it was done."""
        while True:
            seen = self._until("auditor", "GET", f"/audits/{request}", None, 200)
            if seen["state"] == wanted:
                return
            answer = self.node.ask("auditor", "POST", f"/audits/{request}/{verb}", body, If_Match=str(seen["version"]))
            assert answer is None or answer.status_code in (200, 409, 429, 503), answer.text
            time.sleep(0 if answer is not None and answer.ok else 0.1)

    def _until(self, role: str, method: str, path: str, body: Any, wanted: int, **headers: str) -> Any:
        """Asks again until it is answered: 503, 429 and no answer may get better."""
        end = time.monotonic() + 90
        while time.monotonic() < end:
            answer = self.node.ask(role, method, path, body, **headers)
            if answer is not None and answer.status_code == wanted:
                return answer.json()
            assert answer is None or answer.status_code in (429, 503), answer.text
            time.sleep(0.1)
        raise AssertionError(f"{method} {path} was never answered")

    def assert_once(self) -> None:
        """Every request is there once, with what was said of it."""
        engine = database.connect(self.node.database)
        with engine.begin() as connection:
            rows = connection.execute(select(schema.audit_request)).mappings().all()
            verbs = Counter(connection.execute(select(schema.action.c.verb, schema.action.c.target)).all())
        engine.dispose()
        ids = {row["id"] for row in rows}
        assert len(rows) == len(ids) == CLIENTS * EACH and {number for _, number in self.told} == ids == {*self.signed}
        for row in rows:
            assert row["state"] == "signed" and len(json.loads(row["signatures"])) == 1
            done = {verb: count for (verb, target), count in verbs.items() if target == row["id"]}
            assert done == {"audit requested": 1, "audit taken": 1, "audit signed": 1}


def struck(node: Served, strike: Any, times: int) -> Clients:
    """Clients at work while something is struck several times."""
    node.start()
    clients = Clients(node)
    work = threading.Thread(target=clients.run, daemon=True)
    work.start()
    random.seed(5)
    for _ in range(times):
        time.sleep(random.uniform(0.3, 1.2))
        strike()
    work.join(150)
    assert clients.end.is_set(), "the clients did not come to their end"
    clients.assert_once()
    assert_whole(node)
    assert node.stop() in (0, -signal.SIGTERM)
    return clients


def test_a_node_that_is_killed_while_it_answers_loses_nothing_and_does_nothing_twice(
    chain: Stoppable, url: str
) -> None:
    node = Served(chain.ledger, chain.home, url)

    def strike() -> None:
        node.kill()
        node.start()

    struck(node, strike, 3)


@pytest.mark.postgresql
def test_a_database_that_is_killed_while_a_node_answers_loses_nothing(
    chain: Stoppable, request: pytest.FixtureRequest
) -> None:
    server = Postgres(safe=True)
    request.addfinalizer(server.close)
    node = Served(chain.ledger, chain.home, server.url)

    def strike() -> None:
        server.kill()
        assert node.process.poll() is None
        away = node.ask("admin", "GET", "/actions")
        assert away is not None and away.status_code == 503 and "database" in away.json()["detail"]
        server.start()
        until(node.ready, 30)

    struck(node, strike, 3)


def test_a_chain_that_is_killed_while_audits_are_signed_is_asked_again(chain: Stoppable, url: str) -> None:
    node = Served(chain.ledger, chain.home, url)

    def strike() -> None:
        time.sleep(1.5)  # it writes its state every second: the facility must be in it
        chain.kill()
        until(lambda: not node.ready(), 30)
        chain.start()
        until(node.ready, 30)

    struck(node, strike, 2)


def test_a_chain_that_lost_its_last_blocks_is_followed_to_where_it_is(chain: Stoppable, url: str) -> None:
    source = rec_source(chain.ledger)
    node = Served(chain.ledger, chain.home, url)
    node.start()
    time.sleep(2.5)  # written
    by(chain.ledger, "rec-issuer").issue(source, batches(8), per_transaction=1)
    until(lambda: indexed(url) == chain.ledger.chain.block_number())
    before = indexed(url)
    chain.kill()
    chain.start()
    assert chain.chain().block_number() <= before
    by(chain.ledger, "operator").add_facility("CAMX", "US", os.urandom(32))
    assert_whole(node)
    assert node.stop() in (0, -signal.SIGTERM)


def test_a_node_that_is_killed_while_it_indexes_goes_on_where_it_was(chain: Stoppable, url: str) -> None:
    source = rec_source(chain.ledger)
    by(chain.ledger, "rec-issuer").issue(source, batches(600), per_transaction=1)
    node, reached = Served(chain.ledger, chain.home, url), [-1]
    for _ in range(8):
        node.start(ready=False)
        at = reached[-1]
        until(lambda at=at: indexed(url) > at, 30)  # one portion more, and then at once
        node.kill()
        reached.append(indexed(url))
        if reached[-1] == chain.ledger.chain.block_number():
            break
    assert reached == sorted(reached)
    node.start()
    assert_whole(node)
    assert node.stop() in (0, -signal.SIGTERM)


def test_sigterm_lets_requests_end_and_gives_the_lease_back(chain: Stoppable, tmp_path: Path) -> None:
    with_facility(chain.ledger)
    node = Served(chain.ledger, chain.home, f"sqlite:///{tmp_path / 'node.db'}")
    node.start()
    writer = database.connect(node.database)
    answers: list[Any] = []

    def ask() -> None:
        body = {"organisation": "Late", "role": "operator", "days": 1}
        answers.append(node.ask("admin", "POST", "/keys", body))

    with writer.begin() as held:  # while this writes, the request waits, and with it the end of the node
        held.execute(schema.organisation.insert().values(name="x", created=0))
        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(1)
        node.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert node.process.poll() is None and answers == []
    asking.join(20)
    assert answers[0] is not None and answers[0].status_code == 201
    assert node.process.wait(40) in (0, -signal.SIGTERM)
    with writer.begin() as connection:
        assert connection.scalar(select(schema.lease.c.until)) == 0
        assert leases.take(connection, 1, "another", 5)
    writer.dispose()


def test_a_worker_that_is_killed_is_replaced_and_all_end_with_the_one_that_started_them(
    chain: Stoppable, url: str
) -> None:
    source = rec_source(chain.ledger)
    node = Served(chain.ledger, chain.home, url, "--workers", "2")
    node.start()
    engine = database.connect(url)

    def leader() -> int:
        with engine.begin() as connection:
            return int(str(connection.scalar(select(schema.lease.c.holder))).split(":")[1])

    first = leader()
    assert first != node.process.pid
    os.kill(first, signal.SIGKILL)
    by(chain.ledger, "rec-issuer").issue(source, batches(3))
    until(lambda: indexed(url) == chain.ledger.chain.block_number(), 40)
    assert leader() != first
    until(node.ready, 30)
    assert_whole(node)
    second = leader()
    node.kill()
    until(lambda: not Path(f"/proc/{second}").exists(), 40)
    until(lambda: node.asked(lambda: requests.get(node.base, timeout=2)) is None, 40)
    engine.dispose()
