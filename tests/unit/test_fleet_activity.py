"""Colocation: where there is no machine data, a cluster's meter follows activity metrics; machine data always wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("ibis")

from carbon_tokens.allocation.fleet import allocate, twin
from carbon_tokens.cli import app
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, Fleet, rows, tables

SITE: Fleet = {
    "regions": rows("cluster,region hall,CAMX"),
    "facility_hours": rows("cluster,hour,facility_wh hall,0,1000 hall,1,2000"),
    "carbon_intensity": rows("cluster,hour,g_per_kwh hall,0,100 hall,1,400"),
    "activity": rows(
        "cluster,service,metric,amount hall,cage-1,u_rack_h,30 hall,cage-2,u_rack_h,10 hall,cage-2,kw_h,2"
    ),
    "unit_energy": rows("metric,wh_per_unit u_rack_h,100 kw_h,1000"),
    "skus": rows("sku,service,list_price_usd a,cage-1,1 b,cage-2,1"),
    "customer_usage": rows("customer,sku,region,amount acme,a,CAMX,1 beta,b,CAMX,3 gamma,b,CAMX,1"),
}


def by_customer(fleet: Fleet) -> dict[str, tuple[int, int]]:
    found = allocate(given(fleet))
    return {row["customer"]: (row["energy_wh"], row["scope2_location_g"]) for row in found.rows.to_pylist()}


def given(fleet: Fleet) -> dict[str, object]:
    every = tables({**fleet, **{name: fleet.get(name, []) for name in ("machines", "machine_hours", "cpu_usage")}})
    return {name: table for name, table in every.items() if name in fleet}


def test_a_site_without_machine_data_is_shared_by_what_its_tenants_hold() -> None:
    """30 × 100 Wh against 10 × 100 + 2 × 1000: half each of 3,000 Wh and 900 g."""
    assert by_customer(SITE) == {"acme": (1500, 450), "beta": (1125, 338), "gamma": (375, 112)}


def test_the_result_says_for_how_much_energy_activity_decided() -> None:
    found = allocate(given(SITE))
    assert sum(found.hours.column("by_activity").to_pylist()) == 3_000_000_000
    with_machines = allocate(tables(SMALL))
    assert sum(with_machines.hours.column("by_activity").to_pylist()) == 0


def test_the_twin_comes_to_the_same_rows() -> None:
    assert twin.allocate(given(SITE)).equals(allocate(given(SITE)).rows)


def test_machine_data_wins_over_activity_in_its_hours() -> None:
    """Cluster A has machines in both hours, so what activity says of it changes nothing."""
    active = rows("cluster,service,metric,amount A,web,u_rack_h,5 A,db,u_rack_h,1")
    units = rows("metric,wh_per_unit u_rack_h,100")
    assert allocate(tables({**SMALL, "activity": active, "unit_energy": units})).rows.equals(
        allocate(tables(SMALL)).rows
    )


def test_an_hour_without_machine_rows_follows_activity_and_the_others_do_not() -> None:
    """Hour 1 of cluster A loses its machines: its 330 Wh go by activity, all to db."""
    hours = [row for row in SMALL["machine_hours"] if (row["machine"], row["hour"]) not in (("a1", "1"), ("a2", "1"))]
    cpu = [row for row in SMALL["cpu_usage"] if (row["machine"], row["hour"]) != ("a1", "1")]
    fleet = {**SMALL, "machine_hours": hours, "cpu_usage": cpu}
    fleet["activity"] = rows("cluster,service,metric,amount A,db,u_rack_h,5")
    fleet["unit_energy"] = rows("metric,wh_per_unit u_rack_h,100")
    found = allocate(tables(fleet))
    flagged = [
        (row["cluster"], row["hour"], row["by_activity"]) for row in found.hours.to_pylist() if row["by_activity"]
    ]
    assert flagged == [("A", 1, 330_000_000)]
    without = allocate(tables({name: each for name, each in fleet.items() if name not in ("activity", "unit_energy")}))
    of_db = [sum(r["energy_uwh"] for r in each.rows.to_pylist() if r["service"] == "db") for each in (found, without)]
    assert of_db[0] > of_db[1]  # by reservation db would have had a quarter of the hour
    assert twin.allocate(tables(fleet)).equals(found.rows)


def test_activity_of_nothing_leaves_the_hour_to_reservations() -> None:
    fleet = {**SITE, "activity": rows("cluster,service,metric,amount hall,cage-1,u_rack_h,0")}
    fleet["allocations"] = rows("cluster,service,resource,amount hall,cage-2,kw,1")
    fleet["unit_watts"] = rows("resource,watts_per_unit kw,1000")
    assert by_customer(fleet) == {"beta": (2250, 675), "gamma": (750, 225)}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"unit_energy": None}, "there is no table of it"),
        ({"unit_energy": rows("metric,wh_per_unit u_rack_h,100")}, "metric 'kw_h' is unknown"),
        ({"unit_energy": rows("metric,wh_per_unit u_rack_h,1 kw_h,1 kw_h,2")}, "metric 'kw_h' stands in two rows"),
        ({"activity": rows("cluster,service,metric,amount roof,cage-1,kw_h,1")}, "cluster 'roof' is unknown"),
        ({"activity": None}, "no table machines, machine_hours, cpu_usage"),
        ({"machines": rows("machine,cluster,idle_w m,hall,1")}, "no table machine_hours, cpu_usage"),
        ({"facility_hours": rows("cluster,hour,facility_wh hall,0,0")}, "no meter shows any energy"),
    ],
)
def test_activity_that_does_not_fit_is_a_named_error(change: Fleet, what: str) -> None:
    fleet = {name: each for name, each in {**SITE, **change}.items() if each is not None}
    with pytest.raises(FleetError, match=what):
        allocate(given(fleet))


def test_a_colocation_site_is_allocated_from_its_folder(tmp_path: Path) -> None:
    for name, table in given(SITE).items():
        columns = table.column_names  # type: ignore[attr-defined]
        lines = [",".join(columns), *(",".join(row.values()) for row in table.to_pylist())]  # type: ignore[attr-defined]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    done = CliRunner().invoke(app, ["allocate", str(tmp_path), "--json"])
    content = json.loads(done.stdout)
    assert done.exit_code == 0 and content["energy_wh"] == 3000 and content["location_g"] == "900"
    assert content["flags"]["by_activity"] == {"hall": {"energy_uwh": 3_000_000_000, "share": "1", "grade": "D"}}
    assert [each["check"] for each in content["checks"] if not each["holds"]] == []
