"""A month audited from a site's own sources and a chosen factor, closed, claimed and verified from the same files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.periods import Month
from carbon_tokens.statements import check, read_auditable

MONTH = Month.parse("2021-02")
SITE = """
utility = "LES"
meter = "hall 1"
zone = "UTC"
[[meters]]
file = "meter.csv"
[[bills]]
file = "bills.csv"
[[servers]]
file = "web.csv"
model = "linear:100:300"
count = 2
period_s = 3600
[overhead]
pue = 1.5
source = "annual report"
"""


def hours(first: int, last: int) -> list[str]:
    """Starts of the hours of February 2021, from one to before another."""
    return [f"2021-02-{1 + hour // 24:02d}T{hour % 24:02d}:00Z" for hour in range(first, last)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The meter knows the first 600 hours, 1,000 Wh each; the bill is of 700 kWh; servers' use shapes the rest."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "site.toml").write_text(SITE)
    (inputs / "meter.csv").write_text("hour_start_utc,energy_wh\n" + "".join(f"{at},1000\n" for at in hours(0, 600)))
    (inputs / "bills.csv").write_text("meter,utility,from,thru,kwh\nhall 1,LES,2021-02-01,2021-02-28,700\n")
    use = [f"{at[:-1]}:00Z,{'0.5' if number % 2 else '0'}\n" for number, at in enumerate(hours(0, 672))]
    (inputs / "web.csv").write_text("timestamp,utilisation\n" + "".join(use))
    monkeypatch.chdir(tmp_path)
    return inputs


def run(*words: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_best_source_sets_each_hour_and_the_bill_is_met_to_the_watt_hour(folder: Path) -> None:
    found = run("energy", "site", folder / "site.toml", "--month", MONTH, "--out", folder / "hours.csv")
    assert found["energy_wh"] == sum(hour["energy_wh"] for hour in found["hours"]) == 700_000
    assert found["hours_by_tier"] == {"meter": 600, "bill": 72} and found["quality"] == "B"
    rest = [hour for hour in found["hours"] if hour["tier"] == "bill"]
    assert {hour["shaped_by"] for hour in rest} == {"servers"}
    assert sum(hour["energy_wh"] for hour in rest) == 100_000  # idle 300 Wh, half load 600 Wh: one to two
    assert {hour["energy_wh"] for hour in rest} == {926, 1851, 1852}
    assert found["gaps"]["servers"]["hours"] == 672 and len((folder / "hours.csv").read_text().splitlines()) == 673


def test_a_sites_month_is_audited_by_a_chosen_factor_and_recomputed_from_its_files(folder: Path) -> None:
    (folder / "aib.csv").write_text("country,residual_mix_gCO2_per_kWh,production_mix_gCO2_per_kWh\nDE,500.5,400\n")
    (folder / "countries.csv").write_text("year,region,g_per_kwh\n2021,DE,380.25\n")
    given = ("--country", "DE", "--year", 2021, "--table", folder / "aib.csv", "--table", folder / "countries.csv")
    run("factors", "explain", *given, "--table-year", 2021, "--market-zone", "EU", "--out", folder / "factor.json")
    run("deploy", "--dev-roles", "--zone", "EU", "--account", "dev:admin")
    loaded = run("factors", "load", "--choice", folder / "factor.json", "--account", "dev:publisher")
    assert loaded["regions"] == 1 and loaded["market_zone"] == "EU"
    account = ("--account", "dev:operator")
    facility = run("facility", "add", "--name", "Hall", "--zone", "EU", "--region", "DE", *account)["facility"]
    place = ("--facility", facility, "--month", MONTH)
    audited = run("audit", *place, "--site", folder / "site.toml", "--factor", folder / "factor.json",
                  "--account", "dev:auditor")  # fmt: skip
    (row,) = audited["audits"]
    assert row["energy_wh"] == 700_000
    run("close", *place, "--account", "dev:auditor")
    (month,) = run("status", *place)["months"]
    assert month["gross_location_g"] == 266_175  # 700 kWh × 380.25 g
    documents = [path.read_bytes() for path in Path(".carbon-tokens").rglob("documents/*.json")]
    (statement,) = [read_auditable(each) for each in documents if b"carbon-tokens/statement/2" in each]
    assert statement.factor.residual_rate == "500500" and statement.scope2_residual_g == 350_350
    assert check(statement, folder) == [] and any("servers says" in note for note in statement.notes)
    assert any("the notes leave out" in each for each in check(replace(statement, notes=()), folder))
    (folder / "web.csv").write_text((folder / "web.csv").read_text().replace("0.5", "0.6"))
    assert any("web.csv has sha-256" in each for each in check(statement, folder))
