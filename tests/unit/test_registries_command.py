"""``certificates read``: what is printed of each file, its kind, its criteria, and what may be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.registries import CRITERIA
from carbon_tokens.statements import certificate_table

NAR = (
    "nar_id,project,type,serial,quantity,on_behalf_of\n"
    "GEN1,A,Wind,NAR-REC-1-KS-12-2020-9-1 to 2,2,N\nGEN2,B,Wind,NAR-REC-2-KS-12-2020-8-1 to 3,3,N\n"
)
ACR = (
    "Credit Serial Numbers,Vintage Assignment Period Start Date,Vintage Assignment Period End Date,"
    "Quantity of Credits,Retired on Behalf of,Project ID,Project Name,Project Type,Project Site Country\n"
    'ACR-FR-1129-2025-2917-30932 to 35143,2/7/2025,3/19/2025,"4,212",AWS,ACR1129,Tradewater,ODS,FR\n'
    "ACR-FR-1129-2025-2917-1 to 10,2/7/2025,3/19/2025,9,AWS,ACR1129,Tradewater,ODS,FR\n"
)
STEP7 = "certificate,volume_MWh,order_folder,allocation\nc_1,1,o,a_1\n"
MET = {name: "n/a" if name in ("supplier_rate", "direct_contract") else "yes" for name in CRITERIA}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"nar.csv": NAR, "acr.csv": ACR, "step7.csv": STEP7}.items():
        Path(name).write_text(text)
    return tmp_path


def criteria(**answers: dict[str, str]) -> None:
    rows = [f"{source},{','.join((MET | changed).values())}\n" for source, changed in answers.items()]
    Path("criteria.csv").write_text(f"source,{','.join(CRITERIA)}\n{''.join(rows)}")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["certificates", "read", *arguments])


def answer(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_batches_energy_mass_and_rejects_are_printed_in_all_and_by_file_and_kind() -> None:
    said = answer("nar.csv", "acr.csv", "step7.csv")
    assert (said["batches"], said["energy_wh"], said["mass_g"]) == (3, 5_000_000, 4_212_000_000)
    assert said["files"] == [
        {"file": "acr.csv", "kind": "acr", "rows": 2, "stated_mass_g": 4_221_000_000, "batches": 1,
         "mass_g": 4_212_000_000, "rejected": 1},
        {"file": "nar.csv", "kind": "nar", "rows": 2, "stated_energy_wh": 5_000_000, "batches": 2,
         "energy_wh": 5_000_000, "rejected": 0},
        {"file": "step7.csv", "kind": "eac-allocations", "rows": 1, "stated_energy_wh": 1_000_000, "batches": 0,
         "energy_wh": 0, "rejected": 1},
    ]  # fmt: skip
    assert [each["row"] for each in said["rejected"]] == ["acr.csv:3", "step7.csv:2"]
    assert said["rejected"][0]["reason"] == "10 serials for 9 t" and said["criteria"] is None


def test_the_kind_can_be_stated_and_is_checked() -> None:
    assert answer("nar.csv", "--kind", "nar")["batches"] == 2
    refused = answer("acr.csv", "--kind", "nar", code=1)
    assert refused["error"]["what"] == "this is no download of kind nar" and "nar_id" in refused["error"]["todo"]


def test_all_eight_criteria_are_booleans_and_the_one_that_fails_is_named() -> None:
    criteria(GEN1={}, GEN2={"only_claim": "no"}, GEN9={})
    said = answer("nar.csv", "--criteria", "criteria.csv")
    first, second = (said["criteria"]["sources"][name] for name in ("GEN1", "GEN2"))
    assert [first[name] for name in CRITERIA] == [True] * 8 and first["applied"] is True
    assert second["applied"] is False and second["not_met"] == ["only_claim"] and second["only_claim"] is False
    assert first["not_applicable"] == ["supplier_rate", "direct_contract"]
    assert said["criteria"]["unused"] == ["GEN9"] and said["criteria"]["file"] == "criteria.csv"
    assert said["energy_wh"] == 2_000_000
    assert said["rejected"] == [
        {"row": "nar.csv:3", "reason": "not met: is the only instrument that carries the claim to that rate"}
    ]


@pytest.mark.parametrize("name", CRITERIA)
def test_one_criterion_that_is_not_met_is_enough_whichever_it_is(name: str) -> None:
    criteria(GEN1={name: "no"}, GEN2={})
    said = answer("nar.csv", "--criteria", "criteria.csv")
    assert said["criteria"]["sources"]["GEN1"]["not_met"] == [name]
    assert said["energy_wh"] == 3_000_000
    assert f"quality criteria of GEN1 are not met: {name}" in run("nar.csv", "--criteria", "criteria.csv").stdout


def test_a_device_of_which_nothing_is_stated_is_not_applied() -> None:
    criteria(GEN1={})
    said = answer("nar.csv", "--criteria", "criteria.csv")
    of = said["criteria"]["sources"]["GEN2"]
    assert (of["stated"], of["applied"], of["not_met"]) == (False, False, list(CRITERIA))
    assert said["rejected"][0]["reason"] == "its quality criteria are not stated"


def test_recs_are_written_only_if_their_criteria_are_stated_and_offsets_need_none() -> None:
    refused = run("nar.csv", "--out", "out.csv")
    assert refused.exit_code == 2 and "--criteria" in refused.output and not Path("out.csv").exists()
    done = run("acr.csv", "--out", "out.csv", "--rejects", "rejects.csv")
    assert done.exit_code == 0 and len(certificate_table.read("out.csv")) == 1
    assert len(Path("rejects.csv").read_text().splitlines()) == 2


def test_what_was_issued_before_is_named_by_its_table() -> None:
    criteria(GEN1={}, GEN2={})
    read = ("nar.csv", "--criteria", "criteria.csv")
    assert run(*read, "--out", "out.csv").exit_code == 0
    said = answer(*read, "--issued", "out.csv")
    assert said["batches"] == 0
    assert [each["reason"] for each in said["rejected"]] == ["has serials of out.csv:2", "has serials of out.csv:3"]


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "nar.csv").write_text(NAR)
    said = answer("a/nar.csv", "b/nar.csv")
    assert [each["file"] for each in said["files"]] == ["a/nar.csv", "b/nar.csv"]
    assert said["rejected"][0] == {"row": "a/nar.csv:2", "reason": "has serials of b/nar.csv:2"}


def test_a_reading_for_people_names_the_kind_of_every_file() -> None:
    shown = run("nar.csv", "acr.csv").stdout
    assert "4 rows: 3 batches, 5,000,000 Wh of RECs, 4,212,000,000 g of offsets; 1 rejected" in shown
    assert "nar.csv is nar: 2 of 2" in shown and "acr.csv is acr: 1 of 2" in shown


def test_criteria_are_asked_only_of_devices_whose_rows_can_be_issued() -> None:
    criteria(GEN1={}, GEN2={})
    said = answer("nar.csv", "step7.csv", "--criteria", "criteria.csv")
    assert list(said["criteria"]["sources"]) == ["GEN1", "GEN2"]
