"""Who runs the kernel cannot change a result, and a partition that did not change is not run again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import Kept, Processes, allocate, in_process
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, tables, written_by_hour


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small fleet in files, two partitions."""
    return written_by_hour(SMALL, tmp_path)


class Counting:
    """In this process; remembers the partitions it ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def __call__(self, fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        self.ran += [part.name for part in parts]
        return in_process(fleet, parts)


def test_files_by_the_hour_give_what_one_table_gives(folder: Path) -> None:
    assert allocate(folder).digest == allocate(tables(SMALL)).digest


def test_a_pool_of_processes_gives_the_same_rows(folder: Path) -> None:
    assert allocate(folder, runner=Processes(2)).rows.equals(allocate(folder).rows)


def test_an_error_in_a_process_of_the_pool_keeps_its_name_and_place(folder: Path) -> None:
    path = folder / "machine_hours" / "1.parquet"
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.set_column(0, "machine", pa.array(["zz"] * table.num_rows)), path)
    with pytest.raises(FleetError, match=r"1\.parquet: machine 'zz' is unknown"):
        allocate(folder, runner=Processes(2))


def test_partitions_that_did_not_change_are_not_run_again(folder: Path, tmp_path: Path) -> None:
    counting = Counting()
    kept = Kept(tmp_path / "kept", counting)
    first = allocate(folder, runner=kept)
    assert counting.ran == ["0.parquet", "1.parquet"]
    assert allocate(folder, runner=kept).rows.equals(first.rows) and len(counting.ran) == 2
    usage = folder / "cpu_usage" / "1.parquet"
    table = pyarrow.parquet.read_table(usage)
    pyarrow.parquet.write_table(table.slice(1), usage)
    assert allocate(folder, runner=kept).digest == allocate(folder).digest
    assert counting.ran[2:] == ["1.parquet"]


def test_a_change_of_a_small_table_runs_every_partition_again(folder: Path, tmp_path: Path) -> None:
    counting = Counting()
    kept = Kept(tmp_path / "kept", counting)
    allocate(folder, runner=kept)
    machines = pyarrow.parquet.read_table(folder / "machines.parquet")
    at = machines.column_names.index("idle_w")
    changed = machines.set_column(at, "idle_w", pa.array(["7"] * machines.num_rows))
    pyarrow.parquet.write_table(changed, folder / "machines.parquet")
    assert allocate(folder, runner=kept).digest == allocate(folder).digest
    assert counting.ran == ["0.parquet", "1.parquet"] * 2


def test_a_kept_partition_that_was_damaged_is_run_again(folder: Path, tmp_path: Path) -> None:
    counting = Counting()
    kept = Kept(tmp_path / "kept", counting)
    digest = allocate(folder, runner=kept).digest
    first, second = sorted((tmp_path / "kept").iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    second.write_bytes(second.read_bytes().replace(b"web", b"wep"))
    assert allocate(folder, runner=kept).digest == digest and len(counting.ran) == 4
    assert allocate(folder, runner=kept).digest == digest and len(counting.ran) == 4


def test_tables_in_memory_are_never_kept(tmp_path: Path) -> None:
    counting = Counting()
    kept = Kept(tmp_path / "kept", counting)
    assert [allocate(tables(SMALL), runner=kept).digest for _ in range(2)] == [allocate(tables(SMALL)).digest] * 2
    assert len(counting.ran) == 2 and not list((tmp_path / "kept").iterdir())


def test_progress_counts_every_partition(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    allocate(folder, progress=lambda done, number: seen.append((done, number)))
    assert seen == [(1, 2), (2, 2)]


def test_cells_are_the_same_after_their_bytes() -> None:
    made: list[Cells] = []

    def remembering(fleet: Fleet, parts: Sequence[Part]) -> Iterator[Cells]:
        made.extend(in_process(fleet, parts))
        return iter(made)

    allocate(tables(SMALL), runner=remembering)
    again = Cells.of_bytes(made[0].to_bytes())
    assert again.services.equals(made[0].services) and again.hours.equals(made[0].hours)
