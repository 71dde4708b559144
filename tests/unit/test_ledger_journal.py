"""The journal and the state file of the embedded chain, without a chain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from carbon_tokens.errors import JournalError, LedgerError
from carbon_tokens.ledger.journal import FAILED, MINED, Entry, Journal, Outcome
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.ledger.settle import NonceError, refusal_of
from carbon_tokens.ledger.store import BlockStore

BINDING = {"chain": "1", "genesis": "0xab", "contract": "0xcd", "inputs": "ef"}


def entry(nonce: int, key: str = "k") -> Entry:
    return Entry(key, "issue", (nonce, nonce + 2**255), "0xme", nonce, f"0x{nonce:064x}", bytes([nonce]) * 3)


def test_entries_are_open_until_they_have_an_outcome(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db", BINDING) as journal:
        journal.plan([entry(2), entry(1), entry(3, "other")])
        journal.end([Outcome(entry(1).hash, MINED, 5, 60_000)])
    with Journal(tmp_path / "j.db", BINDING) as journal:
        assert journal.open_entries() == [entry(2), entry(3, "other")]
        assert journal.open_entries("other") == [entry(3, "other")]
        assert journal.entries() == [entry(2), entry(1), entry(3, "other")]
        assert journal.outcomes() == {entry(1).hash: Outcome(entry(1).hash, MINED, 5, 60_000)}


def test_an_outcome_is_never_changed_and_a_transaction_never_planned_twice(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db", BINDING) as journal:
        journal.plan([entry(1)])
        journal.end([Outcome(entry(1).hash, MINED, 5, 60_000)])
        journal.end([Outcome(entry(1).hash, FAILED, 6, 1)])
        assert journal.outcomes()[entry(1).hash].state == MINED
        with pytest.raises(Exception, match="UNIQUE"):
            journal.plan([entry(1)])


@pytest.mark.parametrize("name", BINDING)
def test_a_journal_of_another_chain_contract_or_inputs_is_refused(tmp_path: Path, name: str) -> None:
    Journal(tmp_path / "j.db", BINDING).close()
    with pytest.raises(JournalError, match=rf"j\.db: the journal was written for another {name}"):
        Journal(tmp_path / "j.db", BINDING | {name: "other"})


def test_a_run_and_its_journal_exclude_a_second_run_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal(path, BINDING, exclusive=True) as journal:
        journal.plan([entry(1)])
        code = f"from carbon_tokens.ledger.journal import Journal; Journal({str(path)!r}, {BINDING!r}, exclusive=True)"
        code = code.replace(f"Journal({str(path)!r}", f"Journal(__import__('pathlib').Path({str(path)!r})")
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path.cwd())
    assert "JournalError" in second.stderr
    assert "another run uses this journal" in second.stderr
    Journal(path, BINDING, exclusive=True).close()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_text("something else, longer than a header of SQLite " * 10)
    with pytest.raises(JournalError, match="not a usable journal"):
        Journal(tmp_path / "j.db", BINDING)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("nonce too low", NonceError, "only one process"),
        ("the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 4", NonceError, "nonce 4"),
        ("replacement transaction underpriced", NonceError, "nonce"),
        ("Insufficient funds for gas * price + value", LedgerError, "Fund 0xme"),
        ("exceeds block gas limit", LedgerError, "refuses the transaction"),
    ],
)
def test_what_a_node_refuses_is_named(text: str, kind: type[LedgerError], says: str) -> None:
    error = refusal_of(NodeError(text), entry(4))
    assert type(error) is kind
    assert says in str(error)


def test_a_state_file_keeps_only_whole_commits(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "c.db")
    store.lock()
    store[b"a"] = b"1"
    store.commit()
    store[b"a"] = b"2"
    store[b"b"] = b"3"
    assert (store[b"a"], b"b" in store) == (b"2", True)
    store.close()
    again = BlockStore(tmp_path / "c.db")
    assert (again[b"a"], b"b" in again) == (b"1", False)
    again[b"b"] = b"3"
    again.discard()
    assert b"b" not in again
    del again[b"a"]
    assert b"a" not in again
    again.close()


def test_the_right_to_write_is_held_by_one_store_and_reading_by_all(tmp_path: Path) -> None:
    first, second = BlockStore(tmp_path / "c.db"), BlockStore(tmp_path / "c.db")
    first.lock()
    first[b"a"] = b"1"
    first.commit()
    assert second[b"a"] == b"1"
    with pytest.raises(LedgerError, match="another process writes"):
        second.lock()
    first.close()
    second.lock()
    second.close()


def test_a_file_that_is_no_state_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_text("something else, longer than a header of SQLite " * 10)
    with pytest.raises(LedgerError, match="not a usable state file"):
        BlockStore(tmp_path / "c.db")
