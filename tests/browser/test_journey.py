"""A month becomes neutral through a node: three organisations by their API keys, and wallets of the browser that sign.

The facts are those of ``data/demo``: a Filecoin storage node's electricity of April 2021, eGRID2021, and a batch of
RECs of a wind farm. What the pages showed is recorded step by step for each of the three (reports/journey-*.zip; open
them with ``npx playwright show-trace``).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
import requests
from playwright.sync_api import Browser, Page, expect

from carbon_tokens import data_files
from carbon_tokens.claims import Documents, prove
from carbon_tokens.factors import egrid
from carbon_tokens.ledger.documents import factors_of
from carbon_tokens.periods import Month
from carbon_tokens.statements import read_auditable
from carbon_tokens.statements.certificate_table import read as read_certificates
from tests.browser.desk_hall import Hall, Wallet
from tests.integration.conftest import Node as StartNode
from tests.integration.conftest import start_node  # noqa: F401 - a fixture
from tests.integration.march import by

REPORTS = Path(__file__).resolve().parents[2] / "reports"
DEMO = data_files.path("demo")
MONTH = "2021-04"
DESCRIPTION = json.dumps(
    {"name": "Filecoin storage node f058374", "city": "Lincoln, Nebraska", "postal_code": "68508",
     "grid_region": "MROW", "market_zone": "US"},
    separators=(",", ":"), sort_keys=True,
)  # fmt: skip


class Organisation:
    """An organisation with its API key, and its wallet in a browser."""

    def __init__(self, hall: Hall, page: Page, role: str, wallet: str) -> None:
        self.hall, self.page, self.role, self.wallet = hall, page, role, Wallet(hall, wallet)
        self.wallet.announce(page)

    def api(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        head = {"Authorization": f"Bearer {self.hall.keys[self.role]}"}
        answer = requests.request(method, f"{self.hall.url}/api/v1{path}", json=body, headers=head, timeout=30, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def prepared(self, kind: str, **body: Any) -> Any:
        """A transaction that the API prepared for the wallet, sent by it from the page."""
        made = self.api("POST", f"/chains/1/transactions/{kind}", {"from": self.wallet.account.address, **body})
        for call in made["calls"]:
            sent = {name: call[name] for name in ("from", "to", "data", "value", "gas")}
            number = self.page.evaluate(SEND, sent)
            self.hall.ledger.chain.wait([number])
            assert self.api("GET", f"/chains/1/transactions/{number}")["state"] == "mined"
        return made["effects"]

    def signs_in(self) -> None:
        self.page.goto(f"{self.hall.url}/sign-in")
        self.page.get_by_label("API key").fill(self.hall.keys[self.role])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/desk/**")

    def sends(self) -> None:
        """Lets the wallet send what the page shows, and waits until the chain has it."""
        self.page.get_by_role("button", name="Send with Test wallet").click()
        expect(self.page.locator(".wallet .said").first).to_contain_text("Done: 0x", timeout=15_000)


# The first wallet that EIP-6963 announces is asked, as any page may do.
SEND = """async (call) => {
  const found = new Promise((tell) => window.addEventListener("eip6963:announceProvider", (said) => tell(said.detail)));
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  return (await found).provider.request({ method: "eth_sendTransaction", params: [call] });
}"""


@pytest.fixture
def hall(start_node: StartNode, tmp_path: Path) -> Iterator[Hall]:  # noqa: F811
    with Hall(start_node("anvil"), tmp_path) as made:
        release = egrid.release(2021, "power-profiler")
        by(made.ledger, "publisher").publish_factors(release, factors_of(release.rates))
        yield made


@pytest.fixture
def pages(browser: Browser, hall: Hall) -> Iterator[list[Page]]:
    """A page for each of three people; what they did is recorded, and nobody else was asked for anything."""
    asked = list[str]()
    contexts = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(3)]
    for each in contexts:
        each.tracing.start(screenshots=True, snapshots=True)
        each.on("request", lambda request: asked.append(request.url))
    yield [each.new_page() for each in contexts]
    for name, each in zip(("operator", "auditor", "issuer"), contexts, strict=True):
        each.tracing.stop(path=REPORTS / f"journey-{name}.zip")
        each.close()
    assert all(each.startswith((hall.url, "data:")) for each in asked)


def test_three_organisations_bring_a_month_to_net_zero_by_keys_and_wallets(hall: Hall, pages: list[Page]) -> None:
    people = zip(pages, ("operator", "auditor", "issuer"), ("broker", "auditor", "rec-issuer"), strict=True)
    operator, auditor, issuer = (Organisation(hall, page, role, wallet) for page, role, wallet in people)
    for each in (operator, auditor, issuer):
        each.signs_in()
    facility = registered(operator)
    documents = stated(operator, facility)
    audited(operator, auditor, documents)
    token = issued(issuer, operator)
    retired(operator, facility, token)
    closed(auditor)
    certificate = claimed(operator, facility)
    shown_to_anyone(hall, pages[2], certificate, documents)


def registered(operator: Organisation) -> str:
    """The facility on chain, its owner's signature, and its description with the chain's hash."""
    effects = operator.prepared("facility", grid_region="MROW", market_zone="US", description=DESCRIPTION)
    facility, page = str(effects["facility"]), operator.page
    synced(operator, f"/chains/1/facilities/{facility}")
    page.goto(f"{operator.hall.url}/desk/facilities/new")
    page.get_by_label("Facility").fill(facility)
    page.get_by_role("button", name="Show what the owner signs").click()
    page.get_by_role("button", name="Sign with Test wallet").click()
    page.wait_for_url("**/desk/months")
    at = f"/chains/1/facilities/{facility}"
    operator.api("POST", f"{at}/record", data=DESCRIPTION.encode())
    assert operator.api("GET", at)["name"] == "Filecoin storage node f058374"
    return facility


def stated(operator: Organisation, facility: str) -> list[dict[str, Any]]:
    """The month's electricity from its bills, by the factor of eGRID2021."""
    at = f"/chains/1/facilities/{facility}"
    bills = DEMO / "electricity.csv"
    meter = {"kind": "meter", "utility": "Filecoin Green (upper bound)", "meter": "f058374"}
    source = operator.api("POST", f"{at}/sources", meter)["id"]
    read = operator.api("POST", f"{at}/energy?source={source}&month={MONTH}&name={bills.name}", data=bills.read_bytes())
    assert (read["energy_wh"], read["rejected"]) == (7_906_880, [])
    factor = {"year": 2021, "edition": "power-profiler", "region": "MROW"}
    made = operator.api("POST", f"{at}/statements", {"month": MONTH, "sources": [source], "factor": factor})
    assert made["energy_wh"] == 7_906_880
    return list(made["documents"])


