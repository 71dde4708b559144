"""The command line without a chain: answers, errors, exit codes, and what it costs to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.cli.run import Run
from carbon_tokens.cli.shown import millionths, missing, thousandths
from carbon_tokens.ledger import Receipt, Status

ROOT = Path(__file__).resolve().parents[2]
VERBS = {
    *("demo", "deploy", "grant", "facility", "source", "factors", "energy", "audit", "close", "restate", "disallow"),
    *("issue", "transfer", "retire", "freeze", "status", "claim", "prove", "verify"),
}
FACILITY = "0x" + 54 * "1"

runner = CliRunner()


def run(*arguments: object) -> Any:
    return runner.invoke(app, [str(each) for each in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    """The one JSON object on stdout; nothing else may stand there."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def python(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_verb_is_a_command() -> None:
    done = run("--help")
    assert done.exit_code == 0
    assert all(f"  {verb} " in done.stdout for verb in VERBS)


def test_every_command_has_json_and_help() -> None:
    for verb in [*VERBS - {"facility", "source", "factors", "energy"}, "facility add", "source add", "factors list",
                 "factors show", "factors read", "factors load", "factors hourly", "factors explain", "energy read",
                 "energy month", "energy direct", "energy template", "energy reconcile",
                 "certificates read"]:  # fmt: skip
        done = run(*verb.split(), "--help")
        assert done.exit_code == 0 and "--json" in done.stdout, verb


def test_help_imports_nothing_that_costs_time() -> None:
    code = (
        "import sys, carbon_tokens.cli; print([m for m in ('web3', 'eth', 'eth_abi', 'requests') if m in sys.modules])"
    )
    assert python(code) == "[]"


def test_factors_show_camx_2023() -> None:
    found = answer("factors", "show", "--region", "CAMX", "--year", 2023)
    assert (found["release"], found["edition"], found["revision"], found["region"]) == (
        "eGRID2023",
        "rev1",
        "rev1",
        "CAMX",
    )
    assert found["co2_lb_per_mwh"] == "436.655" and found["co2e_lb_per_mwh"] == "438.203"
    assert found["co2e_g_per_mwh"] == "198765.53731111" and found["factor_g_per_mwh"] == 198_766


def test_factors_show_is_a_table_for_people() -> None:
    done = run("factors", "show", "--region", "MROW", "--year", 2021)
    assert done.exit_code == 0 and "1003.054" in done.stdout and "454978" in done.stdout


def test_factors_list_says_why_an_edition_is_refused() -> None:
    refused = [one for one in answer("factors", "list", "--year", 2023)["editions"] if not one["usable"]]
    assert refused and "CAMX" in refused[0]["note"]
    assert "refused" in run("factors", "list").stdout


