"""Files and fleets at the edge of the rules: refused by name if they cannot be read, allocated if they can."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest

from carbon_tokens.allocation.fleet import Options, allocate, in_process
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, rows, tables


def with_column(given: dict[str, Any], table: str, name: str, values: Any) -> dict[str, Any]:
    """The tables with one column of one of them replaced."""
    old = given[table]
    return {**given, table: old.set_column(old.column_names.index(name), name, values)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, each in tables(SMALL).items():
        lines = [each.column_names, *([str(cell) for cell in row.values()] for row in each.to_pylist())]
        (tmp_path / f"{name}.csv").write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "name, data",
    [
        ("skus.csv", b"\xff\xfe\x00\x01"),
        ("skus.csv", b""),
        ("skus.csv", b"sku,service,list_price_usd\nw,web\n"),
        ("skus.csv", b"sku,service,list_price_usd\nw,web,0.05,7\n"),
        ("skus.csv", "sku,service,list_price_usd\nw,wéb,0.05\n".encode("latin-1")),
        ("nonelectric.parquet", b"PAR1 is not enough"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    with pytest.raises(FleetError, match=name.replace(".", r"\.")) as raised:
        allocate(folder)
    assert raised.value.what


def test_a_thousands_separator_in_quotes_is_refused_with_its_line(folder: Path) -> None:
    (folder / "skus.csv").write_text('sku,service,list_price_usd\nw,web,0.05\nd,db,"1,000"\n', "utf-8")
    with pytest.raises(FleetError, match=r"skus\.csv:3: list_price_usd '1,000' is no amount"):
        allocate(folder)


def test_a_table_may_not_be_there_twice(folder: Path) -> None:
    pyarrow.parquet.write_table(tables(SMALL)["skus"], folder / "skus.parquet")
    with pytest.raises(FleetError, match="table skus is there twice"):
        allocate(folder)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="is no folder"):
        allocate(tmp_path / "nowhere")


def test_partitions_must_be_in_both_folders(folder: Path) -> None:
    given = tables(SMALL)
    for name in ("machine_hours", "cpu_usage"):
        (folder / f"{name}.csv").unlink()
        (folder / name).mkdir()
        pyarrow.parquet.write_table(given[name], folder / name / "a.parquet")
    pyarrow.parquet.write_table(given["machine_hours"], folder / "machine_hours" / "b.parquet")
    with pytest.raises(FleetError, match=r"b\.parquet is in one folder only"):
        allocate(folder)


def test_a_header_in_quotes_does_not_change_what_cells_say(folder: Path) -> None:
    """Names with leading zeros stay names: 007 is not 7, and 0.1 is text until it is counted."""
    text = (folder / "skus.csv").read_text("utf-8").replace("w,", "007,").replace("d,", "7,")
    usage = (folder / "customer_usage.csv").read_text("utf-8").replace(",w,", ",007,").replace(",d,", ",7,")
    (folder / "customer_usage.csv").write_text(usage, "utf-8")
    (folder / "skus.csv").write_text(text, "utf-8")
    plain = allocate(folder).digest
    for name in ("skus", "customer_usage"):
        header, _, rest = (folder / f"{name}.csv").read_text("utf-8").partition("\n")
        quoted = ",".join(f'"{each}"' for each in header.split(","))
        (folder / f"{name}.csv").write_text(f"{quoted}\n{rest}", "utf-8")
    assert allocate(folder).digest == plain


def test_decimal_columns_are_as_good_as_text() -> None:
    """Also a zero with many places, which Arrow writes 0E-9."""
    given = tables(SMALL)
    decimals = pa.array([Decimal(each) for each in ("300", "100", "200", "250", "0", "90")], pa.decimal128(20, 9))
    text = with_column(given, "machine_hours", "energy_wh", pa.array(["300", "100", "200", "250", "0", "90"]))
    assert allocate(with_column(given, "machine_hours", "energy_wh", decimals)).digest == allocate(text).digest


# Real input that must be allocated, not refused


def test_an_hour_without_machines_is_overhead_and_is_allocated() -> None:
    """70 Wh behind the meter of A in an hour in which no machine has a row."""
    fleet = {
        **SMALL,
        "facility_hours": [*SMALL["facility_hours"], {"cluster": "A", "sector": "", "hour": "2", "facility_wh": "70"}],
        "carbon_intensity": [*SMALL["carbon_intensity"], {"cluster": "A", "hour": "2", "g_per_kwh": "400"}],
    }
    found = allocate(tables(fleet))
    assert found.energy_wh == 1280
    assert sum(found.hours.column("without_it").to_pylist()) == 70_000_000


def test_services_known_in_one_partition_only_are_allocated() -> None:
    """A service that only has CPU time, in one of two partitions: their columns have other dictionaries."""
    given = tables(SMALL)
    names = pa.array(["guest", *given["cpu_usage"].column("service").to_pylist()[1:]])
    power, usage = given["machine_hours"], with_column(given, "cpu_usage", "service", names)["cpu_usage"]
    cut = [[each.filter(pc.equal(each.column("hour"), hour)) for each in (power, usage)] for hour in ("0", "1")]
    parts = [Part(str(at), *each) for at, each in enumerate(cut)]
    found = allocate(given, runner=lambda fleet, _: in_process(fleet, parts))
    assert found.digest == allocate({**given, "cpu_usage": usage}).digest


def test_a_room_without_a_meter_row_in_an_hour_without_energy_draws_nothing() -> None:
    """Sector s of A has a meter in hour 0 only; the energy of the month is the sum of the meters, to the µWh."""
    row = {"cluster": "A", "sector": "s", "hour": "0", "facility_wh": "70"}
    found = allocate(tables({**SMALL, "facility_hours": [*SMALL["facility_hours"], row]}))
    assert sum(region.energy_uwh for region in found.regions) == 1_280_000_000


def test_without_reservations_the_pool_follows_dynamic_energy_of_shared_machines_only() -> None:
    """One shared machine, 100 Wh dynamic by web and 100 idle; one of db's own, 100 idle: web 200, db 100."""
    fleet = {
        **SMALL,
        "machines": rows("machine,cluster,idle_w,class,owner a1,A,100,shared, a2,A,100,dedicated,db"),
        "machine_hours": rows("machine,hour,energy_wh a1,0,200 a2,0,100"),
        "cpu_usage": rows("machine,hour,service,cpu_s a1,0,web,1"),
        "facility_hours": rows("cluster,hour,facility_wh A,0,300"),
        "allocations": [],
    }
    found = {row["service"]: row["energy"] for row in allocate(tables(fleet)).days.to_pylist()}
    assert found == {"web": 200_000_000, "db": 100_000_000}