def audited(operator: Organisation, auditor: Organisation, documents: list[dict[str, Any]]) -> None:
    """Asked for by key, looked at and signed in the auditor's browser, sent by the operator's wallet."""
    number = operator.api("POST", "/chains/1/audits", {"documents": documents})["id"]
    auditor.page.goto(f"{auditor.hall.url}/desk/audits/{number}")
    expect(auditor.page.locator(".sum").first).to_contain_text("7,906,880 Wh")
    auditor.page.get_by_role("button", name="Take this request").click()
    auditor.page.get_by_role("button", name="Sign with Test wallet").click()
    expect(auditor.page.get_by_role("status").first).to_have_text("signed")
    operator.page.goto(f"{operator.hall.url}/desk/audits/{number}")
    operator.sends()


def issued(issuer: Organisation, operator: Organisation) -> str:
    """The wind farm's batch, from the registry's table; 8 MWh of it go to the operator."""
    text = (DEMO / "certificates.csv").read_text(encoding="utf-8")
    (row,) = csv.DictReader(text.splitlines())
    issuer.prepared("source", **{"class": "rec", "registry": "NAR", "device": row["source"], "market_zone": "US",
                                 "grid_region": row["grid_region"], "technology": "wind"})  # fmt: skip
    (batch,) = issuer.prepared("issue", table=text)["tokens"]
    assert batch["amount"] == 187_000_000
    to = operator.wallet.account.address
    issuer.prepared("transfer", to=to, tokens=[batch["token"]], amounts=[8_000_000])
    return str(batch["token"])


def retired(operator: Organisation, facility: str, token: str) -> None:
    mine = f"/chains/1/holders/{operator.wallet.account.address}/tokens"
    synced(operator, mine, lambda found: token in [each["token"] for each in found["items"]])
    synced(operator, f"/chains/1/facilities/{facility}/months")
    page = operator.page
    page.goto(f"{operator.hall.url}/desk/chains/1/facilities/{facility}/months/{MONTH}")
    page.get_by_label("MWh of the RECs").fill("8")
    page.get_by_role("button", name="Prepare the retirement").click()
    operator.sends()
    held = operator.hall.ledger.account(int(facility, 16), Month.parse(MONTH))
    assert held.recs == 8_000_000 and operator.hall.ledger.balance(operator.wallet.account.address, int(token, 16)) == 0


def closed(auditor: Organisation) -> None:
    auditor.page.reload()
    auditor.page.get_by_label("Your account").fill(auditor.wallet.account.address)
    auditor.page.get_by_role("button", name="Prepare the closing").click()
    auditor.sends()


def claimed(operator: Organisation, facility: str) -> str:
    """The certificate's address, once the node shows it."""
    page = operator.page
    page.goto(f"{operator.hall.url}/desk/chains/1/facilities/{facility}/months/{MONTH}")
    page.get_by_role("button", name="Prepare the claim").click()
    operator.sends()
    (claim,) = synced(operator, f"/chains/1/facilities/{facility}/claims")
    return f"{operator.hall.url}/chains/1/claims/{claim['id']}"


def shown_to_anyone(hall: Hall, page: Page, certificate: str, documents: list[dict[str, Any]]) -> None:
    """The public page says that it is valid, and the proof of it verifies there, on the chain."""
    page.goto(certificate)
    expect(page.get_by_role("status").first).to_have_text("VALID NOW")
    expect(page.get_by_text("MROW").first).to_be_visible()
    kept = Documents(hall.folder / "documents")
    kept.put(DESCRIPTION.encode())
    for each in documents:
        kept.put(read_auditable(each))
    for row in read_certificates(DEMO / "certificates.csv"):
        kept.put(row.document)
    proof = hall.folder / "proof.json"
    prove(hall.ledger, int(certificate.rsplit("/", 1)[1], 16), proof, kept)
    page.goto(f"{hall.url}/verify")
    page.locator("input[type=file]").first.set_input_files(proof)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status").first).to_have_text("VERIFIED")


def synced(who: Organisation, path: str, there: Callable[[Any], bool] = bool) -> Any:
    """What the index answers once it has something."""
    for _ in range(100):
        answer = requests.get(f"{who.hall.url}/api/v1{path}", timeout=10)
        if answer.ok and there(answer.json()):
            return answer.json()
        who.page.wait_for_timeout(100)
    raise AssertionError(f"the index does not know {path}")
