"""A signer in another process that hangs, refuses or is asked by many at once; and what waits for what meanwhile."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from fastapi.testclient import TestClient

from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.accounts import key_account
from carbon_tokens.ledger.mnemonic import dev_key
from carbon_tokens.service import logs
from carbon_tokens.service.following import Gate
from carbon_tokens.service.signers import Signers
from tests.integration.desks import form_of, sign_in
from tests.integration.keyed import Place
from tests.integration.march import Deploy
from tests.integration.operated import wallets
from tests.integration.test_service_audits import statement
from tests.ports import free_port

SECRET = "hunter2-of-the-vault"
WORDS = (f"vault https://ops:{SECRET}@10.0.0.7/v1 password={SECRET} Passphrase: {SECRET} {{\"token\": \"{SECRET}\"}} "
         f"Bearer {SECRET} key {'ab' * 32} is sealed")  # fmt: skip
SIGNER_S = 1.0  # that the node of these tests gives a signer


class Remote:
    """A signer's HTTP server whose answer a test chooses; it says who asks it in ``asked``."""

    def __init__(self) -> None:
        self.answer: Callable[[str, list[Any]], Any] = lambda _method, _params: None
        self.asked, self.port = threading.Event(), free_port()
        remote = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                remote.asked.set()
                content = json.dumps(
                    {"jsonrpc": "2.0", "id": said["id"], **remote.answer(said["method"], said["params"])}
                )
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def hangs(_method: str, _params: list[Any]) -> Any:
    time.sleep(3 * SIGNER_S)
    return {"result": "0x"}


def refuses(_method: str, _params: list[Any]) -> Any:
    return {"error": {"code": -32000, "message": WORDS}}


def signs(name: str) -> Callable[[str, list[Any]], Any]:
    wallet = next(
        each for each in wallets().values() if each.address == key_account(dev_key(name).to_hex(), where="").address
    )

    def answer(_method: str, params: list[Any]) -> Any:
        given = {field: value for field, value in params[0].items() if field != "from"}
        time.sleep(0.05)  # others come in between
        return {"result": "0x" + bytes(wallet.sign_transaction(given).raw_transaction).hex()}

    return answer


@pytest.fixture
def remote() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.close()


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path, remote: Remote) -> Iterator[Place]:
    """A node whose issuer and auditor sign by a remote signer."""
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path)
    entries = [("The issuer", "issuer", "rec-issuer"), ("The auditor", "auditor", "auditor")]
    text = [f'[[signer]]\norganisation = "{organisation}"\nroles = ["{role}"]\nremote = "http://127.0.0.1:{remote.port}"\n'
            f'address = "{made.wallet(name)}"\n' for organisation, role, name in entries]  # fmt: skip
    (tmp_path / "signers.toml").write_text("\n".join(text))
    signers = Signers.read(tmp_path / "signers.toml", timeout_s=SIGNER_S)
    made.client.app.state.signers = signers  # type: ignore[attr-defined]
    with made.client:
        made.synced()
        yield made
    chain.close()


def post(place: Place, role: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {"Authorization": f"Bearer {place.keys[role]}"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return place.client.post(f"/api/v1{path}", json=body, headers=given)


def source(place: Place, device: str) -> Any:
    """The issuer's signer registers a device."""
    body = {
        "from": place.wallet("rec-issuer"),
        "class": "rec",
        "registry": "NAR",
        "device": device,
        "market_zone": "US",
    }
    return post(place, "issuer", "/chains/1/transactions/source?send=true", body, Idempotency_Key=device)


def taken(place: Place) -> str:
    """A request that the auditor took."""
    documents = {"documents": [statement(place.facility, meter=str(time.time())).to_json()]}
    number = post(place, "operator", "/chains/1/audits", documents).json()["id"]
    assert post(place, "auditor", f"/audits/{number}/take", If_Match="1").status_code == 200
    return str(number)


def seconds(what: Callable[[], Any]) -> tuple[Any, float]:
    start = time.monotonic()
    return what(), time.monotonic() - start


@pytest.mark.parametrize("kind", ["transaction", "typed data"])
def test_a_signer_that_hangs_holds_neither_the_chain_nor_the_database(place: Place, remote: Remote, kind: str) -> None:
    """One caller at a time may ask this chain; while the signer hangs, others ask it and write to the database."""
    number = taken(place)
    place.node.followers[1].lock = Gate("here", 1, 0.3)
    remote.answer = hangs
    remote.asked.clear()
    with ThreadPoolExecutor(1) as pool:
        if kind == "transaction":
            asking = pool.submit(source, place, "W1")
        else:
            asking = pool.submit(post, place, "auditor", f"/audits/{number}/signing", If_Match="2")
        assert remote.asked.wait(10)
        status, took = seconds(lambda: place.get(f"/facilities/{place.id}/status?month=2024-03"))
        key = post(place, "admin", "/keys", {"organisation": "Late", "role": "operator", "days": 1})
        assert not asking.done() and status.status_code == 200 and key.status_code == 201 and took < SIGNER_S
        answer = asking.result()
    assert answer.status_code == 503 and "the signer does not answer" in answer.json()["detail"]
    assert answer.json()["where"] == "signer" and answer.json()["todo"]


def test_a_signer_that_hangs_is_given_up_after_its_time_and_asked_again_with_the_same_key(
    place: Place, remote: Remote
) -> None:
    remote.answer = hangs
    answer, took = seconds(lambda: source(place, "W1"))
    assert answer.status_code == 503 and took < 2.5 * SIGNER_S
    remote.answer = signs("rec-issuer")
    again = source(place, "W1")
    assert again.status_code == 201 and len(again.json()["sent"]) == 1


def test_what_a_signer_says_is_in_the_log_without_its_secrets_and_in_no_answer(place: Place, remote: Remote) -> None:
    remote.answer = refuses
    number, written = taken(place), io.StringIO()
    logs.configure("json", written)
    try:
        answers = [source(place, "W1"), post(place, "auditor", f"/audits/{number}/signing", If_Match="2")]
    finally:
        logs.configure("text", sys.stderr)
    for each in answers:
        assert each.status_code == 503 and each.json()["detail"] == "the signer refuses to sign"
        assert not any(word in each.text for word in (SECRET, "vault", "10.0.0.7", str(remote.port)))
    said = [line for line in written.getvalue().splitlines() if "is sealed" in line]
    assert len(said) == 2 and "The issuer" in said[0] and "The auditor" in said[1]
    assert SECRET not in written.getvalue() and "ab" * 32 not in written.getvalue()


def test_what_is_no_signature_is_named_as_that(place: Place, remote: Remote) -> None:
    remote.answer = lambda _method, _params: {"result": SECRET}
    answer = source(place, "W1")
    assert answer.status_code == 503 and "no signature of what was asked" in answer.json()["detail"]
    assert SECRET not in answer.text


def test_requests_at_once_by_one_signer_get_a_nonce_each_and_all_are_mined(place: Place, remote: Remote) -> None:
    remote.answer = signs("rec-issuer")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: source(place, f"W{number}"), range(6)))
    assert [each.status_code for each in answers] == [201] * 6
    hashes = [each.json()["sent"][0]["hash"] for each in answers]
    place.ledger.chain.wait(hashes)
    assert {place.get(f"/transactions/{each}").json()["state"] for each in hashes} == {"mined"}