def test_emissions_of_what_is_unsold_fall_to_sold_rows_that_have_energy_but_none() -> None:
    """Web is sold and ran on a clean grid, db is not sold and ran on a dirty one of the same region: 80 g are web's."""
    fleet = {
        **SMALL,
        "regions": rows("cluster,region A,r1 B,r1"),
        "machines": rows("machine,cluster,idle_w,class,owner a1,A,100,dedicated,web b1,B,50,dedicated,db"),
        "machine_hours": rows("machine,hour,energy_wh a1,0,300 b1,0,100"),
        "cpu_usage": [],
        "facility_hours": rows("cluster,hour,facility_wh A,0,500 B,0,200"),
        "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,0 B,0,400"),
        "customer_usage": rows("customer,project,sku,region,amount acme,p,w,r1,1"),
    }
    found = allocate(tables(fleet)).rows.to_pylist()
    assert [(row["customer"], row["energy_wh"], row["scope2_location_g"]) for row in found] == [("acme", 700, 80)]


def test_service_mode_knows_regions_whose_location_based_emissions_are_zero() -> None:
    """A clean grid with a residual mix: market-based emissions follow energy, as they do in regional mode."""
    fleet = {
        **SMALL,
        "carbon_intensity": [{**row, "g_per_kwh": "0"} for row in SMALL["carbon_intensity"]],
        "residual_mix": rows("region,g_per_kwh r1,500 r2,500"),
    }
    found = allocate(tables(fleet), Options(sku_mode="service")).rows.to_pylist()
    assert sum(row["scope2_market_g"] for row in found) == 415 + 190


def test_small_sales_count_however_they_are_cut_into_rows() -> None:
    """At 0.0000009 USD a unit, three rows of one unit are as good as one row of three."""
    fleet = {
        **SMALL,
        "skus": rows("sku,service,list_price_usd w,web,0.0000009 d,db,0.1"),
        "customer_usage": rows(
            "customer,project,sku,region,amount a,p,w,r1,1 a,p,w,r1,1 a,p,w,r1,1 b,p,w,r1,3 b,p,w,r2,1 b,p,d,r2,1"
        ),
    }
    found = {(row["customer"], row["service"], row["region"]): row["energy_wh"]
             for row in allocate(tables(fleet)).rows.to_pylist()}  # fmt: skip
    assert abs(found["a", "web", "r1"] - found["b", "web", "r1"]) <= 1


