"""A node while it runs: a database, the chains that it follows, and what is known of their state.

One thread a chain brings its index forward; requests read the database, and ask a chain only for what must be of this
moment (whether a certificate is valid now). A chain that does not answer makes its own part of the node unready, at the
start too, and it goes on trying. Of several nodes at one database one indexes a chain: the holder of its lease.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, select

from carbon_tokens.errors import CarbonTokensError, NoAnswer
from carbon_tokens.ledger.records import Claim
from carbon_tokens.service import leases, schema
from carbon_tokens.service.following import Follower
from carbon_tokens.service.networks import Network
from carbon_tokens.service.reading import Reader, Unknown

__all__ = ["Follower", "Network", "Node"]

log = logging.getLogger("carbon_tokens.node")
_FIRST_S = 10.0  # that the start waits for the first runs of the indexes; a long backfill goes on beside the answers


class Node:
    """The node of a database and its chains.

    Args:
        every_s: between two looks at a chain.

    Raises:
        LedgerError: a chain whose contracts are not those of its deployments, or another deployment in the database.
    """

    def __init__(self, engine: Engine, networks: Sequence[Network], every_s: float = 2.0) -> None:
        self.engine, self.reader, self.every_s = engine, Reader(engine), every_s
        self.holder = leases.holder()
        self.followers: dict[int, Follower] = {}  # by the number of the chain in the database; replaced, never changed
        self.waiting = {each.name: "not asked yet" for each in networks}  # chains that did not answer yet, and why
        self._networks, self._stop, self._lock = networks, threading.Event(), threading.Lock()
        self._threads: list[threading.Thread] = []
        with ThreadPoolExecutor(max(1, len(networks))) as all_at_once:
            for each in [all_at_once.submit(self._connected, network) for network in networks]:
                each.result()

    def start(self) -> None:
        """Indexes in the background, and waits some seconds for what the first runs bring."""
        first = [threading.Event() for _ in self._networks]
        for network, done in zip(self._networks, first, strict=True):
            thread = threading.Thread(target=self._follow, args=(network, done), daemon=True, name=network.name)
            self._threads.append(thread)
            thread.start()
        end = time.monotonic() + _FIRST_S
        for done in first:
            done.wait(max(0.0, end - time.monotonic()))

    def stop(self) -> None:
        """Ends the background work after the portion that is written, and frees the chains and the database."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        for follower in self.followers.values():
            follower.close()
        self.engine.dispose()

    def _follow(self, network: Network, done: threading.Event) -> None:
        while True:
            try:
                follower = self._connected(network)
                if follower:
                    follower.sync()
            except Exception as error:  # another contract or chain than before: it is said, and may be put right
                self.waiting = {**self.waiting, network.name: getattr(error, "what", type(error).__name__)}
                log.warning("%s cannot be followed: %s", network.name, self.waiting[network.name])
            done.set()
            if self._stop.wait(self.every_s):
                return

    def _connected(self, network: Network) -> Follower | None:
        """The follower of a network, which is made when its chain first answers; None until then."""
        found = next((each for each in self.followers.values() if each.network is network), None)
        if found:
            return found
        try:
            made = Follower(self.engine, network, self.holder, self.every_s, self._stop)
        except NoAnswer as error:
            said = error.what
        else:
            with self._lock:
                self.followers = {**self.followers, made.indexer.id: made}
                self.waiting = {name: why for name, why in self.waiting.items() if name != network.name}
            return made
        with self._lock:
            self.waiting = {**self.waiting, network.name: said}
        return None

    def follower(self, chain: int) -> Follower:
        """Who follows a chain, by its number in the database.

        Raises:
            Unknown: no such chain.
            NoAnswer: it did not answer since the node started.
        """
        if chain in self.followers:
            return self.followers[chain]
        with self.reader.engine.begin() as connection:
            name = connection.scalar(select(schema.chain.c.name).where(schema.chain.c.id == chain))
        if name is None:
            raise Unknown(f"chain {chain}")
        raise NoAnswer("the node is not connected with this chain now", where=str(name), todo="Ask again later.")

    @property
    def ready(self) -> dict[str, str]:
        """By chain why the node is not ready for it: "" if it is."""
        late = max(30 * self.every_s, 5.0)
        waiting = self.waiting  # before the followers: who is in neither of the two was just connected
        followed = {each.network.name: each for each in self.followers.values()}
        return {
            each.name: followed[each.name].why_not(late) if each.name in followed else waiting.get(each.name, "")
            for each in self._networks
        }

    def claim(self, chain: int, claim: int) -> tuple[Claim, dict[str, Any]]:
        """A certificate as the chain has it now, and its on-chain JSON.

        Raises:
            Unknown: no such chain or claim.
            NoAnswer: the chain does not answer.
        """
        follower = self.follower(chain)
        with follower.lock:
            views = follower.views
            try:
                return views.claim_of(claim), views.certificate(claim)
            except NoAnswer:
                raise
            except CarbonTokensError as error:
                raise Unknown(f"claim 0x{claim:064x}") from error
