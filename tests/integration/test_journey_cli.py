"""The journey command by command, as an operator, an auditor and two issuers type it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.commands import DEMO, MONTH, Json, answer, run


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """Up to the certificate; what every command answered, by its verb."""
    folder = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said: Json = {"deploy": answer("deploy", "--dev-roles"), "load": answer("factors", "load", "--year", 2021)}
        said["facility"] = answer("facility", "add", "--name", "Lincoln 1", "--zip", "68508")
        said["id"] = ("--facility", said["facility"]["facility"])
        where = ("--registry", "NAR", "--device", "GEN2613", "--region", "SPNO", "--technology", "wind")
        said["source"] = answer("source", "add", "--class", "rec", *where)
        answer("source", "add", "--class", "offset", "--registry", "ACR", "--device", "ACR774")
        bills = ("audit", *said["id"], *MONTH, "--bills", DEMO / "electricity.csv")
        said["signed"] = answer(*bills, "--sign", "signed.json")
        said["cosigned"] = answer(*bills, "--sign", "cosigned.json", "--account", "dev:auditor-2")
        both = ("--submit", "signed.json", "--submit", "cosigned.json")
        said["submitted"] = answer("audit", *said["id"], *MONTH, *both, "--account", "dev:operator")
        said["audit"] = answer("audit", *said["id"], *MONTH, "--scope1-g", 102_427, "--scope3-g", 1_400_000)
        said["before"] = answer("status", *said["id"], *MONTH)
        said["close"] = answer("close", *said["id"], *MONTH)
        said["issue"] = answer("issue", DEMO / "certificates.csv")
        (rec,) = said["issue"]["tokens"]
        (offset,) = answer("issue", DEMO / "offsets.csv", "--to", "dev:operator")["tokens"]
        said["tokens"] = (rec, offset)
        said["early"] = answer("claim", *said["id"], *MONTH, code=1)
        answer("transfer", "--to", "dev:operator", "--token", rec, "--amount", "87_000_000")
        pairs = ("--token", rec, "--amount", 8_000_000, "--token", offset, "--amount", 2_000_000)
        said["retire"] = answer("retire", *said["id"], *MONTH, *pairs, "--beneficiary", "Lincoln 1")
        said["claim"] = answer("claim", *said["id"], *MONTH)
        said["prove"] = answer("prove", said["claim"]["claim_id"], "--out", "p.json", "--certificate", "c.svg")
        said["folder"] = folder
        yield said


def test_the_totals_are_those_of_the_hand_calculation(journey: Json) -> None:
    (month,) = answer("status", *journey["id"], *MONTH)["months"]
    assert (month["energy_wh"], month["covered_wh"], month["version"], month["closed"]) == (
        7_906_880,
        7_906_880,
        2,
        True,
    )
    assert (month["gross_location_g"], month["gross_market_g"], month["net_g"]) == (5_099_884, 1_502_427, -497_573)
    assert month["missing"] == []


def test_status_shows_the_three_totals_side_by_side_in_t_and_kg(journey: Json) -> None:
    shown = run("status", *journey["id"], *MONTH).stdout
    for figure in ("5.099884", "5,099.884", "1.502427", "1,502.427", "-0.497573", "-497.573", "t / kg", "MWh / kWh"):
        assert figure in shown
    assert "can be claimed" in shown


def test_before_the_month_is_closed_and_covered_status_says_what_is_missing(journey: Json) -> None:
    (month,) = journey["before"]["months"]
    assert month["closed"] is False and month["net_g"] == 5_099_884
    assert month["missing"][0] == "an auditor has to close the month" and "5.099884 t of offsets" in month["missing"][1]


def test_a_claim_above_zero_is_refused_with_the_contracts_reason(journey: Json) -> None:
    assert journey["early"]["error"]["kind"] == "Reverted"
    assert "5099884 g above zero" in journey["early"]["error"]["what"]


def test_an_audit_signed_offline_is_submitted_by_the_operator(journey: Json) -> None:
    assert journey["signed"]["signed"] == 1
    (audit,) = journey["submitted"]["audits"]
    assert (audit["version"], audit["energy_wh"], audit["scope2_location_g"]) == (1, 7_906_880, 3_597_457)


def test_two_auditors_sign_apart_and_stand_behind_the_audit_together(journey: Json) -> None:
    deadline = journey["signed"]["deadline"]
    assert deadline == journey["cosigned"]["deadline"] and deadline % 86_400 == 0
    auditors = {journey["signed"]["auditor"], journey["cosigned"]["auditor"]}
    assert len(auditors) == 2
    assert set(answer("verify", "p.json")["relies_on"]["auditors"]) == auditors


def test_signatures_that_were_changed_or_are_of_other_documents_are_refused(journey: Json) -> None:
    good = json.loads(Path("signed.json").read_text())
    others = answer("audit", *journey["id"], "--month", "2021-05", "--scope1-g", 5, "--sign", "other.json")
    assert others["signed"] == 1
    refusals = {
        "no signed audits": {"signatures": 5},
        "not those that were signed": {"documents": [good["documents"][0] | {"scope1_g": 1}]},
        "those that were signed": {"action": "close", "args": [1, 2, 3], "documents": []},
        "that were signed": {"documents": []},
        "were signed": {"documents": good["documents"] * 2},
    }
    for what, change in refusals.items():
        Path("changed.json").write_text(json.dumps(good | change))
        error = answer("audit", *journey["id"], *MONTH, "--submit", "changed.json", code=1)["error"]
        assert what in error["what"] and error["where"] == "changed.json"
    both = ("--submit", "signed.json", "--submit", "other.json")
    assert "different messages" in answer("audit", *journey["id"], *MONTH, *both, code=3)["error"]["what"]


def test_a_role_of_an_auditor_is_granted_for_a_market_zone(journey: Json) -> None:
    granted = answer("grant", "AUDITOR_ROLE", "dev:anyone", "--zone", "EU")
    assert granted["market_zone"] == "EU" and granted["existed"] is False
    assert answer("grant", "AUDITOR_ROLE", "dev:anyone", "--zone", "EU")["existed"] is True
    assert "give --zone" in run("grant", "AUDITOR_ROLE", "dev:anyone", code=2).stderr
    assert "give --zone" in run("grant", "REGISTRAR_ROLE", "dev:anyone", "--zone", "EU", code=2).stderr


def test_a_claim_on_the_hourly_basis_needs_a_match(journey: Json) -> None:
    assert journey["claim"]["basis"] == "annual"
    error = answer("claim", *journey["id"], *MONTH, "--basis", "hourly", code=1)["error"]
    assert "hours of 2021-04 as it stands were not matched" in error["what"]
    assert "none of annual, hourly" in run("claim", *journey["id"], *MONTH, "--basis", "daily", code=2).stderr


def test_a_signature_is_not_submitted_twice(journey: Json) -> None:
    error = answer("audit", *journey["id"], *MONTH, "--submit", "signed.json", "--account", "dev:operator", code=1)[
        "error"
    ]
    assert error["kind"] == "Reverted" and error["todo"]


def test_the_same_bill_is_not_audited_twice(journey: Json) -> None:
    again = ("audit", *journey["id"], "--month", "2021-04", "--bills", DEMO / "electricity.csv")
    assert "closed" in answer(*again, code=1)["error"]["what"]


def test_issuing_again_issues_nothing(journey: Json) -> None:
    again = answer("issue", DEMO / "certificates.csv")
    assert (again["issued"], again["skipped"], again["transactions"]) == (0, 1, 0)
    assert again["tokens"] == [journey["tokens"][0]]


def test_a_certificate_table_without_its_source_is_refused_by_its_row(journey: Json, tmp_path: Path) -> None:
    text = (DEMO / "certificates.csv").read_text().replace("GEN2613", "GEN9")
    (tmp_path / "other.csv").write_text(text)
    error = answer("issue", tmp_path / "other.csv", code=1)["error"]
    assert error["where"] == "other.csv:2" and "source add" in error["todo"]


def test_the_proof_verifies_with_its_inputs_and_the_chain_of_the_folder(journey: Json) -> None:
    found = answer("verify", "p.json", "--inputs", DEMO)
    assert found["verified"] is True and found["depths"] == {"offline": True, "inputs": True, "chain": True}
    assert Path("c.svg").read_text().startswith("<svg")
    assert answer("verify", "p.json", "--deployment", ".carbon-tokens/deployments")["verified"] is True


def test_every_write_answers_with_its_transaction_and_gas(journey: Json) -> None:
    for verb in ("close", "retire", "claim", "source"):
        assert len(journey[verb]["tx"]) == 66 and journey[verb]["gas_used"] > 21_000


def test_only_its_part_may_do_a_thing(journey: Json) -> None:
    """The account decides, not the command: whoever lacks the role is refused by the contract."""
    assert answer("close", *journey["id"], "--month", "2021-05", "--account", "dev:operator", code=1)
    assert answer("freeze", 1, "--account", "dev:auditor", code=1)["error"]["kind"] == "Reverted"


def test_a_key_is_named_by_keystore_variable_or_file_and_never_shown(
    journey: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # of the development account "operator"
    (tmp_path / "key").write_text(key)
    monkeypatch.setenv("OPERATOR_KEY", key)
    token = journey["tokens"][1]
    for spec in ("env:OPERATOR_KEY", f"file:{tmp_path / 'key'}"):
        done = run("transfer", "--to", "dev:anyone", "--token", token, "--amount", 1, "--account", spec)
        assert key[2:] not in done.output
    wrong = run("transfer", "--to", "dev:anyone", "--token", token, "--amount", 1, "--account", "env:NOTHING", code=3)
    assert "NOTHING" in wrong.stderr


def test_an_unknown_facility_is_not_an_empty_account(journey: Json) -> None:
    assert "no facility" in run("status", "--facility", 5, *MONTH, code=3).stderr


def test_a_restatement_cites_what_it_replaces_and_breaks_the_proof(journey: Json) -> None:
    """Last of this file: it changes the month."""
    new = ("--energy-wh", 8_302_224, "--scope1-g", 102_427, "--scope3-g", 2_000_000, "--reason", "a submeter read low")
    (restated,) = answer("restate", *journey["id"], *MONTH, *new)["audits"]
    document = json.loads((Path(".carbon-tokens/documents") / f"{restated['evidence'][2:]}.json").read_text())
    audited = [journey["submitted"]["audits"][0]["evidence"], journey["audit"]["audits"][0]["evidence"]]
    assert document["previous"] == audited
    found = answer("verify", "p.json", code=1)
    assert found["verified"] is False and any("version 3, the proof at 2" in reason for reason in found["reasons"])
    (month,) = answer("status", *journey["id"], *MONTH)["months"]
    assert month["net_g"] == 239_933 and "0.239933 t of offsets" in month["missing"][0]
    answer("retire", *journey["id"], *MONTH, "--token", journey["tokens"][1], "--amount", 1_000_000)
    claim = answer("claim", *journey["id"], *MONTH)
    assert claim["valid"] is True
    answer("prove", claim["claim_id"], "--out", "p2.json")
    assert answer("verify", "p2.json", "--inputs", DEMO)["verified"] is True
    answer("freeze", 2)
    lifted = answer("freeze", 2, "--lift")
    assert lifted["frozen"] is False


def test_disallowing_takes_a_retirement_out(journey: Json) -> None:
    (before,) = answer("status", *journey["id"], *MONTH)["months"]
    evidence = ("--evidence", "0x" + 64 * "7")
    answer("disallow", *journey["id"], *MONTH, "--token", journey["tokens"][1], "--amount", 5, *evidence)
    (after,) = answer("status", *journey["id"], *MONTH)["months"]
    assert after["offsets_g"] == before["offsets_g"] - 5 and after["version"] == before["version"] + 1
