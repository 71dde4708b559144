"""An audit through a node: asked for by an operator, taken and signed by an auditor's wallet, sent by anyone's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from eth_account import Account
from fastapi.testclient import TestClient
from sqlalchemy import update
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.energy.site import Reading
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.mnemonic import MNEMONIC
from carbon_tokens.service import database, keys, schema
from carbon_tokens.service.app import create
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Network, Node
from carbon_tokens.statements import FactorReference, MethodReference, Statement, build
from tests.integration.march import MARCH, RELEASE, Deploy, by, with_facility

FACTOR = FactorReference("eGRID", 2023, "rev1", "US", "CAMX", "0x" + RELEASE.hex(), "0x" + "11" * 32, "225000", 225_000,
                         False, "", 225_000)  # fmt: skip


def statement(facility: int, energy: int = 1_000_000, meter: str = "1") -> Statement:
    file = hashlib.sha256(meter.encode()).hexdigest()
    reading = Reading("PG&E", meter, MARCH.start, MARCH.end, energy, "hourly", "hours.csv", file, (2, 745), "A")
    return build(reading, FACTOR, facility=facility, method=MethodReference.shipped())


class Place:
    """A node beside a chain with one facility, and clients with the keys of four organisations."""

    def __init__(self, ledger: Ledger, folder: Path, url: str) -> None:
        self.ledger, self.facility, self.url = ledger, with_facility(ledger), url
        engine = database.connect(self.url)
        network = Network("test", folder / "first", rpc=ledger.chain.where)
        self.node = Node(engine, [network], every_s=0.1)
        roles = {"admin": "admin", "operator": "operator", "auditor": "auditor", "other": "auditor"}
        with engine.begin() as connection:
            self.keys = {name: keys.add(connection, f"The {name}", role, 30) for name, role in roles.items()}
        self.client = TestClient(create(self.node), raise_server_exceptions=False)

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {
            "Authorization": f"Bearer {self.keys[who]}",
            **{name.replace("_", "-"): v for name, v in headers.items()},
        }
        return self.client.request(method, f"/api/v1{path}", json=body, headers=given)

    def request(self, **headers: str) -> Any:
        documents = [statement(self.facility).to_json()]
        return self.ask("operator", "POST", "/chains/1/audits", {"documents": documents}, **headers)

    def taken(self) -> dict[str, Any]:
        """A request that the auditor took."""
        made = self.request().json()
        done = self.ask("auditor", "POST", f"/audits/{made['id']}/take", If_Match=str(made["version"]))
        assert done.status_code == 200, done.text
        return dict(done.json())

    def signature(self, request: dict[str, Any], name: str = "auditor") -> str:
        """What a wallet makes of the typed data, by a library that is not ours."""
        typed = self.ask("auditor", "GET", f"/audits/{request['id']}/typed-data").json()
        Account.enable_unaudited_hdwallet_features()
        wanted = account(f"dev:{name}", self.ledger.chain).address
        wallets = (Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(20))
        wallet = next(each for each in wallets if each.address == wanted)
        return "0x" + wallet.sign_typed_data(full_message=typed).signature.hex().removeprefix("0x")


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path, database_url: str) -> Iterator[Place]:
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path, database_url)
    with made.client:
        yield made
    chain.close()


def test_an_audit_goes_from_request_to_chain_without_a_key_of_the_node(place: Place) -> None:
    request = place.taken()
    assert request["state"] == "taken" and request["auditor"] == "The auditor"
    signed = place.ask("auditor", "POST", f"/audits/{request['id']}/signature", {"signature": place.signature(request)},
                       If_Match=str(request["version"]))  # fmt: skip
    assert signed.status_code == 200 and signed.json()["state"] == "signed", signed.text
    call = place.ask("operator", "GET", f"/audits/{request['id']}/transaction").json()
    sender = account("dev:operator", place.ledger.chain).address
    place.ledger.chain.rpc.request("eth_sendTransaction", [{"from": sender, "to": call["to"], "data": call["data"]}])
    held = place.ledger.account(place.facility, MARCH)
    assert (held.energy, held.scope2_location, held.version) == (1_000_000, 225_000, 1)
    assert place.ask("operator", "GET", f"/audits/{request['id']}").json()["state"] == "audited"
    again = place.request()
    assert again.status_code == 409 and "counts once" in again.json()["detail"]


def test_a_refusal_has_a_reason_and_ends_the_request(place: Place) -> None:
    request = place.taken()
    done = place.ask("auditor", "POST", f"/audits/{request['id']}/refusal", {"reason": "the bill is of another meter"},
                     If_Match=str(request["version"])).json()  # fmt: skip
    assert (done["state"], done["reason"]) == ("refused", "the bill is of another meter")
    late = place.ask("auditor", "POST", f"/audits/{request['id']}/signature", {"signature": "0x" + "11" * 65},
                     If_Match=str(done["version"]))  # fmt: skip
    assert (
        late.status_code == 409
        and place.ask("operator", "GET", f"/audits/{request['id']}/transaction").status_code == 409
    )


def test_each_sees_what_is_its_own(place: Place) -> None:
    request = place.taken()
    assert [each["id"] for each in place.ask("operator", "GET", "/audits").json()] == [request["id"]]
    assert place.ask("other", "GET", "/audits").json() == []
    assert place.ask("other", "GET", f"/audits/{request['id']}").status_code == 404
    assert place.ask("other", "POST", f"/audits/{request['id']}/take", If_Match="2").status_code == 404
    assert [each["id"] for each in place.ask("admin", "GET", "/audits?state=taken").json()] == [request["id"]]


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("auditor", "POST", "/chains/1/audits", {"documents": [{}]}),
        ("operator", "POST", "/audits/00000000-0000-0000-0000-000000000000/take", None),
        ("operator", "GET", "/keys", None),
        ("auditor", "POST", "/keys", {"organisation": "x", "role": "admin"}),
        ("operator", "DELETE", "/keys/000000000000", None),
        ("auditor", "GET", "/actions", None),
    ],
)
def test_a_key_of_another_role_is_refused(place: Place, who: str, method: str, path: str, body: Any) -> None:
    assert place.ask(who, method, path, body, If_Match="1").status_code == 403


def test_no_key_a_wrong_an_expired_and_a_revoked_one_are_all_refused(place: Place) -> None:
    assert place.ask("operator", "GET", "/me").json()["role"] == "operator"
    prefix = place.keys["operator"].split("_")[1]
    wrong = f"ck_{prefix}_{'A' * 43}"
    for key in ("", "ck_", wrong, place.keys["operator"] + "A", "Bearer", "ck_" + "0" * 12 + "_" + "A" * 43):
        answer = place.client.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    with place.node.engine.begin() as connection:
        table = schema.api_key
        connection.execute(update(table).where(table.c.prefix == prefix).values(expires=1))
    assert place.ask("operator", "GET", "/me").status_code == 401
    other = place.keys["auditor"].split("_")[1]
    assert place.ask("admin", "DELETE", f"/keys/{other}").status_code == 204
    assert place.ask("auditor", "GET", "/me").status_code == 401
    assert place.ask("admin", "DELETE", f"/keys/{other}").status_code == 404


def test_a_key_is_shown_once_and_kept_as_a_hash(place: Place, tmp_path: Path) -> None:
    made = place.ask("admin", "POST", "/keys", {"organisation": "New", "role": "operator", "days": 1})
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    secret = made.json()["key"]
    place.keys["new"] = secret
    assert place.ask("new", "GET", "/me").json()["organisation"] == "New"
    with place.node.engine.begin() as connection:
        kept = repr([connection.execute(table.select()).all() for table in schema.metadata.sorted_tables]).encode()
    if place.url.startswith("sqlite"):
        kept += b"".join(each.read_bytes() for each in tmp_path.glob("node.db*"))
    assert secret.split("_", 2)[2].encode() not in kept and secret.split("_")[1].encode() in kept
    assert secret not in place.ask("admin", "GET", "/keys").text + place.ask("admin", "GET", "/actions").text


def test_a_signature_counts_only_from_an_auditor_of_the_market_who_is_not_the_owner(place: Place) -> None:
    request = place.taken()
    for name in ("publisher", "operator"):
        done = place.ask("auditor", "POST", f"/audits/{request['id']}/signature",
                         {"signature": place.signature(request, name)}, If_Match=str(request["version"]))  # fmt: skip
        assert done.status_code == 422 and "is no auditor" in done.json()["detail"]
    for bytes_ in ("00", "ff"):
        done = place.ask("auditor", "POST", f"/audits/{request['id']}/signature", {"signature": "0x" + bytes_ * 65},
                         If_Match=str(request["version"]))  # fmt: skip
        assert done.status_code == 422


def test_a_panel_needs_as_many_signatures_as_its_quorum(place: Place) -> None:
    members = [account(f"dev:{name}", place.ledger.chain).address for name in ("auditor", "auditor-2")]
    by(place.ledger, "registrar").set_panel(place.facility, 2, members)
    request = place.taken()
    for name, state in (("auditor", "taken"), ("auditor-2", "signed")):
        body = {"signature": place.signature(request, name)}
        path = f"/audits/{request['id']}/signature"
        request = place.ask("auditor", "POST", path, body, If_Match=str(request["version"])).json()
        assert request["state"] == state
    call = place.ask("operator", "GET", f"/audits/{request['id']}/transaction").json()
    place.ledger.chain.rpc.request(
        "eth_sendTransaction", [{"from": members[0], "to": call["to"], "data": call["data"]}]
    )
    assert place.ledger.account(place.facility, MARCH).energy == 1_000_000


def test_a_request_that_is_repeated_is_answered_again_and_not_done_again(place: Place) -> None:
    first, again = (place.request(Idempotency_Key="one") for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true" and len(place.ask("operator", "GET", "/audits").json()) == 1
    other = place.ask("operator", "POST", "/chains/1/audits",
                      {"documents": [statement(place.facility, 5, "2").to_json()]}, Idempotency_Key="one")  # fmt: skip
    assert other.status_code == 409


def test_who_saw_an_older_version_changes_nothing(place: Place) -> None:
    made = place.request().json()
    assert place.ask("auditor", "POST", f"/audits/{made['id']}/take", If_Match="1").status_code == 200
    assert place.ask("other", "POST", f"/audits/{made['id']}/take", If_Match="1").status_code == 404
    late = place.ask("auditor", "POST", f"/audits/{made['id']}/refusal", {"reason": "late"}, If_Match="1")
    assert late.status_code == 409 and "version 2, not 1" in late.json()["detail"]
    assert place.ask("auditor", "POST", f"/audits/{made['id']}/refusal", {"reason": "late"}).status_code == 422
    assert (
        place.ask("operator", "POST", f"/audits/{made['id']}/withdrawal", If_Match="2").json()["state"] == "withdrawn"
    )


@pytest.mark.parametrize("documents", [[], [{}], [{"type": "carbon-tokens/statement/2"}], ["x"], [{"a": [[[]]]}]])
def test_documents_that_are_no_statements_are_refused(place: Place, documents: list[Any]) -> None:
    assert place.ask("operator", "POST", "/chains/1/audits", {"documents": documents}).status_code == 422


def test_documents_of_two_months_or_of_no_facility_are_refused(place: Place) -> None:
    other = statement(7).to_json()
    both = [statement(place.facility).to_json(), other]
    assert place.ask("operator", "POST", "/chains/1/audits", {"documents": both}).status_code == 422
    assert place.ask("operator", "POST", "/chains/1/audits", {"documents": [other]}).status_code == 404
    assert place.ask("operator", "POST", "/chains/9/audits", {"documents": both[:1]}).status_code == 404


def test_too_many_requests_of_one_key_have_to_wait_and_others_do_not(place: Place) -> None:
    place.client.app.state.limiter = Limiter(rate=0.001, burst=3)  # type: ignore[attr-defined]
    answers = [place.ask("operator", "GET", "/me") for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429] and int(
        answers[-1].headers["retry-after"]
    ) > 1
    assert place.ask("auditor", "GET", "/me").status_code == 200


def test_every_change_is_in_the_log_whose_rows_hold_together(place: Place) -> None:
    request = place.taken()
    place.ask("auditor", "POST", f"/audits/{request['id']}/refusal", {"reason": "no"}, If_Match=str(request["version"]))
    rows = place.ask("admin", "GET", "/actions").json()
    assert [each["verb"] for each in rows][-3:] == ["audit requested", "audit taken", "audit refused"]
    assert [each["organisation"] for each in rows][-2:] == ["The auditor", "The auditor"]
    done = CliRunner().invoke(commands, ["key", "log", "--database", place.url, "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and found["actions"] == len(rows) and found["last_hash"] == rows[-1]["hash"]
    with place.node.engine.begin() as connection:
        table = schema.action
        connection.execute(update(table).where(table.c.id == 2).values(detail="{}"))
    broken = CliRunner().invoke(commands, ["key", "log", "--database", place.url, "--json"])
    assert broken.exit_code == 1 and "action 2 was changed" in json.loads(broken.stdout)["faults"][0]
    with place.node.engine.begin() as connection:
        connection.execute(schema.action.delete().where(schema.action.c.id == 3))
    assert "missing" in str(
        json.loads(CliRunner().invoke(commands, ["key", "log", "--database", place.url, "--json"]).stdout)
    )


def test_keys_are_added_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    base = ["--database", f"sqlite:///{tmp_path / 'node.db'}", "--json"]

    def run(*words: str) -> Any:
        done = CliRunner().invoke(commands, ["key", *words, *base])
        return done.exit_code, json.loads(done.stdout)

    code, made = run("add", "--organisation", "Hall", "--role", "operator")
    prefix = made["key"].split("_")[1]
    assert code == 0 and [each["prefix"] for each in run("list")[1]["keys"]] == [prefix]
    assert run("revoke", prefix) == (0, {"revoked": prefix}) and run("revoke", prefix)[0] != 0
    assert run("add", "--organisation", "Hall", "--role", "king")[0] != 0
    assert run("log")[1]["actions"] == 2
