"""Grades, sources and intervals (METHOD section 7)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.fleet import report
from carbon_tokens.allocation.fleet.quality import content
from carbon_tokens.errors import FleetError
from tests.fleets import SMALL, rows, tables

DEMO = data_files.path("demo", "fleet")
HEAD = "table,cluster,dataset,release,grade,uncertainty"


def allocated(sources: str = "", **changes: Any) -> fleet.Footprint:
    declared = {"sources": rows(f"{HEAD} {sources}")} if sources else {}
    return fleet.allocate(tables({**SMALL, **declared, **changes}))


def grams(found: fleet.Footprint) -> list[float]:
    return [float(each.location) for each in found.quality.clusters]


def test_without_sources_nothing_is_made_up() -> None:
    found = allocated()
    said = content(found.quality)
    assert said["location"]["total"]["uncertainty"] is None and said["split"]["uncertainty"] is None
    assert all(set(of) <= {"not declared"} for of in said["grades"].values())
    page = report.html(found)
    assert "band not declared" in page and "No band is declared" in page and "±" not in page.split("</style>")[1]


def test_meters_err_by_themselves() -> None:
    """u² = Σ (g·u)²."""
    found = allocated("facility_hours,,meter,1,A,0.03")
    expected = 0.03 * math.hypot(*grams(found))
    assert found.quality.location[""].off == pytest.approx(expected, rel=1e-12)


def test_the_intensity_is_common_to_all_and_adds_up_linearly() -> None:
    found = allocated("carbon_intensity,,grid,1,B,0.05")
    assert found.quality.location[""].off == pytest.approx(0.05 * sum(grams(found)), rel=1e-12)


def test_meters_and_a_common_factor_are_independent_of_each_other() -> None:
    found = allocated("facility_hours,,meter,1,A,0.03 carbon_intensity,,grid,1,B,0.05")
    expected = math.hypot(0.03 * math.hypot(*grams(found)), 0.05 * sum(grams(found)))
    assert found.quality.location[""].off == pytest.approx(expected, rel=1e-12)


def test_a_clusters_own_row_is_taken_before_that_of_the_table() -> None:
    first = allocated().quality.clusters[0].cluster
    found = allocated(f"facility_hours,,meter,1,B,0 facility_hours,{first},meter,1,A,0.1")
    assert found.quality.location[""].off == pytest.approx(0.1 * grams(found)[0], rel=1e-12)
    shares = found.quality.grades["facility_hours"]
    assert set(shares) == {"A", "B"} and sum(shares.values()) == 1


def test_what_is_not_declared_is_named_beside_the_interval() -> None:
    interval = allocated("facility_hours,,meter,1,A,0.03").quality.location[""]
    assert interval.undeclared and all(name.startswith("carbon_intensity") for name in interval.undeclared)


def test_location_and_market_intervals_are_of_the_published_totals() -> None:
    found = allocated("facility_hours,,meter,1,A,0.03")
    for region in found.regions:
        assert found.quality.location[region.region].grams == region.location
        assert found.quality.market[region.region].grams == region.market


@pytest.mark.parametrize(("retired", "off"), [("1", 0.1), ("999999999", 0.0)])
def test_with_a_residual_mix_the_rest_has_its_band_and_certificates_have_theirs(retired: str, off: float) -> None:
    """All of the energy covered by certificates of 0 g: nothing is left that could be off."""
    region = allocated().regions[0].region
    mix = [{"region": region, "g_per_kwh": "300"}]
    instruments = [{"instrument": "i", "region": region, "energy_wh": retired, "g_per_kwh": "0"}]
    found = allocated("residual_mix,,mix,1,C,0.1", residual_mix=mix, instruments=instruments)
    interval = found.quality.market[region]
    assert interval.grams == next(each.market for each in found.regions if each.region == region)
    assert (interval.off or 0) == pytest.approx(off * float(interval.grams))


def test_idle_watts_and_prices_change_no_total() -> None:
    found = allocated("machines,,sheet,1,C,0.3 skus,,list,1,B,0.4").quality
    assert found.location[""].off is None and found.market[""].off is None and found.split == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("meters,,x,1,A,0.1", "sources:2: table 'meters' is not given"),
        ("residual_mix,,x,1,A,0.1", "sources:2: table 'residual_mix' is not given"),
        ("facility_hours,nowhere,x,1,A,0.1", "sources:2: cluster 'nowhere' is unknown"),
        ("facility_hours,,x,1,E,0.1", "sources:2: grade 'E' is unknown"),
        ("facility_hours,,x,1,A,2%", "sources:2: uncertainty '2%' is no band"),
        ("facility_hours,,x,1,A,-0.1", "sources:2: uncertainty '-0.1' is no band"),
        ("facility_hours,,x,1,A,2", "sources:2: uncertainty '2' is no band"),
        ("facility_hours,,x,1,A,nan", "sources:2: uncertainty 'nan' is no band"),
        ("skus,,x,1,A,0.1 skus,,y,1,B,0.1", "sources:3: the source of skus stands twice"),
    ],
)
def test_sources_that_say_nothing_usable_are_refused_by_row(row: str, what: str) -> None:
    with pytest.raises(FleetError, match=what):
        allocated(row)


def test_the_demos_interval_is_the_one_by_hand() -> None:
    """Location: hypot(1 % of a, 5 % of b, 6 % of both); market with 10 % of the factor besides."""
    found = fleet.allocate(DEMO).quality
    a, b = (float(each.location) for each in found.clusters)
    expected = math.hypot(0.01 * a, 0.05 * b, 0.06 * (a + b))
    assert found.location["MROW"].off == pytest.approx(expected, rel=1e-12)
    assert found.market["MROW"].off == pytest.approx(0.35 * math.hypot(expected, 0.1 * (a + b)), rel=1e-12)


def test_every_cluster_says_what_its_factors_are(tmp_path: Path) -> None:
    page = report.html(fleet.allocate(DEMO))
    assert "factor 0.35 of the year before (provisional)" in page and "UPS log with a cooling model" in page
    factors = [{name: cell for name, cell in row.items() if name != "market_factor"} for row in SMALL["regions"]]
    assert "the location-based one stands in" in report.html(allocated(regions=factors))