def test_a_refused_edition_exits_1_and_says_what_and_what_to_do() -> None:
    arguments = ("factors", "show", "--region", "CAMX", "--year", 2023, "--edition", "power-profiler-v1")
    done = run(*arguments)
    assert done.exit_code == 1 and done.stdout == ""
    assert "refused" in done.stderr and "do:    Use rev1." in done.stderr and "Traceback" not in done.output
    as_json = run(*arguments, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["error"]["kind"] == "FactorError"


def test_factors_read_a_workbook_of_epas_layout(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "SRL24"
    names = {
        "SUBRGN": "eGRID subregion acronym", "SRNAME": "eGRID subregion name",
        "SRCO2RTA": "eGRID subregion annual CO2 total output emission rate (lb/MWh)",
        "SRCH4RTA": "eGRID subregion annual CH4 total output emission rate (lb/MWh)",
        "SRN2ORTA": "eGRID subregion annual N2O total output emission rate (lb/MWh)",
        "SRC2ERTA": "eGRID subregion annual CO2 equivalent total output emission rate (lb/MWh)",
    }  # fmt: skip
    sheet.append(["Data Year", *names.values()])
    sheet.append(["YEAR", *names])
    sheet.append([2024, "CAMX", "WECC California", 400.5, 0.02, 0.003, 402.25])
    path = tmp_path / "egrid2024_data_rev2.xlsx"
    book.save(path)
    found = answer("factors", "read", path)
    assert (found["year"], found["revision"], found["rates"][0]["region"]) == (2024, "rev2", "CAMX")
    assert found["rates"][0]["co2e_lb_per_mwh"] == "402.25"
    assert found["rates"][0]["co2e_g_per_mwh"] == "182457.5308325"


def test_energy_read_splits_a_bill_over_months() -> None:
    found = answer("energy", "month", "--bills", ROOT / "data" / "demo" / "electricity.csv", "--month", "2021-04")
    assert found["energy_wh"] == 7_906_880 and found["readings"][0]["where"] == "electricity.csv:3"


def test_an_overlapping_bill_exits_1_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "bills.csv"
    path.write_text("meter,utility,from,thru,kwh\n1,U,2024-01-01,2024-01-31,5\n1,U,2024-01-31,2024-02-28,5\n")
    done = run("energy", "month", "--bills", path, "--month", "2024-01")
    assert done.exit_code == 1 and "bills.csv:3" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--facility", FACILITY, "--month", "2021-13"),
        ("status", "--facility", "nonsense", "--month", "2021-04"),
        ("status", "--facility", "0x" + 55 * "f", "--month", "2021-04"),
        ("verify", "there-is-none.json"),
        ("factors", "show", "--region", "CAMX"),
        ("factors", "load"),
        ("nonsense",),
        ("retire", "--facility", FACILITY, "--month", "2021-04", "--token", "1", "--amount", "1.5"),
        ("retire", "--facility", FACILITY, "--month", "2021-04", "--token", "1"),
        ("retire", "--facility", FACILITY, "--month", "2021-04", "--token", "1", "--token", "2", "--amount", "1"),
        ("facility", "add", "--name", "x"),
        ("source", "add", "--class", "gold", "--registry", "R", "--device", "D"),
        ("grant", "KING_ROLE", "0x" + 40 * "0"),
        ("facility", "add", "--name", "x", "--region", "XXXX"),
        ("source", "add", "--class", "rec", "--registry", "NAR", "--device", "D", "--region", "spno"),
    ],
)
def test_wrong_usage_exits_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2 and "Traceback" not in done.output


def test_a_chain_that_does_not_answer_exits_3() -> None:
    arguments = ("status", "--rpc", "http://127.0.0.1:1", "--facility", FACILITY, "--month", "2021-04")
    done = run(*arguments)
    assert done.exit_code == 3 and "do:    Start the node" in done.stderr
    assert json.loads(run(*arguments, "--json").stdout)["error"]["where"] == "http://127.0.0.1:1"


