"""What once got through the engine without an error, or stopped it with one that named nothing."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import Footprint, Options, allocate
from carbon_tokens.errors import FleetError
from tests.fleet_files import ENERGY, LARGE, at_instants, in_partitions, with_column, written
from tests.fleets import SMALL, Fleet, Row, rows, tables


@pytest.fixture(scope="module")
def plain() -> Footprint:
    return allocate(tables(SMALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return in_partitions(tmp_path)


def test_in_service_mode_a_unit_stands_for_the_same_energy_wherever_it_is_sold() -> None:
    """METHOD (f): energy per unit is price times all energy over all list value: web's 3 units in r1 as 3 in r2."""
    fleet = {
        **SMALL,
        "machines": rows("machine,cluster,idle_w,class,owner a1,A,100,dedicated,db b1,B,80,dedicated,web"),
        "machine_hours": rows("machine,hour,energy_wh,on_s a1,0,300,3600 b1,0,200,3600"),
        "cpu_usage": [],
        "allocations": [],
        "facility_hours": rows("cluster,hour,facility_wh A,0,300 B,0,200"),
        "customer_usage": rows(
            "customer,project,sku,region,amount acme,p,w,r1,3 beta,p,w,r2,3 acme,p,d,r1,1 acme,p,d,r2,1"
        ),
    }
    found = allocate(tables(fleet), Options(sku_mode="service")).rows.to_pylist()
    energy = {(row["customer"], row["service"], row["region"]): row["energy_uwh"] for row in found}
    assert energy["acme", "web", "r1"] == energy["beta", "web", "r2"] == 100_000_000


def test_service_mode_allocates_a_service_whose_energy_is_below_a_microwatt_hour() -> None:
    """db gets 1.1 µWh of 1.1 kWh, floored by cluster, and 1.3 µg: a use of a billionth is no reason to stop."""
    fleet = {
        **SMALL,
        "machines": rows("machine,cluster,idle_w a1,A,0"),
        "machine_hours": rows("machine,hour,energy_wh a1,0,0.9"),
        "cpu_usage": rows("machine,hour,service,cpu_s a1,0,web,1"),
        "facility_hours": rows("cluster,hour,facility_wh A,0,0.9"),
        "allocations": [],
        "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,1200"),
        "service_usage": rows("provider,user,amount web,db,0.000001 web,_ext,0.999999"),
    }
    found = allocate(tables(fleet), Options(sku_mode="service"))
    assert sum(row["scope2_location_g"] for row in found.rows.to_pylist()) == found.statement_g


@pytest.mark.parametrize("day", ["2024-02-30", "2023-02-29", "2024-04-31"])
def test_a_day_that_no_calendar_shows_is_refused(day: str) -> None:
    with pytest.raises(FleetError, match="hour"):
        allocate(at_instants(lambda hour: f"{day}T{hour:02}Z", pa.string()))


def test_the_same_name_in_two_unicode_forms_is_one_name() -> None:
    """Reserved as w\\u00e9b, used and sold as we\\u0301b, which looks the same."""
    composed, apart = "w\u00e9b", "we\u0301b"

    def spelled(name: str, as_: str) -> list[Row]:
        return [{**row, "service": row["service"].replace("web", as_)} for row in SMALL[name]]

    one = {**SMALL, **{name: spelled(name, composed) for name in ("allocations", "cpu_usage", "skus")}}
    other = {**one, **{name: spelled(name, apart) for name in ("cpu_usage", "skus")}}
    assert allocate(tables(other)).digest == allocate(tables(one)).digest


@pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\x00", "\n", "\u202e"])
def test_a_name_with_a_sign_that_is_not_seen_is_refused(sign: str) -> None:
    skus = [{**row, "service": row["service"].replace("web", f"w{sign}eb")} for row in SMALL["skus"]]
    with pytest.raises(FleetError, match="service"):
        allocate(tables({**SMALL, "skus": skus}))


