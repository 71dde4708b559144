"""The five roles' desks on PostgreSQL: a month from its statement to its certificate, a share, and the admin's log.

On SQLite the same journey goes through a browser (tests/browser/test_desk_journey.py); here its forms are sent as a
browser without JavaScript sends them, and what the pages show is signed and sent by wallets elsewhere.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from eth_account.messages import encode_defunct
from fastapi.testclient import TestClient

from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_facility, tenant_of_name, write
from carbon_tokens.ledger import Chain
from carbon_tokens.ledger.ids import audited_id
from tests.integration.conftest import emptied
from tests.integration.desks import form_of, sign_in
from tests.integration.keyed import Place, table
from tests.integration.march import MARCH, Deploy, by, digest, rec_source
from tests.integration.operated import wallets
from tests.integration.test_service_audits import statement

pytestmark = pytest.mark.postgresql


@pytest.fixture
def place(anvil: str, deploy: Deploy, tmp_path: Path, postgres: str) -> Iterator[Place]:
    chain = Chain.connect(anvil)
    made = Place(deploy(chain), tmp_path, postgres)
    rec_source(made.ledger)
    with made.client:
        made.synced()
        yield made
    chain.close()
    emptied(postgres)


class Seat:
    """A browser without JavaScript at a role's desk, and a wallet elsewhere."""

    def __init__(self, place: Place, role: str, wallet: str = "") -> None:
        self.place, self.wallet = place, place.wallet(wallet) if wallet else ""
        self.browser = TestClient(place.client.app, follow_redirects=True)
        assert sign_in(self.browser, place.keys[role]).status_code == 200

    def get(self, path: str, *said: str) -> str:
        self.place.synced()
        answer = self.browser.get(path)
        assert answer.status_code == 200 and [each for each in said if each not in answer.text] == [], answer.text
        return answer.text

    def post(self, of: str, path: str, files: Any = None, **fields: Any) -> str:
        """Sends the form of a page; gives the page that it leads to."""
        answer = self.browser.post(path, data={"form": form_of(self.get(of)), **fields}, files=files)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, page: str, name: str = "call-1") -> None:
        """Sends the call that a page shows."""
        call = json.loads(shown(page, name))
        sent = {"from": self.wallet} | {field: call[field] for field in ("to", "data", "value")}
        chain = self.place.ledger.chain
        chain.wait([chain.rpc.request("eth_sendTransaction", [sent])])


def shown(page: str, name: str) -> str:
    """The text that a page shows for a wallet."""
    return html.unescape(re.findall(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)[0])


def signed(who: str, what: Any) -> str:
    return "0x" + str(wallets()[who].sign_message(what).signature.hex()).removeprefix("0x")


def typed(who: str, message: str) -> str:
    made = wallets()[who].sign_typed_data(full_message=json.loads(message))
    return "0x" + str(made.signature.hex()).removeprefix("0x")


def audited(place: Place, operator: Seat, auditor: Seat) -> None:
    """The operator brings its facility and asks for an audit, which is signed, sent, and its month closed."""
    new = "/desk/facilities/new"
    page = operator.post(new, "/desk/facilities/challenge", chain="1", facility=place.id)
    nonce = re.findall(r'name="nonce" value="([0-9a-f]{32})"', page)[0]
    given = signed(operator.wallet, encode_defunct(text=shown(page, "message")))
    operator.post(new, "/desk/facilities/control", chain="1", facility=place.id, nonce=nonce, signature=given)
    once = re.findall(r'name="once" value="([0-9a-f-]{36})"', operator.get("/desk/audits/new"))[0]
    files = [("documents", ("march.json", statement(place.facility).canonical(), "application/json"))]
    page = operator.post("/desk/audits/new", "/desk/audits/new", files, chain="1", once=once)
    path = f"/desk/audits/{re.findall(r'/desk/audits/([0-9a-f-]{36})', page)[0]}"
    assert path in auditor.get("/desk/audits", "The operator")
    page = auditor.post(path, f"{path}/take", version="1")
    page = auditor.post(path, f"{path}/signature", version="2", signature=typed(auditor.wallet, shown(page, "typed")))
    operator.send(page, "call")
    auditor.get(path, '<p class="state mark audited"')
    auditor.send(auditor.post(path, f"{path}/closing", sender=auditor.wallet))


