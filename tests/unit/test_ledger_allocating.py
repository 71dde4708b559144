"""A tenant's proof as a file: it names all that a tenant needs, and says no more than what it proves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.allocation.shares import (
    Allocation,
    Amounts,
    Share,
    StoredAllocation,
    shares_of,
    tenant_of_facility,
    tenant_of_name,
)
from carbon_tokens.allocation.shares.weights import read_weights
from carbon_tokens.errors import AllocationError, CarbonTokensError, DuplicateTenant, ShareNotProven
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id
from carbon_tokens.periods import Month

FACILITY, MONTH = 0xABC, Month.parse("2023-07")
TENANT, NAMED = tenant_of_facility(0xDEF), tenant_of_name("Other Ltd")
WHOLE = Amounts(100, 50, 40)


@pytest.fixture
def proof() -> TenantProof:
    shares = [Share(TENANT, 60, 30, 24, bytes(32)), Share(NAMED, 40, 20, 16, bytes(range(32)))]
    stored = StoredAllocation(Allocation(shares, WHOLE), audited_id(FACILITY, MONTH.number), 3)
    place = (31337, "0x" + 64 * "a", "0x" + 40 * "b")
    return TenantProof(*place, FACILITY, MONTH, 3, stored.root, stored.allocation.prove(TENANT))


def test_a_proof_leads_to_the_root_and_gives_the_accounts_totals(proof: TenantProof) -> None:
    assert proof.verify() == WHOLE and proof.tenant_facility == 0xDEF


def test_the_file_names_chain_contract_account_and_version(proof: TenantProof, tmp_path: Path) -> None:
    proof.write(tmp_path / "p.json")
    said = json.loads((tmp_path / "p.json").read_text())
    assert (said["chain_id"], said["month"], said["version"]) == (31337, "2023-07", 3)
    assert said["facility"] == f"0x{FACILITY:054x}" and said["allocations"] == proof.allocations
    assert TenantProof.read(tmp_path / "p.json") == proof


def test_the_file_says_nothing_of_other_tenants_but_one_neighbours_amounts(proof: TenantProof) -> None:
    text = json.dumps(proof.to_json())
    assert NAMED.hex() not in text and bytes(range(32)).hex() not in text


def test_a_tenant_known_by_its_name_has_no_facility(proof: TenantProof) -> None:
    share = replace(proof.share.share, tenant=NAMED)
    assert replace(proof, share=replace(proof.share, share=share)).tenant_facility is None


@pytest.mark.parametrize("change", [{"version": 4}, {"facility": 0xABD}, {"month": Month.parse("2023-08")}], ids=str)
def test_a_proof_of_another_account_or_version_is_not_proven(proof: TenantProof, change: dict[str, Any]) -> None:
    with pytest.raises(ShareNotProven):
        replace(proof, **change).verify()


@pytest.mark.parametrize(
    "change",
    [
        {"type": "other"}, {"version": "3"}, {"version": True}, {"chain_id": 1.5}, {"facility": "0x"}, {"share": []},
        {"month": "2023"}, {"root": "0xA"}, {"more": 1}, {"genesis": None}, {"facility": "0x" + "f" * 64},
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_no_proof_is_refused(proof: TenantProof, change: dict[str, Any]) -> None:
    with pytest.raises(CarbonTokensError):
        TenantProof.from_json(proof.to_json() | change)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match=r"none\.json"):
        TenantProof.read(tmp_path / "none.json")


# ------------------------------------------------------------------------------------------------------------ weights
def test_weights_are_read_by_tenant_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(f"tenant,weight\nOther Ltd, 20 \n0x{0xDEF:054x},30\n")
    found = read_weights(tmp_path / "w.csv")
    assert found == {NAMED: 20, TENANT: 30} and list(found) == sorted(found)


def test_a_table_of_three_weights_splits_energy_and_emissions_each_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text('"tenant","energy_wh","location_g","market_g"\n"A",1,3,0\n"B",1,1,5\n')
    shares = {each.tenant: each.amounts for each in shares_of(Amounts(10, 8, 7), read_weights(tmp_path / "w.csv"))}
    assert shares == {tenant_of_name("A"): Amounts(5, 6, 0), tenant_of_name("B"): Amounts(5, 2, 7)}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("tenant,energy_wh,location_g,market_g\nA,1,2\nB,1,2,3.5\n", r"w\.csv:2: 3 cells.*w\.csv:3: market_g"),
        ("tenant,kwh\nA,1\n", r"w\.csv:1: the columns are tenant, kwh"),
        ("tenant,weight\n", "has no rows"),
        ("", "missing"),
        ("tenant,weight\nA,1\nB,1.5\n,2\nC,-1\nD,1,1\n", r"w\.csv:3.*w\.csv:4.*w\.csv:5.*w\.csv:6: 3 cells"),
    ],
)
def test_a_table_of_weights_is_used_whole_or_not_at_all(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(rows)
    with pytest.raises(AllocationError, match=said):
        read_weights(tmp_path / "w.csv")


def test_a_tenant_in_two_rows_of_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("tenant,weight\nA,1\nB,2\nA,3\n")
    with pytest.raises(DuplicateTenant, match=r"w\.csv:4: the tenant stands in row 2"):
        read_weights(tmp_path / "w.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AllocationError, match="no readable CSV"):
        read_weights(tmp_path / "w.csv")
