"""Apache Spark as the runner: local, standalone with two workers, and Connect. `make spark`, with Java 17 or newer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.allocation.fleet import Options, Spark, allocate, twin
from carbon_tokens.allocation.fleet.result import digest
from tests.fleets import SMALL, random_fleet, tables, written_by_hour
from tests.ports import free_port

os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small fleet in files, two partitions."""
    return written_by_hour(SMALL, tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone master with two workers of one core on this machine; its URL."""
    import pyspark

    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), "org.apache.spark.deploy"]
    work, host = tmp_path_factory.mktemp("spark"), ("--host", "127.0.0.1")
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    roles = [("master.Master", "--port", str(port), "--webui-port", "0")]
    roles += [("worker.Worker", "--cores", "1", "--memory", "1g", "--webui-port", "0", "-d", str(work), url)] * 2
    with (work / "log").open("wb") as log:
        started = [
            subprocess.Popen([command[0], f"{command[1]}.{role}", *host, *options], stdout=log, stderr=log)
            for role, *options in roles
        ]
        try:
            _wait(port)
            yield url
        finally:
            for each in started:
                each.terminate()
            for each in started:
                each.wait(timeout=60)


def _wait(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the Spark master does not answer")


# Of small data, planning and compiling is all the work: no code is generated, and nothing is planned again.
SMALL_PLANS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="module", params=["connect", "standalone", "local[2]"])
def session(request: pytest.FixtureRequest) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    if request.param == "connect":
        builder = SparkSession.builder.remote("local[2]")
    else:
        where = request.getfixturevalue("master") if request.param == "standalone" else request.param
        builder = SparkSession.builder.master(where)
    for name, value in SMALL_PLANS.items():
        builder = builder.config(name, value)
    found = builder.getOrCreate()
    yield found
    found.stop()


def test_spark_gives_the_rows_of_this_process(session: Any, folder: Path, request: pytest.FixtureRequest) -> None:
    start, found = time.monotonic(), allocate(folder, runner=Spark(session))
    assert found.rows.equals(allocate(folder).rows)
    where = request.node.callspec.params["session"]
    _say(f"kernel on Spark {session.version}, {where}", found.rows.num_rows, found.digest, start)


def test_fewer_slices_than_partitions_and_files_by_uri_give_the_same(session: Any, folder: Path) -> None:
    assert allocate(folder.as_uri(), runner=Spark(session, slices=1)).digest == allocate(folder).digest


@pytest.mark.parametrize("session", ["local[2]"], indirect=True)
@pytest.mark.parametrize("seed", ["small", 3])
def test_the_whole_method_as_one_expression_gives_the_same_rows_on_spark(session: Any, seed: int | str) -> None:
    """Kernel, twin on DuckDB and twin on Spark: three engines, one digest, on the small fleet and a random one."""
    import ibis

    given = tables(SMALL if isinstance(seed, str) else random_fleet(seed))
    options, start = Options(missing_hours="annual") if isinstance(seed, int) else Options(), time.monotonic()
    rows = twin.allocate(given, options, backend=ibis.pyspark.connect(session))
    kernel = allocate(given, options)
    assert digest(rows) == digest(twin.allocate(given, options)) == kernel.digest
    _say(f"twin on Spark {session.version}, fleet {seed}", rows.num_rows, kernel.digest, start)


def _say(what: str, rows: int, sha256: str, start: float) -> None:
    print(f"\n{what}: {rows} rows, sha-256 {sha256}, {time.monotonic() - start:.1f} s")
