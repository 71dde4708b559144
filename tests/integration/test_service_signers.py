"""Signing by the node for organisations that automate: by a keystore, or by a signer in another process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
import requests
from eth_keyfile.keyfile import create_keyfile_json

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Chain, NodeAccount
from carbon_tokens.ledger.mnemonic import dev_key
from carbon_tokens.ledger.rpc import HttpRpc
from carbon_tokens.service import logs
from carbon_tokens.service.signers import Seat, Signers
from tests.integration.keyed import Place, table
from tests.integration.march import MARCH, Deploy
from tests.integration.test_service_audits import statement
from tests.ports import free_port

PASSWORD = "correct horse battery"
# A signer as Clef and Web3Signer are: an HTTP server of its own, which alone has the key.
REMOTE = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from eth_account import Account

wallet = Account.from_key(sys.stdin.readline().strip())

class Signer(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, params = asked["method"], asked["params"]
        if method == "eth_signTransaction":
            given = {name: value for name, value in params[0].items() if name != "from"}
            result = "0x" + bytes(wallet.sign_transaction(given).raw_transaction).hex()
        elif method == "eth_signTypedData_v4":
            result = "0x" + bytes(wallet.sign_typed_data(full_message=params[1]).signature).hex()
        content = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Signer).serve_forever()
"""


@pytest.fixture
def remote() -> Iterator[str]:
    """A signer of the auditor's account, in a process of its own."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", REMOTE, str(port)], stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(dev_key("auditor").to_hex() + "\n")
    process.stdin.flush()
    for _ in range(100):
        try:
            requests.get(f"http://127.0.0.1:{port}", timeout=1)
            break
        except requests.RequestException:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path, remote: str) -> Iterator[Place]:
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path)
    for name in ("rec-issuer", "operator"):
        kept = create_keyfile_json(dev_key(name).to_bytes(), PASSWORD.encode(), iterations=2)
        (tmp_path / f"{name}.json").write_text(json.dumps(kept))
    (tmp_path / "password").write_text(PASSWORD + "\n")
    entries = [("The issuer", "issuer", "rec-issuer"), ("The operator", "operator", "operator")]
    stated = [f'[[signer]]\norganisation = "{organisation}"\nroles = ["{role}"]\nkeystore = "{file}.json"\n'
              'password_file = "password"\n' for organisation, role, file in entries]  # fmt: skip
    stated.append(f'[[signer]]\norganisation = "The auditor"\nroles = ["auditor"]\nremote = "{remote}"\n'
                  f'address = "{made.wallet("auditor")}"\n')  # fmt: skip
    (tmp_path / "signers.toml").write_text("\n".join(stated))
    made.client.app.state.signers = Signers.read(tmp_path / "signers.toml")  # type: ignore[attr-defined]
    with made.client:
        yield made
    chain.close()


def post(place: Place, role: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {"Authorization": f"Bearer {place.keys[role]}"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return place.client.post(f"/api/v1{path}", json=body, headers=given)


def send(place: Place, role: str, kind: str, wallet: str, key: str, **body: Any) -> Any:
    path = f"/chains/1/transactions/{kind}?send=true"
    return post(place, role, path, {"from": place.wallet(wallet), **body}, Idempotency_Key=key)


def mined(place: Place, answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 201, answer.text
    hashes = [each["hash"] for each in answer.json()["sent"]]
    place.ledger.chain.wait(hashes)
    return [place.get(f"/transactions/{each}").json() for each in hashes]


def audited(place: Place) -> str:
    """A request that the auditor's remote signer signed, through the node."""
    documents = {"documents": [statement(place.facility).to_json()]}
    number = post(place, "operator", "/chains/1/audits", documents).json()["id"]
    post(place, "auditor", f"/audits/{number}/take", If_Match="1")
    signed = post(place, "auditor", f"/audits/{number}/signing", If_Match="2")
    assert signed.status_code == 200 and signed.json()["state"] == "signed", signed.text
    return str(number)


