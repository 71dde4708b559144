"""Logs of a node: one line an event, as JSON or as text, on stderr; what other libraries log comes out the same way.

A request's line has its id, route, status, milliseconds, and whose key it was. Never a key, a body, an address with
what follows its ``?``, a signature or a password: nothing of that is given to the log, and what looks like a secret in
a text from elsewhere (an exception of a driver) is blacked out.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from fastapi import Request

FORMATS = ("text", "json")
_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_SECRETS = re.compile(
    r"ck_[0-9a-f]{12}_[A-Za-z0-9_-]+"  # API keys
    r"|(?<=://)[^/@\s]+(?=@)"  # user and password of an address
    r"|(?i:(?<=bearer )|(?<=password=)|(?<=secret=))\S+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]+"
    r"|0x[0-9a-fA-F]{130,}"  # signatures and what is signed
)
_BLACK = "█"
_KEYS = re.compile(
    r"(?:0x)?[0-9a-fA-F]{64,}"  # what may be a private key
    r"|(?i:(?:pass(?:word|phrase)?|secret|token|api[-_ ]?key|mnemonic)[\"']?\s*[:=]\s*\S+)"
)
_FOREIGN = 300  # characters of somebody else's words


def configure(form: str = "text", stream: TextIO | None = None) -> None:
    """Directs the logs of this process to stderr.

    Args:
        form: ``text`` or ``json``.
    """
    shown: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_FIRST, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown]
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.INFO
    for name in ("uvicorn", "uvicorn.error", "alembic", "httpx"):
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [], True
    logging.getLogger("alembic").setLevel(logging.WARNING)


def blackened(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An event whose texts hold nothing that looks like a secret."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRETS.sub(_BLACK, value)
    return event


def foreign(text: str) -> str:
    """Words of another program for the log: in one line, not many, without what looks like a secret or may be a key."""
    line = "".join(each if each.isprintable() else " " for each in text)
    return _KEYS.sub(_BLACK, _SECRETS.sub(_BLACK, line))[:_FOREIGN]


_FIRST: list[Any] = [
    structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info, blackened,
]  # fmt: skip
_LOG: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger("carbon_tokens.requests"), wrapper_class=structlog.stdlib.BoundLogger,
    processors=[*_FIRST, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
)  # fmt: skip


def request_id(request: Request) -> str:
    """The id that a request came with, if it is one, else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


@contextmanager
def logged(request: Request, number: str) -> Iterator[Callable[[int], None]]:
    """Logs a request when it has ended; its status is told by the function that is given."""
    start, status = time.perf_counter(), [500]
    with structlog.contextvars.bound_contextvars(request_id=number):
        try:
            yield lambda code: status.__setitem__(0, code)
        finally:
            by = getattr(request.state, "principal", None)
            whose = {"organisation": by.name, "key": by.prefix} if by else {}
            route = getattr(request.scope.get("route"), "path", "other")
            ms = round(1000 * (time.perf_counter() - start), 1)
            _LOG.info("request", method=request.method, route=route, status=status[0], ms=ms, **whose)
