"""``share``, ``hours`` and ``panel`` without a chain: what is verified offline, and errors with their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from carbon_tokens.allocation.shares import Allocation, Amounts, Share, StoredAllocation, tenant_of_facility
from carbon_tokens.cli import app
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id
from carbon_tokens.periods import Month

FACILITY, MONTH = 0xABC, Month.parse("2023-07")
ACCOUNT = ("--facility", f"0x{FACILITY:054x}", "--month", "2023-07")

runner = CliRunner()


def run(*arguments: object, code: int = 0) -> Any:
    done = runner.invoke(app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def proof(tmp_path: Path) -> TenantProof:
    totals = Amounts(100, 50, 40)
    shares = [Share(tenant_of_facility(0xDEF), 60, 30, 24), Share(tenant_of_facility(0xDEE), 40, 20, 16)]
    stored = StoredAllocation(Allocation(shares, totals), audited_id(FACILITY, MONTH.number), 1)
    place = (31337, "0x" + 64 * "a", "0x" + 40 * "b")
    found = TenantProof(*place, FACILITY, MONTH, 1, stored.root, stored.allocation.prove(0))
    found.write(tmp_path / "share.json")
    return found


@pytest.mark.parametrize(
    ("group", "verbs"),
    [
        ("share", {"prove", "verify", "claim", "show"}),
        ("hours", {"issue", "retire", "match", "show"}),
        ("panel", {"set", "show", "sign", "submit", "revoke", "close", "restate", "disallow"}),
    ],
)
def test_every_verb_of_a_group_is_a_command_and_takes_json(group: str, verbs: set[str]) -> None:
    listed = run(group, "--help").stdout
    for verb in verbs:
        assert f"  {verb} " in listed
        assert "--json" in run(group, verb, "--help").stdout


def test_a_share_is_verified_offline_and_it_is_said_that_no_chain_was_asked(proof: TenantProof) -> None:
    said = json.loads(run("share", "verify", "share.json", "--json").stdout)
    assert said["verified"] is True and said["chain_checked"] is False
    assert said["share"] == {"energy_wh": 60, "location_g": 30, "market_g": 24}
    assert said["totals"] == {"energy_wh": 100, "location_g": 50, "market_g": 40}
    shown = run("share", "verify", "share.json").stdout
    assert "CONSISTENT, NOT CHECKED ON A CHAIN" in shown and "30 of 50" in shown


def test_a_share_that_was_changed_is_not_verified(proof: TenantProof) -> None:
    value = proof.to_json()
    value["share"]["location_g"] -= 1
    Path("share.json").write_text(json.dumps(value))
    said = json.loads(run("share", "verify", "share.json", "--json", code=1).stdout)
    assert said["verified"] is False and said["error"]["kind"] == "ShareNotProven"


def test_a_file_that_is_no_proof_is_refused_with_exit_code_1() -> None:
    Path("share.json").write_text("{}")
    assert "no document of type" in run("share", "verify", "share.json", code=1).stderr


def test_claiming_into_what_is_no_facility_is_wrong_usage(proof: TenantProof) -> None:
    assert "no facility" in run("share", "claim", "share.json", "--into", "home", code=2).stderr


def test_weights_and_shares_together_are_wrong_usage() -> None:
    for name in ("w.csv", "s.csv"):
        Path(name).write_text("tenant,weight\n")
    arguments = ("commit", *ACCOUNT, "--weights", "w.csv", "--shares", "s.csv", "--out", "split")
    assert "not both" in run(*arguments, code=2).stderr


def test_a_signed_message_that_is_none_is_refused_by_its_file() -> None:
    Path("signed.json").write_text('{"action": "match", "args": [1]}')
    error = json.loads(run("panel", "sign", "signed.json", "--json", code=3).stdout)["error"]
    assert error["where"] == "signed.json" and "signed message" in error["what"]


def test_a_granular_certificate_that_is_none_is_refused_by_its_file() -> None:
    Path("granular.json").write_text("[]")
    error = json.loads(run("hours", "retire", "granular.json", *ACCOUNT[:2], "--json", code=3).stdout)["error"]
    assert "granular certificate" in error["what"]


def test_a_table_of_several_batches_is_no_granular_certificate() -> None:
    from carbon_tokens import data_files

    Path("hours.csv").write_text("hour_start_utc,energy_wh\n")
    offsets = data_files.path("demo") / "offsets.csv"
    done = run("hours", "issue", offsets, "--generation", "hours.csv", "--out", "c.json", code=2)
    assert "one row of RECs" in done.stderr and not Path("c.json").exists()
