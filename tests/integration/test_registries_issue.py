"""From a registry's download to a retired REC: read, issue, retire, each as a user types it, on the embedded chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from carbon_tokens.registries import CRITERIA
from tests import registry_pdfs as pdfs
from tests.integration.commands import DEMO, MONTH, Json, answer

FIRST, SECOND, WHOLE = "NAR-REC-1-KS-02-2021-9", "NAR-REC-1-KS-04-2021-10", "NAR-REC-2-KS-04-2021-11"
NAR = (
    "nar_id,project,type,serial,quantity,on_behalf_of\n"
    f"GEN1,A,Wind,{FIRST}-4440 to 4443,4,N\n"
    f"GEN1,A,Wind,{FIRST}-4444 to 4446,3,N\n"
    f"GEN1,A,Wind,{SECOND}-1 to 2,2,N\n"
    f"GEN1,A,Wind,{SECOND}-3 to 4,3,N\n"
    f"GEN2,B,Wind,{WHOLE}-1 to 9,9,N\n"
)
REGION = ("--class", "rec", "--registry", "NAR", "--region", "SPNO", "--technology", "wind")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """A month is audited and closed; certificates are read, issued and retired into it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("registries"))
        Path("nar.csv").write_text(NAR)
        names = ",".join(CRITERIA)
        Path("criteria.csv").write_text(f"source,{names}\nGEN1{',yes' * 8}\nGEN2,yes,no{',yes' * 6}\n")
        read = ("certificates", "read", "nar.csv", "--criteria", "criteria.csv")
        said: Json = {"read": answer(*read, "--out", "batches.csv", "--rejects", "rejects.csv")}
        answer("deploy", "--dev-roles")
        answer("factors", "load", "--year", 2021)
        facility = answer("facility", "add", "--name", "Lincoln 1", "--zip", "68508")["facility"]
        said["id"] = ("--facility", facility)
        answer("audit", *said["id"], *MONTH, "--bills", DEMO / "electricity.csv")
        answer("close", *said["id"], *MONTH)
        said["unknown"] = answer("issue", "batches.csv", code=1)
        for block in (FIRST, SECOND):
            answer("source", "add", *REGION, "--device", f"GEN1/{block}")
        said["issue"] = answer("issue", "batches.csv", "--to", "dev:operator")
        said["again"] = answer("issue", "batches.csv", "--to", "dev:operator")
        said["before"] = answer("status", *said["id"], *MONTH)
        retired = [word for token in said["issue"]["tokens"] for word in ("--token", token)]
        amounts = [word for amount in (2_000_000, 4_000_000, 3_000_000) for word in ("--amount", amount)]
        said["retire"] = answer("retire", *said["id"], *MONTH, *retired, *amounts)
        said["after"] = answer("status", *said["id"], *MONTH)
        said["reread"] = answer(*read, "--issued", "batches.csv")
        yield said


def test_three_of_five_rows_are_ready_and_two_say_why_not(story: Json) -> None:
    assert (story["read"]["batches"], story["read"]["energy_wh"]) == (3, 9_000_000)
    assert story["read"]["rejected"] == [
        {"row": "nar.csv:5", "reason": "2 serials for 3 MWh"},
        {"row": "nar.csv:6", "reason": "not met: is the only instrument that carries the claim to that rate"},
    ]


def test_what_was_read_is_issued_once_from_the_sources_that_its_table_names(story: Json) -> None:
    assert f"GEN1/{SECOND}" in story["unknown"]["error"]["what"] and "source add" in story["unknown"]["error"]["todo"]
    assert (story["issue"]["issued"], story["issue"]["skipped"]) == (3, 0)
    assert (story["again"]["issued"], story["again"]["skipped"]) == (0, 3)


def test_what_meets_its_criteria_covers_energy_and_what_does_not_is_applied_nowhere(story: Json) -> None:
    """7,906,880 Wh were used, 9 MWh retired; the 9 MWh of GEN2 never came to the ledger."""
    (before,), (after,) = story["before"]["months"], story["after"]["months"]
    assert (before["covered_wh"], after["covered_wh"], after["energy_wh"]) == (0, 7_906_880, 7_906_880)
    assert after["gross_location_g"] == before["gross_location_g"] > 0
    assert after["gross_market_g"] == before["gross_market_g"] - 3_597_457


def test_what_was_issued_is_not_read_as_ready_again(story: Json) -> None:
    assert story["reread"]["batches"] == 0
    assert [each["reason"] for each in story["reread"]["rejected"]][:4] == [
        *(f"has serials of batches.csv:{row}" for row in (2, 3, 4)), "2 serials for 3 MWh",
    ]  # fmt: skip


def test_the_ledger_refuses_serials_that_stand_on_it_though_another_document_states_them(
    story: Json,
) -> None:
    """The certificate as PDF is another document with another hash, and its block of serials the same source."""
    path = Path.cwd() / "again.pdf"
    path.write_bytes(pdfs.nar((f"{FIRST}-4443 to 4446", "4"), device="GEN1"))
    read = answer(
        "certificates", "read", path, "--criteria", "criteria.csv", "--out", "pdf.csv", "--rejects", "none.csv"
    )
    assert read["batches"] == 1
    refused = answer("issue", "pdf.csv", code=1)
    assert refused["error"]["kind"] == "Reverted" and "serial" in refused["error"]["what"], refused
