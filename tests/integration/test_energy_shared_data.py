"""Energy and the demo's facts against the shared data and golden files."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens import data_files
from carbon_tokens.energy import apply_pue, bills, hourly
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared"))
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
CORNELL = "data/server_utilisation/cornell_biohpc_cbsugpu08_hourly.tsv"


def shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"not in the shared data: {'/'.join(parts)}")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_golden_bill_is_split_as_the_golden_file_says(tmp_path: Path) -> None:
    cases = json.loads(shared("golden", "09_site_energy.json").read_text())["cases"]
    golden = next(case for case in cases if "proration" in case["case"])
    path = tmp_path / "b.csv"
    path.write_text(f"meter,utility,from,thru,kwh\n1,u,{golden['from']},{golden['thru']},{golden['kwh']}\n")
    (bill,) = bills.read(path)
    found = {str(month): Fraction(energy, 1000) for month, energy in bills.split(bill).items()}
    assert found == {month: Fraction(kwh) for month, kwh in golden["expect"].items()}


def cornell(month: Month) -> dict[int, str]:
    """UTC hour start -> mean GPU power in W, from local stamps of Ithaca NY (in hours that exist once)."""
    zone, found = ZoneInfo("America/New_York"), {}
    for line in shared(CORNELL).read_text(encoding="utf-8-sig").splitlines()[1:]:
        if re.match(r"cbsugpu08\t\d{4}-", line):
            _, stamp, power, *_ = line.split("\t")
            start = int(datetime.fromisoformat(stamp).replace(tzinfo=zone).timestamp())
            if month.start <= start < month.end:
                found[start] = power
    return found


@pytest.mark.parametrize("name", ["2024-02", "2024-07", "2025-01"])
def test_measured_gpu_power_gives_a_month_with_its_hours_counted(tmp_path: Path, name: str) -> None:
    month = Month.parse(name)
    measured = cornell(month)
    stamps = [f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:00Z},{power}" for start, power in measured.items()]
    path = tmp_path / "gpu.csv"
    path.write_text("\n".join(["hour_start_utc,power_w", *stamps]))
    hours = hourly.read(path, "Cornell BioHPC", "cbsugpu08")
    (reading,) = hourly.readings(hours, month, "mean")
    assert reading.hours_present == len(measured) and reading.hours_present + reading.hours_missing == month.hours
    mean = sum(map(float, measured.values())) / len(measured)
    assert reading.energy_wh == pytest.approx(mean * month.hours, abs=1)
    assert apply_pue(reading, "1.5", "stated").energy_wh == pytest.approx(mean * month.hours * 1.5, abs=2)
    if reading.hours_missing:
        with pytest.raises(EnergyError, match=f"{reading.hours_missing} of {month.hours} hours"):
            hourly.readings(hours, month, "refuse")


def test_the_demos_recs_are_the_registrys(tmp_path: Path) -> None:
    (demo,) = table(data_files.path("demo", "certificates.csv"))
    (found,) = [
        row
        for row in table(shared("data/recs/nar_retirement_certificates_2022.csv"))
        if row["serial"] == demo["serials"]
    ]
    assert (found["nar_id"], found["project"], found["type"]) == (demo["source"], demo["name"], "Wind")
    assert int(found["quantity"]) * 1_000_000 == int(demo["amount"])


def test_the_demos_offsets_are_the_registrys() -> None:
    (demo,) = table(data_files.path("demo", "offsets.csv"))
    path = shared("data/offsets/registry_2026/american-carbon-registry/retirements.csv")
    (found,) = [row for row in table(path) if row["Credit Serial Numbers"] == demo["serials"]]
    assert (found["Project ID"], found["Project Name"]) == (demo["source"], demo["name"])
    assert int(found["Quantity of Credits"]) * 1_000_000 == int(demo["amount"])
    first, last = found["Vintage Assignment Period Start Date"], found["Vintage Assignment Period End Date"]
    vintage = {demo["vintage_start"][:10], demo["vintage_end"][:10]}
    assert {datetime.strptime(day, "%m/%d/%Y").date().isoformat() for day in (first, last)} <= vintage | {"2020-12-30"}
    assert vintage == {"2020-08-05", "2020-12-31"}


def test_the_city_of_the_demo_lies_in_one_subregion() -> None:
    rows = table(shared("data/egrid/zip/zip_utility_subregion_2023.csv"))
    lincoln = {row["SUBRGN"] for row in rows if re.match(r"685[0-2]\d$", row["zip"])}
    assert lincoln == {"MROW"}


def test_every_hash_of_a_shared_file_in_the_sources_is_the_files() -> None:
    names = (
        "data/egrid/2018v2/plant.csv",
        "data/offsets/registry_2026/american-carbon-registry/retirements.csv",
        "data/residual_mix/crs_green_e_residual_mix_2025_release_2023_data.csv",
        "data/egrid/epa_hub/ghg-emission-factors-hub-2024.xlsx",
    )
    stated = {row["source_file_sha256"] for row in table(data_files.path("SOURCES.csv")) if "data/demo" in row["file"]}
    for name in names:
        assert hashlib.sha256(shared(name).read_bytes()).hexdigest() in stated
