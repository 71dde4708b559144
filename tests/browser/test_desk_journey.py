"""Every role's journey through the private pages in one story: a month from statement to certificate and shares.

Each page on the way is looked at by axe in light and dark, and must fit a screen of 320 px. With ``DESK_PICTURES``
naming a folder, pictures of the pages are kept there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from playwright.sync_api import Browser, Page, expect

from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_facility, tenant_of_name, write
from carbon_tokens.ledger import account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id, note
from carbon_tokens.periods import Month
from tests.browser.desk_hall import DESKTOP, Hall, Opened, Wallet, opening
from tests.integration.conftest import Node as StartNode
from tests.integration.conftest import start_node  # noqa: F401 - a fixture
from tests.integration.march import MARCH, batches, by, digest, rec_source

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("DESK_PICTURES", "")
JANUARY, FEBRUARY = Month.parse("2024-01"), Month.parse("2024-02")
SMALL = {"width": 320, "height": 640}
COLUMNS = ("token_class", "registry", "source", "serials", "serial_from", "serial_thru", "amount", "vintage_start",
           "vintage_end", "document_sha256")  # fmt: skip


@pytest.fixture(scope="module")
def hall(start_node: StartNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:  # noqa: F811
    with Hall(start_node("anvil"), tmp_path_factory.mktemp("journey")) as made:
        rec_source(made.ledger)
        yield made


@pytest.fixture
def opened(browser: Browser, hall: Hall) -> Iterator[Opened]:
    yield from opening(browser, hall)


def looked_at(page: Page, name: str) -> None:
    """Nothing keeps people out of the page, in light and in dark, and it is no wider than a small screen."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document)")
        faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
        assert found["passes"] and not faults, (name, scheme, faults)
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"], name
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"node-desk-{name}.png", full_page=True)


def sent(page: Page) -> None:
    """The page's call is sent by the wallet, and is in a block."""
    page.get_by_role("button", name="Send with").first.click()
    expect(page.locator(".said").first).to_contain_text("Done: 0x", timeout=15_000)


def status(page: Page, text: str) -> None:
    """What the page says, once the index has what the chain has."""
    for _ in range(15):
        try:
            expect(page.locator("#main")).to_contain_text(text, timeout=2_000)
            return
        except AssertionError:
            page.reload()
    expect(page.locator("#main")).to_contain_text(text)


def certificates(folder: Path) -> Path:
    """A table to issue: 1 MWh of wind of March 2024."""
    path = folder / "certificates.csv"
    cells = ("rec", "NAR", "W1", "NAR-1 to 1", "1", "1", "1000000", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z",
             "0x" + digest("registry").hex())  # fmt: skip
    path.write_text("\n".join((",".join(COLUMNS), ",".join(cells))) + "\n")
    return path


def holder_of(hall: Hall) -> str:
    """The operator's account."""
    return account("dev:operator", hall.ledger.chain).address


