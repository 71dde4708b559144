"""Transactions that a node prepares and a wallet sends: nothing is signed by the node, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from carbon_tokens.ledger import Chain
from carbon_tokens.service import keys
from tests.integration.keyed import Place, table
from tests.integration.march import MARCH, Deploy, audit_of, by


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path) -> Iterator[Place]:
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path)
    with made.client:
        yield made
    chain.close()


def test_a_month_becomes_neutral_by_wallets_alone(place: Place) -> None:
    tokens = [each["token"] for each in place.issued()]
    place.sent(place.prepare("issuer", "transfer", "rec-issuer", to=place.wallet("operator"), tokens=tokens[:1],
                             amounts=[1_000_000]))  # fmt: skip
    by(place.ledger, "auditor").audit(audit_of(place.facility))
    before = place.get(f"/facilities/{place.id}/status?month={MARCH}").json()
    assert (before["net_g"], before["missing"]) == (
        225_000, {"audit": False, "close": True, "uncovered_wh": 1_000_000, "offsets_g": 225_000},
    )  # fmt: skip
    retire = {"facility": place.id, "month": str(MARCH), "tokens": tokens[:1], "amounts": [1_000_000]}
    prepared = place.prepare("operator", "retire", "operator", **retire)
    effects = prepared.json()["effects"]
    assert (effects["before"]["net_g"], effects["after"]["net_g"]) == (225_000, 0)
    assert place.sent(prepared)[0]["state"] == "mined"
    place.sent(place.prepare("auditor", "close", "auditor", facility=place.id, month=str(MARCH)))
    claim = place.prepare("operator", "claim", "operator", facility=place.id, first=str(MARCH))
    assert claim.json()["effects"]["net_g"] == {str(MARCH): 0}
    place.sent(claim)
    assert place.ledger.is_valid(int(claim.json()["effects"]["claim"], 16))
    after = place.get(f"/facilities/{place.id}/status?month={MARCH}").json()
    assert after["missing"] == {"audit": False, "close": False, "uncovered_wh": 0, "offsets_g": 0}
    assert {name: after[name] for name in ("net_g", "recs_wh")} == {"net_g": 0, "recs_wh": 1_000_000}


def test_what_a_contract_refuses_is_named_before_anybody_signs(place: Place) -> None:
    tokens = [each["token"] for each in place.issued()]
    retire = {"facility": place.id, "month": str(MARCH), "tokens": tokens[:1], "amounts": [1_000_000]}
    poor = place.prepare("operator", "retire", "operator", **retire)  # the issuer holds them
    assert poor.status_code == 409 and poor.json()["detail"] and poor.headers["content-type"].endswith("problem+json")
    other = place.prepare("issuer", "issue", "operator", table=table(3, 1))
    assert other.status_code == 409 and "is not the issuer" in other.json()["detail"]
    again = place.prepare("operator", "facility", "operator", grid_region="NYUP", market_zone="US",
                          description="a data center")  # fmt: skip
    assert again.status_code == 409 and "is registered in CAMX" in again.json()["detail"]


def test_a_table_is_issued_once(place: Place) -> None:
    place.issued()
    again = place.prepare("issuer", "issue", "rec-issuer", table=table()).json()
    assert again["calls"] == [] and all(each["standing"] for each in again["effects"]["tokens"])
    more = place.prepare("issuer", "issue", "rec-issuer", table=table(1, 3))
    assert [each["standing"] for each in more.json()["effects"]["tokens"]] == [True, True, False]
    assert place.sent(more)[0]["state"] == "mined"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least 1"),
        ("a,b\n1,2\n", "certificates.csv"),
        (table().replace("1000000", "1 MWh"), "certificates.csv:2"),
        (table(source="unknown"), "is no registered source"),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_row(place: Place, text: str, said: str) -> None:
    answer = place.prepare("issuer", "issue", "rec-issuer", table=text)
    assert answer.status_code == 422 and said in answer.text


def test_an_issuer_sees_what_is_retired_of_its_batches(place: Place) -> None:
    tokens = [each["token"] for each in place.issued()]
    by(place.ledger, "auditor").audit(audit_of(place.facility))
    by(place.ledger, "rec-issuer").retire(place.facility, MARCH, [int(tokens[0], 16)], [400_000])
    place.synced()
    address = f"/issuers/{place.wallet('rec-issuer')}/batches"
    found = place.get(address).json()["items"]
    assert [(each["token"], each["amount"], each["held"], each["retired"]) for each in found] == [
        (tokens[0], 1_000_000, 600_000, 400_000), (tokens[1], 1_000_000, 1_000_000, 0),
    ]  # fmt: skip
    assert {each["registry"] for each in found} == {"NAR"} and [each["serial_from"] for each in found] == ["1", "2"]
    first = place.get(f"{address}?limit=1").json()
    rest = place.get(f"{address}?limit=1&after={first['next']}").json()
    assert [first["items"], rest["items"], rest["next"]] == [found[:1], found[1:], None]
    assert place.get(f"/issuers/{place.wallet('operator')}/batches").json() == {"items": [], "next": None}


def test_the_same_idempotency_key_prepares_once(place: Place) -> None:
    device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US"}
    first = place.prepare("issuer", "source", "rec-issuer", {"Idempotency-Key": "s1"}, **device)
    place.sent(first)
    again = place.prepare("issuer", "source", "rec-issuer", {"Idempotency-Key": "s1"}, **device)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    other = place.prepare("issuer", "source", "rec-issuer", {"Idempotency-Key": "s1"}, **(device | {"device": "W2"}))
    assert other.status_code == 409


BODIES: dict[str, tuple[set[str], dict[str, Any]]] = {
    "facility": ({"operator"}, {"grid_region": "CAMX", "market_zone": "US", "description": "another"}),
    "source": ({"issuer"}, {"class": "rec", "registry": "NAR", "device": "W9", "market_zone": "US"}),
    "issue": ({"issuer"}, {"table": table()}),
    "transfer": ({"issuer", "operator"}, {"to": "0x" + "11" * 20, "tokens": ["0x" + "02" * 32], "amounts": [1]}),
    "retire": ({"operator"}, {"facility": "0x" + "0" * 54, "month": "2024-03", "tokens": ["0x" + "02" * 32],
                              "amounts": [1]}),
    "claim": ({"operator"}, {"facility": "0x" + "0" * 54, "first": "2024-03"}),
    "close": ({"auditor"}, {"facility": "0x" + "0" * 54, "month": "2024-03"}),
    "share": ({"customer"}, {"proof": {}}),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_each_kind_is_prepared_for_the_roles_that_need_it(place: Place, kind: str) -> None:
    allowed, body = BODIES[kind]
    for role in keys.ROLES:
        status = place.prepare(role, kind, "operator", **body).status_code
        assert (status != 403) if role in allowed else status in (403, 422), (kind, role, status)
    stranger = place.client.post(f"/api/v1/chains/1/transactions/{kind}", json={"from": "0x" + "11" * 20, **body})
    assert stranger.status_code == 401


def test_a_failed_transaction_says_why(place: Place) -> None:
    tokens = [each["token"] for each in place.issued()]
    to = {"to": place.wallet("operator"), "tokens": tokens[:1], "amounts": [1_000_000]}
    prepared = place.prepare("issuer", "transfer", "rec-issuer", **to)
    assert place.sent(prepared)[0]["state"] == "mined"
    (late,) = place.sent(prepared)  # a wallet that sends it once more
    assert late["state"] == "failed" and late["reason"]
    unknown = place.get(f"/transactions/0x{'ab' * 32}").json()
    assert unknown["state"] == "unknown"


def test_what_was_prepared_for_whom_is_in_the_log(place: Place) -> None:
    place.issued()
    log = place.client.get("/api/v1/actions", headers={"Authorization": f"Bearer {place.keys['admin']}"}).json()
    said = [each for each in log if each["verb"] == "transaction prepared"]
    assert [each["detail"]["what"] for each in said] == [
        "Register W1 of NAR as a source of RECs.",
        f"Issue 2.000000 MWh of RECs in 2 batches to {place.wallet('rec-issuer')}.",
    ]
    assert {each["target"] for each in said} == {place.wallet("rec-issuer")}