def covered(place: Place, operator: Seat, issuer: Seat) -> None:
    """The issuer issues a REC and transfers it; the operator retires it and claims its certificate."""
    new = "/desk/batches/new"
    files = [("file", ("certificates.csv", table(1, 1).encode(), "text/csv"))]
    issuer.send(issuer.post(new, new, files, chain="1", sender=issuer.wallet))
    batches = f"/desk/batches?chain=1&issuer={issuer.wallet}"
    token = re.findall(r'<option value="(0x[0-9a-f]{64})"', issuer.get(batches, "NAR", "1–1"))[0]
    path, fields = "/desk/batches/transfer", {"chain": "1", "sender": issuer.wallet, "token": token, "amount": "1"}
    issuer.send(issuer.post(batches, path, to=operator.wallet, **fields))
    month = f"/desk/chains/1/facilities/{place.id}/months/{MARCH}"
    operator.get(month, "cannot be claimed yet", "1.000000 MWh")
    page = operator.post(month, f"{month}/retirement", holder=operator.wallet, token=token, amount="1")
    operator.send(page)
    operator.get(month, "can be claimed")
    dates = {"first": str(MARCH), "last": str(MARCH), "basis": "annual"}
    operator.send(operator.post(month, f"{month}/claim", sender=operator.wallet, **dates))
    operator.get(month, f"Certificate of {MARCH}")


def shared(place: Place, folder: Path) -> int:
    """The month split between the customer's facility and another tenant; gives the customer's facility."""
    theirs = by(place.ledger, "broker").add_facility("CAMX", "US", digest("an office")).id or 0
    totals = place.ledger.totals_to_split(place.facility, MARCH)
    weights = {tenant_of_facility(theirs): 3, tenant_of_name("Other Ltd"): 1}
    allocation = Allocation(shares_of(totals.amounts, weights), totals.amounts)
    stored = write(folder / "split", allocation, audited_id(place.facility, MARCH.number), totals.version)
    by(place.ledger, "operator").commit(place.facility, MARCH, allocation, totals)
    place.synced()
    proofs = [place.ledger.tenant_proof(stored, key).to_json() for key in weights]
    head = {"Authorization": f"Bearer {place.keys['operator']}"}
    for path, body in ((f"allocations/{MARCH}/shares", {"proofs": proofs}),
                       ("tenants", {"tenant": f"0x{theirs:054x}", "organisation": "The customer"})):  # fmt: skip
        made = place.client.post(f"/api/v1/chains/1/facilities/{place.id}/{path}", json=body, headers=head)
        assert made.status_code == 201, made.text
    return theirs


def test_the_five_roles_bring_a_month_to_its_certificate_at_their_desks_on_postgresql(
    place: Place, tmp_path: Path
) -> None:
    operator, auditor = Seat(place, "operator", "operator"), Seat(place, "auditor", "auditor")
    audited(place, operator, auditor)
    covered(place, operator, Seat(place, "issuer", "rec-issuer"))
    theirs, customer = shared(place, tmp_path), Seat(place, "customer", "broker")
    number = re.findall(r"/desk/shares/(\d+)/proof", customer.get("/desk/shares", "0.750000"))[0]
    customer.send(customer.post("/desk/shares", f"/desk/shares/{number}/claim", sender=customer.wallet))
    customer.get("/desk/shares", "Claimed as scope 3")
    assert place.ledger.account(theirs, MARCH).allocated_location == 168_750
    admin, prefix = Seat(place, "admin"), place.keys["operator"].split("_")[1]
    assert "ck_" in shown(admin.post("/desk/keys", f"/desk/keys/{prefix}/rotation", overlap_hours="1"), "made")
    admin.get("/desk/actions?check=true", "Every row is as it was written", "key rotated", "audit signed")
    (status,) = place.ledger.status(place.facility, MARCH)
    assert status.net <= 0 and status.closed
