"""The ten risks of OWASP's API Security Top 10 (2023), each held against a node on a real chain.

docs/api-security.md is the table of what is tested here.
"""

from __future__ import annotations

import inspect
import io
import json
import logging
import re
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import text, update

from carbon_tokens.ledger import Chain
from carbon_tokens.service import database, keys, logs, schema
from carbon_tokens.service.app import BODY_LIMIT, create
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Network, Node
from tests.integration.keyed import Place, table
from tests.integration.march import Deploy
from tests.integration.test_service_audits import statement

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api-security.md"
ME = "/api/v1/me"


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path) -> Iterator[Place]:
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path)
    with made.client:
        yield made
    chain.close()


def ask(place: Place, role: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {"Authorization": f"Bearer {place.keys[role]}"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return place.client.request(method, f"/api/v1{path}", json=body, headers=given)


def requested(place: Place, role: str = "operator") -> dict[str, Any]:
    """A request for an audit, put into the queue."""
    answer = ask(place, role, "POST", "/chains/1/audits", {"documents": [statement(place.facility).to_json()]})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def another(place: Place, role: str, name: str = "Somebody else") -> str:
    """A key of another organisation, under its own name in the place's keys."""
    with place.node.engine.begin() as connection:
        place.keys[name] = keys.add(connection, name, role, 30)
    return name


# ------------------------------------------------------------------------------------------------ API1
def test_another_organisations_request_is_not_there(place: Place) -> None:
    number = requested(place)["id"]
    other = another(place, "operator")
    for method, path in (("GET", ""), ("GET", "/typed-data"), ("GET", "/transaction"), ("POST", "/withdrawal")):
        answer = ask(place, other, method, f"/audits/{number}{path}", If_Match="1")
        assert answer.status_code == 404, (path, answer.text)
    assert ask(place, other, "GET", "/audits").json() == []
    assert ask(place, "operator", "GET", f"/audits/{number}").status_code == 200


def test_an_idempotency_key_gives_no_answer_of_another_organisation(place: Place) -> None:
    body = {"from": place.wallet("operator"), "grid_region": "NYUP", "market_zone": "US", "description": "mine"}
    path = "/chains/1/transactions/facility"
    first = ask(place, "operator", "POST", path, body, Idempotency_Key="same")
    other = ask(place, another(place, "operator"), "POST", path, body | {"description": "ours"}, Idempotency_Key="same")
    assert (first.status_code, other.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in other.headers and other.json()["effects"] != first.json()["effects"]


# ------------------------------------------------------------------------------------------------ API2
def test_only_a_whole_key_that_stands_opens_anything(place: Place) -> None:
    key = place.keys["operator"]
    wrong = [key[:-1], key[:-1] + "_", key.upper(), f"{key}x", "", "ck_", f"x{key}", key.replace("ck_", "ck_ck_")]
    for given in wrong:
        assert place.client.get(ME, headers={"Authorization": f"Bearer {given}"}).status_code == 401, given
    for header in (f"Basic {key}", key, f"bearer{key}"):
        assert place.client.get(ME, headers={"Authorization": header}).status_code == 401, header
    assert place.client.get(f"{ME}?key={key}&api_key={key}&access_token={key}").status_code == 401
    assert place.client.get(ME, headers={"X-API-Key": key, "Cookie": f"key={key}; desk={key}"}).status_code == 401


def test_an_expired_or_revoked_key_ends_at_once(place: Place) -> None:
    prefix = place.keys["operator"].split("_")[1]
    assert ask(place, "admin", "DELETE", f"/keys/{prefix}").status_code == 204
    assert ask(place, "operator", "GET", "/me").status_code == 401
    with place.node.engine.begin() as connection:
        ended = {"expires": int(time.time()) - 1}
        connection.execute(update(schema.api_key).where(schema.api_key.c.role == "issuer").values(**ended))
    assert ask(place, "issuer", "GET", "/me").status_code == 401


def test_guessing_keys_is_slowed_down(place: Place) -> None:
    place.client.app.state.limiter = Limiter(rate=1, burst=20)  # type: ignore[attr-defined]
    guesses = [place.client.get(ME, headers={"Authorization": f"Bearer ck_{n:012x}_{'A' * 43}"}) for n in range(40)]
    assert [each.status_code for each in guesses].count(429) >= 15
    assert int(guesses[-1].headers["Retry-After"]) >= 1
    assert ask(place, "operator", "GET", "/me").status_code == 200  # who has a key is not held up by who has none


# ------------------------------------------------------------------------------------------------ API3
def test_no_answer_has_what_is_kept_of_a_key(place: Place) -> None:
    with place.node.engine.begin() as connection:
        digests = list(connection.scalars(text("SELECT digest FROM api_key")))
    shown = ask(place, "admin", "GET", "/keys").text + ask(place, "admin", "GET", "/actions?limit=200").text
    assert len(digests) == len(place.keys) and not [each for each in digests if each in shown]
    assert not [key for key in place.keys.values() if key in shown]


def test_fields_that_are_not_asked_for_change_nothing(place: Place) -> None:
    more = {"id": 1, "state": "signed", "version": 99, "auditor": 1, "organisation": "The auditor", "signatures": [1]}
    documents = [statement(place.facility).to_json()]
    made = ask(place, "operator", "POST", "/chains/1/audits", {"documents": documents, **more}).json()
    assert (made["state"], made["version"], made["organisation"], made["signatures"]) == (
        "requested",
        1,
        "The operator",
        [],
    )
    key = {
        "organisation": "New",
        "role": "auditor",
        "days": 1,
        "prefix": "0" * 12,
        "digest": "0" * 64,
        "expires": 2**40,
    }
    assert ask(place, "admin", "POST", "/keys", key).status_code == 201
    newest = ask(place, "admin", "GET", "/keys").json()[0]
    assert newest["prefix"] != "0" * 12 and newest["expires"] < time.time() + 2 * 86_400


# ------------------------------------------------------------------------------------------------ API4
def test_bodies_pages_and_depths_are_limited(place: Place) -> None:
    head = {"Authorization": f"Bearer {place.keys['operator']}", "Content-Type": "application/json"}
    big = place.client.post("/api/v1/verify", content=b"[" + b" " * BODY_LIMIT + b"]", headers=head)
    assert big.status_code == 413
    chunked = place.client.post("/api/v1/verify", content=iter([b"{", b"}"]), headers=head)
    assert chunked.status_code == 411
    for deep in (b"[" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        answer = place.client.post("/api/v1/verify", content=deep, headers=head)
        assert answer.status_code in (400, 422), answer.text
    assert place.client.get("/api/v1/chains/1/facilities?limit=201").status_code == 422
    assert place.client.get("/api/v1/chains/99999999999999999999/facilities").status_code == 422


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(place: Place) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(600):
                sheet.write(b"0" * 1_000_000)
        file.writestr("xl/workbook.xml", "<workbook/>")
    assert len(packed.getvalue()) < 1_000_000
    form = {"proof": ("proof.json", packed.getvalue(), "application/json")}
    assert place.client.post("/verify", files=form).status_code == 422
    operated = ask_bytes(place, f"/api/v1/chains/1/facilities/{place.id}/energy?source=1&month=2024-03&name=a.xlsx",
                         packed.getvalue())  # fmt: skip
    assert operated.status_code in (404, 422)


def ask_bytes(place: Place, path: str, content: bytes) -> Any:
    return place.client.post(path, content=content, headers={"Authorization": f"Bearer {place.keys['operator']}"})


def test_a_key_has_its_rate(place: Place) -> None:
    place.client.app.state.limiter = Limiter(rate=1, burst=5)  # type: ignore[attr-defined]
    found = [ask(place, "operator", "GET", "/me") for _ in range(12)]
    assert [each.status_code for each in found].count(429) >= 5
    assert all("Retry-After" in each.headers for each in found if each.status_code == 429)


# ------------------------------------------------------------------------------------------------ API5
ADMIN = (("GET", "/keys"), ("POST", "/keys"), ("DELETE", f"/keys/{'0' * 12}"), ("GET", "/actions"))


@pytest.mark.parametrize("role", [role for role in keys.ROLES if role != "admin"])
def test_what_an_admin_does_is_done_by_no_other_role(place: Place, role: str) -> None:
    body = {"organisation": "Mine", "role": "admin", "days": 1}
    for method, path in ADMIN:
        assert ask(place, role, method, path, body if method == "POST" else None).status_code == 403, (method, path)
    assert ask(place, role, "GET", "/me").json()["role"] == role


def test_whoever_asks_for_an_audit_does_not_sign_it(place: Place) -> None:
    number = requested(place)["id"]
    for role in ("operator", "issuer", "customer", "admin"):
        answer = ask(place, role, "POST", f"/audits/{number}/take", If_Match="1")
        assert answer.status_code == 403, (role, answer.text)
    with place.node.engine.begin() as connection:
        place.keys["own"] = keys.add(connection, "The operator", "auditor", 1)
    assert ask(place, "own", "POST", f"/audits/{number}/take", If_Match="1").status_code == 409


# ------------------------------------------------------------------------------------------------ API6
def test_one_document_is_asked_for_once_whatever_is_pressed_twice(place: Place) -> None:
    body = {"documents": [statement(place.facility).to_json()]}
    answers: list[Any] = []

    def press() -> None:
        answers.append(ask(place, "operator", "POST", "/chains/1/audits", body, Idempotency_Key="once"))

    presses = [threading.Thread(target=press) for _ in range(6)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert {each.status_code for each in answers} == {201}, [each.text for each in answers]
    assert len({each.json()["id"] for each in answers}) == 1 == len(ask(place, "operator", "GET", "/audits").json())


def test_two_auditors_do_not_take_one_request(place: Place) -> None:
    made, second = requested(place), another(place, "auditor")
    statuses = [ask(place, who, "POST", f"/audits/{made['id']}/take", If_Match="1").status_code
                for who in ("auditor", second)]  # fmt: skip
    assert statuses[0] == 200 and statuses[1] in (404, 409)


# ------------------------------------------------------------------------------------------------ API7
def test_no_address_in_a_request_is_ever_fetched(place: Place) -> None:
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(1.5)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x"
        proof = {"type": "carbon-tokens/proof/2", "chain": {"id": 1, "genesis": url}, "rpc": url, "url": url}
        place.client.post("/api/v1/verify", json=proof, headers={"Host": url[7:-2], "X-Forwarded-Host": url})
        place.prepare("operator", "facility", "operator", grid_region="CAMX", market_zone="US", description=url)
        place.prepare("issuer", "issue", "rec-issuer", table=table().replace("W1", url))
        document = statement(place.facility).to_json() | {"rpc": url, "schema": url, "$ref": url}
        ask(place, "operator", "POST", "/chains/1/audits", {"documents": [document], "callback": url})
        place.client.get("/api/v1/factors", params={"zip": url, "year": url, "url": url})
        with pytest.raises(TimeoutError):
            trap.accept()


# ------------------------------------------------------------------------------------------------ API8
PAGES = ("/", "/verify", "/api/v1/chains", "/health/live", "/openapi.json", "/static/style.css", "/nothing", "/sign-in")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_its_security_headers_and_no_other_origin_may_read_it(place: Place, path: str) -> None:
    answer = place.client.get(path, headers={"Origin": "https://evil.example"})
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    preflight = place.client.options(path, headers={"Origin": "https://evil.example",
                                                    "Access-Control-Request-Method": "POST"})  # fmt: skip
    assert preflight.status_code in (404, 405) and "access-control-allow-origin" not in preflight.headers
    assert place.client.request("TRACE", path).status_code in (404, 405)


def test_what_breaks_inside_shows_no_inside(place: Place) -> None:
    with place.node.engine.begin() as connection:
        connection.execute(text("UPDATE event SET args = 'nonsense'"))
    answer = place.client.get(f"/api/v1/chains/1/facilities/{place.id}", headers={"X-Request-Id": "tell-me-1"})
    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == "tell-me-1" and "tell-me-1" in answer.json()["todo"]
    for inside in ("Traceback", "JSONDecode", "nonsense", "char 0", ".py", str(Path.home())):
        assert inside not in answer.text


# ------------------------------------------------------------------------------------------------ API9
def routes_of(found: Iterable[Any]) -> Iterator[APIRoute]:
    """Every route of an application, those of its routers too."""
    for each in found:
        inner = getattr(each, "original_router", None)
        yield from routes_of(inner.routes) if inner else [each] if isinstance(each, APIRoute) else []


def test_every_route_is_described_or_a_page(place: Place) -> None:
    described = place.client.get("/openapi.json").json()["paths"]
    routes = [each for each in routes_of(place.client.app.routes) if each.path.startswith("/api")]  # type: ignore[attr-defined]
    assert len(routes) > 40
    for route in routes:
        assert {method.lower() for method in route.methods or ()} <= set(described[route.path]), route.path
    assert all(path.startswith(("/api/v1/", "/health/", "/metrics")) for path in described)
    for guessed in ("/docs", "/redoc", "/api/v2/chains", "/api/chains", "/debug", "/.env", "/api/v1/admin"):
        assert place.client.get(guessed).status_code == 404, guessed


# ------------------------------------------------------------------------------------------------ API10
def said(asked: dict[str, Any], result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": result}).encode()


LIES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "no JSON": lambda asked: b"<html>",
    "another id": lambda asked: json.dumps({"jsonrpc": "2.0", "id": 77, "result": "0x1"}).encode(),
    "a wrong form": lambda asked: said(asked, {"a": [1]}),
    "endless digits": lambda asked: said(asked, "0x" + "f" * 10**6),
    "nothing": lambda asked: said(asked, None),
}  # fmt: skip


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_chain_that_begins_to_lie_makes_the_node_unready_and_changes_nothing(place: Place, lie: str) -> None:
    """The node follows a gateway to the real chain, which lies from some moment on."""
    lying, real = threading.Event(), place.ledger.chain.where

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            import requests

            asked = self.rfile.read(int(self.headers["Content-Length"]))
            first = json.loads(asked)
            content = requests.post(real, data=asked, headers={"Content-Type": "application/json"}, timeout=10).content
            if lying.is_set():
                content = LIES[lie](first[0] if isinstance(first, list) else first)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = next(iter(place.node.followers.values())).network.deployments
    engine = database.connect(f"sqlite:///{folder.parent / 'gateway.db'}")
    node = Node(engine, [Network("gateway", folder, rpc=f"http://127.0.0.1:{server.server_port}")], every_s=0.1)
    try:
        with TestClient(create(node), raise_server_exceptions=False) as client:
            before = client.get("/api/v1/chains/1/facilities").json()
            lying.set()
            wait = time.monotonic() + 10
            while client.get("/health/ready").status_code == 200 and time.monotonic() < wait:
                time.sleep(0.1)
            assert client.get("/health/ready").status_code == 503
            assert client.get("/api/v1/chains/1/facilities").json() == before and before["items"]
            status = client.get(f"/api/v1/chains/1/facilities/{place.id}/status?month=2024-03").status_code
            assert status in (500, 503)
    finally:
        server.shutdown()
        server.server_close()


# ------------------------------------------------------------------------------------------------ logs, and the table
def test_no_secret_is_in_the_log(place: Place) -> None:
    written = io.StringIO()
    logs.configure("json", written)
    try:
        made = requested(place)
        new = ask(place, "admin", "POST", "/keys", {"organisation": "New", "role": "auditor", "days": 1}).json()["key"]
        signature = "0x" + "5a" * 65
        ask(place, "auditor", "POST", f"/audits/{made['id']}/take", If_Match="1")
        ask(place, "auditor", "POST", f"/audits/{made['id']}/signature", {"signature": signature}, If_Match="2")
        place.client.get(f"{ME}?key={new}", headers={"Authorization": f"Bearer {new}x"})
        place.client.post("/sign-in", data={"key": new})
        logging.getLogger("driver").warning("postgresql://me:hunter2@host/node refused password=hunter2")
    finally:
        logs.configure("text", sys.stderr)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    for secret in (*place.keys.values(), new, signature, "hunter2", json.dumps(made["documents"][0])[1:60]):
        assert secret not in written.getvalue()
    requests = [each for each in lines if each["event"] == "request"]
    assert {"method", "route", "status", "ms", "request_id", "timestamp", "level"} <= set(requests[0])
    first = next(each for each in requests if each["route"].endswith("/audits"))
    assert (first["organisation"], first["status"]) == ("The operator", 201) and len(first["key"]) == 12


def test_the_table_names_every_test_of_this_file_and_none_that_is_not_there() -> None:
    text, folder = DOCUMENT.read_text(encoding="utf-8"), Path(__file__).parent
    named = set(re.findall(r"`(test_\w+)`", text))
    here = {name for name, each in globals().items() if name.startswith("test_") and inspect.isfunction(each)}
    others = "".join((folder / each).read_text(encoding="utf-8") for each in re.findall(r"`(test_\w+\.py)`", text))
    written = set(re.findall(r"^def (test_\w+)", others, re.MULTILINE))
    assert here - {"test_the_table_names_every_test_of_this_file_and_none_that_is_not_there"} <= named <= here | written
    assert set(re.findall(r"\| (API\d+)", text)) == {f"API{n}" for n in range(1, 11)}
