"""Ranges from a Prometheus server through its HTTP API, in pieces that it answers.

A server refuses more than 11,000 points a series, so a long range is asked for in pieces, whose series are joined by
their labels. Requests only read, so they are tried again where the server is busy (429, 502, 503, 504) or does not
answer. A token for the server (``Authorization: Bearer``) comes from a file or the environment, never from an argument,
and stands in no message.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from carbon_tokens.energy.prometheus import Answer, Series, parse
from carbon_tokens.errors import EnergyError

POINTS = 10_000  # a series in one answer; the server's limit is 11,000
_TRIES, _PAUSE_S = 4, 0.5
_BUSY = (429, 502, 503, 504)
_TIMEOUT_S = (10, 120)  # to connect, to answer


def query_range(
    url: str, query: str, start: int, end: int, step_s: int = 60, *, token: str = "", pause_s: float = _PAUSE_S
) -> Answer:
    """What a query gives from ``start`` to ``end`` (UTC seconds, both inclusive), every ``step_s`` seconds.

    Args:
        url: of the server, without /api: http://host:9090.
        query: a metric with its labels, no function: node_cpu_seconds_total{job="node"}.

    Raises:
        EnergyError: no such address, no answer, or one that says that the query failed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not token.isascii() or not (token.isprintable() or not token):
        raise EnergyError("the token has characters that no header holds", todo="Give it as the server does, one line.")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise EnergyError("the address of Prometheus is no http(s) URL", todo="Write http://host:9090.")
    if start >= end or step_s <= 0:
        raise EnergyError(f"a range from {start} to {end} every {step_s} s")
    where = f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"
    found: dict[tuple[tuple[str, str], ...], list[tuple[Fraction, Fraction]]] = {}
    digest, warnings = hashlib.sha256(), dict[str, None]()
    for first, last in _pieces(start, end, step_s):
        given = {"query": query, "start": str(first), "end": str(last), "step": str(step_s)}
        content = _answered(f"{url.rstrip('/')}/api/v1/query_range", given, where, token, pause_s)
        digest.update(content)
        answer = parse(where, content)
        warnings |= dict.fromkeys(answer.warnings)
        for series in answer.series:
            found.setdefault(tuple(sorted(series.labels.items())), []).extend(series.samples)
    if any(after[0] <= before[0] for samples in found.values() for before, after in pairwise(samples)):
        todo = "Ask for a shorter range, or switch off the server's cache (nocache=1)."
        raise EnergyError("the pieces of the range overlap: the server shifts times", where=where, todo=todo)
    joined = tuple(Series(dict(labels)["__name__"], dict(labels), tuple(samples)) for labels, samples in found.items())
    return Answer(where, digest.hexdigest(), joined, tuple(warnings))


def _pieces(start: int, end: int, step_s: int) -> Iterator[tuple[int, int]]:
    """First and last instants of the pieces of a range, none of which share one."""
    first = start
    while first <= end:
        last = min(end, first + (POINTS - 1) * step_s)
        yield first, last
        first = last - (last - first) % step_s + step_s


def _answered(url: str, given: dict[str, str], where: str, token: str, pause_s: float) -> bytes:
    import requests  # costs 0.2 s, which readers of files need not pay

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reason = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            reply: Any = requests.post(url, data=given, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as failure:
            reason = type(failure).__name__  # its text may hold the address with a password
            continue
        if reply.status_code in _BUSY:
            reason = f"HTTP {reply.status_code}"
            continue
        if reply.status_code in (200, 400, 422):  # the last two say in JSON what is wrong with the query
            return bytes(reply.content)
        raise EnergyError(f"Prometheus answers HTTP {reply.status_code}", where=where, todo="Check address and token.")
    raise EnergyError(f"no answer of Prometheus ({reason}, {_TRIES} times)", where=where, todo="Try again later.")
