"""A node while it runs: a database, the chains that it follows, and what is known of their state.

One thread brings the index forward; requests read the database, and ask a chain only for what must be of this moment
(whether a certificate is valid now). A chain that does not answer makes the node unready, and it goes on trying.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.deployments import Deployment, deployment_file, read_deployments
from carbon_tokens.ledger.records import Claim
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.service.indexer import Indexer
from carbon_tokens.service.reading import Reader, Unknown

log = logging.getLogger("carbon_tokens.node")


@dataclass(frozen=True, slots=True)
class Network:
    """A chain to follow: the name that pages give it, its RPC address or state file, and where its deployments are."""

    name: str
    deployments: Path
    rpc: str | None = None
    state: Path | None = None


@dataclass(slots=True)
class Follower:
    """A chain that is followed. ``failure``: why the last run failed; "" after one that did not."""

    network: Network
    chain: Chain
    deployments: Mapping[str, Deployment]
    indexer: Indexer
    lock: threading.Lock = field(default_factory=threading.Lock)  # one session, one state file: one caller at a time
    failure: str = ""
    synced_at: float = 0.0  # seconds since 1970
    block: int = -1
    added: int = 0
    removed: int = 0

    @property
    def views(self) -> LedgerViews:
        """What its contracts say; under the lock."""
        return LedgerViews(self.chain, self.deployments)

    def sync(self) -> None:
        """One run of the index; its failure is kept and logged, never raised."""
        try:
            with self.lock:
                found = self.indexer.sync()
        except Exception as error:  # whatever it is: the node goes on, says that it is not ready, and tries again
            self.failure = getattr(error, "what", type(error).__name__)
            log.warning("the index of %s failed: %s", self.network.name, self.failure)
            return
        self.failure, self.synced_at, self.block = "", time.time(), found.block
        self.added += found.added
        self.removed += found.removed


class Node:
    """The node of a database and its chains.

    Raises:
        LedgerError: a chain that does not answer, or whose contracts are not those of its deployments.
    """

    def __init__(self, engine: Engine, networks: Sequence[Network], every_s: float = 2.0) -> None:
        self.engine, self.reader, self.every_s = engine, Reader(engine), every_s
        self.followers = {each.indexer.id: each for each in map(self._followed, networks)}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def _followed(self, network: Network) -> Follower:
        chain = Chain.connect(network.rpc, state=network.state)
        deployments = read_deployments(deployment_file(network.deployments, chain.id), chain)
        return Follower(network, chain, deployments, Indexer(self.engine, chain, deployments, network.name))

    def start(self) -> None:
        """Indexes once, then goes on in the background."""
        for follower in self.followers.values():
            follower.sync()
            thread = threading.Thread(target=self._follow, args=(follower,), daemon=True, name=follower.network.name)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends the background work and frees the chains."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        for follower in self.followers.values():
            with follower.lock:
                follower.chain.close()

    def _follow(self, follower: Follower) -> None:
        while not self._stop.wait(self.every_s):
            follower.sync()

    @property
    def ready(self) -> dict[str, str]:
        """By chain why the node is not ready for it: "" if it is."""
        late = 30 * self.every_s
        return {
            each.network.name: each.failure or ("the index is behind" if time.time() - each.synced_at > late else "")
            for each in self.followers.values()
        }

    def claim(self, chain: int, claim: int) -> tuple[Claim, dict[str, Any]]:
        """A certificate as the chain has it now, and its on-chain JSON.

        Raises:
            Unknown: no such chain or claim.
        """
        if chain not in self.followers:
            raise Unknown(f"chain {chain}")
        follower = self.followers[chain]
        with follower.lock:
            views = follower.views
            try:
                return views.claim_of(claim), views.certificate(claim)
            except CarbonTokensError as error:
                raise Unknown(f"claim 0x{claim:064x}") from error
