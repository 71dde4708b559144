"""Shares of an account on a node: taken if the chain proves them, seen by operator and tenant, by nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")

from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_facility, tenant_of_name, write
from carbon_tokens.ledger import Audit
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id, meter_id, note
from carbon_tokens.periods import Month
from tests.integration.march import by
from tests.integration.operated import Operated

JULY = Month.parse("2023-07")
ENERGY, LOCATION, MARKET = 10_000_000, 4_400_000, 4_900_000
NOBODY = "0x" + "9" * 54


class Split(Operated):
    """The operator's July is closed and split between a tenant with a facility, one known by name, and its own use."""

    def __init__(self, url: str, folder: Path, kept: str) -> None:
        super().__init__(url, folder, "Split", kept)
        self.number = int(self.facility, 16)
        auditor = by(self.ledger, "auditor")
        auditor.audit(self.audit(1))
        auditor.close(self.number, JULY)
        self.tenants = {"tenant": tenant_of_facility(int(self.others, 16)), "other": tenant_of_name("Other Ltd"),
                        "house": tenant_of_facility(self.number)}  # fmt: skip
        self.first = self.split("split-1")

    def audit(self, version: int) -> Audit:
        """Scope 2 declared by another published method, so that its amounts can be chosen."""
        figures = (ENERGY, 100_000, 4_000_000, 4_500_000, 300_000)
        meter = meter_id("U", "7") if version == 1 else bytes(32)
        span = (JULY.start, JULY.end) if version == 1 else (0, 0)
        return Audit(self.number, JULY.number, version, *figures, *span, meter, bytes(32), note(f"v{version}"))

    def split(self, name: str) -> dict[str, dict[str, Any]]:
        """Splits the account as it stands, in a folder as ``commit`` writes it; gives each tenant's proof."""
        totals = self.ledger.totals_to_split(self.number, JULY)
        weights = dict(zip(self.tenants.values(), (5, 3, 2), strict=True))
        allocation = Allocation(shares_of(totals.amounts, weights), totals.amounts)
        stored = write(self.folder / name, allocation, audited_id(self.number, JULY.number), totals.version)
        by(self.ledger, "operator").commit(self.number, JULY, allocation, totals)
        self.node.followers[1].sync()
        return {who: self.ledger.tenant_proof(stored, key).to_json() for who, key in self.tenants.items()}

    def upload(self, who: str = "operator", month: str = "2023-07", facility: str = "", **body: Any) -> Any:
        return self.ask(who, "POST", self.at(f"/allocations/{month}/shares", facility), body)

    def link(self, tenant: str, customer: str, who: str = "operator") -> Any:
        return self.ask(who, "POST", self.at("/tenants"), {"tenant": tenant, "organisation": customer})


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def split(anvil: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Split]:
    kept = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Split(anvil, tmp_path_factory.mktemp("split"), kept)
    with made.client:
        made.control()
        yield made
    made.close()


def test_the_folder_that_commit_writes_is_taken_whole_and_once(split: Split) -> None:
    folder = split.folder / "split-1"
    body = {"allocation": json.loads((folder / "allocation.json").read_text()),
            "shares": (folder / "shares.secret.csv").read_text()}  # fmt: skip
    first, again = (split.upload(**body) for _ in range(2))
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == {"month": "2023-07", "version": 1, "root": split.first["tenant"]["root"], "added": 3,
                            "repeated": 0}  # fmt: skip
    assert (again.json()["added"], again.json()["repeated"]) == (0, 3)


def test_a_customer_sees_its_own_share_with_a_proof_and_nobody_elses(split: Split) -> None:
    split.upload(proofs=list(split.first.values()))
    assert split.done("customer", "GET", "/shares")["items"] == []
    assert split.link("Other Ltd", "The customer").status_code == 201
    (found,) = split.done("customer", "GET", "/shares")["items"]
    assert found["tenant"] == "0x" + tenant_of_name("Other Ltd").hex()
    # By hand: 3/10 of 10,000,000 Wh, 4,400,000 g and 4,900,000 g.
    assert found["amounts"] == {"energy_wh": 3_000_000, "location_g": 1_320_000, "market_g": 1_470_000}
    assert found["totals"] == {"energy_wh": ENERGY, "location_g": LOCATION, "market_g": MARKET}
    assert (found["committed"], found["current"], found["claimed"]) == (True, True, None)
    proof = TenantProof.from_json(found["proof"])
    assert split.ledger.share_of(proof).amounts.energy_wh == 3_000_000
    assert split.done("stranger", "GET", "/shares")["items"] == []
    text = split.ask("customer", "GET", "/shares").text
    for who in ("tenant", "house"):
        assert split.first[who]["share"]["salt"] not in text and split.tenants[who].hex() not in text
    assert len(split.done("operator", "GET", "/shares")["items"]) == 3
    assert split.done("rival", "GET", "/shares")["items"] == []


