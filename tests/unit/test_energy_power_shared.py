"""Power models, shipped coefficients and precedence against the shared data; skipped where it is not at hand."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from fractions import Fraction as F
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens import data_files
from carbon_tokens.energy import coefficients, hourly, precedence, series, utilisation
from carbon_tokens.energy.servers import SPECPOWER_LOADS
from carbon_tokens.energy.site_sources import METER, UPS, Billed, Source
from carbon_tokens.periods import Month

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared"))
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
ITHACA = ZoneInfo("America/New_York")


def shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"not in the shared data: {'/'.join(parts)}")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_every_shipped_specpower_table_has_the_ends_of_one_of_specs_own_results() -> None:
    rows = table(shared("data", "server_power", "specpower_ssj2008_published_to_2021.csv"))
    ends = [(F(row["avg. watts @ active idle"]), F(row["avg. watts @ 100%"])) for row in rows]
    assert len(coefficients.names("specpower")) == 23
    for name in coefficients.names("specpower"):
        model = coefficients.system(name)
        assert ends.count((model.power_w(0), model.power_w(1))) == 1, name
        assert [load for load, _ in model.points] == list(SPECPOWER_LOADS)


def test_the_shipped_watts_of_threads_are_those_of_their_source() -> None:
    path = shared("data", "server_power", "ccf_coefficients-aws-use.csv")
    shipped = {
        row["architecture"]: (row["idle_w"], row["max_w"]) for row in table(data_files.path("power", "threads.csv"))
    }
    for row in table(path):
        assert shipped[row["Architecture"]] == (row["Min Watts"], row["Max Watts"])
    stated = {row["source_file_sha256"] for row in table(data_files.path("SOURCES.csv")) if "threads" in row["file"]}
    assert hashlib.sha256(path.read_bytes()).hexdigest() in stated


@pytest.mark.parametrize(("node", "rows"), [("cbsugpu08", 15_277), ("cbsugpu09", 8_497)])
def test_a_real_gpu_log_is_measured_energy_to_the_last_row(node: str, rows: int) -> None:
    path = shared("data", "server_utilisation", f"cornell_biohpc_{node}_hourly.tsv")
    log = utilisation.read_gpu_log(path, ITHACA)
    hours = utilisation.hours(log, None, utility="own", meter=node, period_s=3600)
    column = [line.split("\t")[2] for line in path.read_text("utf-8-sig").splitlines() if line.startswith(node)]
    assert (log.machine, len(log.uses), len(column)) == (node, rows, rows)
    assert sum(hour.energy_wh or 0 for hour in hours) == sum(map(F, column))
    assert all(hour.complete and hour.quality == "A" for hour in hours)


def test_a_month_of_a_real_gpu_log_is_a_reading_with_its_gaps_counted() -> None:
    log = utilisation.read_gpu_log(shared("data", "server_utilisation", "cornell_biohpc_cbsugpu08_hourly.tsv"), ITHACA)
    hours = utilisation.hours(log, None, utility="own", meter="gpu08", period_s=3600)
    (reading,) = hourly.readings(hours, Month.parse("2024-03"), "mean")
    assert reading.hours_present + reading.hours_missing == 744 and reading.quality == "B"
    march = Month.parse("2024-03")
    present = sum(march.start <= hour.start < march.end for hour in hours)
    assert reading.hours_missing == 744 - present > 0


def test_a_bill_fills_the_gaps_of_a_real_building_meter_exactly() -> None:
    """Office Abigail: 8,733 hours, 76,947 kWh; what it lacks is what a bill of 77,000 kWh has beyond them."""
    rows = table(shared("data", "building_energy", "bdg1_Office_Abigail_hourly.csv"))
    known = {int(series.instant(row["timestamp"])): 1000 * F(row["energy"]) for row in rows}
    start, end = min(known), max(known) + 3600
    meter = Source(METER, known)
    assert len(known) == len(rows) == 8733 and round(sum(known.values()) / 1000) == 76_947
    found = precedence.settle(start, end, [meter], [Billed(start, end, 77_000_000)])
    filled = [hour for hour in found if hour.tier == "bill"]
    assert sum(hour.energy_wh for hour in found) == 77_000_000
    assert len(filled) == (end - start) // 3600 - 8733 > 0 and {hour.shaped_by for hour in filled} == {"flat"}
    shaped = precedence.settle(start, end, [Source(UPS, known)], [Billed(start, end, 77_000_000)])
    assert sum(hour.energy_wh for hour in shaped) == 77_000_000
    ratio = F(77_000_000) / sum(hour.energy_wh for hour in shaped if hour.start in known)
    assert F(1) < ratio < F("1.01")


def test_the_literal_tables_hold_every_case_of_the_golden_files() -> None:
    """If a case is added there, it is missing in test_energy_published.py."""
    sizes = {"09_site_energy.json": 8, "11_published.json": 20}
    for name, cases in sizes.items():
        assert len(json.loads(shared("golden", name).read_text("utf-8"))["cases"]) == cases
