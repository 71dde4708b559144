"""Attempts to make the engine print a wrong number: each is refused by name, or changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import Footprint, Options, allocate
from carbon_tokens.errors import FleetError
from tests.fleet_files import ENERGY, HOURS, LARGE, at_instants, in_partitions, of_hour, with_column, written
from tests.fleets import SMALL, Fleet, rows, tables


@pytest.fixture(scope="module")
def plain() -> Footprint:
    return allocate(tables(SMALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return in_partitions(tmp_path)


# Forms of a file that mean the same


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="a byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\n\n").encode(), id="blank lines"),
        pytest.param(lambda text: text.replace("0.05", "00.0500").encode(), id="leading and trailing zeros"),
        pytest.param(lambda text: text.replace("w,", "w\u00a0,").encode(), id="a blank that does not break"),
    ],
)
def test_a_file_of_another_form_is_the_same_fleet(folder: Path, plain: Footprint, form: Callable[[str], bytes]) -> None:
    (folder / "skus.csv").write_bytes(form((folder / "skus.csv").read_text("utf-8")))
    assert allocate(folder).digest == plain.digest


@pytest.mark.parametrize(
    "text, what",
    [
        ("sku,SKU,service,list_price_usd\nw,x,web,0.05\nd,y,db,0.1\n", "unknown column 'SKU'"),
        ("sku, service ,list_price_usd\nw,web,0.05\nd,db,0.1\n", "unknown column ' service '"),
        ('sku,service,"list_price\n_usd"\nw,web,0.05\nd,db,0.1\n', "unknown column"),
        ("sku;service;list_price_usd\nw;web;0.05\n", "unknown column"),
        ("# prices\nsku,service,list_price_usd\nw,web,0.05\n", "cannot be read"),
        ("sku,service,list_price_usd\nw,web,5e-2\nd,db,0.1\n", "is no amount"),
        ("sku,service,list_price_usd\nw,web,-0\nd,db,0.1\n", "is no amount"),
        ("sku,service,list_price_usd\nw,web,\uff10.05\nd,db,0.1\n", "is no amount"),
        ('sku,service,list_price_usd\nw,web,0.05\n"w ",db,0.1\nd,db,0.1\n', "SKU 'w' stands in two rows"),
    ],
)
def test_a_file_that_looks_alike_is_refused(folder: Path, text: str, what: str) -> None:
    (folder / "skus.csv").write_text(text, "utf-8")
    with pytest.raises(FleetError, match=what):
        allocate(folder)


def test_a_look_alike_of_a_region_or_a_machine_is_unknown(folder: Path) -> None:
    """A Cyrillic letter for r1; a machine's name with another letter."""
    for name, old, new in (("customer_usage", "r1", "\u04331"), ("machine_hours", "a1", "\u04301")):
        text = (folder / f"{name}.csv").read_text("utf-8")
        (folder / f"{name}.csv").write_text(text.replace(old, new), "utf-8")
        with pytest.raises(FleetError, match="is unknown"):
            allocate(folder)
        (folder / f"{name}.csv").write_text(text, "utf-8")


@pytest.mark.parametrize("name", ["NULL", "NA", "nan", "true", "2024-01-01", "007", "=1+1", "../../x"])
def test_words_that_other_programs_take_for_something_are_customers_names(folder: Path, name: str) -> None:
    text = (folder / "customer_usage.csv").read_text("utf-8")
    (folder / "customer_usage.csv").write_text(text.replace("acme", name), "utf-8")
    assert {row["customer"] for row in allocate(folder).rows.to_pylist()} == {name, "beta"}


# Types of columns