def test_a_month_becomes_neutral_without_anybody_at_a_wallet(place: Place) -> None:
    device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US", "grid_region": "CAMX"}
    mined(place, send(place, "issuer", "source", "rec-issuer", "1", **device))
    issued = send(place, "issuer", "issue", "rec-issuer", "2", table=table(1, 1), to=place.wallet("operator"))
    mined(place, issued)
    number = audited(place)
    head = {"Authorization": f"Bearer {place.keys['operator']}"}
    call = place.client.get(f"/api/v1/audits/{number}/transaction", headers=head).json()
    sent = {"from": place.wallet("operator"), "to": call["to"], "data": call["data"]}
    place.ledger.chain.wait([place.ledger.chain.rpc.request("eth_sendTransaction", [sent])])
    token = issued.json()["effects"]["tokens"][0]["token"]
    month = {"facility": place.id, "month": str(MARCH)}
    mined(place, send(place, "operator", "retire", "operator", "3", **month, tokens=[token], amounts=[1_000_000]))
    mined(place, send(place, "auditor", "close", "auditor", "4", **month))
    claim = send(place, "operator", "claim", "operator", "5", facility=place.id, first=str(MARCH))
    assert [each["state"] for each in mined(place, claim)] == ["mined"]
    assert place.ledger.is_valid(int(claim.json()["effects"]["claim"], 16))


def test_what_is_asked_twice_is_sent_once(place: Place) -> None:
    device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US"}
    first = send(place, "issuer", "source", "rec-issuer", "same", **device)
    mined(place, first)
    before = place.ledger.chain.nonce(place.wallet("rec-issuer"))
    again = send(place, "issuer", "source", "rec-issuer", "same", **device)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    assert place.ledger.chain.nonce(place.wallet("rec-issuer")) == before
    without = post(place, "issuer", "/chains/1/transactions/source?send=true",
                   {"from": place.wallet("rec-issuer"), **device, "device": "W2"})  # fmt: skip
    assert without.status_code == 400 and "Idempotency-Key" in without.json()["detail"]


