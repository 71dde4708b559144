"""The state file of the embedded chain: a key-value store on SQLite that changes by whole blocks only.

Writes gather in memory until ``commit`` puts them into the file in one transaction, so a killed process leaves the last
whole block. The right to write is an exclusive lock on a second, empty SQLite file: the operating system drops it with
the process, however that ends, and readers are never blocked.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from eth.db.backends.base import BaseDB

from carbon_tokens.errors import LedgerError

_NODE_KEY = 32  # trie nodes and code are stored under their hash, so they never change and can be cached
_CACHED = 100_000


class BlockStore(BaseDB):
    """Bytes by bytes in a SQLite file.

    Raises:
        LedgerError: the file is no state file, or another process holds the right to write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cache: dict[bytes, bytes] = {}
        self._pending: dict[bytes, bytes | None] = {}
        self._lock: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Several threads may use it, one at a time: a node's lock sees to that.
            self._file = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
            )
        except (sqlite3.Error, OSError) as failure:
            raise LedgerError(f"not a usable state file: {failure}", where=str(path)) from failure

    def lock(self) -> bool:
        """Takes the right to write; True when it was not held before.

        Raises:
            LedgerError: another process holds it.
        """
        if self._lock is not None:
            return False
        lock = sqlite3.connect(f"{self.path}-lock", isolation_level=None, timeout=0.0)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            raise LedgerError(
                "another process writes to this chain", where=str(self.path), todo="Wait until it has ended."
            ) from None
        self._lock = lock
        return True

    def commit(self) -> None:
        """Puts everything written since the last commit into the file, all or nothing."""
        puts = [(key, value) for key, value in self._pending.items() if value is not None]
        drops = [(key,) for key, value in self._pending.items() if value is None]
        self._file.execute("BEGIN IMMEDIATE")
        self._file.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?)", puts)
        self._file.executemany("DELETE FROM pairs WHERE key = ?", drops)
        self._file.execute("COMMIT")
        self._pending.clear()

    def discard(self) -> None:
        """Forgets everything written since the last commit."""
        self._pending.clear()

    def close(self) -> None:
        """Closes the file and gives the right to write back."""
        self._file.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._pending:
            pending = self._pending[key]
            if pending is None:
                raise KeyError(key)
            return pending
        if key in self._cache:
            return self._cache[key]
        row = self._file.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        if len(key) == _NODE_KEY and len(self._cache) < _CACHED:
            self._cache[key] = row[0]
        value: bytes = row[0]
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._pending[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._pending[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True
