"""The journal: every transaction is written here, signed, before it is sent, so that a killed run can be resumed.

Append-only: entries and outcomes are inserted, never changed. A transaction keeps its nonce for ever, so sending the
same bytes again can never do a thing twice; a new transaction for the same content is made only after the old nonce was
used by another one, when the old bytes are void.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbon_tokens.errors import JournalError

MINED, FAILED, REPLACED, REFUSED = "mined", "failed", "replaced", "refused"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS binding (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    hash TEXT PRIMARY KEY, key TEXT NOT NULL, action TEXT NOT NULL, items TEXT NOT NULL,
    sender TEXT NOT NULL, nonce INTEGER NOT NULL, raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_key ON entries (key);
CREATE TABLE IF NOT EXISTS outcomes (hash TEXT PRIMARY KEY, state TEXT NOT NULL, block INTEGER, gas INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A signed transaction: its content's key, what it does, the ids it makes, sender, nonce, hash and bytes."""

    key: str
    action: str
    items: tuple[int, ...]
    sender: str
    nonce: int
    hash: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an entry ended: ``mined``, ``failed`` (reverted), ``replaced`` (nonce used by another) or ``refused``."""

    hash: str
    state: str
    block: int | None = None
    gas: int | None = None


class Journal:
    """A journal file, bound to what it was written for.

    Args:
        path: the file; made when it does not exist.
        binding: names and values that must be those of the file: chain, contract, inputs.
        exclusive: no second process may open the file (a run), or many may (single writes).

    Raises:
        JournalError: the file is bound to something else, damaged, or in use.
    """

    def __init__(self, path: Path, binding: Mapping[str, str], *, exclusive: bool = False) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=0.2 if exclusive else 10.0, isolation_level=None)
            if exclusive:
                self._file.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._file.execute("PRAGMA synchronous=FULL")
            self._bind(dict(binding))
        except (sqlite3.Error, OSError) as failure:
            in_use = "locked" in str(failure)
            what = "another run uses this journal" if in_use else f"not a usable journal: {failure}"
            raise JournalError(what, where=str(path), todo="Wait until it has ended." if in_use else "") from failure

    def __repr__(self) -> str:
        return f"Journal({self.path})"

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def plan(self, entries: Iterable[Entry]) -> None:
        """Writes entries to the disk, all or none, before any is sent."""
        rows = [(e.hash, e.key, e.action, _text(e.items), e.sender, e.nonce, e.raw) for e in entries]
        self._insert("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def end(self, outcomes: Iterable[Outcome]) -> None:
        """Writes how entries ended; each ends once."""
        self._insert(
            "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?)", [(o.hash, o.state, o.block, o.gas) for o in outcomes]
        )

    def open_entries(self, key: str | None = None) -> list[Entry]:
        """Entries without an outcome, in the order of their nonces; only those of a key if one is given."""
        where = "" if key is None else " AND key = ?"
        return self._entries(
            "SELECT e.* FROM entries e LEFT JOIN outcomes o ON o.hash = e.hash WHERE o.hash IS NULL"
            + where
            + " ORDER BY nonce",
            () if key is None else (key,),
        )

    def entries(self) -> list[Entry]:
        """All entries, in the order in which they were written."""
        return self._entries("SELECT * FROM entries ORDER BY rowid", ())

    def outcomes(self) -> dict[str, Outcome]:
        """The outcomes by transaction hash."""
        return {row[0]: Outcome(*row) for row in self._file.execute("SELECT * FROM outcomes")}

    def _entries(self, query: str, args: Sequence[object]) -> list[Entry]:
        rows = self._file.execute(query, args).fetchall()
        return [
            Entry(key, action, _ids(items), who, nonce, tx, raw) for tx, key, action, items, who, nonce, raw in rows
        ]

    def _insert(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany(statement, rows)
            self._file.execute("COMMIT")

    def _bind(self, binding: dict[str, str]) -> None:
        for statement in _SCHEMA.split(";"):
            self._file.execute(statement)
        self._file.execute("BEGIN IMMEDIATE")
        have = dict(self._file.execute("SELECT name, value FROM binding"))
        if not have:
            self._file.executemany("INSERT INTO binding VALUES (?, ?)", binding.items())
        self._file.execute("COMMIT")
        wrong = [name for name in binding if have and have.get(name) != binding[name]]
        if wrong:
            self._file.close()
            raise JournalError(
                f"the journal was written for another {' and '.join(wrong)}",
                where=str(self.path),
                todo="Name another journal file.",
            )


def _text(items: Sequence[int]) -> str:
    return json.dumps([hex(item) for item in items])


def _ids(text: str) -> tuple[int, ...]:
    return tuple(int(item, 16) for item in json.loads(text))
