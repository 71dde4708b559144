"""A node's pages in a browser: read without a script, by everyone, on any screen; a proof put in is checked."""

from __future__ import annotations

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
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = ("home", "facility", "certificate", "verify", "missing")


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
        (found,) = requests.get(f"{url}/api/v1/chains/1/facilities", timeout=5).json()["items"]
        facility = f"{url}/chains/1/facilities/{found['id']}"
        (claim,) = requests.get(facility.replace("/chains", "/api/v1/chains") + "/claims", timeout=5).json()
        yield {
            "home": f"{url}/",
            "facility": facility,
            "certificate": f"{url}/chains/1/claims/{claim['id']}",
            "verify": f"{url}/verify",
            "missing": f"{url}/chains/1/facilities/0x{'9' * 54}",
        }
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(30)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_that_keeps_people_out(page: Page, addresses: dict[str, str], name: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(addresses[name])
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document)")
    faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
    assert found["passes"] and not faults


@pytest.mark.parametrize("size", [PHONE, {"width": 320, "height": 640}, DESKTOP], ids=["phone", "small", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen(page: Page, addresses: dict[str, str], name: str, size: Any) -> None:
    page.set_viewport_size(size)
    page.goto(addresses[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_pages_are_read_without_javascript(browser: Browser, addresses: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(addresses["home"])
    opened.get_by_role("link", name="0x").first.click()
    assert "−0.760067" in opened.content()
    opened.get_by_role("link", name="Certificate of").click()
    assert "VALID NOW" in opened.content()
    context.close()


def test_the_certificate_that_the_contract_draws_is_seen(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["certificate"])
    width = page.evaluate("document.querySelector('img.certificate').naturalWidth")
    assert width > 100


def test_a_proof_that_is_put_in_is_verified_and_an_earlier_one_is_not(
    page: Page, addresses: dict[str, str], folder: Path
) -> None:
    for name, said in (("proof.json", "VERIFIED"), ("proof-1.json", "NOT VERIFIED")):
        page.goto(addresses["verify"])
        page.set_input_files("#proof", folder / ".carbon-tokens" / "demo" / name)
        page.get_by_role("button", name="Verify").click()
        assert page.get_by_role("status").inner_text() == said
        assert page.locator(".checks li").count() > 20
