"""Statements that name files by salted commitments: nothing public confirms a guess, and who has the salt checks."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.errors import StatementError
from carbon_tokens.statements import Statement, check, read_auditable, salts

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
MONTH = "2021-04"
REC_ISSUER, OPERATOR, AUDITOR = (("--account", f"dev:{name}") for name in ("rec-issuer", "operator", "auditor"))
AMOUNT = ("--token", "0x029dc3c602ad8d3bf3e5e7d48447a95471a9c57928e1ce25510fa5d9d5ffe8a8", "--amount", 8_000_000)


def run(*words: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the proof of a month whose bills were audited with salts, which are in the folder of inputs."""
    home = tmp_path_factory.mktemp("salted")
    inputs = home / "inputs"
    inputs.mkdir()
    shutil.copy(DEMO / "electricity.csv", inputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        run("deploy", "--dev-roles", "--account", "dev:admin")
        run("factors", "load", "--year", 2021, "--account", "dev:publisher")
        facility = run("facility", "add", "--name", "Lincoln 1", "--zip", "68508", *OPERATOR)["facility"]
        place = ("--facility", facility, "--month", MONTH)
        run("audit", *place, "--bills", inputs / "electricity.csv", "--salts", inputs, *AUDITOR)
        run("close", *place, *AUDITOR)
        device = ("--registry", "NAR", "--device", "GEN2613", "--region", "SPNO", "--technology", "wind")
        run("source", "add", "--class", "rec", *device, *REC_ISSUER)
        run("issue", DEMO / "certificates.csv", *REC_ISSUER)
        run("transfer", "--to", "dev:operator", *AMOUNT, *REC_ISSUER)
        run("retire", *place, *AMOUNT, *OPERATOR)
        claim = run("claim", *place, *OPERATOR)["claim_id"]
        run("prove", claim, "--out", "proof.json")
    return home


@pytest.fixture
def files(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of proof and inputs, which a test may change."""
    shutil.copytree(home / "inputs", tmp_path / "inputs")
    shutil.copy(home / "proof.json", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "inputs"


def verdict(files: Path) -> list[str]:
    found = CliRunner().invoke(app, ["verify", "proof.json", "--inputs", str(files), "--json"])
    return list(json.loads(found.stdout)["reasons"])


def stated(home: Path) -> list[dict[str, Any]]:
    (month,) = json.loads((home / "proof.json").read_text())["months"]
    return [each for event in month["events"] if "document" in event for each in event["document"]["inputs"]]


def test_the_proof_has_no_plain_hash_of_the_bill(home: Path) -> None:
    plain = hashlib.sha256((DEMO / "electricity.csv").read_bytes()).hexdigest()
    assert [each["name"] for each in stated(home)] == ["electricity.csv"] * len(stated(home))
    assert plain not in (home / "proof.json").read_text()


def test_who_has_file_and_salt_recomputes_the_statement(files: Path) -> None:
    assert verdict(files) == []


def test_without_the_salt_the_missing_salt_is_named(files: Path) -> None:
    (files / "electricity.csv.salt").unlink()
    assert any("electricity.csv.salt is missing" in each for each in verdict(files))


def test_another_salt_or_another_file_does_not_fit(files: Path) -> None:
    salt = files / "electricity.csv.salt"
    kept = salt.read_text()
    salt.write_text("00" * 32)
    assert any("with its salt the commitment" in each for each in verdict(files))
    salt.write_text("no salt")
    assert any("electricity.csv.salt: is no salt" in each for each in verdict(files))
    salt.write_text(kept)
    (files / "electricity.csv").write_bytes((files / "electricity.csv").read_bytes() + b"\n")
    assert any("the statement says" in each for each in verdict(files))


def test_salts_are_only_its_owners_to_read_and_stay_the_same(home: Path) -> None:
    salt = home / "inputs" / "electricity.csv.salt"
    assert salt.stat().st_mode & 0o077 == 0
    document = document_of(home)
    assert salts.kept(document, home / "inputs") == {"electricity.csv": bytes.fromhex(salt.read_text())}


def test_a_document_is_not_salted_by_half(home: Path) -> None:
    with pytest.raises(StatementError, match=r"electricity\.csv: there is no salt of this file"):
        salts.salted(document_of(home), {"other.csv": bytes(32)})


def test_sealed_evidence_has_the_statements_commitment_and_gives_the_salt_back(home: Path, files: Path) -> None:
    pytest.importorskip("pyrage", reason="sealing needs the extra `evidence`")
    reader = run("evidence", "key", "--identity", "own.key")["public_key"]
    item = run("evidence", "put", files / "electricity.csv", "--to", reader)
    assert {"0x" + item["commitment"]} == {each["sha256"] for each in stated(home)}
    for each in files.iterdir():
        each.unlink()
    run("evidence", "get", item["cid"], "--identity", "own.key", "--out", files / "electricity.csv", "--salt")
    assert verdict(files) == []


def test_a_fleets_tables_are_salted_and_allocated_again(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="a fleet needs the extra `fleet`")
    tables = tmp_path / "fleet"
    shutil.copytree(DEMO / "fleet", tables)
    out = tmp_path / "statement.json"
    words = ("--region", "MROW", "--facility", "0x" + "1" * 54, "--utility", "LES", "--meter", "1")
    run("state", tables, *words, "--out", out, "--salts", tables)
    statement = read_auditable(out.read_bytes())
    assert {each.name + ".salt" for each in statement.inputs} <= {each.name for each in tables.iterdir()}
    assert check(statement, tables) == []
    (tables / f"{statement.inputs[0].name}.salt").unlink()
    assert len(check(statement, tables)) == 1


def document_of(home: Path) -> Statement:
    """The statement that was audited."""
    (month,) = json.loads((home / "proof.json").read_text())["months"]
    document = next(event["document"] for event in month["events"] if "document" in event)
    return Statement.from_json(document)