def test_service_mode_moves_emissions_to_a_region_of_clean_contracts_and_loses_none() -> None:
    """Everything is sold in r2, whose market factor is 0, and half of it was drawn in r1, whose factor is a half."""
    fleet = {
        **SMALL,
        "regions": rows("cluster,region,market_factor A,r1,0.5 B,r2,0"),
        "customer_usage": rows("customer,project,sku,region,amount acme,p,w,r2,1 acme,p,d,r2,1"),
    }
    found = allocate(tables(fleet), Options(sku_mode="service"))
    assert sum(row["scope2_market_g"] for row in found.rows.to_pylist()) == 163


def test_intensities_by_another_clock_than_the_meters_are_refused_and_not_passed_over() -> None:
    """Meters in hours 0 and 1, intensities at instants: none would fit, and all hours would silently be annual."""
    fleet = {
        **SMALL,
        "carbon_intensity": [{**row, "hour": "2024-07-01T00Z"} for row in SMALL["carbon_intensity"][::2]],
        "annual_intensity": rows("cluster,g_per_kwh A,100 B,100"),
    }
    with pytest.raises(FleetError, match="carbon_intensity"):
        allocate(tables(fleet), Options(missing_hours="annual"))


def test_scope_1_and_3_without_any_energy_are_refused_by_name() -> None:
    fleet = {
        **SMALL,
        "machine_hours": [{**row, "energy_wh": "0"} for row in SMALL["machine_hours"]],
        "facility_hours": [{**row, "facility_wh": "0"} for row in SMALL["facility_hours"]],
        "nonelectric": rows("scope,kg scope1,5"),
    }
    with pytest.raises(FleetError, match="no energy to share scope 1 and 3 by"):
        allocate(tables(fleet))


def test_a_fraction_for_customers_is_kept_as_a_use_by_customers_is() -> None:
    kept = allocate(tables({**SMALL, "reallocation": rows("from,to,fraction web,db,0.25")}))
    said = allocate(tables({**SMALL, "reallocation": rows("from,to,fraction web,db,0.25 web,_ext,0.75")}))
    assert said.digest == kept.digest and not said.unsold.num_rows


def test_sales_of_a_service_without_energy_have_no_rows_and_are_reported() -> None:
    fleet = {**SMALL, "skus": [*SMALL["skus"], *rows("sku,service,list_price_usd x,wep,0.5")]}
    usage = {**SMALL["customer_usage"][0], "sku": "x"}
    found = allocate(tables({**fleet, "customer_usage": [*SMALL["customer_usage"], usage]}))
    assert found.bare.to_pylist() == [{"service": "wep", "region": usage["region"]}]
    assert found.digest == allocate(tables(SMALL)).digest


def test_no_customer_may_have_the_name_of_what_nobody_bought() -> None:
    usage = [{**row, "customer": "_unsold"} for row in SMALL["customer_usage"]]
    with pytest.raises(FleetError, match="customer '_unsold' is the name of what nobody bought"):
        allocate(tables({**SMALL, "customer_usage": usage}))


def test_scope_3_adds_no_energy() -> None:
    """Emissions of manufacture are never divided by a factor: with a million kg more, no kWh more."""
    heavy = {**SMALL, "nonelectric": rows("scope,kg scope3,1000000")}
    energy = [row["energy_wh"] for row in allocate(tables(SMALL)).rows.to_pylist()]
    assert [row["energy_wh"] for row in allocate(tables(heavy)).rows.to_pylist()] == energy


def test_a_file_whose_name_is_no_table_is_said_not_to_be_read(tmp_path: Path) -> None:
    for name, each in tables(SMALL).items():
        pyarrow.csv.write_csv(each, tmp_path / f"{name}.csv")
    (tmp_path / "residual_mixes.csv").write_text("region,g_per_kwh\nr1,500\n", "utf-8")
    (tmp_path / "notes.txt").write_text("", "utf-8")
    assert allocate(tmp_path).ignored == ("residual_mixes.csv",)
