"""A month audited from a meter's Green Button file and a log of fuels, and verified from the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.cli.measured import other_scopes
from carbon_tokens.periods import Month
from tests import espi_feeds as espi

MONTH = Month.parse("2021-02")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a month: 672 hours of 1,500 Wh, and ten gallons of diesel."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "meter.xml").write_text(espi.one_meter(espi.hourly([1500] * 672, MONTH.start)))
    rows = ["fuel,diesel,10,gallon,2021-02-03,2021-02-03", "refrigerant,R-410A,1,g,2021-01-01,2021-12-31"]
    (inputs / "direct.csv").write_text("\n".join(["kind,name,amount,unit,from,thru", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return inputs


def run(*words: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_meters_month_is_audited_proven_and_recomputed_from_its_files(folder: Path) -> None:
    run("deploy", "--dev-roles", "--account", "dev:admin")
    run("factors", "load", "--year", 2021, "--account", "dev:publisher")
    facility = run("facility", "add", "--name", "Hall", "--zip", "68508", "--account", "dev:operator")["facility"]
    place = ("--facility", facility, "--month", MONTH)
    metered = ("--meter", folder / "meter.xml", "--utility", "LES", "--meter-name", "M1")
    found = run("audit", *place, *metered, "--direct", folder / "direct.csv", "--boundary", "google-2026",
                "--account", "dev:auditor")  # fmt: skip
    assert [row["energy_wh"] for row in found["audits"]] == [672 * 1500, 0]
    assert sum(row["scope1_g"] for row in found["audits"]) == 102_575  # 102,426.8 + 1,923.5 × 28 / 365
    run("close", *place, "--account", "dev:auditor")
    gross = 102_575 + -(-672 * 1500 * 454_978 // 10**6)
    (month,) = run("status", *place)["months"]
    assert month["gross_location_g"] == gross


def test_bills_and_a_meter_of_the_same_month_are_not_added_up(folder: Path) -> None:
    words = ["audit", "--facility", "0x" + "1" * 54, "--month", "2021-02", "--meter", str(folder / "meter.xml")]
    done = CliRunner().invoke(app, [*words, "--bills", str(folder / "direct.csv")])
    assert done.exit_code == 2 and "--bills, --meter or --site" in done.output


def test_hours_that_the_meter_misses_are_refused_unless_a_policy_is_chosen(folder: Path) -> None:
    (folder / "meter.xml").write_text(espi.one_meter(espi.hourly([1500] * 671, MONTH.start + 3600)))
    words = ["audit", "--facility", "0x" + "1" * 54, "--month", "2021-02", "--meter", str(folder / "meter.xml")]
    done = CliRunner().invoke(app, [*words, "--utility", "LES", "--meter-name", "M1"])
    assert done.exit_code == 1 and "1 of 672 hours of 2021-02 missing" in done.output


def test_scope_1_of_a_month_is_shown_before_it_is_audited(folder: Path) -> None:
    found = run("energy", "direct", folder / "direct.csv", "--month", "2021-02", "--boundary", "google-2026")
    assert found["scope1_g"] == 102_575 and len(found["rows"]) == 2


def test_refrigerants_are_named_but_not_counted_where_the_boundary_leaves_them_out(folder: Path) -> None:
    found = run("energy", "direct", folder / "direct.csv", "--month", "2021-02")
    assert (found["scope1_g"], found["outside_boundary_g"]) == (102_427, 148)
    (line,) = other_scopes(7, MONTH, folder / "direct.csv", (0, 0), "google-2024", [])
    assert line.scope1_g == 102_427 and line.notes == ("148 g of R-410A are outside of the boundary google-2024",)


def test_a_template_of_bills_is_written_once(folder: Path) -> None:
    pytest.importorskip("xlsxwriter")  # of the extra `excel`
    run("energy", "template", folder / "bills.xlsx")
    assert CliRunner().invoke(app, ["energy", "template", str(folder / "bills.xlsx")]).exit_code == 2


def test_a_meter_is_reconciled_with_its_bill(folder: Path) -> None:
    (folder / "bills.csv").write_text("meter,utility,from,thru,kwh\nM1,LES,2021-02-01,2021-02-28,1010\n")
    words = (
        "energy",
        "reconcile",
        "--bills",
        folder / "bills.csv",
        "--meter",
        folder / "meter.xml",
        "--utility",
        "LES",
    )
    (row,) = run(*words, "--meter-name", "M1")["bills"]
    assert (row["billed_wh"], row["metered_wh"], row["coverage"]) == (1_010_000, 1_008_000.0, 1.0)
    done = CliRunner().invoke(app, [*map(str, words), "--meter-name", "M1", "--tolerance", "0.001"])
    assert done.exit_code == 1 and "differ by more than" in done.output
