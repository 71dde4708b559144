"""An organisation's facilities on a node: described by their hash, proven by their owner's signature, its own alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
pytest.importorskip("schemathesis")
import hypothesis
import rfc8785
import schemathesis
from eth_account.messages import _hash_eip191_message, encode_defunct
from hypothesis import HealthCheck
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import update

from carbon_tokens.ledger import account
from carbon_tokens.ledger.ids import facility_id
from carbon_tokens.service import schema
from tests.integration.operated import Operated

NOBODY = "0x" + "9" * 54


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(anvil: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Operated]:
    """The node; nobody operates anything yet."""
    kept = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Operated(anvil, tmp_path_factory.mktemp("operated"), kept=kept)
    with made.client:
        yield made
    made.close()


@pytest.fixture
def hall(site: Operated) -> Operated:
    """The node, whose operator operates its facility."""
    site.control()
    return site


# ------------------------------------------------------------------------------------------------------- description
def test_a_description_is_taken_if_its_hash_is_the_chains(site: Operated) -> None:
    """In canonical form, and in any form of which the canonical one has the hash."""
    document = site.described["operator"]
    for content in (rfc8785.dumps(document), json.dumps(document, indent=2).encode()):
        found = site.done("operator", "POST", site.at("/record"), content=content)
        assert found["description"] == document and found["metadata"].startswith("0x")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"5", b"\xff\xfe", b'{"name": NaN}', b'{"name": "\\ud800"}', b'{"a":' * 90_000,
     rfc8785.dumps({"name": "Another"}), b'{"name": "x"}' + b" " * 200_000],
    ids=range(10),
)  # fmt: skip
def test_a_description_of_another_hash_is_refused(site: Operated, content: bytes) -> None:
    answer = site.ask("operator", "POST", site.at("/record"), content=content)
    assert answer.status_code == 422 and answer.json()["todo"] + answer.json()["detail"]


def test_the_public_sees_name_and_city_only_once_the_owner_agreed(site: Operated) -> None:
    """A description alone, which whoever holds it may bring, makes nothing public."""
    site.record("rival", "broker", site.others)
    public = f"/api/v1{site.at(facility=site.others)}"
    assert site.client.get(public).json()["name"] == ""
    site.control("rival", "broker", site.others)
    found = site.client.get(public).json()
    assert (found["name"], found["city"]) == ("Hall of the broker", "Fresno")
    listed = {each["id"]: each["name"] for each in site.client.get("/api/v1/chains/1/facilities").json()["items"]}
    assert listed[site.others] == "Hall of the broker"
    assert site.ask("rival", "DELETE", site.at("/control", site.others)).status_code == 204
    assert site.client.get(public).json()["name"] == ""
    assert site.ask("rival", "DELETE", site.at("/control", site.others)).status_code == 404


# ----------------------------------------------------------------------------------------------------------- control
def test_the_owners_signature_makes_an_organisation_the_operator(site: Operated) -> None:
    challenge = site.done("operator", "POST", site.at("/challenge"))
    for said in ("The operator", site.facility, site.chain.genesis, "Node: node-", challenge["nonce"]):
        assert said in challenge["message"]
    made = site.done("operator", "POST", site.at("/control"), site.signed(challenge))
    assert made["owner"] == challenge["owner"] == account("dev:operator", site.chain).address
    site.record()
    (found,) = site.done("operator", "GET", "/facilities")["items"]
    assert (found["id"], found["network"], found["name"]) == (site.facility, "test", "Hall of the operator")
    for who in ("rival", "admin", "auditor", "customer"):
        assert site.done(who, "GET", "/facilities") == {"items": [], "next": None}


def test_a_challenge_counts_once_and_only_for_whom_it_names(site: Operated) -> None:
    mine = site.done("operator", "POST", site.at("/challenge"))
    body = site.signed(mine)
    stolen = site.ask("rival", "POST", site.at("/control"), body)
    assert stolen.status_code == 409
    elsewhere = site.ask("operator", "POST", site.at("/control", site.others), body)
    assert elsewhere.status_code == 409
    assert site.ask("operator", "POST", site.at("/control"), body).status_code == 201
    again = site.ask("operator", "POST", site.at("/control"), body)
    assert again.status_code == 409 and "was used" in again.json()["detail"]


def test_a_new_challenge_ends_the_one_before_and_time_ends_every_one(site: Operated) -> None:
    first = site.done("operator", "POST", site.at("/challenge"))
    second = site.done("operator", "POST", site.at("/challenge"))
    assert site.ask("operator", "POST", site.at("/control"), site.signed(first)).status_code == 409
    with site.node.engine.begin() as connection:
        connection.execute(update(schema.control_challenge).values(expires=1))
    assert site.ask("operator", "POST", site.at("/control"), site.signed(second)).status_code == 409


def test_only_the_owners_signature_of_the_very_message_counts(site: Operated) -> None:
    challenge = site.done("rival", "POST", site.at("/challenge"))
    for body in (
        site.signed(challenge, "broker"),
        site.signed(challenge, message=challenge["message"].replace("The rival", "The operator")),
        site.signed(challenge, message=challenge["message"] + "\n"),
        {"nonce": challenge["nonce"], "signature": "0x" + "00" * 65},
        {"nonce": challenge["nonce"], "signature": "0x" + "ff" * 65},
        {"nonce": challenge["nonce"], "signature": "0x01"},
    ):
        refused = site.ask("rival", "POST", site.at("/control"), body)
        assert refused.status_code == 422 and "no signature of the challenge" in refused.json()["detail"]
    assert site.done("rival", "GET", "/facilities")["items"] == []


def test_an_owner_that_is_a_contract_signs_by_erc_1271(site: Operated) -> None:
    """Its code here answers for the hashes that are written into it; a key's signature is then of no use."""
    rpc, owner = site.chain.rpc, "0x" + hashlib.sha256(str(site.folder).encode()).hexdigest()[:40]
    rpc.request("anvil_setBalance", [owner, hex(10**18)])
    rpc.request("anvil_impersonateAccount", [owner])
    metadata = hashlib.sha256(b"of a contract").digest()
    contract = site.ledger.contracts["CarbonTokens"]
    data = "0x" + contract.encode("registerFacility", (b"CAMX".ljust(9, b"\0"), b"US", metadata)).hex()
    tx = {"from": owner, "to": site.ledger.address("CarbonTokens"), "data": data}
    rpc.request("eth_sendTransaction", [tx])
    code = "600435547f1626ba7e" + "00" * 28 + "0260005260206000f3"  # the magic value x storage[hash]
    rpc.request("anvil_setCode", [owner, "0x" + code])
    facility = f"0x{facility_id(owner, metadata):054x}"
    follower = site.node.followers[1]
    follower.sync()
    challenge = site.done("operator", "POST", site.at("/challenge", facility))
    body = {"nonce": challenge["nonce"], "signature": "0x1234"}
    assert site.ask("operator", "POST", site.at("/control", facility), body).status_code == 422
    digest = _hash_eip191_message(encode_defunct(text=challenge["message"]))
    rpc.request("anvil_setStorageAt", [owner, "0x" + digest.hex().removeprefix("0x"), "0x" + "1".rjust(64, "0")])
    made = site.done("operator", "POST", site.at("/control", facility), body)
    assert made["owner"].lower() == owner
    assert site.ask("operator", "DELETE", site.at("/control", facility)).status_code == 204


