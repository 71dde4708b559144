"""A real `carbon-tokens serve` in a process of its own, which is killed and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import requests

from carbon_tokens.ledger import Ledger
from carbon_tokens.service import database, keys
from tests.integration.anvil import until
from tests.ports import free_port

ROLES = ("admin", "operator", "auditor")


class Served:
    """The server of a ledger's chain, with keys of three organisations.

    Args:
        folder: where the deployments are; url: of the database; options: more words of the command.
    """

    started: ClassVar[list[subprocess.Popen[bytes]]] = []  # for whoever ends them after a test that failed

    def __init__(self, ledger: Ledger, folder: Path, url: str, *options: str) -> None:
        self.ledger, self.database, self.port = ledger, url, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        chain = ["--rpc", ledger.chain.where, "--deployment", str(folder), "--every", "0.1"]
        serve = ["serve", *chain, "--database", url, "--port", str(self.port), *options]
        self._command = [sys.executable, "-m", "carbon_tokens.cli", *serve]
        self._log = folder / "server.log"
        engine = database.connect(url)
        with engine.begin() as connection:
            self.keys = {role: keys.add(connection, f"The {role}", role, 30) for role in ROLES}
        engine.dispose()

    def start(self, *, ready: bool = True) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        self.started.append(self.process)
        if ready:
            until(self.ready, 60, self._log.read_text)

    def ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        return self.asked(lambda: requests.get(f"{self.base}/health/ready", timeout=5).status_code) == 200

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """In order; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def ask(self, role: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response | None:
        """The answer; None where none came: the server is away, or went away while it answered."""
        given = {"Authorization": f"Bearer {self.keys[role]}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.base}/api/v1{path}"
        return self.asked(lambda: requests.request(method, url, json=body, headers=given, timeout=20))

    @staticmethod
    def asked(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except requests.RequestException:
            return None
