"""How a node runs: in one process, or in several that share a port and a database.

Each worker has its own connections, threads and limits of requests (``limits.Limiter``: with N workers a key gets up to
N times its rate). What must be one for all stands in the database: leases of the index, idempotency keys, versions of
rows, sessions and the log of actions. On SIGTERM a worker accepts nothing more, answers what it has begun, writes its
portion of the index, and ends.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from carbon_tokens.service import database, logs
from carbon_tokens.service.app import create
from carbon_tokens.service.networks import Network
from carbon_tokens.service.node import Node
from carbon_tokens.service.quotas import QUOTA, Amount
from carbon_tokens.service.signers import Signers

if TYPE_CHECKING:
    from fastapi import FastAPI

_SETTINGS = "CARBON_TOKENS_WORKER"  # variable by which workers get the settings; other processes do not see it
_GRACE_S = 30  # for requests that are being answered when the node stops


@dataclass(frozen=True, slots=True)
class Settings:
    """What a node is made of. ``database``: its URL; ``every_s``: between two looks at a chain."""

    database: str
    networks: Sequence[Network]
    every_s: float = 2.0
    log: str = "text"  # or json
    evidence: str = ""  # address of the store
    signers: str = ""  # file that names who signs here
    public_url: str = ""  # where people reach it
    proxies: str = ""  # whose forwarded headers count
    quota_bytes: int = QUOTA.bytes  # of evidence, for each organisation
    quota_files: int = QUOTA.files

    def to_text(self) -> str:
        """For a worker."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> Settings:
        """What ``to_text`` gave."""
        said = json.loads(text)
        networks = [Network(each["name"], Path(each["deployments"]), each["rpc"],
                            Path(each["state"]) if each["state"] else None) for each in said["networks"]]  # fmt: skip
        return cls(**said | {"networks": networks})


def node_of(settings: Settings) -> Node:
    """The node of some settings. Raises LedgerError as ``database.connect`` and Node do."""
    return Node(database.connect(settings.database), settings.networks, settings.every_s)


def application(node: Node, settings: Settings) -> FastAPI:
    """The application of a node. Raises LedgerError as ``Signers.read``, EvidenceRefused as ``create``."""
    signers = Signers.read(settings.signers) if settings.signers else None
    quota = Amount(settings.quota_bytes, settings.quota_files)
    return create(node, settings.evidence, signers, settings.public_url, quota)


def worker() -> FastAPI:
    """The application of one of several workers."""
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True, name="parent").start()
    settings = Settings.from_text(os.environ[_SETTINGS])
    logs.configure(settings.log)
    return application(node_of(settings), settings)


def run(node: Node, settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        node: made with the settings, so that what is wrong with them was said before workers start.
    """
    options: dict[str, Any] = {"host": host, "port": port, "log_level": "warning", "log_config": None,
                               "server_header": False, "timeout_graceful_shutdown": _GRACE_S,
                               "proxy_headers": bool(settings.proxies),  # else uvicorn believes who is on this machine
                               "forwarded_allow_ips": settings.proxies}  # fmt: skip
    logs.configure(settings.log)
    if workers == 1:
        uvicorn.run(application(node, settings), **options)
        return
    node.stop()  # each worker has its own
    os.environ[_SETTINGS] = settings.to_text()
    uvicorn.run(f"{__name__}:worker", factory=True, workers=workers, **options)


def _end_with(parent: Any) -> None:
    """Ends this worker, in order, when the process that started it is gone: it would hold the port for ever."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