def test_a_month_goes_from_its_statement_to_its_certificate_by_three_keys_and_wallets(
    opened: Opened, hall: Hall, tmp_path: Path
) -> None:
    holder = holder_of(hall)
    operator = opened("operator", Wallet(hall, "operator"))
    auditor = opened("auditor", Wallet(hall, "auditor"))
    issuer = opened("issuer", Wallet(hall, "rec-issuer"))

    operator.get_by_role("link", name="Bring a facility").click()
    looked_at(operator, "bring")
    operator.get_by_label("Facility").fill(hall.facility)
    operator.get_by_role("button", name="Show what the owner signs").click()
    looked_at(operator, "control")
    operator.get_by_role("button", name="Sign with Test wallet").click()
    expect(operator.get_by_role("heading", name="Facility in CAMX")).to_be_visible()

    operator.get_by_role("link", name="Ask for an audit").first.click()
    looked_at(operator, "ask")
    operator.get_by_label("Statements").set_input_files(hall.statement())
    operator.get_by_role("button", name="Ask for an audit").click()
    status(operator, "requested")
    looked_at(operator, "request")
    auditor.reload()
    looked_at(auditor, "queue")
    auditor.get_by_role("link", name=str(MARCH)).click()
    expect(auditor.get_by_text("operates the facility by its owner's signature")).to_be_visible()
    auditor.get_by_role("button", name="Take this request").click()
    status(auditor, "taken")
    looked_at(auditor, "auditor")
    auditor.get_by_role("button", name="Sign with Test wallet").click()
    status(auditor, "signed")
    operator.reload()
    looked_at(operator, "signed")
    sent(operator)
    operator.reload()
    status(operator, "audited")
    auditor.reload()
    auditor.get_by_role("button", name="Account of Test wallet").click()
    expect(auditor.get_by_label("Your account")).to_have_value(re.compile("^0x"))
    auditor.get_by_role("button", name="Prepare the closing").click()
    looked_at(auditor, "closing")
    sent(auditor)

    issuer.get_by_role("link", name="Issue").first.click()
    looked_at(issuer, "issue")
    issuer.get_by_label("Certificates").set_input_files(certificates(tmp_path))
    issuer.get_by_role("button", name="Account of Test wallet").click()
    issuer.get_by_role("button", name="Check and prepare").click()
    expect(issuer.get_by_text("Batches that can be issued: 1, of 1.000000 MWh of RECs")).to_be_visible()
    looked_at(issuer, "issued")
    sent(issuer)
    issuer.get_by_role("link", name="Batches").click()
    issuer.get_by_role("button", name="Account of Test wallet").click()
    issuer.get_by_role("button", name="Show").click()
    status(issuer, "NAR 1–1")
    looked_at(issuer, "issuer")
    issuer.get_by_label("Amount").fill("1")
    issuer.get_by_label("To account", exact=True).fill(holder)
    issuer.get_by_role("button", name="Prepare the transfer").click()
    looked_at(issuer, "transfer")
    sent(issuer)

    operator.get_by_role("link", name="Months").click()
    status(operator, "net is above zero")
    looked_at(operator, "operator")
    operator.get_by_role("link", name=str(MARCH)).click()
    status(operator, "1.000000 MWh")
    looked_at(operator, "month")
    operator.get_by_label("MWh of the RECs").fill("1")
    operator.get_by_role("button", name="Prepare the retirement").click()
    expect(operator.get_by_role("row", name="Net 0.225000 t 0.000000 t")).to_be_visible()
    looked_at(operator, "retire")
    sent(operator)
    operator.get_by_role("link", name="Back").click()
    status(operator, "can be claimed")
    operator.get_by_role("button", name="Prepare the claim").click()
    looked_at(operator, "claim")
    sent(operator)
    operator.get_by_role("link", name="Back").click()
    status(operator, "Certificate of 2024-03")
    operator.get_by_role("link", name="Certificate of 2024-03").click()
    expect(operator.get_by_role("status")).to_have_text("VALID NOW")


def shared(hall: Hall, folder: Path) -> int:
    """February split between the customer's facility and another tenant; gives the customer's facility."""
    number = int(hall.facility, 16)
    hall.control()
    hall.closed(FEBRUARY)
    theirs = by(hall.ledger, "broker").add_facility("CAMX", "US", digest("the customer's office")).id
    assert theirs
    totals = hall.ledger.totals_to_split(number, FEBRUARY)
    weights = {tenant_of_facility(theirs): 3, tenant_of_name("Other Ltd"): 1}
    allocation = Allocation(shares_of(totals.amounts, weights), totals.amounts)
    stored = write(folder / "split", allocation, audited_id(number, FEBRUARY.number), totals.version)
    by(hall.ledger, "operator").commit(number, FEBRUARY, allocation, totals)
    proofs = [hall.ledger.tenant_proof(stored, key).to_json() for key in weights]
    hall.api("operator", f"/allocations/{FEBRUARY}/shares", {"proofs": proofs})
    tenant = f"0x{theirs:054x}"
    hall.api("operator", "/tenants", {"tenant": tenant, "organisation": "Cloud Customer Ltd"})
    return theirs


def test_a_customer_sees_its_share_keeps_the_proof_and_claims_it(opened: Opened, hall: Hall, tmp_path: Path) -> None:
    theirs = shared(hall, tmp_path)
    customer = opened("customer", Wallet(hall, "broker"))
    status(customer, "The proof leads to the root on the chain")
    assert "0.750000" in customer.locator("#main").inner_text()
    looked_at(customer, "customer")
    with customer.expect_download() as download:
        customer.get_by_role("link", name="Proof file").click()
    proof = TenantProof.read(download.value.path())
    assert hall.ledger.share_of(proof).amounts.energy_wh == 750_000
    customer.get_by_text("Claim it as scope 3").click()
    customer.get_by_role("button", name="Account of Test wallet").click()
    customer.get_by_role("button", name="Prepare the claim").click()
    looked_at(customer, "share")
    sent(customer)
    customer.get_by_role("link", name="Back").click()
    status(customer, "Claimed as scope 3")
    assert hall.ledger.account(theirs, FEBRUARY).allocated_location == proof.share.share.amounts.location_g