def test_what_was_signed_and_not_sent_is_sent_when_it_is_asked_for_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node dies between keeping its answer and sending: here the chain cannot be reached at that moment."""
    device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US"}
    rpc, real = place.node.followers[1].chain.rpc, type(place.node.followers[1].chain.rpc).request

    def request(self: Any, method: str, params: Any = ()) -> Any:
        if method == "eth_sendRawTransaction":
            raise LedgerError("no answer", where=self.where)
        return real(self, method, params)

    with monkeypatch.context() as cut:
        cut.setattr(type(rpc), "request", request)
        assert send(place, "issuer", "source", "rec-issuer", "cut", **device).status_code == 503
    again = send(place, "issuer", "source", "rec-issuer", "cut", **device)
    assert [each["state"] for each in mined(place, again)] == ["mined"]


def test_nobody_signs_for_another_organisation_role_or_address(place: Place) -> None:
    body = {"grid_region": "CAMX", "market_zone": "US", "description": "mine"}
    other = send(place, "operator", "facility", "broker", "1", **body)
    assert other.status_code == 409 and "not as" in other.json()["detail"]
    place.client.app.state.signers = Signers()  # type: ignore[attr-defined]
    nobody = send(place, "operator", "facility", "operator", "3", **body)
    assert nobody.status_code == 409 and "signs nothing for The operator" in nobody.json()["detail"]


def test_a_signer_that_signs_with_another_auditors_key_is_not_believed(place: Place, remote: str) -> None:
    other = Signers([Seat("The auditor", ("auditor",), NodeAccount(HttpRpc(remote), place.wallet("auditor-2")))])
    documents = {"documents": [statement(place.facility).to_json()]}
    number = post(place, "operator", "/chains/1/audits", documents).json()["id"]
    post(place, "auditor", f"/audits/{number}/take", If_Match="1")
    place.client.app.state.signers = other  # type: ignore[attr-defined]
    refused = post(place, "auditor", f"/audits/{number}/signing", If_Match="2")
    assert refused.status_code == 422 and "the signer gave a signature of" in refused.json()["detail"]


def test_a_request_that_was_not_taken_or_changed_is_not_signed(place: Place) -> None:
    documents = {"documents": [statement(place.facility).to_json()]}
    number = post(place, "operator", "/chains/1/audits", documents).json()["id"]
    assert post(place, "auditor", f"/audits/{number}/signing", If_Match="1").status_code == 409
    post(place, "auditor", f"/audits/{number}/take", If_Match="1")
    assert post(place, "auditor", f"/audits/{number}/signing", If_Match="1").status_code == 409
    log = place.client.get("/api/v1/actions", headers={"Authorization": f"Bearer {place.keys['admin']}"}).json()
    assert "signed by the node" not in [each["verb"] for each in log]


def test_every_signature_is_in_the_log_and_no_key_or_password_is_anywhere(place: Place) -> None:
    written = io.StringIO()
    logs.configure("json", written)
    try:
        device = {"class": "rec", "registry": "NAR", "device": "W1", "market_zone": "US"}
        sent = send(place, "issuer", "source", "rec-issuer", "1", **device)
        audited(place)
    finally:
        logs.configure("text", sys.stderr)
    actions = place.client.get("/api/v1/actions", headers={"Authorization": f"Bearer {place.keys['admin']}"})
    verbs = [(each["verb"], each["detail"].get("hashes")) for each in actions.json()]
    assert ("transaction signed", [each["hash"] for each in sent.json()["sent"]]) in verbs
    assert "signed by the node" in [verb for verb, _ in verbs]
    public = place.client.get("/metrics").text + place.client.get("/openapi.json").text
    for secret in (PASSWORD, *(dev_key(name).to_hex()[2:] for name in ("rec-issuer", "operator", "auditor"))):
        assert secret not in written.getvalue() + actions.text + sent.text + public


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "no file of signers"), ("signer = 5", "no file of signers"),
     ("[[signer]]\norganisation = 'A'", "names no signer"),
     ("[[signer]]\norganisation='A'\nroles=['king']\nkeystore='k'\npassword_file='p'", "names no signer"),
     ("[[signer]]\norganisation='A'\nroles=['admin']\nkeystore='k.json'\npassword_file='p'", "password cannot be"),
     ("[[signer]]\norganisation='A'\nroles=['admin']\nkeystore='k.json'\npassword_file='wrong'", "wrong password"),
     ("[[signer]]\norganisation='A'\nroles=['admin']\nremote='http://x'\naddress='0x12'", "is no address"),
     ("[[signer]]\norganisation='A'\nroles=['admin']\nremote=5\naddress='0x12'", "names no signer"),
     (f"[[signer]]\norganisation='A'\nroles=['admin']\nremote='http://x'\naddress='0x{'11' * 20}'\nkeystore='k.json'",
      "names no signer"),
     (2 * f"[[signer]]\norganisation='A'\nroles=['admin']\nremote='http://x'\naddress='0x{'11' * 20}'\n",
      "A as admin has two signers"),
     ("[[signer]]\norganisation='A'\nroles=['admin']\nkey='0x12'", "names no signer")],
)  # fmt: skip
def test_a_file_that_names_no_signer_is_refused(tmp_path: Path, text: str, what: str) -> None:
    kept = create_keyfile_json(dev_key("operator").to_bytes(), b"right", iterations=2)
    (tmp_path / "k.json").write_text(json.dumps(kept))
    (tmp_path / "wrong").write_text("not this")
    (tmp_path / "signers.toml").write_text(text)
    with pytest.raises(LedgerError, match=what) as refused:
        Signers.read(tmp_path / "signers.toml")
    assert "signers.toml" in str(refused.value) and "not this" not in str(refused.value)
