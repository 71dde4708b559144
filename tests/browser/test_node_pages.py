"""A node's pages in a browser: read without a script, by everyone, on any screen; a proof put in is checked."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import segno
from playwright.sync_api import Browser, Page, ViewportSize

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL: ViewportSize = {"width": 320, "height": 640}
PAGES = ("home", "facility", "hall", "certificate", "invalid", "organisation", "owner", "verify", "missing")
DROP = """([selector, name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name, {type: "application/json"}));
  const event = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true});
  document.querySelector(selector).dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="module")
def addresses(folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of every page of `carbon-tokens serve --seed-demo`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "carbon_tokens.cli", "serve", "--seed-demo", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                requests.get(f"{url}/health/ready", timeout=2)
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield pages(url, json.loads((folder / ".carbon-tokens" / "year" / "facilities.json").read_text()))
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(30)


def pages(url: str, facilities: dict[str, str]) -> dict[str, str]:
    """Address by page; the certificates are those of April, renewed, and of October, restated and not renewed."""
    node = f"{url}/chains/1/facilities/{facilities['node']}"
    claims = {each["first"]: each["id"] for each in
              requests.get(node.replace("/chains", "/api/v1/chains") + "/claims", timeout=5).json()}  # fmt: skip
    owner = requests.get(node.replace("/chains", "/api/v1/chains"), timeout=5).json()["owner"]
    return {
        "home": f"{url}/",
        "facility": node,
        "hall": f"{url}/chains/1/facilities/{facilities['hall']}",
        "certificate": f"{url}/chains/1/claims/{claims['2021-04']}",
        "invalid": f"{url}/chains/1/claims/{claims['2021-10']}",
        "organisation": f"{url}/organisations/Prairie%20Data",
        "owner": f"{url}/organisations/{owner}",
        "verify": f"{url}/verify",
        "missing": f"{url}/chains/1/facilities/0x{'9' * 54}",
    }


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript of its own; ends with an error if it asked another host, or complained."""
    opened = browser.new_page(viewport=DESKTOP)
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert all(each.startswith(("http://127.0.0.1:", "data:")) for each in asked) and complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_that_keeps_people_out(page: Page, addresses: dict[str, str], name: str) -> None:
    """Light and dark, on a desktop and a small screen, with everything opened that opens."""
    page.goto(addresses[name])
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate(AXE.read_text("utf-8"))
    schemes: tuple[Any, ...] = ("light", "dark")
    for scheme, size in itertools.product(schemes, (SMALL, DESKTOP)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        found = page.evaluate("axe.run(document)")
        faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
        assert found["passes"] and not faults, (scheme, size)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen(page: Page, addresses: dict[str, str], name: str) -> None:
    page.goto(addresses[name])
    for size in (PHONE, SMALL, DESKTOP):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], size


def test_pages_are_read_without_javascript(browser: Browser, addresses: dict[str, str], folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(addresses["home"])
    opened.get_by_role("link", name="Filecoin storage node").click()
    assert "−0.760067" in opened.content()
    opened.get_by_role("link", name="Certificate of 2021-04").click()
    assert "VALID NOW" in opened.content()
    opened.set_input_files("#proof", folder / ".carbon-tokens" / "year" / "proof.json")
    opened.get_by_role("button", name="Verify").click()
    assert "It is the proof of this certificate." in opened.content()
    context.close()


def test_the_certificate_that_the_contract_draws_is_seen(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["certificate"])
    for picture in ("img.certificate", ".code img"):
        assert page.evaluate(f"document.querySelector('{picture}').naturalWidth") > 100


def test_the_code_says_the_address_of_its_page(page: Page, addresses: dict[str, str]) -> None:
    """Drawn again from the address, module by module, by the library that drew it: the picture is of this text."""
    page.goto(addresses["certificate"])
    shown = page.evaluate("document.querySelector('.code img').src")
    code = segno.make(addresses["certificate"], error="m", micro=False)
    assert shown == code.svg_data_uri(scale=4, border=3, dark="#000", light="#fff")
    assert page.get_by_role("link", name=addresses["certificate"]).count() == 1


def test_a_heat_map_has_a_cell_for_every_hour_in_colours_that_differ(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["hall"])
    paths = page.locator("svg.heat path").evaluate_all(
        "all => all.map((each) => [getComputedStyle(each).fill, each.getAttribute('d').split('M').length - 1])"
    )
    assert sum(count for _, count in paths) == 744
    assert len({colour for colour, _ in paths}) == len(paths) > 2


def test_a_proof_that_is_put_in_is_verified_and_an_earlier_one_is_not(
    page: Page, addresses: dict[str, str], folder: Path
) -> None:
    for name, said in (("proof.json", "VERIFIED"), ("proof-1.json", "NOT VERIFIED")):
        page.goto(addresses["verify"])
        page.set_input_files("#proof", folder / ".carbon-tokens" / "year" / name)
        page.get_by_role("button", name="Verify").click()
        assert page.get_by_role("status").inner_text() == said
        assert page.locator(".checks li").count() > 20


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("proof.json", "VERIFIED", "It is the proof of this"),
        ("proof-2021-01.json", "NOT OF THIS CERTIFICATE", "By itself it is verified"),
    ],
)
def test_a_proof_is_dropped_on_a_certificate(
    page: Page, addresses: dict[str, str], folder: Path, name: str, status: str, said: str
) -> None:
    page.goto(addresses["certificate"])
    assert page.get_by_text("Or drop the file here.").is_visible()
    text = (folder / ".carbon-tokens" / "year" / name).read_text("utf-8")
    with page.expect_navigation():
        page.evaluate(DROP, ["form.drop", name, text])
    assert page.get_by_role("status").inner_text() == status and said in page.content()
    page.get_by_role("link", name="Back to the certificate").click()
    assert page.url == addresses["certificate"]
