"""Ports for the nodes and servers that tests start.

They lie below those that the system gives to outgoing connections, and each worker of pytest-xdist has its own, so that
nobody takes a port between its choice and its use.
"""

from __future__ import annotations

import os
import socket
from itertools import count

_FIRST, _EACH = 20_000, 1_500  # 8 workers below 32,768
_numbers = count(os.getpid() % _EACH)


def free_port() -> int:
    """A port of this worker that nobody listens on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    for number in _numbers:
        port = _FIRST + worker * _EACH + number % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("count() ends")
