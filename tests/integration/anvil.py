"""Anvil nodes that are stopped or killed, and go on with their chain."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.errors import NoAnswer
from carbon_tokens.ledger import Chain, Ledger, account
from tests.integration.conftest import BIN, grant_roles
from tests.ports import free_port


class Stoppable:
    """An Anvil of one's own, which goes on with the same chain after it was stopped.

    After ``kill``, kill -9, without what it did not write in the last second: then blocks are gone, as in a
    reorganisation.
    """

    def __init__(self, folder: Path, chain_id: int) -> None:
        programs = sorted(BIN.parent.glob("@foundry-rs/anvil-*/bin/anvil"))
        if not programs:
            pytest.skip("anvil is not installed: run npm ci")
        self._program = programs[0]  # itself, not npm's launcher: kill -9 would end that and leave Anvil
        self.home, self.port, self._chain_id = folder, free_port(), chain_id
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        self.start()
        self.ledger = Ledger.deploy(self.chain(), account("dev:admin", self.chain()), deployments=folder, home=folder)
        grant_roles(self.ledger)

    def chain(self) -> Chain:
        return Chain.connect(self.url)

    def start(self, state: str = "state.json") -> None:
        options = ["--port", str(self.port), "--chain-id", str(self._chain_id), "--hardfork", "shanghai", "--silent"]
        kept = ["--state", self.home / state, "--state-interval", "1", "--preserve-historical-states"]
        command = [self._program, *options, *kept]
        self.process = subprocess.Popen(command, env=os.environ | {"HOME": str(self.home), "TMPDIR": str(self.home)})
        until(lambda: self._answers())

    def stop(self) -> None:
        """It writes its state when it ends in order."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) is not None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            self.chain()
        except NoAnswer:
            return False
        return True


def until(wanted: Callable[[], Any], seconds: float = 20, said: Callable[[], Any] = lambda: "") -> Any:
    """What is wanted, as soon as it is there."""
    end = time.monotonic() + seconds
    while not (found := wanted()):
        assert time.monotonic() < end, f"it did not come {said()}"
        time.sleep(0.02)
    return found