def slowly(place: Place, monkeypatch: pytest.MonkeyPatch, asked: threading.Event, seen: threading.Event) -> None:
    """From now on the chain answers calls only once something else was done."""
    rpc = place.node.followers[1].chain.rpc
    real = type(rpc).request

    def request(self: Any, method: str, params: Any = ()) -> Any:
        if method in ("eth_call", "eth_getCode"):
            asked.set()
            assert seen.wait(5)
        return real(self, method, params)

    monkeypatch.setattr(type(rpc), "request", request)


def signature_of(place: Place, number: str) -> str:
    head = {"Authorization": f"Bearer {place.keys['auditor']}"}
    typed = place.client.get(f"/api/v1/audits/{number}/typed-data", headers=head).json()
    signed = wallets()[place.wallet("auditor")].sign_typed_data(full_message=typed)
    return "0x" + str(signed.signature.hex()).removeprefix("0x")


@pytest.mark.parametrize("way", ["api", "desk", "control"])
def test_no_writing_transaction_waits_for_the_chain(place: Place, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """While the chain is asked about a signature, somebody else writes to the database."""
    browser = TestClient(place.client.app, raise_server_exceptions=False, follow_redirects=False)
    sign_in(browser, place.keys["operator" if way == "control" else "auditor"])
    number = taken(place)
    given = signature_of(place, number)
    if way == "control":
        form = form_of(browser.get("/desk/facilities/new").text)
        page = browser.post("/desk/facilities/challenge", data={"form": form, "chain": "1", "facility": place.id}).text
        nonce = page.split('name="nonce" value="')[1][:32]
        given = "0x" + "11" * 65
        ask = lambda: browser.post("/desk/facilities/control", data={  # noqa: E731
            "form": form, "chain": "1", "facility": place.id, "nonce": nonce, "signature": given})  # fmt: skip
    elif way == "desk":
        form = form_of(browser.get(f"/desk/audits/{number}").text)
        ask = lambda: browser.post(f"/desk/audits/{number}/signature", data={  # noqa: E731
            "form": form, "version": "2", "signature": given})  # fmt: skip
    else:
        ask = lambda: post(place, "auditor", f"/audits/{number}/signature", {"signature": given}, If_Match="2")  # noqa: E731
    asked, seen = threading.Event(), threading.Event()
    slowly(place, monkeypatch, asked, seen)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        assert asked.wait(5)
        key = post(place, "admin", "/keys", {"organisation": "Meanwhile", "role": "operator", "days": 1})
        seen.set()
        answer = asking.result()
    assert key.status_code == 201 and answer.status_code == {"api": 200, "desk": 303, "control": 422}[way], answer.text


def test_a_signature_that_came_too_late_is_not_added_over_what_changed_meanwhile(place: Place) -> None:
    """The chain is asked before the transaction, and the version is compared in it."""
    number = taken(place)
    given = signature_of(place, number)
    assert post(place, "auditor", f"/audits/{number}/refusal", {"reason": "no"}, If_Match="2").status_code == 200
    late = post(place, "auditor", f"/audits/{number}/signature", {"signature": given}, If_Match="2")
    assert late.status_code == 409
