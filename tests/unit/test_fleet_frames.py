"""What pandas has in it: each column gives the right numbers, or a named error by row."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import allocate, in_process, tables
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, written_by_hour

UTC = pd.to_datetime(["2024-07-01 00:00", "2024-07-01 01:00"], utc=True)
NAIVE = pd.to_datetime(["2024-07-01 00:00", "2024-07-01 01:00"])


def objects(*cells: Any) -> Any:
    return pd.Series(cells, dtype=object)


def read(**columns: Any) -> pa.Table:
    frame = pd.DataFrame({"machine": ["a", "b"], "hour": [0, 1], "energy_wh": [1, 2], **columns})
    return tables.read(frame, "machine_hours")


@pytest.mark.parametrize(
    "cells",
    [
        [1.5, 2.0],
        pd.array([1.5, 2.0], dtype="Float64"),
        pd.Categorical([1.5, 2.0]),
        pd.Categorical(["1.5", "2"]),
        objects(Decimal("1.5"), 2),
        objects("1.5", "2"),
    ],
)
def test_amounts_are_read_from_every_type_that_says_them(cells: Any) -> None:
    assert read(energy_wh=cells).column("energy").to_pylist() == [1_500_000, 2_000_000]


def test_integers_that_may_be_missing_are_read_where_none_is() -> None:
    assert read(energy_wh=pd.array([1, 2], dtype="Int64")).column("energy").to_pylist() == [10**6, 2 * 10**6]


def test_categories_are_names_and_instants_of_utc_are_hours() -> None:
    found = read(machine=pd.Categorical(["a", "b"]), hour=UTC)
    assert found.column("machine").to_pylist() == ["a", "b"] and found.column("hour").to_pylist() == [477720, 477721]


@pytest.mark.parametrize(
    ("column", "cells", "what"),
    [
        ("energy_wh", [1, float("nan")], r":2: energy_wh None is no finite"),
        ("energy_wh", [1, float("inf")], r":2: energy_wh inf is no finite"),
        ("energy_wh", pd.array([1, None], dtype="Int64"), r":2: energy_wh None is no amount"),
        ("energy_wh", [True, False], r":1: energy_wh True is no amount"),
        ("energy_wh", objects(1, "2"), r":2: energy_wh '2' is str, not int"),
        ("energy_wh", objects("2", None, 1.5), r":3: energy_wh 1.5 is float, not str"),
        ("energy_wh", objects(2**70, 1), r"machine_hours: cannot be used"),
        ("energy_wh", pd.to_timedelta([0, 1], unit="h"), r"energy_wh is duration"),
        ("energy_wh", UTC, r"energy_wh is timestamp"),
        ("machine", objects("a", 1), r":2: machine 1 is int, not str"),
        ("machine", objects("a", None), r":2: machine None is no name"),
        ("machine", [1.0, 2.0], r"machine is double"),
        ("hour", NAIVE, r"hour has the time zone None"),
        ("hour", NAIVE.tz_localize("Europe/Oslo"), r"hour has the time zone Europe/Oslo"),
        ("hour", pd.to_datetime(["2024-07-01", None], utc=True), r":2: hour None is no full hour"),
        ("hour", UTC + pd.Timedelta("1min"), r":1: hour .* is no full hour"),
        ("hour", pd.to_timedelta([0, 0], unit="h"), r"hour is duration"),
        ("hour", objects(datetime.date(2024, 7, 1), datetime.date(2024, 7, 2)), r":1: hour .* is no hour"),
        ("hour", [0.0, 1.5], r":2: hour 1.5 is no hour"),
    ],
)
def test_what_is_no_amount_name_or_hour_is_named(column: str, cells: Any, what: str) -> None:
    rows = len(cells)
    frame = pd.DataFrame({"machine": list("abc")[:rows], "hour": range(rows), "energy_wh": range(rows), column: cells})
    with pytest.raises(FleetError, match=what):
        tables.read(frame, "machine_hours")


@pytest.mark.parametrize("source", [None, [1], {"machine": ["a"]}])
def test_what_is_no_table_is_refused(source: Any) -> None:
    with pytest.raises(FleetError, match="is no table"):
        tables.read(source, "machine_hours")


def test_a_column_twice_in_a_frame_is_refused() -> None:
    frame = pd.DataFrame([["a", 0, 1, 1]], columns=["machine", "hour", "energy_wh", "energy_wh"])
    with pytest.raises(FleetError, match="Duplicate column"):
        tables.read(frame, "machine_hours")


def test_the_first_fault_of_every_column_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "machine_hours.csv"
    file.write_text("machine,hour,energy_wh\na,0,1\n,1,-2\nb,x,y\n", "utf-8")
    with pytest.raises(FleetError) as caught:
        tables.read(file, "machine_hours")
    places = [f"machine_hours.csv:{row}" for row in (3, 4, 3)]
    assert all(place in str(caught.value) for place in places)
    assert "machine '' is no name" in str(caught.value) and "hour 'x' is no hour" in str(caught.value)
    assert "energy_wh '-2' is no amount" in str(caught.value)


def test_a_file_that_changes_after_it_was_hashed_is_refused(tmp_path: Path) -> None:
    folder = written_by_hour(SMALL, tmp_path)

    def changing(fleet: Any, parts: Any) -> Any:
        file = folder / "cpu_usage" / "1.parquet"
        pyarrow.parquet.write_table(pyarrow.parquet.read_table(file).slice(1), file)
        return in_process(fleet, parts)

    with pytest.raises(FleetError, match=r"1\.parquet: has changed since it was hashed"):
        allocate(folder, runner=changing)


def test_tables_by_name_may_be_paths_as_text_of_files_and_of_folders(tmp_path: Path) -> None:
    folder, given = written_by_hour(SMALL, tmp_path), {}
    for each in folder.iterdir():
        given[each.name.removesuffix(".parquet")] = str(each)
    assert allocate(given).digest == allocate(folder).digest
