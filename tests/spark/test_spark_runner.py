"""Apache Spark as the runner of the kernel, local and by Connect: `make spark`, with Java 17 or newer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.allocation.fleet import Spark, allocate
from tests.fleets import SMALL, written_by_hour

os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small fleet in files, two partitions."""
    return written_by_hour(SMALL, tmp_path_factory.mktemp("fleet"))


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
