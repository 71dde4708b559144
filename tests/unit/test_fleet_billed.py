"""Meters against bills (METHOD (b), C3 and C12)."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.fleet.billed import Billed, compare, content
from carbon_tokens.allocation.fleet.tables import read
from carbon_tokens.cli import app
from carbon_tokens.errors import FleetError, NotReconciled
from carbon_tokens.periods import Month
from tests.fleets import COLUMNS, rows, table

DEMO = data_files.path("demo", "fleet")
JANUARY = Month.parse("2023-01")
REGIONS = "cluster,region,zone,market_factor a,r1,z,0.5 b,r1,z,0.5 c,r2,z,0.5"
DAY = 1_000_000  # Wh a day of a cluster


def compared(bills: str, *, month: Month | None = JANUARY, tolerance: str = "0.02", regions: str = REGIONS) -> Billed:
    """Three clusters with 1 MWh a day each in January 2023."""
    first = JANUARY.start // 3600
    cells = [(cluster, first + 24 * day) for cluster in "abc" for day in range(31)]
    hours = pa.table({"cluster": [c for c, _ in cells], "hour": [h for _, h in cells], "energy": [DAY * 10**6] * 93})
    given = {
        name: read(table(rows(text), COLUMNS[name]), name) for name, text in (("bills", bills), ("regions", regions))
    }
    found = compare(given, hours, month, Decimal(tolerance))
    assert found
    return found


def test_a_bill_across_two_months_counts_by_its_inclusive_days() -> None:
    """METHOD 8.1: 16 January to 14 February, 30,000 kWh: 16,000 of January."""
    (found,) = compared("meter,cluster,from,thru,kwh m,a,2023-01-16,2023-02-14,30000").comparisons
    assert (found.billed_uwh, found.metered_uwh, found.days) == (16_000 * 10**9, 16_000 * 10**9, 16)
    assert found.unmetered_uwh == 0 and found.difference == 0


def test_what_is_billed_and_not_metered_is_shown_exactly() -> None:
    found = compared("meter,cluster,from,thru,kwh m,a,2023-01-01,2023-01-31,31310")
    (one,) = found.comparisons
    assert one.unmetered_uwh == 310 * 10**9 == found.unmetered_uwh and one.difference == Fraction(310, 31310)
    assert found.unbilled == {"b": 31 * DAY * 10**6, "c": 31 * DAY * 10**6}


def test_a_region_is_compared_with_all_of_its_clusters_and_all_of_its_meters() -> None:
    bills = "meter,region,from,thru,kwh m1,r1,2023-01-01,2023-01-31,40000 m2,r1,2023-01-01,2023-01-31,22000"
    found = compared(bills)
    (one,) = found.comparisons
    assert one.place == ("region", "r1") and one.meters == ("m1", "m2")
    assert one.metered_uwh == 62 * DAY * 10**6 and list(found.unbilled) == ["c"]


def test_only_the_days_that_are_billed_are_compared() -> None:
    bills = "meter,cluster,from,thru,kwh old,a,2023-01-05,2023-01-09,5000 new,a,2023-01-10,2023-01-14,5000"
    (found,) = compared(bills).comparisons
    assert found.days == 10 and found.unmetered_uwh == 0


@pytest.mark.parametrize(("kwh", "passes"), [("31000", True), ("31632.653", True), ("31632.654", False),
                                             ("30392.157", True), ("30392.156", False), ("0", False)])  # fmt: skip
def test_the_tolerance_is_a_part_of_what_was_billed_both_ways(kwh: str, passes: bool) -> None:
    """31,000 / 0.98 = 31,632.653… kWh; 31,000 / 1.02 = 30,392.156… kWh."""
    bills = f"meter,cluster,from,thru,kwh m,a,2023-01-01,2023-01-31,{kwh}"
    if passes:
        assert compared(bills).comparisons
        return
    with pytest.raises(NotReconciled, match=r"C3: .*cluster a: billed .*metered 31,000.000 kWh") as error:
        compared(bills)
    assert len(error.value.comparisons) == 1 and "--bill-tolerance" in error.value.todo


def test_a_wider_tolerance_lets_pass_and_keeps_the_difference() -> None:
    found = compared("meter,cluster,from,thru,kwh m,a,2023-01-01,2023-01-31,34000", tolerance="0.1")
    said = content(found)
    assert said and said["tolerance"] == "0.1" and said["places"][0]["unmetered_uwh"] == 3000 * 10**9


def test_bills_of_other_months_are_counted_but_not_compared() -> None:
    found = compared("meter,cluster,from,thru,kwh m,a,2022-12-01,2022-12-31,99 n,a,2023-02-01,2023-02-02,99")
    assert (found.comparisons, found.elsewhere) == ((), 2) and len(found.unbilled) == 3


@pytest.mark.parametrize(
    ("bills", "what"),
    [
        ("m,a,,2023-01-01,2023-01-10,10 m,a,,2023-01-10,2023-01-20,10", r"bills:3: C12: .*overlaps bills:2"),
        ("m,a,,2023-01-01,2023-01-10,10 M,b,,2023-01-01,2023-01-10,10", r"bills:3: C12: .*is the same bill as bills:2"),
        ("m,a,,2023-01-11,2023-01-10,10", r"bills:2: the bill ends \(2023-01-10\) before it starts"),
        ("m,a,,2023-02-30,2023-03-10,10", "bills:2: '2023-02-30' is no date"),
        ("m,a,,20230101,2023-03-10,10", "bills:2: '20230101' is no date"),
        ("m,x,,2023-01-01,2023-01-10,10", "bills:2: 'x' is unknown"),
        ("m,,x,2023-01-01,2023-01-10,10", "bills:2: 'x' is unknown"),
        ("m,a,r1,2023-01-01,2023-01-10,10", "bills:2: give the cluster or the region"),
        ("m,,,2023-01-01,2023-01-10,10", "bills:2: give the cluster or the region"),
        ("m,a,,2023-01-01,2023-01-10,10 n,,r1,2023-01-01,2023-01-10,20", "cluster 'a' is billed by itself and with"),
    ],
)  # fmt: skip
def test_bills_that_cannot_be_used_are_refused_by_row(bills: str, what: str) -> None:
    with pytest.raises(FleetError, match=what):
        compared(f"meter,cluster,region,from,thru,kwh {bills}")


def test_bills_need_a_month_with_a_name() -> None:
    with pytest.raises(FleetError, match="bills have dates"):
        compared("meter,cluster,from,thru,kwh m,a,2023-01-01,2023-01-31,31000", month=None)


@pytest.mark.parametrize("tolerance", ["-0.01", "NaN", "Infinity"])
def test_a_tolerance_is_a_part(tolerance: str) -> None:
    with pytest.raises((FleetError, ArithmeticError)):
        compared("meter,cluster,from,thru,kwh m,a,2023-01-01,2023-01-31,31000", tolerance=tolerance)


def test_without_bills_the_result_says_so(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        if path.name != "bills.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert fleet.to_json(fleet.allocate(tmp_path))["billed"] is None


def test_the_bills_of_the_demo_change_nothing_but_what_is_said_of_them(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        if path.name not in ("bills.csv", "sources.csv"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    found = fleet.allocate(DEMO)
    assert found.digest == fleet.allocate(tmp_path).digest and found.energy_wh == 36_807
    assert found.billed and found.billed.unmetered_uwh == 293 * 10**6  # 18.6 + 277.5 / 15 - 36.807 kWh


def test_the_command_refuses_beyond_the_tolerance_that_is_asked_for(tmp_path: Path) -> None:
    def run(*more: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["report", str(DEMO), "--out", str(tmp_path / "r.html"), "--json", *more])
        return done.exit_code, done.stdout

    code, said = run("--bill-tolerance", "0.005")
    assert code == 1 and json.loads(said)["error"]["kind"] == "NotReconciled" and not (tmp_path / "r.html").exists()
    assert run("--bill-tolerance", "2%")[0] == 2 and run("--bill-tolerance=-1")[0] == 2
    assert run("--bill-tolerance", "0.01")[0] == 0 and "293" in (tmp_path / "r.html").read_text("utf-8")
