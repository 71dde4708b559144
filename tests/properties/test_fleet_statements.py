"""Statements of random fleets add up to the fleet and to its customers, follow from its tables, and deduct nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet
from hypothesis import HealthCheck, given, settings

from carbon_tokens.allocation.fleet import Footprint, Options, allocate, shares
from carbon_tokens.periods import Month
from carbon_tokens.statements import FleetStatement, build_fleet, check
from tests.fleets import Fleet, fleets, tables

MOST = settings.default.max_examples if settings.default else 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MONTH = Month.parse("2024-01")  # the tables number its hours

seldom = settings(max_examples=max(10, MOST // 10), deadline=None, suppress_health_check=SLOW)


@contextmanager
def written(fleet: Fleet) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, each in tables(fleet).items():
            pyarrow.parquet.write_table(each, Path(folder) / f"{name}.parquet")
        yield Path(folder)


def stated(found: Footprint) -> dict[str, FleetStatement]:
    """The statement of each region with energy."""
    graded = any(name.startswith("sources") for name in found.inputs)
    who = {"facility": 7, "utility": "U", "month": MONTH, "quality": "" if graded else "A"}
    return {
        each.region: build_fleet(found, each.region, meter=each.region, **who)  # type: ignore[arg-type]
        for each in found.regions
        if each.energy_uwh
    }


@seldom
@given(fleets())
def test_statements_of_all_regions_are_the_fleet_and_each_is_its_customers(fleet: Fleet) -> None:
    with written(fleet) as folder:
        found = allocate(folder, Options(missing_hours="annual"))
        made = stated(found)
        assert all(check(each, folder) == [] for each in made.values())
    for name in ("energy_wh", "scope1_g", "scope3_g"):
        assert sum(getattr(each, name) for each in made.values()) == getattr(found, name)
    assert sum(each.scope2_location_g for each in made.values()) == found.statement_g
    for region, each in made.items():
        rows = shares(found, region).to_pylist()
        location = each.scope1_g + each.scope2_location_g + each.scope3_g
        assert [sum(row[lane] for row in rows) for lane in ("energy_wh", "location_g")] == [each.energy_wh, location]


@seldom
@given(fleets())
def test_certificates_of_the_tables_and_last_years_factor_change_nothing_that_is_audited(fleet: Fleet) -> None:
    bare = {name: rows for name, rows in fleet.items() if name != "instruments"}
    bare["regions"] = [{**row, "market_factor": "1"} for row in fleet["regions"]]
    with written(fleet) as folder, written(bare) as other:
        options = Options(missing_hours="annual")
        with_them, without = stated(allocate(folder, options)), stated(allocate(other, options))
    same = {"inputs": (), "rows_sha256": ""}
    assert with_them.keys() == without.keys()
    for region, each in with_them.items():
        assert without[region].to_json() | same == each.to_json() | same
        assert each == FleetStatement.from_json(each.canonical())
