"""When a key was last used: noted at every request, written at most once a minute for each key, beside the answers.

What is noted and not written yet is lost when the process is killed: at most a minute of one key's use.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import Engine, or_, update

from carbon_tokens.service import schema

EVERY_S = 60
log = logging.getLogger("carbon_tokens.node")


class Uses:
    """The uses of keys that one process sees.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock, self._lock = engine, clock, threading.Lock()
        self._written = dict[str, float]()  # by the prefixes of keys that were good, of which there are not many
        self._writer = ThreadPoolExecutor(1, "uses")
        self._last: Future[None] | None = None

    def note(self, prefix: str) -> None:
        """A key was used now; it is never waited for."""
        now = self._clock()
        with self._lock:
            if 0 <= now - self._written.get(prefix, -EVERY_S) < EVERY_S:
                return
            self._written[prefix] = now
            with suppress(RuntimeError):  # the node ends, and answers what it has begun
                self._last = self._writer.submit(self._try, prefix, int(now))

    def flush(self) -> None:
        """Waits until what was noted is written, or could not be."""
        with self._lock:
            last = self._last
        if last:
            last.result()

    def close(self) -> None:
        """Writes what was noted, and ends."""
        self._writer.shutdown()

    def _try(self, prefix: str, now: int) -> None:
        try:
            self._write(prefix, now)
        except Exception as error:  # the request that used the key has its answer already
            log.warning("when the key %s was used is not written: %s", prefix, type(error).__name__)

    def _write(self, prefix: str, now: int) -> None:
        table = schema.api_key
        earlier = or_(table.c.used.is_(None), table.c.used < now)  # another process may have written a later one
        with self._engine.begin() as connection:
            connection.execute(update(table).where(table.c.prefix == prefix, earlier).values(used=now))