def test_an_admin_adds_rotates_and_ends_keys_and_reads_the_log(opened: Opened, hall: Hall) -> None:
    admin = opened("admin")
    admin.get_by_label("Organisation").fill("New Auditors")
    admin.get_by_label("Role").select_option("auditor")
    admin.get_by_role("button", name="Add the key").click()
    key = admin.locator("#made").inner_text()
    looked_at(admin, "admin")
    hall.keys["new"] = key
    other = opened("new")
    expect(other.get_by_text("New Auditors, auditor")).to_be_visible()
    admin.get_by_text("Rotate", exact=True).first.click()
    looked_at(admin, "rotate")
    admin.get_by_role("button", name="Make a new key in the place of").first.click()
    hall.keys["rotated"] = admin.locator("#made").inner_text()
    expect(opened("rotated").get_by_text("New Auditors, auditor")).to_be_visible()
    expect(admin.get_by_text("replaced by")).to_be_visible()
    other.reload()
    expect(other.get_by_text("New Auditors, auditor")).to_be_visible()  # for the overlap
    admin.get_by_role("button", name="Sign out").click()
    admin = opened("admin")
    admin.get_by_role("row", name=f"ck_{key.split('_')[1]}_").get_by_text("Revoke", exact=True).click()
    looked_at(admin, "revoke")
    admin.get_by_role("button", name=f"End it now: key {key.split('_')[1]}").click()
    expect(admin.get_by_text("revoked")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    admin.get_by_role("link", name="Log").click()
    admin.get_by_role("link", name="Check every row").click()
    expect(admin.get_by_role("status")).to_have_text("Every row is as it was written")
    looked_at(admin, "log")


def test_the_door_lets_everybody_in_that_has_a_key(opened: Opened, hall: Hall) -> None:
    page = opened()
    page.goto(f"{hall.url}/desk/audits")
    looked_at(page, "sign-in")
    page.get_by_label("API key").fill("ck_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no key")
    looked_at(page, "refused")
    page.get_by_label("API key").fill(hall.keys["auditor"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Requests for audits")).to_be_visible()
    page.goto(f"{hall.url}/desk/keys")
    looked_at(page, "fault")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_certificates_file_with_faults_is_told_row_by_row(opened: Opened, hall: Hall, tmp_path: Path) -> None:
    issuer = opened("issuer")
    sender = account("dev:anyone", hall.ledger.chain).address
    faults = {"no table\n1\n": "sender", certificates(tmp_path).read_text().replace("W1", "W2"): "W2 is no registered"}
    for text, told in faults.items():
        path = tmp_path / "bad.csv"
        path.write_text(text)
        issuer.goto(f"{hall.url}/desk/batches/new")
        issuer.get_by_label("Certificates").set_input_files(path)
        issuer.get_by_label("Your account").fill(sender)
        issuer.get_by_role("button", name="Check and prepare").click()
        expect(issuer.get_by_role("alert")).to_contain_text(told if told != "sender" else "bad.csv")
    looked_at(issuer, "issue-fault")


def test_private_pages_are_whole_without_javascript(opened: Opened, hall: Hall) -> None:
    """What a wallet would send stands on the page, to be sent elsewhere; what the contract refuses, in words."""
    hall.control()
    hall.closed(JANUARY)
    operator = opened("operator", javascript=False)
    status(operator, str(JANUARY))
    operator.get_by_role("link", name=str(JANUARY)).click()
    operator.get_by_role("button", name="Prepare the claim").click()
    expect(operator.get_by_role("alert")).to_contain_text("above zero")
    operator.go_back()
    source = hall.ledger.source_id("NAR", note("W1"))
    report = by(hall.ledger, "rec-issuer").issue(source, batches(1, first=50, month=JANUARY), holder_of(hall))
    status(operator, f"0x{report.ids[0]:064x}"[:10])
    operator.get_by_label("MWh of the RECs 0x").first.fill("0.5")
    operator.get_by_role("button", name="Prepare the retirement").click()
    operator.get_by_text("Send it elsewhere").click()
    call = json.loads(operator.locator("#call-1").inner_text())
    hall.ledger.chain.rpc.request("eth_sendTransaction", [call])
    assert hall.ledger.account(int(hall.facility, 16), JANUARY).recs == 500_000
    expect(operator.locator(".wallet")).to_be_hidden()