def test_a_tenant_has_one_customer_who_is_let_go_by_the_version_seen(split: Split) -> None:
    tenant = "0x" + split.tenants["house"].hex()
    made = split.link(tenant, "The stranger").json()
    assert split.link(tenant, "The customer").status_code == 409
    assert len(split.done("stranger", "GET", "/shares")["items"]) == 1
    assert made in split.done("operator", "GET", split.at("/tenants"))["items"]
    path = split.at(f"/tenants/{tenant}")
    assert split.ask("operator", "DELETE", path).status_code == 422
    assert split.ask("operator", "DELETE", path, If_Match="2").status_code == 409
    assert split.ask("operator", "DELETE", path, If_Match="1").status_code == 204
    assert split.ask("operator", "DELETE", path, If_Match="1").status_code == 404
    assert split.done("stranger", "GET", "/shares")["items"] == []


@pytest.mark.parametrize("name", ["The rival", "Nobody", "The auditor"])
def test_a_tenant_is_linked_only_to_an_organisation_of_customers(split: Split, name: str) -> None:
    assert split.link("0x" + "7" * 64, name).status_code == 404


def test_shares_that_the_chain_does_not_prove_are_refused(split: Split) -> None:
    good = split.first["tenant"]

    def changed(**share: Any) -> dict[str, Any]:
        return {**good, "share": {**good["share"], **share}}

    for wrong, said in (
        (changed(energy_wh=5_000_001), "the share leads to the root"),
        (changed(salt="0x" + "00" * 32), "the share leads to the root"),
        (changed(tenant="0x" + "77" * 32), "the share leads to the root"),
        (changed(siblings="0x"), "the share leads to the root"),
        (changed(siblings="0x00"), "no place in a tree"),
        (changed(energy_wh=2**48), "48 bits"),
        ({**good, "root": "0x" + "11" * 32, "version": 2}, "no split of 2023-07 at version 2"),
        ({**good, "root": "0x" + "11" * 32}, "a proof states another"),
        ({**good, "version": 2**200}, "of several versions of the account, or of none"),
        ({**good, "version": -1}, "of several versions of the account, or of none"),
        ({**good, "month": "2023-08"}, "another chain, contract, facility or month"),
        ({**good, "chain_id": 5}, "another chain"),
        ({**good, "genesis": "0x" + "00" * 32}, "another chain"),
        ({**good, "allocations": "0x" + "00" * 20}, "another chain"),
        ({**good, "facility": split.others}, "another chain"),
        ({"type": "x"}, "no document of type"),
        ({**good, "more": 1}, "unknown field"),
    ):
        answer = split.upload(proofs=[wrong])
        assert answer.status_code == 422 and said in answer.json()["detail"], answer.text
        assert split.upload(proofs=[split.first["other"], wrong]).status_code == 422
    assert split.upload(month="2023-08", proofs=[good]).status_code == 422
    assert split.upload().status_code == split.upload(proofs=[good], allocation={"a": 1}).status_code == 422


@pytest.mark.parametrize(
    "shares", ["", "tenant\n1\n", "\x00", "tenant,energy_wh,location_g,market_g,salt\n1,2,3,4,5\n"]
)
def test_a_folder_that_is_none_is_refused_without_a_path_of_the_node(split: Split, shares: str) -> None:
    header = json.loads((split.folder / "split-1" / "allocation.json").read_text())
    for allocation in (header, {**header, "version": 2}, {"type": 1.5}, {"a": [None]}, {"a": 2**60}):
        answer = split.upload(allocation=allocation, shares=shares)
        assert answer.status_code == 422 and "/tmp" not in answer.text, answer.text


def test_the_public_sees_root_and_totals_and_nothing_of_the_shares(split: Split) -> None:
    answer = split.client.get(f"/api/v1{split.at('/allocations')}")
    found = answer.json()["items"][0]
    assert found["root"] == split.first["tenant"]["root"] and (found["version"], found["depth"]) == (1, 2)
    assert found["totals"] == {"energy_wh": ENERGY, "location_g": LOCATION, "market_g": MARKET}
    for proof in split.first.values():
        assert proof["share"]["salt"] not in answer.text and proof["share"]["tenant"] not in answer.text