def test_a_file_that_is_no_proof_is_not_verified_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text("{}")
    done = run("verify", path, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["verified"] is False and len(found["reasons"]) == 1
    assert run("verify", path).stdout.endswith("NOT VERIFIED\n")


def test_quantities_are_shown_exactly() -> None:
    assert (thousandths(1_502_427), millionths(1_502_427)) == ("1,502.427", "1.502427")
    assert (thousandths(-7), millionths(-497_573), millionths(1)) == ("-0.007", "-0.497573", "0.000001")


def test_status_says_what_is_missing() -> None:
    lacks = Status(1, 615, 5_099_884, 5_099_884, 5_099_884, 7_906_880, 0, 0, 2, False)
    assert missing(lacks) == [
        "an auditor has to close the month",
        "5.099884 t of offsets (5,099,884 g)",
        "or part of it by RECs: 7.906880 MWh (7,906,880 Wh) are not covered",
    ]
    assert missing(Status(1, 615, 5, 0, 0, 9, 9, 0, 2, True)) == []
    assert "nothing was audited yet" in missing(Status(1, 615, 0, 0, 0, 0, 0, 0, 0, False))


def test_a_proof_that_cannot_be_checked_is_not_verified_and_exits_3(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text("{}")
    done = run("verify", path, "--state", tmp_path / "none.db", "--json")
    assert done.exit_code == 1  # a file that is no proof needs no chain
    assert json.loads(done.stdout)["verified"] is False


HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def test_a_region_of_the_us_is_an_egrid_subregion_and_the_right_spelling_is_named() -> None:
    add = ("facility", "add", "--name", "x", "--json", "--region")
    message = " ".join(run(*add, "camx").output.replace("│", " ").split())
    assert "'camx' is no eGRID subregion: write CAMX or give --zip" in message
    assert "use AKGD, AKMS," in run(*add, "XXXX").output
    assert run(*add, "CAMX").exit_code == run(*add, "bidding zone", "--zone", "DE").exit_code == 3  # nothing deployed


def test_months_that_end_before_they_start_are_the_same_error_in_status_and_claim() -> None:
    for verb in ("status", "claim"):
        done = run(verb, "--facility", FACILITY, "--month", "2021-04", "--thru", "2021-03")
        assert done.exit_code == 1 and "the last month 2021-03 is before the first 2021-04" in done.stderr


def test_a_node_account_that_is_no_address_is_named() -> None:
    done = run("deploy", "--account", "node:0x1234")
    assert done.exit_code == 3 and "'0x1234' is no address" in done.stderr and "Traceback" not in done.output


def test_an_address_in_mixed_case_has_its_checksum() -> None:
    plain = Run(as_json=False, writer=None, options={})
    for text in (HOLDER, HOLDER.lower(), "0x" + HOLDER[2:].upper(), HOLDER[2:], HOLDER[2:].lower()):
        assert plain.address(text) == HOLDER
    for text in (HOLDER.replace("C5", "c5"), HOLDER.replace("C5", "c5")[2:]):
        with pytest.raises(typer.BadParameter, match="wrong checksum"):
            plain.address(text)
    with pytest.raises(typer.BadParameter, match="is no address"):
        plain.address(HOLDER[:-1])


def test_a_list_in_an_answer_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    receipt = Receipt("retire", "0x01", 1, 2, ())
    Run(as_json=False, writer=None, options={}).written(receipt, tokens=["0x0a", "0x0b"], amounts=[1, 2])
    assert "\n  tokens: 0x0a, 0x0b\n  amounts: 1, 2\n" in capsys.readouterr().out


def test_a_year_that_is_not_shipped_names_the_flag() -> None:
    done = run("factors", "load", "--year", 1999)
    assert done.exit_code == 1 and "with --year" in done.stderr


def test_an_audit_warns_of_days_without_bills_and_facility_source_and_issue_speak_plainly(tmp_path: Path) -> None:
    """On the embedded chain: what a first user meets who types the journey with a bill that ends early."""
    bills = tmp_path / "bills.csv"
    bills.write_text("meter,utility,from,thru,kwh\nX,U,2021-07-01,2021-07-17,5\nY,U,2021-07-01,2021-07-31,5\n")
    answer("deploy", "--dev-roles")
    assert " regions, 1 transaction\n" in run("factors", "load", "--year", 2021).stdout
    facility = answer("facility", "add", "--name", "x", "--region", "CAMX")["facility"]
    audit = ("audit", "--facility", facility, "--month", "2021-07", "--bills", bills)
    warned = "2021-07: meter X has bills for 17 of 31 days"
    assert answer(*audit, "--sign", "signed.json")["warnings"] == [warned]
    done = run(*audit)
    assert done.exit_code == 0 and done.stderr == f"Warning: {warned}\n"
    source = ("source", "add", "--class", "rec", "--registry", "NAR", "--device", "GEN2613")
    answer(*source, "--region", "SPNO")
    again = run(*source, "--region", "MROW")
    assert again.exit_code == 3 and "grid region SPNO" in again.stderr
    assert run(*source, "--region", "SPNO", "--zone", "CA").exit_code == 3
    other = run(*source[:3], "offset", *source[4:], "--region", "SPNO")
    assert other.exit_code == 3 and "is registered with class REC" in other.stderr
    mistyped = run("transfer", "--to", HOLDER.replace("C5", "c5"), "--token", 1, "--amount", 1)
    assert mistyped.exit_code == 2 and "checksum" in mistyped.output
    assert run("issue", ROOT / "data" / "demo" / "certificates.csv").stdout.startswith("1 issued")
    unknown = run("status", "--facility", "0x" + 54 * "1", "--month", "2021-07")
    assert f"no facility {FACILITY} is registered" in unknown.stderr
