"""The private pages in a browser: wallets that sign, decline, stand on another chain or are not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the node needs the extra `node`")
from playwright.sync_api import Browser, Page, expect

from carbon_tokens.ledger import Chain
from tests.browser.desk_hall import Hall, Opened, Wallet, opening
from tests.browser.test_desk_journey import looked_at
from tests.integration.conftest import Node as StartNode
from tests.integration.conftest import start_node  # noqa: F401 - a fixture
from tests.integration.march import MARCH


@pytest.fixture(scope="module")
def hall(start_node: StartNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:  # noqa: F811
    with Hall(start_node("anvil"), tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
def opened(browser: Browser, hall: Hall) -> Iterator[Opened]:
    yield from opening(browser, hall)


def said(page: Page) -> Any:
    return page.locator(".wallet .said").first


def taken(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Take this request").click()
    expect(page.get_by_role("status").first).to_have_text("taken")


def test_an_audit_goes_from_the_operators_form_by_the_auditors_wallet_to_the_chain(opened: Opened, hall: Hall) -> None:
    operator, auditor = opened("operator", Wallet(hall, "operator")), opened("auditor", Wallet(hall, "auditor"))
    operator.get_by_role("link", name="Ask for an audit").first.click()
    operator.get_by_label("Statements").set_input_files(hall.statement())
    operator.get_by_role("button", name="Ask for an audit").click()
    expect(operator.get_by_role("status").first).to_have_text("requested")
    auditor.get_by_role("link", name="Requests").click()
    auditor.get_by_role("link", name=str(MARCH)).first.click()
    expect(auditor.locator(".sum").first).to_contain_text("1,000,000 Wh × 225,000 g/MWh = 225,000 g")
    auditor.get_by_role("button", name="Take this request").click()
    auditor.get_by_role("button", name="Sign with Test wallet").click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")
    operator.reload()
    operator.get_by_role("button", name="Send with Test wallet").click()
    expect(said(operator)).to_contain_text("Done: 0x", timeout=10_000)
    operator.reload()
    expect(operator.get_by_role("status").first).to_have_text("audited")
    held = hall.ledger.account(int(hall.facility, 16), MARCH)
    assert (held.energy, held.scope2_location, held.version) == (1_000_000, 225_000, 1)


def test_whoever_declines_is_told_so_and_can_try_again(opened: Opened, hall: Hall) -> None:
    wallet = Wallet(hall, "auditor")
    auditor = opened("auditor", wallet)
    taken(auditor, hall.requested("declined"))
    sign = auditor.get_by_role("button", name="Sign with Test wallet")
    for method in ("eth_requestAccounts", "eth_signTypedData_v4"):
        wallet.declines = {method: 4001}
        sign.click()
        expect(said(auditor)).to_have_text("You declined in the wallet. Nothing was signed or sent.")
        expect(sign).to_be_enabled()
    wallet.declines = {"eth_signTypedData_v4": -32002}
    sign.click()
    expect(said(auditor)).to_contain_text("has a question open already")
    wallet.declines = {}
    sign.click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")


def test_a_wallet_on_another_chain_is_asked_to_change(opened: Opened, hall: Hall) -> None:
    wallet = Wallet(hall, "auditor")
    auditor = opened("auditor", wallet)
    taken(auditor, hall.requested("chain"))
    sign = auditor.get_by_role("button", name="Sign with Test wallet")
    for code, told in ((4001, "You declined to change to chain"), (4902, "The wallet does not know chain")):
        wallet.chain_id, wallet.declines = 1, {"wallet_switchEthereumChain": code}
        sign.click()
        expect(said(auditor)).to_contain_text(told)
    assert "eth_signTypedData_v4" not in wallet.asked
    wallet.declines = {}
    sign.click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")
    assert wallet.chain_id == hall.ledger.chain.id


@pytest.mark.parametrize(
    ("who", "told"), [("publisher", "is not an auditor of market US"), ("operator", "owns the facility")]
)
def test_an_account_that_is_no_auditor_is_told_so_before_it_signs(
    opened: Opened, hall: Hall, who: str, told: str
) -> None:
    wallet = Wallet(hall, who)
    auditor = opened("auditor", wallet)
    taken(auditor, hall.requested(f"account {who}"))
    auditor.get_by_role("button", name="Sign with Test wallet").click()
    expect(said(auditor)).to_contain_text(told)
    assert "eth_signTypedData_v4" not in wallet.asked


def test_of_two_wallets_the_one_that_is_chosen_signs(opened: Opened, hall: Hall) -> None:
    first, second = Wallet(hall, "publisher", "First wallet"), Wallet(hall, "auditor", "Second <b>wallet</b>")
    auditor = opened("auditor", first, second)
    taken(auditor, hall.requested("two"))
    expect(auditor.locator(".wallets button")).to_have_text(
        ["Sign with First wallet", "Sign with Second <b>wallet</b>"]
    )
    assert auditor.locator(".wallets img").first.evaluate("icon => icon.naturalWidth") > 0
    auditor.get_by_role("button", name="Sign with Second").click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")
    assert first.asked == []


def test_wallets_are_spoken_of_in_the_language_of_the_page(opened: Opened, hall: Hall) -> None:
    wallet = Wallet(hall, "publisher")
    auditor = opened("auditor", wallet, locale="de-DE")
    auditor.goto(hall.requested("german"))
    auditor.get_by_role("button", name="Diese Anfrage übernehmen").click()
    sign = auditor.get_by_role("button", name="Unterschreiben mit Test wallet")
    sign.click()
    expect(said(auditor)).to_contain_text("ist kein Prüfer des Marktes US. Wählen Sie in der Wallet ein anderes")
    wallet.declines = {"eth_requestAccounts": 4001}
    sign.click()
    expect(said(auditor)).to_have_text("Sie haben in der Wallet abgelehnt. Nichts wurde unterschrieben oder gesendet.")
    looked_at(auditor, "auditor-de")


def test_without_a_wallet_the_page_says_what_to_do(opened: Opened, hall: Hall) -> None:
    auditor = opened("auditor")
    taken(auditor, hall.requested("none"))
    expect(said(auditor)).to_contain_text("No wallet was found in this browser")


def test_without_javascript_an_audit_is_signed_elsewhere_and_the_signature_pasted(opened: Opened, hall: Hall) -> None:
    auditor = opened("auditor", javascript=False)
    taken(auditor, hall.requested("pasted"))
    expect(auditor.locator(".wallet")).to_be_hidden()
    auditor.get_by_text("Sign elsewhere").click()
    typed = json.loads(auditor.locator("#typed").inner_text())
    signature = Wallet.signature(Wallet(hall, "auditor").account.sign_typed_data(full_message=typed))
    auditor.get_by_label("Signature").fill(signature)
    auditor.get_by_role("button", name="Send the signature").click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")
    assert json.loads(auditor.locator("#call").text_content() or "")["to"] == hall.ledger.address("Auditors")


def test_a_signature_of_another_account_is_refused_by_the_node_too(opened: Opened, hall: Hall) -> None:
    auditor, wallet = opened("auditor", javascript=False), Wallet(hall, "publisher")
    taken(auditor, hall.requested("wrong"))
    typed = json.loads(auditor.locator("#typed").text_content() or "")
    auditor.get_by_text("Sign elsewhere").click()
    auditor.get_by_label("Signature").fill(Wallet.signature(wallet.account.sign_typed_data(full_message=typed)))
    auditor.get_by_role("button", name="Send the signature").click()
    expect(auditor.get_by_role("alert")).to_contain_text("is no auditor of market US")


def test_a_refusal_reaches_the_operator_with_its_reason(opened: Opened, hall: Hall) -> None:
    auditor, operator = opened("auditor"), opened("operator")
    address = hall.requested("refused")
    taken(auditor, address)
    auditor.get_by_label("Reason").fill("The bill is of another meter.")
    auditor.get_by_role("button", name="Refuse").click()
    operator.goto(address)
    expect(operator.get_by_text("The bill is of another meter.")).to_be_visible()


def test_a_call_that_the_contract_refuses_is_told(opened: Opened, hall: Hall) -> None:
    """Two requests of one meter's period are signed; only the first can be sent."""
    auditor, operator = opened("auditor", Wallet(hall, "auditor")), opened("operator", Wallet(hall, "operator"))
    addresses = [hall.requested("twice", energy) for energy in (1_000_000, 2_000_000)]
    for address in addresses:
        taken(auditor, address)
        auditor.get_by_role("button", name="Sign with Test wallet").click()
        expect(auditor.get_by_role("status").first).to_have_text("signed")
    for address, told in zip(addresses, ("Done: 0x", "The contract would refuse this now"), strict=True):
        operator.goto(address)
        operator.get_by_role("button", name="Send with Test wallet").click()
        expect(said(operator)).to_contain_text(told, timeout=10_000)


def test_a_wallet_on_another_chain_of_the_same_number_neither_signs_nor_sends(
    opened: Opened,
    hall: Hall,
    start_node: StartNode,  # noqa: F811
) -> None:
    wallet, other = Wallet(hall, "auditor"), Chain.connect(start_node("anvil"))
    auditor = opened("auditor", wallet)
    taken(auditor, hall.requested("elsewhere"))
    here, wallet.rpc = wallet.rpc, other.rpc
    auditor.get_by_role("button", name="Sign with Test wallet").click()
    expect(said(auditor)).to_contain_text("does not have this node's contracts")
    wallet.rpc = here
    auditor.get_by_role("button", name="Sign with Test wallet").click()
    expect(auditor.get_by_role("status").first).to_have_text("signed")
    wallet.rpc = other.rpc
    auditor.get_by_role("button", name="Send with Test wallet").click()
    expect(said(auditor)).to_contain_text("does not have this node's contracts")
    assert "eth_sendTransaction" not in wallet.asked
    other.close()
