"""A fleet's digest stays when only the form of its tables changes: order, units, files, partitions, idle rows."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens.allocation.fleet import Footprint, Options, allocate
from tests.fleets import SMALL, Fleet, Row, by_hour, changed, fleets, footprint, tables

MOST = settings.default.max_examples if settings.default else 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
seldom = settings(max_examples=max(5, MOST // 20), deadline=None, suppress_health_check=SLOW)


def doubled_sku(fleet: Fleet) -> Fleet:
    """A second SKU of the same service and price takes every other sale of the first."""
    first = fleet["skus"][0]
    sold = [{**row, "sku": "other"} if at % 2 and row["sku"] == first["sku"] else row
            for at, row in enumerate(fleet["customer_usage"])]  # fmt: skip
    return {**fleet, "skus": [*fleet["skus"], {**first, "sku": "other"}], "customer_usage": sold}


def sales_in_two_rows(fleet: Fleet) -> Fleet:
    halves = [{**row, "amount": str(F(row["amount"]) / 2 * 1.0)} for row in fleet["customer_usage"]]
    return {**fleet, "customer_usage": halves * 2}


def unused_service(fleet: Fleet) -> Fleet:
    return {**fleet, "skus": [*fleet["skus"], {"sku": "idle", "service": "unused", "list_price_usd": "3"}]}


def idle_user(fleet: Fleet) -> Fleet:
    """A service that is on every machine and uses no CPU time there, and reserves nothing."""
    hours = [{"machine": row["machine"], "hour": row["hour"]} for row in fleet["machine_hours"]]
    none = {"service": "zzz", "resource": "cpu", "amount": "0"}
    reserved = [{"cluster": row["cluster"], **none} for row in fleet["regions"]]
    cpu = [*fleet["cpu_usage"], *({**each, "service": "zzz", "cpu_s": "0"} for each in hours)]
    return {**fleet, "cpu_usage": cpu, "allocations": [*fleet["allocations"], *reserved]}


def with_self_loops(fleet: Fleet) -> Fleet:
    """Every service that passes fractions to others also passes half of itself to itself, and half as much to them."""
    others = [row for row in fleet["reallocation"] if row["from"] != row["to"]]
    halved = [{**row, "fraction": f"{F(row['fraction']) / 2 * 1.0:.4f}"} for row in others]
    itself = [{"from": name, "to": name, "fraction": "0.5"} for name in sorted({row["from"] for row in others})]
    return {**fleet, "reallocation": [*halved, *itself]}


def without_self_loops(fleet: Fleet) -> Fleet:
    return {**fleet, "reallocation": [row for row in fleet["reallocation"] if row["from"] != row["to"]]}


def as_given(fleet: Fleet) -> Fleet:
    return fleet


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param(as_given, doubled_sku, id="two SKUs of equal price are as good as one"),
        pytest.param(as_given, sales_in_two_rows, id="a customer's row cut in two"),
        pytest.param(as_given, unused_service, id="a service without flows"),
        pytest.param(as_given, idle_user, id="a user with zero use"),
        pytest.param(without_self_loops, with_self_loops, id="use of oneself drops out"),
    ],
)
@seldom
@given(fleet=fleets())
def test_the_published_rows_stay_the_same(
    before: Callable[[Fleet], Fleet], after: Callable[[Fleet], Fleet], fleet: Fleet
) -> None:
    assert footprint(before(fleet)).digest == footprint(after(fleet)).digest


@seldom
@given(fleets(), st.integers())
def test_the_order_of_rows_does_not_matter(fleet: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    shuffled = {name: chance.sample(cells, len(cells)) for name, cells in fleet.items()}
    assert footprint(shuffled).digest == footprint(fleet).digest


def with_units(fleet: Fleet, units: dict[tuple[str, str], tuple[str, F]]) -> Fleet:
    """Columns of some tables under another name, multiplied by what their units differ."""

    def row_in(row: Row, column: str, name: str, factor: F) -> Row:
        number = F(row[column]) * factor
        digits = f"{int(number)}.{int(number % 1 * 10**12):012d}"
        assert F(digits) == number
        return {name if each == column else each: digits if each == column else value for each, value in row.items()}

    for (of, column), (name, factor) in units.items():
        fleet = changed(fleet, of, lambda row, c=column, n=name, f=factor: row_in(row, c, n, f))  # type: ignore[misc]
    return fleet


@seldom
@given(fleets(), st.sampled_from(["k", "u"]))
def test_the_units_of_columns_do_not_matter(fleet: Fleet, prefix: str) -> None:
    factor = F(1, 1000) if prefix == "k" else F(10**6)
    units = {
        ("machine_hours", "energy_wh"): (f"energy_{prefix}wh", factor),
        ("facility_hours", "facility_wh"): (f"facility_{prefix}wh", factor),
        ("machines", "idle_w"): (f"idle_{prefix}w", factor),
        ("cpu_usage", "cpu_s"): ("cpu_ms", F(1000)),
        ("nonelectric", "g"): ("kg", F(1, 1000)),
    }
    made = {
        name: pa.table({column: pa.array([row[column] for row in cells], pa.string()) for column in cells[0]})
        for name, cells in with_units(fleet, units).items()
        if cells
    }
    found = allocate({**tables(fleet), **made}, Options(missing_hours="annual"))
    assert found.digest == footprint(fleet).digest


def by_files(fleet: Fleet, folder: Path, suffix: str) -> Footprint:
    for name, each in tables(fleet).items():
        if suffix == "csv":
            pyarrow.csv.write_csv(each, folder / f"{name}.csv")
        else:
            pyarrow.parquet.write_table(each, folder / f"{name}.parquet")
    return allocate(folder, Options(missing_hours="annual"))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@seldom
@given(fleet=fleets())
def test_tables_may_come_from_files(suffix: str, fleet: Fleet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert by_files(fleet, Path(folder), suffix).digest == footprint(fleet).digest


@seldom
@given(fleets())
def test_tables_may_come_from_pandas_and_hold_numbers(fleet: Fleet) -> None:
    pytest.importorskip("pandas")
    frames = {name: each.to_pandas() for name, each in tables(fleet).items()}
    for name, column in (("machine_hours", "hour"), ("machine_hours", "on_s"), ("cpu_usage", "hour")):
        frames[name][column] = frames[name][column].astype("int64")
    for name, column in (("machine_hours", "energy_wh"), ("allocations", "amount"), ("carbon_intensity", "g_per_kwh")):
        if name in frames:
            frames[name][column] = frames[name][column].astype("float64")
    assert allocate(frames, Options(missing_hours="annual")).digest == footprint(fleet).digest


@seldom
@given(fleets())
def test_partitions_by_hour_come_to_what_one_partition_comes_to(fleet: Fleet) -> None:
    found = allocate(tables(fleet), Options(missing_hours="annual"), runner=by_hour)
    assert found.digest == footprint(fleet).digest


def test_a_folder_of_partitions_is_read_by_region_and_day() -> None:
    """One Parquet file of each name in both folders; the digest is that of one table."""
    fleet = SMALL
    with tempfile.TemporaryDirectory() as folder:
        made = tables(fleet)
        for name in ("machine_hours", "cpu_usage"):
            each = made.pop(name)
            for hour in ("0", "1"):
                path = Path(folder, name, "region=all", f"hour-{hour}.parquet")
                path.parent.mkdir(parents=True, exist_ok=True)
                pyarrow.parquet.write_table(each.filter(pc.equal(each.column("hour"), hour)), path)
        for name, each in made.items():
            pyarrow.csv.write_csv(each, Path(folder, f"{name}.csv"))
        found = allocate(Path(folder))
        assert found.digest == allocate(tables(fleet)).digest
        assert "cpu_usage/region=all/hour-0.parquet" in found.inputs
