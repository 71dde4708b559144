"""A small fleet as files: in CSV, in Parquet partitions, and with one column of another type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from tests.fleets import SMALL, Row, tables

LARGE = ("machine_hours", "cpu_usage")
HOURS = (*LARGE, "facility_hours", "carbon_intensity")
ENERGY = [300, 100, 200, 250, 50, 90]


def text_of(cells: list[Row]) -> str:
    """Rows as CSV."""
    return "".join(",".join(line) + "\n" for line in [list(cells[0]), *(list(row.values()) for row in cells)])


def written(folder: Path) -> Path:
    """The fleet in CSV files."""
    for name, cells in SMALL.items():
        (folder / f"{name}.csv").write_text(text_of(cells), "utf-8")
    return folder


def in_partitions(folder: Path) -> Path:
    """The fleet in CSV files, its machine-hours and CPU time as folders of a Parquet file an hour."""
    written(folder)
    for name in LARGE:
        (folder / f"{name}.csv").unlink()
        (folder / name).mkdir()
        for hour in ("0", "1"):
            pyarrow.parquet.write_table(of_hour(name, hour), folder / name / f"{hour}.parquet")
    return folder


def of_hour(name: str, hour: str) -> pa.Table:
    """The rows of one hour of a table."""
    table = tables(SMALL)[name]
    return table.filter(pc.equal(table.column("hour"), hour))


def with_column(name: str, column: str, values: Any) -> dict[str, Any]:
    """The tables, one column of one of them replaced."""
    given = tables(SMALL)
    at = given[name].column_names.index(column)
    return {**given, name: given[name].set_column(at, column, values)}


def at_instants(instant: Callable[[int], Any], kind: pa.DataType, *names: str) -> dict[str, Any]:
    """The tables (all of hours, or those named) with instants instead of numbers."""
    given = tables(SMALL)
    for name in names or HOURS:
        made = pa.array([instant(int(hour)) for hour in given[name].column("hour").to_pylist()], kind)
        given[name] = given[name].set_column(given[name].column_names.index("hour"), "hour", made)
    return given
