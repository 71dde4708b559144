"""A chain that a node follows: the connection that requests use, the index, and how far it is."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from sqlalchemy import Engine

from carbon_tokens.errors import NoAnswer
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import deployment_file, read_deployments
from carbon_tokens.ledger.rpc import HttpRpc
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.service import database, leases
from carbon_tokens.service.indexer import Indexer
from carbon_tokens.service.networks import Network

log = logging.getLogger("carbon_tokens.node")
_ANSWER_S, _LOGS_S = 10.0, 60.0  # that a chain may take for what a request asks, and for a portion of logs
_AT_ONCE = 16  # requests that may ask one chain: less than the threads of the server, which others need
_LEASE_S = 5.0


class Stopped(Exception):
    """The node stops."""


class Gate:
    """Lets so many in at a time; whoever waits too long is told so instead of holding a thread.

    Raises:
        NoAnswer: nobody left for ``patience_s``.
    """

    def __init__(self, where: str, at_once: int, patience_s: float) -> None:
        self._free, self._where, self._patience_s = threading.Semaphore(at_once), where, patience_s

    def __enter__(self) -> Gate:
        if not self._free.acquire(timeout=self._patience_s):
            raise NoAnswer("too many ask this chain at once", where=self._where, todo="Ask again later.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._free.release()


class Follower:
    """A chain that answers, with its index.

    Args:
        holder: the name of the node in leases; stop: set when the node stops.

    Raises:
        NoAnswer: the chain does not answer.
        LedgerError: its contracts are not those of the deployments, or the database holds others of this chain.
    """

    def __init__(self, engine: Engine, network: Network, holder: str, every_s: float, stop: threading.Event) -> None:
        self.engine, self.network, self._holder, self._stop = engine, network, holder, stop
        self._reads = engine.execution_options(**{database.READS: True})
        self._lease_s = max(_LEASE_S, 3 * every_s)
        self.chain = _chain(network, _ANSWER_S)
        try:
            self.deployments = read_deployments(deployment_file(network.deployments, self.chain.id), self.chain)
            logs = self.chain if network.rpc is None else _chain(network, _LOGS_S)
            self.indexer = Indexer(engine, logs, self.deployments, network.name)
        except BaseException:
            self.chain.close()
            raise
        # A node answers several at once; of a state file one session is open: one caller at a time, the index too.
        self.lock = Gate(self.chain.where, _AT_ONCE if network.rpc else 1, _ANSWER_S if network.rpc else _LOGS_S)
        self._indexing = threading.Lock()
        self.failure = ""  # why the last run failed; "" after one that did not
        self.synced_at, self.block, self.added, self.removed = 0.0, -1, 0, 0  # seconds since 1970; the others: counts
        self.leads = False

    @property
    def views(self) -> LedgerViews:
        """What its contracts say; under the lock."""
        return LedgerViews(self.chain, self.deployments)

    def sync(self) -> None:
        """One run of the index where this node holds the lease; its failure is kept and logged, never raised."""
        with self._indexing:
            try:
                self.leads = self._lease()
                if self.leads:
                    self._run()
                self._look()
            except Stopped:
                pass
            except Exception as error:  # whatever it is: the node goes on, says that it is not ready, and tries again
                self.failure = getattr(error, "what", type(error).__name__)
                log.warning("the index of %s failed: %s", self.network.name, self.failure)
                self._give_up(self.failure)

    def why_not(self, late_s: float) -> str:
        """Why the index is not ready; "" if it is."""
        return self.failure or ("the index is behind" if time.time() - self.synced_at > late_s else "")

    def close(self) -> None:
        """Ends the lease, and frees the connections or the state file."""
        self._give_up("")
        with self.lock:
            self.indexer.chain.close()
            self.chain.close()

    def _run(self) -> None:
        if self.network.rpc is None:
            with self.lock:
                found = self.indexer.sync(self._going_on)
        else:
            found = self.indexer.sync(self._going_on)
        self.added += found.added
        self.removed += found.removed
        with self.engine.begin() as connection:
            leases.reached(connection, self.indexer.id, self._holder, found.block)

    def _look(self) -> None:
        """What the holder of the lease, this node or another, last reached."""
        with self._reads.begin() as connection:
            found = leases.state(connection, self.indexer.id)
        self.failure, self.synced_at, self.block = found.failure, found.synced_ms / 1000, found.block

    def _lease(self) -> bool:
        with self.engine.begin() as connection:
            return leases.take(connection, self.indexer.id, self._holder, self._lease_s)

    def _going_on(self, _done: int, _of: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self._lease()

    def _give_up(self, failure: str) -> None:
        try:
            with self.engine.begin() as connection:
                leases.given_up(connection, self.indexer.id, self._holder, failure)
        except Exception as error:  # the database does not answer either: the lease ends by itself
            log.warning("the lease of %s stays until it ends: %s", self.network.name, type(error).__name__)


def _chain(network: Network, timeout_s: float) -> Chain:
    return Chain.connect(state=network.state) if network.rpc is None else Chain(HttpRpc(network.rpc, timeout_s))