# ----------------------------------------------------------------------------------------------------- who may do it
PRIVATE = [
    ("POST", "/challenge", None),
    ("POST", "/record", None),
    ("POST", "/control", {"nonce": "0" * 32, "signature": "0x00"}),
    ("DELETE", "/control", None),
    ("POST", "/sources", {"kind": "meter", "utility": "u", "meter": "m"}),
    ("GET", "/sources", None),
    ("POST", "/sources/1/retirement", None),
    ("POST", "/energy?source=1&month=2024-03&name=x.csv", None),
    ("GET", "/energy", None),
    ("GET", "/energy/1/hours", None),
    ("DELETE", "/energy/1", None),
    ("POST", "/statements", {"month": "2024-03"}),
    ("GET", "/statements", None),
]
# What is asked of a facility by an operator who does not operate it: the first three are how one comes to operate it.
OPEN_TO_OPERATORS = {"/challenge": 201, "/record": 422, "POST /control": 409}


@pytest.mark.parametrize(("method", "path", "body"), PRIVATE, ids=lambda each: str(each)[:20])
@pytest.mark.parametrize("who", ["", "admin", "auditor", "issuer", "customer", "rival"])
def test_every_route_is_of_the_operators_who_operate_the_facility(
    hall: Operated, who: str, method: str, path: str, body: Any
) -> None:
    """No key 401, another role 403, another organisation's data 404."""
    hall.source(f"of {who} {method} {path}")
    answer = hall.ask(who, method, hall.at(path), body, If_Match="1")
    expected = {"": 401, "rival": 404}.get(who, 403)
    if who == "rival":
        expected = OPEN_TO_OPERATORS.get(path, OPEN_TO_OPERATORS.get(f"{method} {path}", expected))
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize(("method", "path", "body"), PRIVATE, ids=lambda each: str(each)[:20])
def test_a_facility_that_is_none_is_not_there(hall: Operated, method: str, path: str, body: Any) -> None:
    for place in (f"/chains/1/facilities/{NOBODY}", f"/chains/7/facilities/{hall.facility}"):
        assert hall.ask("operator", method, place + path, body, If_Match="1").status_code == 404


@pytest.mark.parametrize("who", ["operator", "rival", "customer"])
def test_whatever_is_asked_of_a_facility_the_node_never_fails(hall: Operated, who: str) -> None:
    """Every private operation, on a facility with data in it, with what its description allows and what it forbids."""
    hall.stated(f"asked-{who}.csv", f"asked by {who}")
    found = schemathesis.openapi.from_asgi("/openapi.json", hall.client.app)
    operations = [each.ok() for each in found.get_all_operations()]  # type: ignore[union-attr]
    own = ("/api/v1/facilities", "/api/v1/shares")
    mine = [each for each in operations if "{facility}/" in each.path or each.path in own]
    assert len(mine) >= 20
    for operation in mine:
        for mode in schemathesis.GenerationMode:
            if mode.is_positive or [*operation.iter_parameters(), *operation.body]:
                asked(hall, operation, mode, who)
    hall.control()


def asked(hall: Operated, operation: Any, mode: Any, who: str) -> None:
    """Asks an operation many times, of the facility that is operated and of sources and uploads that are there."""
    there = {"chain": 1, "facility": hall.facility, "source": 1, "upload": 1, "month": "2024-03"}
    headers = {"Authorization": f"Bearer {hall.keys[who]}"}
    excluded = [positive_data_acceptance, negative_data_rejection]  # any JSON is no statement

    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=6 if who == "operator" else 2,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def one(case: Any) -> None:
        for name in case.path_parameters:
            if mode.is_positive and name in there:
                case.path_parameters[name] = there[name]
        if mode.is_positive and case.query and "source" in case.query:
            case.query["source"] = 1
        if operation.method.upper() == "DELETE" and operation.path.endswith("/control"):
            return
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    one()
