"""A node of the demonstration's chain: what it answers is what the chain says, to programs and to people."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
pytest.importorskip("schemathesis")
import hypothesis
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from typer.testing import CliRunner

from carbon_tokens.cli import app as commands
from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, Ledger
from carbon_tokens.periods import Month
from carbon_tokens.service import database, keys
from carbon_tokens.service.app import create
from carbon_tokens.service.limits import Limiter
from carbon_tokens.service.node import Network, Node
from tests.integration.conftest import emptied
from tests.ports import free_port

APRIL = Month.parse("2021-04")
OTHER = "0x" + "9" * 54


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demonstration ran: its chain, deployments and proofs."""
    out = tmp_path_factory.mktemp("node") / "demo"
    done = CliRunner().invoke(commands, ["demo", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def client(demo: Path, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    url = f"sqlite:///{demo / 'node.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = database.connect(url)
    node = Node(engine, [Network("demo", demo / "deployments", state=demo / "chain.db")], every_s=0.2)
    with TestClient(create(node), raise_server_exceptions=False) as made:
        yield made
    if request.param == "postgresql":
        emptied(url)


@pytest.fixture(scope="module")
def facility(client: TestClient) -> str:
    (found,) = client.get("/api/v1/chains/1/facilities").json()["items"]
    return str(found["id"])


def get(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_months_totals_are_those_of_the_contracts_to_the_gram(client: TestClient, facility: str, demo: Path) -> None:
    (month,) = get(client, f"/chains/1/facilities/{facility}/months")
    chain = Chain.connect(state=demo / "chain.db")
    ledger = Ledger.connect(chain, deployments=demo / "deployments")
    (status,) = ledger.status(int(facility, 16), APRIL)
    assert (month["gross_location_g"], month["gross_market_g"], month["net_g"]) == (
        status.gross_location, status.gross_market, status.net)  # fmt: skip
    assert month["net_g"] == -760_067 and month["energy_wh"] == status.energy and month["closed"] == status.closed
    chain.close()


def test_a_claim_is_as_valid_as_the_chain_says_now(client: TestClient, facility: str) -> None:
    (claim,) = get(client, f"/chains/1/facilities/{facility}/claims")
    assert claim["number"] == 2  # it was renewed
    found = get(client, f"/chains/1/claims/{claim['id']}")
    assert (found["valid"], found["first"], found["last"], found["basis"]) == (True, "2021-04", "2021-04", "annual")
    assert found["certificate"]["image"].startswith("data:image/svg+xml")


def test_events_are_paged_in_the_order_of_the_chain_without_loss(client: TestClient, facility: str) -> None:
    whole = get(client, f"/chains/1/facilities/{facility}/events")["items"]
    paged, after = [], ""
    while True:
        page = get(client, f"/chains/1/facilities/{facility}/events?limit=3&after={after}")
        paged += page["items"]
        if page["next"] is None:
            break
        after = page["next"]
    assert paged == whole and len(whole) > 6
    assert [(each["block"]) for each in whole] == sorted(each["block"] for each in whole)


def test_holdings_are_positive_amounts_of_tokens(client: TestClient) -> None:
    operator = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    held = get(client, f"/chains/1/holders/{operator}/tokens")["items"]
    assert {each["class"] for each in held} >= {"rec", "offset"} and all(each["amount"] > 0 for each in held)


def test_a_proof_is_verified_on_the_chain_and_a_changed_one_is_not(client: TestClient, demo: Path) -> None:
    proof = json.loads((demo / "proof.json").read_text())
    found = client.post("/api/v1/verify", json=proof).json()
    assert found["verified"] and found["chain"] and len(found["checks"]) > 20 and found["reasons"] == []
    earlier = client.post("/api/v1/verify", json=json.loads((demo / "proof-1.json").read_text())).json()
    assert not earlier["verified"] and "version 3" in " ".join(earlier["reasons"])
    proof["months"][0]["account"]["energy_wh"] -= 1
    changed = client.post("/api/v1/verify", json=proof).json()
    assert not changed["verified"] and changed["reasons"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/chains/1/facilities/{OTHER}", 404),
        (f"/chains/7/facilities/{OTHER}/months", 404),
        ("/chains/7/facilities", 404),
        (f"/chains/1/claims/0x{'0' * 64}", 404),
        ("/chains/1/facilities/0xZZ", 422),
        ("/chains/99999999999999999999/facilities", 422),
        ("/chains/1/facilities?limit=0", 422),
        ("/chains/1/facilities?limit=100000", 422),
        (f"/chains/1/facilities/{OTHER}/events?after=1;drop", 422),
        ("/nothing", 404),
    ],
)
def test_what_is_not_there_or_not_asked_for_rightly_is_a_problem_with_a_reason(
    client: TestClient, path: str, status: int
) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["title"]


@pytest.mark.parametrize("body", ["", "[]", "5", "{", "[" * 100_000, '{"type": "x"}'])
def test_a_body_that_is_no_proof_is_refused_or_found_wrong_but_never_fails(client: TestClient, body: str) -> None:
    answer = client.post("/api/v1/verify", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or not answer.json()["verified"]


def test_a_body_that_is_too_large_or_of_unknown_length_is_refused(client: TestClient) -> None:
    large = client.post("/api/v1/verify", content=b"x", headers={"Content-Length": "999999999"})
    assert large.status_code == 413
    chunked = client.post("/api/v1/verify", content=iter([b"{", b"}"]))
    assert chunked.status_code == 411


def test_nothing_can_be_written(client: TestClient, facility: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, f"/api/v1/chains/1/facilities/{facility}").status_code == 405


def test_pages_say_the_same_in_words(client: TestClient, facility: str) -> None:
    page = client.get(f"/chains/1/facilities/{facility}").text
    assert "−0.760067" in page and "5.879757" in page and "8.302224" in page
    (claim,) = get(client, f"/chains/1/facilities/{facility}/claims")
    assert "VALID NOW" in client.get(f"/chains/1/claims/{claim['id']}").text
    assert facility[:14] in client.get("/").text
    owner = get(client, f"/chains/1/facilities/{facility}")["owner"]
    assert "8.302224" in client.get(f"/organisations/{owner}").text
    assert client.get("/organisations/nobody").status_code == 404


def test_a_proof_is_put_in_on_a_page_without_a_script(client: TestClient, demo: Path) -> None:
    assert client.get("/verify").text.count("<script") == 1  # for dropping a file; choosing one needs it not
    files = {"proof": ("proof.json", (demo / "proof.json").read_bytes(), "application/json")}
    assert ">VERIFIED<" in client.post("/verify", files=files).text
    broken = client.post("/verify", files={"proof": ("x", b"\xff\xfe<script>alert(1)</script>", "text/plain")})
    assert broken.status_code == 422 and "<script>" not in broken.text


def test_links_and_qr_codes_have_the_public_address_whatever_a_request_calls_the_node(
    client: TestClient, facility: str
) -> None:
    (claim,) = get(client, f"/chains/1/facilities/{facility}/claims")
    app: Any = client.app
    path, pages = f"/chains/1/claims/{claim['id']}", list[str]()
    for public in ("https://node.example", ""):
        app.state.public_url = public
        pages.append(client.get(path, headers={"Host": "called.example"} if public else {}).text)
    assert f"https://node.example{path}" in pages[0] and "called" not in pages[0]
    assert f"http://testserver{path}" in pages[1]
    images = [set(re.findall(r'src="(data:[^"]+)"', page)) for page in pages]
    assert len(images[0] - images[1]) == len(images[1] - images[0]) == 1  # the code is of the address below it


@pytest.mark.parametrize(
    "path", ["/nothing", f"/chains/1/facilities/{OTHER}", "/chains/1/facilities/x", "/chains/9/claims/0x" + 64 * "1"]
)
def test_a_page_that_is_not_there_says_so_to_people(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert answer.status_code == 422 or "<h1>Not found</h1>" in answer.text


def test_every_answer_forbids_what_pages_do_not_need(client: TestClient) -> None:
    for path in ("/", "/api/v1/chains", "/nothing", "/metrics", "/static/style.css"):
        headers = client.get(path).headers
        assert (
            headers["x-content-type-options"] == "nosniff"
            and "default-src 'none'" in headers["content-security-policy"]
        )
        assert "server" not in headers


def test_health_and_metrics_say_where_the_index_is(client: TestClient) -> None:
    assert client.get("/health/live").json()["status"] == "live"
    assert client.get("/health/ready").json() == {"status": "ready", "chains": {"demo": ""}}
    text = client.get("/metrics").text
    assert (
        float(re.search(r'carbon_tokens_index_block\{chain="demo"\} (\S+)', text)[1])
        == get(client, "/chains")[0]["block"]
    )  # type: ignore[index]
    assert 'carbon_tokens_index_failed{chain="demo"} 0.0' in text


@pytest.fixture(scope="module")
def served(client: TestClient) -> Iterator[str]:
    """URL of a server of the same application; the client's node stays the one that runs."""
    import uvicorn

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(client.app, port=port, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("role", ["", "admin", "operator", "auditor"])
def test_whatever_is_asked_the_api_keeps_its_description_and_never_fails(
    served: str, client: TestClient, role: str
) -> None:
    """Every operation with what its description allows and with what it forbids; answers fit it too (schemathesis)."""
    schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) >= 24
    client.app.state.limiter = Limiter(rate=1e6, burst=10**6)  # type: ignore[attr-defined]
    with client.app.state.node.engine.begin() as connection:  # type: ignore[attr-defined]
        headers = {"Authorization": f"Bearer {keys.add(connection, 'Asked', role, 1)}"} if role else {}
    for operation in operations:
        if role and operation.path.startswith(("/health", "/metrics", "/api/v1/chains/{chain}/h", "/api/v1/verify")):
            continue  # they need no key
        for mode in schemathesis.GenerationMode:
            ask(operation, mode, headers)


def ask(operation: Any, mode: Any, headers: dict[str, str]) -> None:
    """Asks an operation many times."""
    if mode.is_negative and not [*operation.iter_parameters(), *operation.body]:
        return  # nothing that could be wrong

    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=4 if headers else 10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def asked(case: Any) -> None:
        if headers or operation.path == "/api/v1/factors":
            # Not that any document is a statement, or any state has any ZIP: it is checked that answers are described.
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance, negative_data_rejection])
        else:
            case.call_and_validate()

    asked()


def test_a_chain_without_contracts_is_no_node(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'node.db'}")
    with pytest.raises(LedgerError):
        Node(engine, [Network("empty", tmp_path / "none", state=tmp_path / "chain.db")])


def test_serve_seeds_the_demonstration_and_answers(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "carbon_tokens.cli", "serve", "--seed-demo", "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                ready = requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=2)
                break
            except requests.RequestException:
                time.sleep(0.1)
        assert ready.json() == {"status": "ready", "chains": {"demonstration": ""}}
        found = requests.get(f"http://127.0.0.1:{port}/api/v1/chains/1/facilities", timeout=5).json()["items"]
        assert sorted(each["grid_region"] for each in found) == ["ERCT", "MROW", "MROW"]
    finally:
        process.terminate()
        assert process.wait(30) in (0, -15)
