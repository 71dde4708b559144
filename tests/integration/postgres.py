"""A PostgreSQL server of the tests' own: on a socket in a folder, started, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.ports import free_port


class Postgres:
    """A server as the user postgres, without the network; ``safe``: it waits for the disk, as one in service does."""

    def __init__(self, *, safe: bool = False) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not programs or os.geteuid() != 0 or not shutil.which("runuser"):
            pytest.skip("PostgreSQL's server is needed, and the right to run it as its user: apt install postgresql")
        elsewhere = {name: value for name, value in os.environ.items() if name != "TMPDIR"}  # it may not enter ours
        self.folder = Path(subprocess.check_output(["mktemp", "-d"], text=True, env=elsewhere).strip())
        self.folder.chmod(0o777)
        self._port, self._data, self._programs = free_port(), self.folder / "data", programs[-1]
        self._sync = "on" if safe else "off"
        self._run("initdb", "-D", self._data, "-A", "trust", "-N")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}&port={self._port}"

    def start(self) -> None:
        where = f"-c listen_addresses= -c unix_socket_directories={self.folder} -p {self._port}"
        options = f"{where} -c fsync={self._sync} -c max_connections=200"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def kill(self) -> None:
        """kill -9 of the server and of every process that it started."""
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server)], capture_output=True, text=True).stdout
        for each in (server, *map(int, children.split())):
            os.kill(each, signal.SIGKILL)
        while Path(f"/proc/{server}").exists():
            time.sleep(0.01)
        (self._data / "postmaster.pid").unlink()  # as whoever starts it again after a crash of the machine

    def close(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *words: str | Path) -> None:
        as_user = ["runuser", "-u", "postgres", "--", self._programs / program]
        subprocess.run([*as_user, *words], check=True, capture_output=True)
