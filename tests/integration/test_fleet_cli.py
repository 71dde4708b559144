"""A fleet's month command by command: state, audit, close, commit, share, retire, claim, prove, verify; and tampering.

The demonstration's small fleet, with a residual mix, and with certificates of all its energy among its tables: what is
audited is all of it nevertheless, until certificates are retired on chain.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.claims.offline import checks
from carbon_tokens.claims.proof import Proof
from tests.integration.commands import DEMO, MONTH, Json, answer, run

ENERGY, SCOPE1, SCOPE3, LOCATION = 36_807, 400, 6_500, 14_137
RESIDUAL = 18_858  # 36,807 Wh × 512.3456 g/kWh = 18,857.90… g
METER = ("--utility", "LES", "--meter", "4711")
OPTIONS = {"sku_mode": "regional", "missing_hours": "refuse", "rounds": None, "bill_tolerance": "0.02"}
BILL = "meter,utility,from,thru,kwh,sha256,uri,quality\n4711,LES,2021-04-01,2021-04-30,1000," + 64 * "a" + ",,A\n"


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """Up to the proof; what every command answered, by its verb."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fleet-cli"))
        shutil.copytree(DEMO / "fleet", "tables")
        Path("tables/residual_mix.csv").write_text("region,g_per_kwh\nMROW,512.3456\n")
        Path("tables/instruments.csv").write_text(f"instrument,region,energy_wh\nNAR-1,MROW,{ENERGY}\n")
        said: Json = {"deploy": answer("deploy", "--dev-roles")}
        said["id"] = ("--facility", answer("facility", "add", "--name", "Lincoln 1", "--zip", "68508")["facility"])
        said["elsewhere"] = ("--facility", answer("facility", "add", "--name", "Reno", "--zip", "89501")["facility"])
        said["state"] = answer("state", "tables", "--region", "MROW", *said["id"], *METER)
        said["allocate"] = answer("allocate", "tables", "--out", "fleet")
        audit = ("audit", *said["id"], *MONTH, "--statement", "statement.json", "--inputs", "tables")
        said["signed"] = answer(*audit, "--sign", "signed.json")
        said["audit"] = answer("audit", *said["id"], *MONTH, "--submit", "signed.json", "--account", "dev:operator")
        said["again"] = answer(*audit, code=1)
        answer("state", "tables", "--region", "MROW", *said["id"], *METER, "--note", "again", "--out", "again.json")
        said["reworded"] = answer("audit", *said["id"], *MONTH, "--statement", "again.json", code=1)
        answer("factors", "load", "--year", 2021)
        Path("bills.csv").write_text(BILL)
        said["billed"] = answer("audit", *said["id"], *MONTH, "--bills", "bills.csv", code=1)
        answer("close", *said["id"], *MONTH)
        said["commit"] = answer("commit", *said["id"], *MONTH, "--weights", "fleet/shares/MROW.csv", "--out", "split")
        answer("share", "prove", "--allocation", "split", "--tenant", "Acme", "--out", "share.json")
        said["share"] = answer("share", "verify", "share.json")
        (said["before"],) = answer("status", *said["id"], *MONTH)["months"]
        where = ("--registry", "NAR", "--device", "GEN2613", "--region", "SPNO", "--technology", "wind")
        answer("source", "add", "--class", "rec", *where)
        answer("source", "add", "--class", "offset", "--registry", "ACR", "--device", "ACR774")
        (rec,) = answer("issue", DEMO / "certificates.csv", "--to", "dev:operator")["tokens"]
        (offset,) = answer("issue", DEMO / "offsets.csv", "--to", "dev:operator")["tokens"]
        said["tokens"] = (rec, offset)
        pairs = ("--token", rec, "--amount", ENERGY, "--token", offset, "--amount", SCOPE1 + SCOPE3)
        answer("retire", *said["id"], *MONTH, *pairs)
        (said["after"],) = answer("status", *said["id"], *MONTH)["months"]
        said["claim"] = answer("claim", *said["id"], *MONTH)
        answer("prove", said["claim"]["claim_id"], "--out", "p.json")
        yield said


