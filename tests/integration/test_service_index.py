"""The index of a chain: equal to the ledger after everything that can happen to it, on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the node needs the extra `node`")
from sqlalchemy import Engine, func, select

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger
from carbon_tokens.service import database, schema
from carbon_tokens.service.indexer import Indexer
from carbon_tokens.service.reading import Reader
from tests.integration.march import MARCH, Deploy, audit_of, batches, by, digest, rec_source, with_facility

FIELDS = ("energy", "scope1", "scope2_location", "scope2_residual", "scope3", "version", "closed", "recs", "offsets",
          "allocated_location", "allocated_market", "shares")  # fmt: skip


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = database.connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def ledger(anvil: str, deploy: Deploy) -> Iterator[Ledger]:
    chain = Chain.connect(anvil)
    yield deploy(chain)
    chain.close()


def indexer(engine: Engine, ledger: Ledger) -> Indexer:
    return Indexer(engine, ledger.chain, ledger.deployments)


def assert_equal(engine: Engine, ledger: Ledger) -> None:
    """Every account, every balance and the number of events are those of the chain."""
    with engine.begin() as connection:
        accounts = connection.execute(select(schema.account)).mappings().all()
        balances = connection.execute(select(schema.balance)).all()
        counted = connection.scalar(select(func.count()).select_from(schema.event))
    for row in accounts:
        held = ledger.account(int(row["facility"], 16), type(MARCH)(row["month"]))
        assert {name: row[name] for name in FIELDS} == {name: getattr(held, name) for name in FIELDS}
    for row in balances:
        assert int(row.amount) == ledger.balance(row.holder, int(row.token, 16)) >= 0
    assert counted == sum(len(list(ledger.events(name))) for name in ledger.deployments)
    assert accounts or balances


def journey(ledger: Ledger) -> int:
    """A facility with audits, retirements, a void certificate, a restatement, a closed and claimed month."""
    facility, source = with_facility(ledger), rec_source(ledger)
    issuer, operator, auditor = (by(ledger, name) for name in ("rec-issuer", "operator", "auditor"))
    issued = issuer.issue(source, batches(5))
    issuer.transfer(operator.signer.address, issued.ids[:2], [1_000_000, 400_000])
    auditor.audit(audit_of(facility))
    operator.retire(facility, MARCH, issued.ids[:2], [900_000, 400_000], beneficiary="us", purpose="2024")
    auditor.disallow(facility, MARCH, issued.ids[1], 100_000, digest("void"))
    auditor.restate(audit_of(facility, "again", version=3, energy=900_000, scope2_location=202_500,
                             scope2_residual=202_500, start=0, end=0, meter=bytes(32)))  # fmt: skip
    auditor.close(facility, MARCH)
    operator.claim(facility, MARCH)
    return facility


def test_after_a_journey_the_index_is_equal_to_the_chain(engine: Engine, ledger: Ledger) -> None:
    journey(ledger)
    first = indexer(engine, ledger).sync()
    assert first.added > 10 and first.block == ledger.chain.block_number()
    assert_equal(engine, ledger)
    again = indexer(engine, ledger).sync()
    assert (again.added, again.removed, again.block) == (0, 0, first.block)


@pytest.mark.parametrize("empty_blocks", [0, 80])
def test_what_a_reorganisation_took_is_taken_back(engine: Engine, ledger: Ledger, empty_blocks: int) -> None:
    rpc, index = ledger.chain.rpc, indexer(engine, ledger)
    facility, source = with_facility(ledger), rec_source(ledger)
    by(ledger, "rec-issuer").issue(source, batches(2))
    index.sync()
    snapshot = rpc.request("evm_snapshot")
    by(ledger, "auditor").audit(audit_of(facility))
    by(ledger, "rec-issuer").issue(source, batches(3, first=10))
    rpc.request("anvil_mine", [hex(empty_blocks)]) if empty_blocks else None
    index.sync()
    assert_equal(engine, ledger)
    rpc.request("evm_revert", [snapshot])
    by(ledger, "auditor").audit(audit_of(facility, "another bill", energy=500_000, scope2_location=112_500,
                                         scope2_residual=112_500))  # fmt: skip
    found = index.sync()
    assert found.rolled_back == 2 + empty_blocks and found.removed == 6 and found.added == 2
    assert_equal(engine, ledger)


def test_a_run_that_dies_goes_on_where_it_was_and_counts_nothing_twice(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey(ledger)
    monkeypatch.setattr("carbon_tokens.service.indexer._FIRST_SPAN", 2)

    def die(_: int, __: int) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            indexer(engine, ledger).sync(die)
    with pytest.raises(KeyboardInterrupt):
        killed_inside(indexer(engine, ledger), monkeypatch)
    monkeypatch.undo()
    indexer(engine, ledger).sync()
    assert_equal(engine, ledger)


def killed_inside(index: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dies between the events of a portion and its blocks."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(index, "_advance", die)
    index.sync()


def test_two_indexers_at_once_write_every_event_once(engine: Engine, ledger: Ledger) -> None:
    journey(ledger)
    several = [indexer(engine, ledger) for _ in range(3)]
    failed: list[BaseException] = []

    def run(one: Indexer) -> None:
        try:
            one.sync()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert_equal(engine, ledger)


def test_another_deployment_needs_another_database(
    engine: Engine, ledger: Ledger, deploy: Callable[..., Ledger]
) -> None:
    indexer(engine, ledger)
    other = deploy(ledger.chain, "second")
    with pytest.raises(LedgerError, match="another deployment"):
        indexer(engine, other)


def test_pages_are_read_while_a_portion_is_written(tmp_path: Path) -> None:
    made = database.connect(f"sqlite:///{tmp_path / 'node.db'}")
    with made.begin() as writer:
        writer.execute(schema.organisation.insert().values(name="x", created=0))
        assert Reader(made).chains() == []  # at once, and not after ten seconds of waiting


@pytest.mark.parametrize("url", ["", "nothing", "mysql://x", "sqlite:////nowhere/at/all/node.db"])
def test_an_address_that_is_no_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(LedgerError, match="database"):
        database.connect(url)


def test_a_password_in_an_address_is_never_repeated() -> None:
    with pytest.raises(LedgerError) as error:
        database.connect("postgresql+psycopg://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(error.value)


def test_the_steps_of_alembic_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    made = database.connect(f"sqlite:///{tmp_path / 'node.db'}")
    with made.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