@pytest.mark.parametrize(
    "kind",
    [pa.decimal128(5, 2), pa.decimal256(76, 40), pa.float32(), pa.float64(), pa.uint16(), pa.int64()],
    ids=str,
)
def test_a_number_of_another_type_is_the_same_number(kind: pa.DataType) -> None:
    cells = [Decimal(each) for each in ENERGY] if pa.types.is_decimal(kind) else ENERGY
    as_text = allocate(with_column("machine_hours", "energy_wh", pa.array([str(each) for each in ENERGY])))
    assert allocate(with_column("machine_hours", "energy_wh", pa.array(cells, kind))).digest == as_text.digest


@pytest.mark.parametrize(
    "name, column, values",
    [
        ("machine_hours", "energy_wh", pa.array([300, None, 200, 250, 50, 90])),
        ("machine_hours", "on_s", pa.array([3600, None, 3600, 3600, 1800, 3600])),
        ("regions", "market_factor", pa.array([0.5, None])),
        ("customer_usage", "customer", pa.array(["acme", None, "beta", "acme"])),
        ("machine_hours", "machine", pa.array([name.encode() for name in ("a1", "a2", "b1") * 2])),
        ("machine_hours", "hour", pa.array([False] * 3 + [True] * 3)),
        ("skus", "list_price_usd", pa.array([-1e-300, 0.1])),
    ],
)
def test_a_cell_that_is_absent_or_of_no_sense_is_refused(name: str, column: str, values: Any) -> None:
    with pytest.raises(FleetError, match=column):
        allocate(with_column(name, column, values))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Etc/GMT-1"])
def test_a_column_of_instants_that_are_not_in_utc_is_refused(zone: str | None) -> None:
    start = datetime(2024, 7, 1, tzinfo=UTC)
    made = at_instants(lambda hour: start + timedelta(hours=hour), pa.timestamp("us", zone))
    with pytest.raises(FleetError, match="time zone"):
        allocate(made)


def test_instants_and_numbers_of_the_month_are_not_mixed() -> None:
    for name in HOURS:
        with pytest.raises(FleetError):
            allocate(at_instants(lambda hour: f"2024-07-01T{hour:02}Z", pa.string(), name))


@pytest.mark.parametrize("hour", ["2024-07-01T24Z", "2024-07-01T00:00:60Z", "2024-07-32T00Z", "2024-13-01T00Z"])
def test_an_hour_that_no_clock_shows_is_refused(hour: str) -> None:
    with pytest.raises(FleetError, match="hour"):
        allocate(at_instants(lambda _: hour, pa.string()))


# Partitions


def test_a_day_that_is_there_twice_under_two_names_is_refused(parts: Path) -> None:
    for name in LARGE:
        pyarrow.parquet.write_table(of_hour(name, "1"), parts / name / "1 again.parquet")
    with pytest.raises(FleetError, match="in two partitions"):
        allocate(parts)


def test_a_link_to_a_partition_does_not_count_it_twice(parts: Path) -> None:
    for name in LARGE:
        (parts / name / "link.parquet").symlink_to(parts / name / "1.parquet")
    with pytest.raises(FleetError, match="link"):
        allocate(parts)


def test_a_salt_beside_a_partition_is_no_partition(parts: Path) -> None:
    before = allocate(parts)
    for name in LARGE:
        (parts / name / "1.parquet.salt").write_text("ab" * 32)
    after = allocate(parts)
    assert (after.digest, after.inputs) == (before.digest, before.inputs)


def test_a_partition_without_rows_is_refused(parts: Path) -> None:
    for name in LARGE:
        pyarrow.parquet.write_table(of_hour(name, "9"), parts / name / "9.parquet")
    with pytest.raises(FleetError, match=r"9\.parquet: this table has no rows"):
        allocate(parts)


def test_cpu_time_in_the_partition_of_another_hour_is_refused(parts: Path) -> None:
    for hour in ("0", "1"):
        other = of_hour("cpu_usage", "1" if hour == "0" else "0")
        pyarrow.parquet.write_table(other, parts / "cpu_usage" / f"{hour}.parquet")
    with pytest.raises(FleetError, match="without energy"):
        allocate(parts)