@pytest.mark.parametrize("other", ["1.csv", "1.PARQUET", "1.parquet.gz"])
def test_a_file_in_a_folder_of_partitions_that_is_no_parquet_file_is_refused(parts: Path, other: str) -> None:
    """Its machine-hours would be missing, and the energy of the hour would be overhead of nobody in particular."""
    for name in LARGE:
        (parts / name / "1.parquet").rename(parts / name / other)
    with pytest.raises(FleetError, match="1"):
        allocate(parts)


def test_a_linked_folder_of_partitions_is_read_or_refused(parts: Path, plain: Footprint, tmp_path: Path) -> None:
    for name in LARGE:
        away = tmp_path / "away" / name
        away.mkdir(parents=True)
        (parts / name / "1.parquet").rename(away / "1.parquet")
        (parts / name / "linked").symlink_to(away)
    with contextlib.suppress(FleetError):
        assert allocate(parts).digest == plain.digest


def test_a_folder_that_is_named_as_a_parquet_file_is_read_or_refused(parts: Path) -> None:
    for name in LARGE:
        moved = (parts / name / "1.parquet").rename(parts / name / "one")
        (parts / name / "1.parquet").mkdir()
        moved.rename(parts / name / "1.parquet" / "part-0.parquet")
    with contextlib.suppress(FleetError):
        assert allocate(parts).energy_wh == 1210


@pytest.mark.parametrize("name", ["nonelectric.CSV", "nonelectric.csv.gz", "nonelectric.parq", "nonelectric.txt"])
def test_a_table_of_another_ending_is_read_or_said_not_to_be(folder: Path, name: str) -> None:
    (folder / name).write_text("scope,kg\nscope1,5\n", "utf-8")
    found = allocate(folder)
    assert found.scope1_g == 5_000 or name in found.ignored


@pytest.mark.parametrize(
    "changes",
    [
        {"machines": [*SMALL["machines"][:1], {**SMALL["machines"][1], "owner": "_ext"}, *SMALL["machines"][2:]]},
        {"allocations": rows("cluster,service,resource,amount A,_ext,cpu,3 A,db,cpu,1")},
        {"reallocation": rows("from,to,fraction _ext,db,0.5")},
        {"service_usage": rows("provider,user,amount _ext,db,5")},
        {"service_charges": rows("provider,user,usd web,_ext,50"), "service_costs": rows("service,usd web,100")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_name_of_customers_as_such_is_refused_where_a_service_is_meant(changes: Fleet) -> None:
    with pytest.raises(FleetError, match="_ext"):
        allocate(tables({**SMALL, **changes}))


def test_a_decimal_a_little_below_zero_is_negative() -> None:
    cells = pa.array([Decimal("-0.000000001")] * 6, pa.decimal128(20, 9))
    with pytest.raises(FleetError, match="negative"):
        allocate(with_column("machine_hours", "energy_wh", cells))


@pytest.mark.parametrize(
    "cells",
    [pa.array([Decimal(10) ** 37] * 6, pa.decimal128(38, 0)), pa.array([[each] for each in ENERGY])],
    ids=["a decimal beyond all units", "lists"],
)
def test_a_column_that_cannot_be_converted_is_named(cells: Any) -> None:
    with pytest.raises(FleetError, match="energy_wh"):
        allocate(with_column("machine_hours", "energy_wh", cells))


def test_in_service_mode_emissions_moved_into_a_clean_region_have_a_market_based_part_too() -> None:
    """web is sold only where the grid is clean; without contracts market-based is location-based in every row."""
    fleet = {
        **SMALL,
        "regions": rows("cluster,region A,r1 B,r2"),
        "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,400 A,1,380 B,0,0 B,1,0"),
        "customer_usage": rows("customer,project,sku,region,amount acme,p,w,r2,3 beta,p,d,r1,1"),
    }
    found = allocate(tables(fleet), Options(sku_mode="service")).rows.to_pylist()
    assert all(row["scope2_market_g"] == row["scope2_location_g"] for row in found)
    assert any(row["region"] == "r2" and row["scope2_location_g"] for row in found)
