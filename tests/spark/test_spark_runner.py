"""Apache Spark as the runner of the kernel, local and by Connect: `make spark`, with Java 17 or newer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import Spark, allocate
from tests.fleets import SMALL, tables

os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small fleet in files, two partitions."""
    found = tmp_path_factory.mktemp("fleet")
    for name, table in tables(SMALL).items():
        if name not in ("machine_hours", "cpu_usage"):
            pyarrow.parquet.write_table(table, found / f"{name}.parquet")
            continue
        (found / name).mkdir()
        for hour in ("0", "1"):
            of_hour = table.filter(pc.equal(table.column("hour"), hour))
            pyarrow.parquet.write_table(of_hour, found / name / f"{hour}.parquet")
    return found


@pytest.fixture(params=["local[2]", "connect"])
def session(request: pytest.FixtureRequest) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    local = SparkSession.builder.config("spark.ui.enabled", "false").master
    builder = SparkSession.builder.remote("local[2]") if request.param == "connect" else local(request.param)
    found = builder.getOrCreate()
    yield found
    found.stop()


def test_spark_gives_the_rows_of_this_process(session: Any, folder: Path) -> None:
    assert allocate(folder, runner=Spark(session)).rows.equals(allocate(folder).rows)


def test_fewer_slices_than_partitions_run_them_all(session: Any, folder: Path) -> None:
    assert allocate(folder, runner=Spark(session, slices=1)).digest == allocate(folder).digest
