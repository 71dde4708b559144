"""Kernel, twin and exact reference agree on fleets at the edges: the smallest, the barest, the longest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.fleet import Options, allocate
from carbon_tokens.allocation.method import Line
from carbon_tokens.errors import CarbonTokensError
from tests.fleet_oracle import exact_footprint
from tests.fleets import COLUMNS, Fleet, Row, rows, tables

pytest.importorskip("ibis", reason="the twin needs the extra `twin`")

from carbon_tokens.allocation.fleet import twin

ONE_MACHINE: Fleet = {name: [] for name in COLUMNS} | {
    "regions": rows("cluster,region,zone A,r1,z1"),
    "machines": rows("machine,cluster,sector,idle_w,class,owner a1,A,,100,shared,"),
    "machine_hours": rows("machine,hour,energy_wh,on_s a1,0,300,3600"),
    "cpu_usage": rows("machine,hour,service,cpu_s a1,0,web,3 a1,0,db,1"),
    "allocations": rows("cluster,service,resource,amount A,web,cpu,3 A,db,ram,2"),
    "unit_watts": rows("resource,watts_per_unit cpu,1 ram,0.375"),
    "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,500"),
    "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,400"),
    "annual_intensity": rows("zone,g_per_kwh z1,300"),
    "reallocation": rows("from,to,fraction db,web,0.25"),
    "skus": rows("sku,service,list_price_usd w,web,0.05 d,db,0.1"),
    "customer_usage": rows("customer,project,sku,region,amount acme,p,w,r1,10 beta,q,d,r1,4 beta,q,w,r1,3"),
}


def some_days(hours: range) -> Fleet:
    """Two machines, two clusters, other amounts each hour, and no intensity in each seventh."""
    chance, each = random.Random(31), [str(hour) for hour in hours]

    def wh(least: int) -> str:
        return f"{chance.randint(least, least + 99)}.{chance.randint(0, 999_999):06d}"

    power = [(machine, hour, wh(100), "3600") for machine in ("a1", "b1") for hour in each]
    meters = [(cluster, "", hour, wh(300)) for cluster in ("A", "B") for hour in each]
    cpu = [(machine, hour, name, str(chance.randint(0, 9)))
           for machine in ("a1", "b1") for hour in each for name in ("web", "db")]  # fmt: skip
    grid = [(cluster, hour, wh(10)) for cluster in ("A", "B") for hour in each if int(hour) % 7]
    return ONE_MACHINE | {
        "regions": rows("cluster,region,zone,market_factor A,r1,z1,0.5 B,r2,z1,0.25"),
        "machines": rows("machine,cluster,sector,idle_w,class,owner a1,A,,100,shared, b1,B,,80,shared,"),
        "machine_hours": named("machine_hours", power),
        "facility_hours": named("facility_hours", meters),
        "cpu_usage": named("cpu_usage", cpu),
        "carbon_intensity": [
            dict(zip(("cluster", "hour", "g_per_kwh"), row, strict=True)) for row in grid
        ],
        "customer_usage": [*ONE_MACHINE["customer_usage"], *rows("customer,project,sku,region,amount acme,p,d,r2,7")],
    }  # fmt: skip


def named(table: str, cells: Sequence[tuple[str, ...]]) -> list[Row]:
    return [dict(zip(COLUMNS[table], row, strict=True)) for row in cells]


def great(fleet: Fleet, energy: int, intensity: str) -> Fleet:
    """The fleet with ``energy`` times its energy, at another intensity."""
    for table, column in (("machine_hours", "energy_wh"), ("facility_hours", "facility_wh"), ("machines", "idle_w")):
        fleet = {**fleet, table: [{**row, column: str(int(row[column]) * energy)} for row in fleet[table]]}
    return {**fleet, "carbon_intensity": [{**row, "g_per_kwh": intensity} for row in fleet["carbon_intensity"]]}


EDGES = {
    "one machine, one hour": ONE_MACHINE,
    "no shared service": ONE_MACHINE | {"reallocation": []},
    "nobody reserves": ONE_MACHINE | {"allocations": []},
    "all machines dedicated": ONE_MACHINE
    | {"machines": rows("machine,cluster,sector,idle_w,class,owner a1,A,,100,dedicated,db"), "allocations": []},
    "a cluster without machines": ONE_MACHINE
    | {
        "regions": rows("cluster,region,zone A,r1,z1 B,r2,z1"),
        "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,500 B,,0,70.000001"),
        "customer_usage": [*ONE_MACHINE["customer_usage"], *rows("customer,project,sku,region,amount acme,p,w,r2,1")],
    },
    "a cluster without machines where somebody reserves": ONE_MACHINE
    | {
        "regions": rows("cluster,region,zone A,r1,z1 B,r1,z1"),
        "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,500 B,,0,70.000001"),
        "allocations": rows("cluster,service,resource,amount B,db,cpu,1"),
    },
    "nobody computes": ONE_MACHINE | {"cpu_usage": []},
    "CPU time of 0": ONE_MACHINE | {"cpu_usage": rows("machine,hour,service,cpu_s a1,0,web,0 a1,0,db,0")},
    "nobody computes or reserves": ONE_MACHINE | {"cpu_usage": [], "allocations": []},
    "a machine that draws nothing": ONE_MACHINE
    | {"machine_hours": rows("machine,hour,energy_wh,on_s a1,0,0,0"), "cpu_usage": []},
    "idle above its energy": ONE_MACHINE
    | {"machines": rows("machine,cluster,sector,idle_w,class,owner a1,A,,9000,shared,")},
    "no overhead": ONE_MACHINE | {"facility_hours": rows("cluster,sector,hour,facility_wh A,,0,300")},
    "a loop of two": ONE_MACHINE | {"reallocation": rows("from,to,fraction db,web,0.9 web,db,0.9")},
    "1 µWh": ONE_MACHINE
    | {
        "machine_hours": rows("machine,hour,energy_wh,on_s a1,0,0.000001,3600"),
        "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,0.000001"),
    },
    "an hour of 100 GWh": great(ONE_MACHINE, 1_000_000, "400") | {
        "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,100000000000")
    },
    "an intensity of 100,000 g/kWh": great(ONE_MACHINE, 1_000_000, "100000"),
    "the last four days of 31": some_days(range(648, 744)),
}  # fmt: skip
AMOUNTS = {
    "idle_w", "energy_wh", "on_s", "cpu_s", "amount", "watts_per_unit", "facility_wh", "g_per_kwh", "fraction",
    "list_price_usd", "market_factor",
}  # fmt: skip
MODES = [Options(missing_hours="annual"), Options("service", "annual"), Options(missing_hours="annual", rounds=2)]


def together(fleets: list[Fleet]) -> Fleet:
    """All fleets as one, each with clusters, regions, services and customers of its own: the twin takes a second."""
    kept = {"resource", "hour", "class"} | {column for name in COLUMNS for column in COLUMNS[name] if column in AMOUNTS}

    def own(number: int, row: Row) -> Row:
        return {name: value if name in kept or not value else f"{number:02}{value}" for name, value in row.items()}

    return {
        name: [own(at, row) for at, fleet in enumerate(fleets) for row in fleet[name]] for name in COLUMNS
    } | {"unit_watts": ONE_MACHINE["unit_watts"]}  # fmt: skip


@pytest.mark.parametrize("options", MODES, ids=["regional", "service", "two rounds"])
def test_kernel_and_twin_come_to_the_same_rows_at_every_edge(options: Options) -> None:
    given = tables(together([fleet for name, fleet in EDGES.items() if not name.startswith("the last")]))
    found, other = allocate(given, options), twin.allocate(given, options)
    assert len({row["region"][:2] for row in found.rows.to_pylist()}) == len(EDGES) - 1
    assert other.to_pylist() == found.rows.select(other.column_names).to_pylist()


def test_kernel_and_twin_come_to_the_same_rows_over_a_month_of_31_days() -> None:
    given = tables(some_days(range(744)))
    other = twin.allocate(given, MODES[0])
    assert other.num_rows == 4
    assert other.to_pylist() == allocate(given, MODES[0]).rows.select(other.column_names).to_pylist()


@pytest.mark.parametrize("fleet", EDGES.values(), ids=EDGES)
def test_the_kernel_is_within_its_floors_of_the_exact_reference(fleet: Fleet) -> None:
    exact, found = exact_footprint(fleet), allocate(tables(fleet), MODES[0])
    for region in found.regions:
        assert (F(region.energy_uwh, 10**9), region.location, region.market) == exact.regions[region.region]
    sold = [row for row in found.rows.to_pylist() if row["customer"] != "_unsold"]
    for row in sold:
        wanted = exact.rows[Line(row["customer"], row["project"], row["service"], row["region"])]
        uwh, ug = exact.slack[row["region"]]
        assert abs(row["energy_uwh"] - wanted.energy * 10**9) <= uwh
        assert abs(row["location_ug"] - wanted.grams * 10**6) <= ug
    for name in ("energy_wh", "scope2_location_g", "scope2_market_g"):
        assert sum(found.rows.column(name).to_pylist()) == sum(getattr(region, name) for region in found.regions)


def test_more_than_can_be_counted_is_an_error_in_every_mode_and_never_a_number() -> None:
    """A thousand times the greatest of the fleets above: 53 bits do not hold the sum of a room's hour."""
    beyond = great(ONE_MACHINE, 10**11, "400")
    for options in MODES:
        with pytest.raises(CarbonTokensError):
            allocate(tables(beyond), options)
