"""Who runs the kernel over the partitions: this process, a pool of processes, or an Apache Spark that the user has.

The kernel and its bits are the same everywhere; a runner only spreads partitions, so order and number of workers cannot
change a result. ``Kept`` runs what has changed since the last time: a partition is the same if the bytes of its files,
the small tables and the kernel are.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from carbon_tokens.allocation.fleet import kernel
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.allocation.fleet.store import Stored

Runner = Callable[[Fleet, Sequence[Part]], Iterator[Cells]]

_FLEET: list[Fleet] = []  # of a worker process, set once when it starts


def in_process(fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
    """One partition after the other, in this process."""
    return (_run(fleet, part) for part in parts)


def _run(fleet: Fleet, part: Part) -> Cells:
    with _memory_kept():
        return kernel.allocate(fleet, *part.read(), part.name)


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Arrow's memory from the C library, which keeps what is freed for the next partition.

    Arrow's own allocator gives it back at once, and getting it again takes a good part of the CPU time.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


@dataclass(frozen=True, slots=True)
class Processes:
    """A pool of ``workers`` processes on this machine; as many as processors if None."""

    workers: int | None = None

    def __call__(self, fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        """Cells in the order of the partitions."""
        workers = min(self.workers or os.cpu_count() or 1, max(1, len(parts)))
        # a store's client does not survive a fork
        stored = any(isinstance(part.power, Stored) for part in parts)
        context = multiprocessing.get_context("spawn" if stored else None)
        with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(fleet,)) as pool:
            yield from map(Cells.of_bytes, pool.map(_work, parts))


def _start(fleet: Fleet) -> None:
    pa.set_cpu_count(1)  # the pool is the parallelism
    _FLEET[:] = [fleet]


def _work(part: Part) -> bytes:
    return _run(_FLEET[0], part).to_bytes()


@dataclass(frozen=True, slots=True)
class Spark:
    """Partitions as rows of a Spark DataFrame: local, standalone or Connect. Workers must see the files.

    ``session`` is a ``pyspark.sql.SparkSession``; ``carbon_tokens`` is installed where the workers are.
    """

    session: Any
    slices: int | None = None

    def __call__(self, fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        """Cells in the order of the partitions."""
        frame = self.session.createDataFrame([(at,) for at in range(len(parts))], "part long")
        frame = frame.repartition(self.slices or len(parts), "part")
        rows = frame.mapInArrow(_mapper(fleet, tuple(parts)), "part long, cells binary").collect()
        return (Cells.of_bytes(bytes(row["cells"])) for row in sorted(rows, key=lambda row: row["part"]))


def _mapper(fleet: Fleet, parts: tuple[Part, ...]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def work(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            numbers = batch.column(0).to_pylist()
            cells = [_run(fleet, parts[at]).to_bytes() for at in numbers]
            yield pa.RecordBatch.from_pydict(
                {"part": pa.array(numbers, pa.int64()), "cells": pa.array(cells, pa.binary())}
            )

    return work


@dataclass(frozen=True, slots=True)
class Kept:
    """Cells kept in a folder, by the hash of what they follow from; ``runner`` makes those that are not there."""

    folder: Path
    runner: Runner = in_process

    def __call__(self, fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        """Cells in the order of the partitions. A partition that is not of files is always run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        base = fleet.sha256
        paths = [self._path(base, part) for part in parts]
        kept = [_load(path) for path in paths]
        made = self.runner(fleet, [part for part, cells in zip(parts, kept, strict=True) if cells is None])
        for path, cells in zip(paths, kept, strict=True):
            if cells is None:
                cells = next(made)
                if path is not None:
                    _store(path, cells)
            yield cells

    def _path(self, base: str, part: Part) -> Path | None:
        if part.sha256 is None:
            return None
        key = hashlib.sha256(f"{kernel.VERSION} {base} {part.sha256}".encode()).hexdigest()
        return self.folder / f"{key}.cells"


def _load(path: Path | None) -> Cells | None:
    """Kept cells; None if there are none, or if they are not as they were written."""
    if path is None or not path.is_file():
        return None
    data = path.read_bytes()
    return Cells.of_bytes(data[32:]) if hashlib.sha256(data[32:]).digest() == data[:32] else None


def _store(path: Path, cells: Cells) -> None:
    data = cells.to_bytes()
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(hashlib.sha256(data).digest() + data)
    draft.replace(path)
