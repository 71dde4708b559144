"""``carbon-tokens demo``, as a user runs it."""

from __future__ import annotations

import json
import resource
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from carbon_tokens.ledger.contracts import NAMES
from tests.integration.journey import BY_HAND, FIELDS, Json, answered, command

STEPS = (
    "deploy",
    "grant",
    "publish",
    "add facility",
    "add source",
    "audit",
    "close",
    "issue",
    "transfer",
    "retire",
    "claim",
)


def children() -> float:
    """Processor seconds of the processes that have ended: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(home: Path) -> Json:
    start = children()
    done = command("demo", "--json", "--out", home / "out", cwd=home)
    seconds = children() - start
    assert done.returncode == 0, done.stderr
    return answered(done) | {"seconds": seconds, "told": done.stderr}


def test_the_demo_prints_one_object_with_what_was_promised(demo: Json) -> None:
    promised = (
        "chain_id",
        "contracts",
        "energy_wh",
        "gross_location_g",
        "gross_market_g",
        "net_g",
        "claim_id",
        "valid",
    )
    assert all(name in demo for name in (*promised, "verified", "proof"))
    assert demo["valid"] is True and demo["verified"] is True and demo["net_g"] <= 0
    assert set(demo["contracts"]) == set(NAMES)


def test_the_demos_numbers_are_the_hand_calculation(demo: Json) -> None:
    stages = {stage["stage"]: tuple(stage[name] for name in FIELDS) for stage in demo["stages"]}
    assert stages == BY_HAND
    assert tuple(demo[name] for name in FIELDS) == BY_HAND["renewed"]
    assert [stage["valid"] for stage in demo["stages"]] == [True, False, True]


def test_every_step_has_its_transaction_gas_and_label(demo: Json) -> None:
    sent = demo["transactions"]
    assert all(len(each["tx"]) == 66 and each["gas"] > 21_000 and each["by"] for each in sent)
    assert len({each["tx"] for each in sent}) == len(sent)
    assert demo["gas_used"] == sum(each["gas"] for each in sent)
    for step in STEPS:
        assert any(each["step"].startswith(step) for each in sent), step
    illustrative = [each["step"] for each in sent if each["label"] == "illustrative"]
    assert any("scope 3" in step for step in illustrative) and any("restate" in step for step in illustrative)
    assert not any("issue" in step for step in illustrative)


def test_every_role_has_a_key_of_its_own(demo: Json) -> None:
    roles = {each["by"] for each in demo["transactions"]}
    assert {"admin", "publisher", "operator", "auditor", "rec-issuer", "offset-issuer"} == roles


def test_the_progress_goes_to_stderr_and_says_what_verify_found(demo: Json) -> None:
    assert "not verified: 2021-04: the account is at version 3, the proof at 2" in demo["told"]
    assert "verify proof.json in a second process: verified by" in demo["told"]


def test_the_demo_takes_less_than_twelve_seconds_of_the_processor(demo: Json) -> None:
    assert demo["seconds"] < 12, demo["seconds"]


def test_the_certificate_is_an_image_with_the_totals(demo: Json, home: Path) -> None:
    text = (home / demo["certificate"]).read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "valid" in text and "-0.760067 t CO2e" in text and "2021-04" in text


def test_the_first_proof_no_longer_verifies_and_says_why(demo: Json, home: Path) -> None:
    done = command("verify", home / "out" / "proof-1.json", "--state", home / "out" / "chain.db", "--json", cwd=home)
    found = answered(done)
    assert done.returncode == 1 and found["verified"] is False
    assert any("version 3, the proof at 2" in reason for reason in found["reasons"])
    assert found["depths"] == {"offline": True, "inputs": None, "chain": False}


def test_the_proof_verifies_for_somebody_who_has_only_it_the_inputs_and_the_chain(
    demo: Json, home: Path, tmp_path: Path
) -> None:
    shutil.copy(demo["proof"] if Path(demo["proof"]).is_absolute() else home / demo["proof"], tmp_path / "p.json")
    shutil.copytree(demo["inputs"], tmp_path / "inputs")
    shutil.copy(home / "out" / "chain.db", tmp_path / "their-chain.db")
    stranger = tmp_path / "home"
    stranger.mkdir()
    options = ("--inputs", "inputs", "--state", "their-chain.db", "--json")
    done = command("verify", "p.json", *options, cwd=tmp_path, home=stranger)
    assert done.returncode == 0, done.stdout
    found = answered(done)
    assert found["verified"] is True and found["reasons"] == []
    assert found["depths"] == {"offline": True, "inputs": True, "chain": True}
    assert not any(stranger.iterdir())


def test_without_a_chain_the_proof_is_called_consistent_not_verified(demo: Json, home: Path, tmp_path: Path) -> None:
    shutil.copy(home / demo["proof"], tmp_path / "p.json")
    done = command("verify", "p.json", cwd=tmp_path)
    assert done.returncode == 0
    assert {"not checked: inputs", "not checked: chain"} <= set(done.stdout.splitlines())
    assert done.stdout.endswith("\nCONSISTENT, NOT CHECKED ON A CHAIN\n")


def test_a_chain_that_came_with_the_proof_is_named_as_such(demo: Json, home: Path, tmp_path: Path) -> None:
    shutil.copy(home / demo["proof"], tmp_path / "p.json")
    shutil.copy(home / "out" / "chain.db", tmp_path / "chain.db")
    found = answered(command("verify", "p.json", "--json", cwd=tmp_path))
    assert found["verified"] is True and found["chain"] == "chain.db"
    assert any("whoever made the proof may have made it" in note for note in found["notes"])


def test_a_proof_of_contracts_that_somebody_else_deployed_is_refused(demo: Json, home: Path, tmp_path: Path) -> None:
    shutil.copy(home / demo["proof"], tmp_path / "p.json")
    (own,) = (home / "out" / "deployments").glob("*.json")
    (tmp_path / "deployments").mkdir()
    trusted = json.loads(own.read_text())
    (tmp_path / "deployments" / own.name).write_text(json.dumps(trusted))
    assert answered(command("verify", "p.json", "--json", cwd=tmp_path))["verified"] is True
    trusted["contracts"]["CarbonTokens"]["address"] = "0x" + "11" * 20
    (tmp_path / "deployments" / own.name).write_text(json.dumps(trusted))
    assert answered(command("verify", "p.json", "--json", cwd=tmp_path))["verified"] is False
    trusted["genesis"] = "0x" + "22" * 32
    (tmp_path / "deployments" / own.name).write_text(json.dumps(trusted))
    done = command("verify", "p.json", "--deployment", "deployments", "--json", cwd=tmp_path)
    assert answered(done)["verified"] is False and "trusted is 0x2222" in done.stdout


def test_a_second_demo_overwrites_nothing_and_ends_with_verified(demo: Json, home: Path) -> None:
    before = (home / "out" / "proof.json").read_bytes()
    done = command("demo", "--out", home / "out", cwd=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nVERIFIED\n") and done.stderr == ""
    assert "[illustrative]" in done.stdout
    assert (home / "out" / "proof.json").read_bytes() == before
    assert (home / "out" / "run-2" / "proof.json").is_file()