def test_row_groups_with_dictionaries_of_their_own_are_one_table(folder: Path, plain: Footprint) -> None:
    """A row a group: every chunk that Arrow reads has other words at other numbers."""
    for name, table in tables(SMALL).items():
        (folder / f"{name}.csv").unlink()
        pyarrow.parquet.write_table(table, folder / f"{name}.parquet", row_group_size=1)
    assert allocate(folder).digest == plain.digest


# Fleets of odd sense


@pytest.mark.parametrize("mode", ["regional", "service"])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"reallocation": rows("from,to,fraction web,db,1")}, id="SKUs of a service that keeps nothing"),
        pytest.param({"machines": rows("machine,cluster,idle_w,class,owner a1,A,100,shared, a2,A,50,dedicated,ghost "
                                       "b1,B,80,shared,")}, id="an owner that no table knows"),
        pytest.param({"skus": rows("sku,service,list_price_usd w,web,0 d,db,0")}, id="everything is free"),
        pytest.param({"skus": rows("sku,service,list_price_usd w,web,0.0000000000001 d,db,0.1")}, id="0.1 pUSD"),
        pytest.param({"customer_usage": []}, id="no sales"),
        pytest.param({"residual_mix": rows("region,g_per_kwh r1,500")}, id="a residual mix without instruments"),
        pytest.param({"residual_mix": rows("region,g_per_kwh r1,500 r2,600"), "instruments": rows(
            "instrument,region,energy_wh,g_per_kwh i,r1,99999999,0")}, id="instruments beyond the load"),
        pytest.param({"carbon_intensity": [{**row, "g_per_kwh": "0"} for row in SMALL["carbon_intensity"]]},
                     id="a market factor of nothing"),
        pytest.param({"cpu_usage": [{**row, "service": "only there"} for row in SMALL["cpu_usage"]]},
                     id="services that only CPU time knows"),
    ],
)  # fmt: skip
def test_an_odd_fleet_loses_and_invents_nothing(changes: Fleet, mode: str) -> None:
    found = allocate(tables({**SMALL, **changes}), Options(sku_mode=mode))
    for name in ("energy_wh", "scope2_location_g", "scope2_market_g"):
        assert sum(found.rows.column(name).to_pylist()) == sum(getattr(region, name) for region in found.regions)
        assert min(found.rows.column(name).to_pylist()) >= 0
    assert found.energy_wh == 1210


def test_instruments_beyond_the_load_cover_all_of_it_and_nothing_else() -> None:
    """100 MWh for 830 Wh of r1: r1 has 0 g, r2 its 380 Wh at 600 g/kWh."""
    contracts = {
        "residual_mix": rows("region,g_per_kwh r1,500 r2,600"),
        "instruments": rows("instrument,region,energy_wh,g_per_kwh i,r1,100000000,0"),
    }
    found = allocate(tables({**SMALL, **contracts}))
    assert [region.market for region in found.regions] == [0, 228]
    assert found.statement_g == allocate(tables(SMALL)).statement_g


def test_sales_that_are_floored_to_nothing_beside_a_service_that_nobody_bought_are_no_fault() -> None:
    """1 µWh of web for two customers, 0 each; 200 Wh of db that nobody bought go to the row of nobody."""
    fleet = {
        **SMALL,
        "regions": rows("cluster,region A,r1"),
        "machines": rows("machine,cluster,idle_w,class,owner a1,A,0,dedicated,web a2,A,0,dedicated,db"),
        "machine_hours": rows("machine,hour,energy_wh a1,0,0.000001 a2,0,200"),
        "cpu_usage": [],
        "allocations": [],
        "facility_hours": rows("cluster,hour,facility_wh A,0,200.000001"),
        "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,400"),
        "customer_usage": rows("customer,project,sku,region,amount acme,p,w,r1,1 beta,p,w,r1,1"),
    }
    found = allocate(tables(fleet))
    assert sum(found.rows.column("scope2_location_g").to_pylist()) == found.statement_g == 81