def copied(folder: Path, table: str, column: str, value: str) -> Path:
    """The fleet's tables with another value in the first row of a column."""
    made = folder / "tables"
    shutil.copytree("tables", made)
    with (made / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0][column] = value
    with (made / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return made


def test_a_region_is_stated_with_the_residual_mix_of_all_its_energy(journey: Json) -> None:
    stated = journey["state"]
    assert (stated["energy_wh"], stated["scope1_g"], stated["scope3_g"]) == (ENERGY, SCOPE1, SCOPE3)
    assert (stated["scope2_location_g"], stated["scope2_residual_g"]) == (LOCATION, RESIDUAL)
    assert "0x" + hashlib.sha256(Path("statement.json").read_bytes()).hexdigest() == stated["evidence"]
    assert stated["warnings"] == ["2021-04: the tables of MROW have energy for 24 of 720 hours"]


def test_what_is_audited_is_what_was_stated(journey: Json) -> None:
    (audit,) = journey["audit"]["audits"]
    assert audit["evidence"] == journey["state"]["evidence"] and audit["scope2_residual_g"] == RESIDUAL


def test_a_certificate_counts_once_and_only_when_it_is_retired_on_chain(journey: Json) -> None:
    before, after = journey["before"], journey["after"]
    assert before["gross_market_g"] == SCOPE1 + SCOPE3 + RESIDUAL
    assert (after["covered_wh"], after["gross_market_g"], after["net_g"]) == (ENERGY, SCOPE1 + SCOPE3, 0)
    assert before["gross_location_g"] == after["gross_location_g"] == SCOPE1 + SCOPE3 + LOCATION


def test_what_the_customers_have_adds_up_to_what_was_audited(journey: Json) -> None:
    with Path("fleet/shares/MROW.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    commit, share = journey["commit"], journey["share"]
    assert sum(int(row["energy_wh"]) for row in rows) == commit["energy_wh"] == ENERGY
    assert sum(int(row["location_g"]) for row in rows) == commit["location_g"] == SCOPE1 + SCOPE3 + LOCATION
    (acme,) = (row for row in rows if row["tenant"] == "Acme")
    assert share["verified"] and share["chain_checked"] and share["current"]
    assert (share["share"]["energy_wh"], share["share"]["location_g"]) == (
        int(acme["energy_wh"]),
        int(acme["location_g"]),
    )


def test_a_fleet_that_was_audited_is_not_audited_again(journey: Json) -> None:
    """Neither the statement, nor another wording of it, nor its meter's bills."""
    for verb in ("again", "reworded", "billed"):
        error = journey[verb]["error"]
        assert error["kind"] == "Reverted" and "audited" in error["what"], error


def test_the_proof_verifies_with_the_fleets_tables_and_says_whose_word_they_are(journey: Json) -> None:
    found = answer("verify", "p.json", "--inputs", "tables")
    assert found["verified"] and found["depths"] == {"offline": True, "inputs": True, "chain": True}
    (word,) = found["relies_on"]["fleets"]
    assert word.startswith("2021-04 MROW") and "100 %" in word and "its residual mix" in word
    assert found["relies_on"]["factors"] == []
    event = json.loads(Path("p.json").read_text())["months"][0]["events"][0]
    assert event["document"]["type"] == "carbon-tokens/fleet-statement/1" and int(event["release"], 16) == 0


@pytest.mark.parametrize(
    ("table", "column", "value", "moved"),
    [
        ("machine_hours", "energy_wh", "1", "rows_sha256 is"),
        ("customer_usage", "amount", "1", "rows_sha256 is"),
        ("instruments", "energy_wh", "1", "rows_sha256 is"),
        ("nonelectric", "kg", "0.1", "scope1_g is 400, the tables give 100"),
        ("facility_hours", "facility_wh", "600", "energy_wh is 36807, the tables give 36819"),
    ],
)
def test_a_changed_cell_of_a_table_is_named_before_the_audit_and_after_the_proof(
    journey: Json, tmp_path: Path, table: str, column: str, value: str, moved: str
) -> None:
    folder = copied(tmp_path, table, column, value)
    found = answer("verify", "p.json", "--inputs", folder, code=1)
    assert found["depths"] == {"offline": True, "inputs": False, "chain": True}
    for what in (f"{table}.csv has sha-256", moved):
        assert any(what in reason for reason in found["reasons"]), found["reasons"]
    refused = ("audit", *journey["id"], *MONTH, "--statement", "statement.json", "--inputs", folder)
    error = answer(*refused, code=1)["error"]
    assert error["kind"] == "StatementError" and f"{table}.csv has sha-256" in error["what"] and moved in error["what"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"options": OPTIONS | {"missing_hours": "annual"}}, "annual_intensity"),
        ({"options": OPTIONS | {"sku_mode": "service"}}, "'service' is none of"),
        ({"options": OPTIONS | {"bill_tolerance": "0"}}, "bills and meters differ"),
        ({"quality": "A"}, "'A' is stated, the tables declare B"),
        ({"boundary_sha256": "0x" + 64 * "1"}, "boundary_sha256 is 0x1111"),
        ({"rows_sha256": "0x" + 64 * "1"}, "rows_sha256 is 0x1111"),
        ({"region": "ERCT"}, "region 'ERCT' is unknown"),
        ({"scope1_g": 0}, "scope1_g is 0, the tables give 400"),
        ({"scope2_residual_g": 0}, "is not the residual mix of all energy"),
        ({"energy_wh": 1, "scope2_residual_g": 1}, "energy_wh is 1, the tables give 36807"),
    ],
)
def test_a_changed_statement_is_refused_by_the_auditor_and_in_a_proof(
    journey: Json, tmp_path: Path, change: Json, reason: str
) -> None:
    changed = json.loads(Path("statement.json").read_text()) | change
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    refused = ("audit", *journey["id"], *MONTH, "--statement", tmp_path / "changed.json", "--inputs", "tables")
    error = answer(*refused, code=1)["error"]
    assert error["kind"] == "StatementError" and reason in f"{error['where']} {error['what']}"
    proof: Any = copy.deepcopy(json.loads(Path("p.json").read_text()))
    proof["months"][0]["events"][0]["document"] = changed
    if "is not" not in reason and "none of" not in reason:
        proof = Proof.from_json(proof).sealed().to_json()
    (tmp_path / "p.json").write_text(json.dumps(proof))
    found = answer("verify", tmp_path / "p.json", "--inputs", "tables", code=1)
    assert found["verified"] is False and found["reasons"]


