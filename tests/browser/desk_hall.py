"""A node with an Anvil beside it, keys of every role, and wallets that are found by EIP-6963 and really sign."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import uvicorn
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import Browser, Page

from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.ids import meter_id
from carbon_tokens.ledger.mnemonic import MNEMONIC
from carbon_tokens.ledger.rpc import NodeError
from carbon_tokens.periods import Month
from carbon_tokens.service import database, keys
from carbon_tokens.service.app import create
from carbon_tokens.service.node import Network, Node
from tests.integration.conftest import grant_roles
from tests.integration.march import audit_of, by, with_facility
from tests.integration.test_service_audits import statement
from tests.ports import free_port

DESKTOP = {"width": 1280, "height": 900}
CIRCLE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#2f7bbf"/></svg>'
ICON = "data:image/svg+xml;base64," + base64.b64encode(CIRCLE.encode()).decode()
# A wallet of EIP-6963 whose requests are answered outside of the page, by keys that the page never has.
WALLET = """(() => {
  const { uuid, name, icon } = __INFO__;
  const request = async ({ method, params }) => {
    const answer = JSON.parse(await window.__REQUEST__(JSON.stringify({ method, params: params ?? [] })));
    if (answer.error) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    return answer.result;
  };
  const detail = Object.freeze({ info: { uuid, name, icon, rdns: "test.wallet" }, provider: { request } });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();"""


def wallet_of(address: str) -> Any:
    """The signing account of a development address, by a library that is not ours."""
    Account.enable_unaudited_hdwallet_features()
    found = (Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(20))
    return next(each for each in found if each.address == address)


class Wallet:
    """A wallet: an account, a chain, and what it declines; it keeps what it was asked."""

    def __init__(self, hall: Hall, who: str, name: str = "Test wallet") -> None:
        self.name, self.chain_id, self.rpc = name, hall.ledger.chain.id, hall.ledger.chain.rpc
        self.account = wallet_of(account(f"dev:{who}", hall.ledger.chain).address)
        self.declines: dict[str, int] = {}
        self.asked: list[str] = []

    def announce(self, page: Page) -> None:
        """Puts the wallet into every page that is opened from now on."""
        port = "request_" + "".join(each for each in self.name if each.isalnum())
        page.expose_function(port, self.request)
        info = json.dumps({"uuid": f"uuid {self.name}", "name": self.name, "icon": ICON})
        page.add_init_script(WALLET.replace("__INFO__", info).replace("__REQUEST__", port))

    def request(self, text: str) -> str:
        body = json.loads(text)
        method, params = body["method"], body["params"]
        self.asked.append(method)
        if method in self.declines:
            return json.dumps({"error": {"code": self.declines[method], "message": "declined"}})
        try:
            return json.dumps({"result": self.answered(method, params)})
        except NodeError as error:
            return json.dumps({"error": {"code": -32000, "message": str(error)}})

    def answered(self, method: str, params: list[Any]) -> Any:
        if method == "eth_requestAccounts":
            return [self.account.address]
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "wallet_switchEthereumChain":
            self.chain_id = int(params[0]["chainId"], 16)
            return None
        if method == "eth_signTypedData_v4":
            assert params[0] == self.account.address
            return self.signature(self.account.sign_typed_data(full_message=json.loads(params[1])))
        if method == "personal_sign":
            return self.signature(self.account.sign_message(encode_defunct(hexstr=params[0])))
        return self.rpc.request(method, params)

    @staticmethod
    def signature(signed: Any) -> str:
        return "0x" + str(signed.signature.hex()).removeprefix("0x")


class Hall:
    """A node that listens, beside an Anvil with one facility, and keys of every role."""

    def __init__(self, rpc: str, folder: Path) -> None:
        self.folder, chain = folder, Chain.connect(rpc)
        self.ledger = Ledger.deploy(chain, account("dev:admin", chain), deployments=folder / "d", home=folder / "d")
        grant_roles(self.ledger)
        self.facility = f"0x{with_facility(self.ledger):054x}"
        engine = database.connect(f"sqlite:///{folder / 'node.db'}")
        self.node = Node(engine, [Network("Test network", folder / "d", rpc=rpc)], every_s=0.2)
        with engine.begin() as connection:
            self.keys = {role: keys.add(connection, name, role, 30) for role, name in NAMES.items()}
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = uvicorn.Config(create(self.node), host="127.0.0.1", port=port, log_level="warning")
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Hall:
        self.thread.start()
        for _ in range(200):
            if self.server.started:
                return self
            time.sleep(0.05)
        raise AssertionError("the node does not listen")

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.ledger.close_files()
        self.ledger.chain.close()

    def statement(self, energy: int = 1_000_000, meter: str = "1") -> Path:
        path = self.folder / f"statement-{meter}.json"
        path.write_bytes(statement(int(self.facility, 16), energy, meter).canonical())
        return path

    def api(self, who: str, path: str, body: dict[str, Any]) -> Any:
        """What the API answers to a key's POST about the facility."""
        made = requests.post(f"{self.url}/api/v1/chains/1/facilities/{self.facility}{path}", json=body,
                             headers={"Authorization": f"Bearer {self.keys[who]}"}, timeout=30)  # fmt: skip
        assert made.status_code == 201, made.text
        return made.json()

    def control(self) -> None:
        """The operator's organisation operates the facility, by its owner's signature."""
        asked = self.api("operator", "/challenge", {})
        signed = wallet_of(asked["owner"]).sign_message(encode_defunct(text=asked["message"]))
        self.api("operator", "/control", {"nonce": asked["nonce"], "signature": Wallet.signature(signed)})

    def closed(self, month: Month) -> None:
        """1 MWh of a month is audited, and the month closed."""
        number, auditor = int(self.facility, 16), by(self.ledger, "auditor")
        meter = meter_id("PG&E", f"of {month}")
        given: dict[str, int | bytes] = {"month": month.number, "start": month.start, "end": month.end, "meter": meter}
        auditor.audit(audit_of(number, f"bill of {month}", **given))
        auditor.close(number, month)

    def requested(self, meter: str, energy: int = 1_000_000) -> str:
        """Address of a request for an audit that waits."""
        document = json.loads(self.statement(energy, meter).read_text())
        made = requests.post(f"{self.url}/api/v1/chains/1/audits", json={"documents": [document]},
                             headers={"Authorization": f"Bearer {self.keys['operator']}"}, timeout=10)  # fmt: skip
        assert made.status_code == 201, made.text
        return f"{self.url}/desk/audits/{made.json()['id']}"


NAMES = {"admin": "The node's admin", "operator": "Green Hall Data Centers", "auditor": "Nordic Assurance",
         "issuer": "Renewables Registry", "customer": "Cloud Customer Ltd"}  # fmt: skip


Opened = Callable[..., Page]


def opening(browser: Browser, hall: Hall) -> Iterator[Opened]:
    """Opens pages, signed in as a role; at the end none may have asked another host, or complained (as CSP does)."""
    asked, complaints, pages = list[str](), list[str](), list[Page]()

    def open_(role: str = "", *wallets: Wallet, javascript: bool = True, locale: str = "en-GB") -> Page:
        settings: Any = {"viewport": DESKTOP, "java_script_enabled": javascript, "locale": locale}
        context = browser.new_context(**settings)
        page = context.new_page()
        pages.append(page)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        for wallet in wallets:
            wallet.announce(page)
        if role:
            page.goto(f"{hall.url}/sign-in")
            page.locator("#key").fill(hall.keys[role])
            page.locator("form button.main").click()
            page.wait_for_url("**/desk/**")
        return page

    yield open_
    for page in pages:
        page.context.close()
    assert all(each.startswith((hall.url, "data:")) for each in asked) and complaints == []
