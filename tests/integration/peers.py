"""Servers that tests start: a process that answers at a port."""

from __future__ import annotations

import os
import socket
import subprocess
import time


def started(command: list[str], port: int, **variables: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{command[0]} does not answer")