def test_a_statement_of_another_account_or_region_is_refused(journey: Json) -> None:
    other = ("audit", *journey["elsewhere"], *MONTH, "--statement", "statement.json")
    assert "the statement is of facility" in answer(*other, code=1)["error"]["what"]
    month = ("audit", *journey["id"], "--month", "2021-05", "--statement", "statement.json")
    assert "2021-04" in answer(*month, code=1)["error"]["what"]
    stated = ("state", "tables", "--region", "MROW", *journey["elsewhere"], *METER, "--out", "elsewhere.json")
    answer(*stated)
    other = ("audit", *journey["elsewhere"], *MONTH, "--statement", "elsewhere.json", "--inputs", "tables")
    assert "of grid region MROW, the facility is in NWPP" in answer(*other, code=1)["error"]["what"]
    assert (
        "is unknown" in answer("state", "tables", "--region", "ERCT", *journey["id"], *METER, code=1)["error"]["what"]
    )


def test_a_proof_with_a_statement_of_another_grid_region_is_refused_by_that_reason(journey: Json) -> None:
    proof: Any = json.loads(Path("p.json").read_text())
    proof["months"][0]["events"][0]["document"]["grid_region"] = "CAMX"
    reasons = [each for check in checks(Proof.from_json(proof).sealed()) for each in check.reasons]
    assert "2021-04, version 1: the statement is of CAMX, the facility is in MROW" in reasons


def test_an_audit_without_the_tables_is_warned_of_and_a_mixture_is_wrong_usage(journey: Json) -> None:
    unseen = ("audit", *journey["id"], *MONTH, "--statement", "statement.json", "--sign", "unseen.json")
    assert "not compared with its input files" in " ".join(answer(*unseen)["warnings"])
    audit = ("audit", *journey["id"], *MONTH)
    for more in (("--bills", "bills.csv"), ("--scope1-g", 5), ("--year", 2021), ("--pue", "1.5"), ("--note", "x")):
        assert "says all of that itself" in run(*audit, "--statement", "statement.json", *more, code=2).stderr
    assert "says all of that itself" in run(*audit, "--scope1-g", 5, "--inputs", "tables", code=2).stderr
    for content in ("", "[]", "{", '{"type": "carbon-tokens/footprint/1"}', "[" * 300):
        Path("nothing.json").write_text(content)
        assert answer(*audit, "--statement", "nothing.json", code=1)["error"]["kind"] == "StatementError"


def test_new_tables_restate_the_month_and_their_proof_verifies_with_them(journey: Json, tmp_path: Path) -> None:
    """Last of this file: it changes the month."""
    folder = copied(tmp_path, "facility_hours", "facility_wh", "600")
    answer("state", folder, "--region", "MROW", *journey["id"], *METER, "--out", "new.json")
    new = ("restate", *journey["id"], *MONTH, "--statement", "new.json", "--reason", "hour 0 was read again")
    assert "facility_hours.csv has sha-256" in answer(*new, "--inputs", "tables", code=1)["error"]["what"]
    assert "give --energy-wh" in run(*new, "--energy-wh", 5, code=2).stderr
    assert "give --energy-wh" in run(*new[:-4], "--reason", "x", code=2).stderr
    assert answer("panel", *new, "--inputs", folder, "--out", "panel.json")["action"] == "restate"
    (restated,) = answer(*new, "--inputs", folder)["audits"]
    assert (restated["version"], restated["energy_wh"]) == (2, ENERGY + 12)
    found = answer("verify", "p.json", "--inputs", "tables", code=1)
    assert any("version 2, the proof at 1" in reason for reason in found["reasons"])
    rec, _ = journey["tokens"]
    answer("retire", *journey["id"], *MONTH, "--token", rec, "--amount", 12)
    claim = answer("claim", *journey["id"], *MONTH)
    answer("prove", claim["claim_id"], "--out", "p2.json")
    assert answer("verify", "p2.json", "--inputs", folder)["verified"] is True
    assert answer("verify", "p2.json", "--inputs", "tables", code=1)["depths"]["inputs"] is False
    document = json.loads((Path(".carbon-tokens/documents") / f"{restated['evidence'][2:]}.json").read_text())
    assert document["previous"] == [journey["state"]["evidence"]]