def test_a_claim_and_a_restatement_are_seen_in_the_share(split: Split) -> None:
    """Claimed by the tenant's owner; after a restatement the share is not current, and that of the next split is."""
    split.upload(proofs=list(split.first.values()))
    assert split.link(split.others, "The customer").status_code == 201
    by(split.ledger, "broker").claim_share(TenantProof.from_json(split.first["tenant"]))
    split.node.followers[1].sync()

    def mine() -> list[dict[str, Any]]:
        items = split.done("customer", "GET", "/shares")["items"]
        return [each for each in items if each["tenant"] == "0x" + split.tenants["tenant"].hex()]

    claimed = {"version": 1, "energy_wh": 5_000_000, "location_g": 2_200_000, "market_g": 2_450_000}
    assert [(each["current"], each["claimed"]) for each in mine()] == [(True, claimed)]
    auditor = by(split.ledger, "auditor")
    auditor.restate(replace(split.audit(2), scope3=500_000))
    second = split.split("split-2")
    assert split.upload(proofs=[second["tenant"]]).json()["added"] == 1
    assert [(each["version"], each["current"]) for each in mine()] == [(1, False), (2, True)]
    public = split.client.get(f"/api/v1{split.at('/allocations')}").json()["items"]
    assert [(each["version"], each["current"], each["claimed"]["energy_wh"]) for each in public] == [
        (1, False, 5_000_000), (2, True, 0)]  # fmt: skip


def test_shares_are_paged_without_loss(split: Split) -> None:
    split.upload(proofs=list(split.first.values()))
    whole, paged, after = split.done("operator", "GET", "/shares")["items"], list[Any](), 0
    while after is not None:
        page = split.done("operator", "GET", f"/shares?limit=1&after={after}")
        paged, after = paged + page["items"], page["next"]
    assert paged == whole and len(whole) >= 3
    first = split.client.get(f"/api/v1{split.at('/allocations?limit=1')}").json()
    rest = split.client.get(f"/api/v1{split.at('/allocations')}?after={first['items'][0]['id']}").json()["items"]
    assert first["items"][0] not in rest


def test_an_upload_that_is_repeated_with_its_key_is_answered_again(split: Split) -> None:
    body = {"proofs": [split.first["tenant"]]}
    path = split.at("/allocations/2023-07/shares")
    first, again = (split.ask("operator", "POST", path, body, Idempotency_Key="shares") for _ in range(2))
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    with split.node.engine.begin() as connection:
        kept = str(connection.exec_driver_sql("SELECT request, body FROM idempotency").all())
        logged = str(connection.exec_driver_sql("SELECT detail FROM action").all())
    for proof in split.first.values():
        assert proof["share"]["salt"] not in kept + logged


ROUTES = [
    ("POST", "/allocations/2023-07/shares", {"proofs": [{}]}),
    ("POST", "/tenants", {"tenant": "x", "organisation": "The customer"}),
    ("GET", "/tenants", None),
    ("DELETE", "/tenants/0x" + "1" * 64, None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("who", ["", "admin", "auditor", "issuer", "customer", "rival"])
def test_every_route_is_of_the_operators_who_operate_the_facility(
    split: Split, who: str, method: str, path: str, body: Any
) -> None:
    """No key 401, another role 403, another organisation's data 404."""
    answer = split.ask(who, method, split.at(path), body, If_Match="1")
    assert answer.status_code == {"": 401, "rival": 404}.get(who, 403), answer.text
    for place in (f"/chains/1/facilities/{NOBODY}", f"/chains/7/facilities/{split.facility}"):
        assert split.ask("operator", method, place + path, body, If_Match="1").status_code == 404


def test_shares_are_for_operators_and_customers_allocations_for_all(split: Split) -> None:
    for who, status in (("", 401), ("admin", 403), ("auditor", 403), ("issuer", 403), ("customer", 200)):
        assert split.ask(who, "GET", "/shares").status_code == status
    assert split.client.get(f"/api/v1/chains/1/facilities/{NOBODY}/allocations").status_code == 404
    assert split.ask("customer", "GET", "/shares").headers["cache-control"] == "no-store"
