"""What a node says of itself to Prometheus: requests by route, and how far the index of each chain is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from carbon_tokens.service.node import Node


class Metrics:
    """The metrics of one node, in a registry of their own."""

    def __init__(self, node: Node) -> None:
        self._node, self._registry = node, CollectorRegistry()
        names = ["method", "route", "status"]
        self._requests = Counter("carbon_tokens_requests", "Requests", names, registry=self._registry)
        self._seconds = Histogram(
            "carbon_tokens_request_seconds", "Time of a request", ["route"], registry=self._registry
        )
        chain = ["chain"]
        self._block = Gauge("carbon_tokens_index_block", "Last indexed block", chain, registry=self._registry)
        self._age = Gauge("carbon_tokens_index_age_seconds", "Since the last run", chain, registry=self._registry)
        self._failed = Gauge("carbon_tokens_index_failed", "1 if the last run failed", chain, registry=self._registry)
        self._events = Gauge(
            "carbon_tokens_index_events", "Events added since the start", chain, registry=self._registry
        )
        self._removed = Gauge("carbon_tokens_index_removed", "Events taken back", chain, registry=self._registry)

    @contextmanager
    def request(self, request: Request) -> Iterator[Callable[[int], None]]:
        """Counts a request by its route, never by its address, of which there are endlessly many."""
        start, status = time.perf_counter(), [500]
        try:
            yield lambda code: status.__setitem__(0, code)
        finally:
            route = getattr(request.scope.get("route"), "path", "other")
            self._requests.labels(request.method, route, str(status[0])).inc()
            self._seconds.labels(route).observe(time.perf_counter() - start)

    def text(self) -> str:
        """All of them in Prometheus's text form."""
        for waiting in self._node.waiting:
            self._failed.labels(waiting).set(1)
        for each in self._node.followers.values():
            name = each.network.name
            self._block.labels(name).set(each.block)
            self._age.labels(name).set(max(0.0, time.time() - each.synced_at) if each.synced_at else -1)
            self._failed.labels(name).set(1 if each.failure else 0)
            self._events.labels(name).set(each.added)
            self._removed.labels(name).set(each.removed)
        return generate_latest(self._registry).decode()
