"""The report's page in a browser: it asks for nothing, shows everything, fits a phone, and can be read by everyone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.fleet import history, report

ROOT = Path(__file__).parents[2]
DEMO = data_files.path("demo", "fleet")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def of_thousand_customers(folder: Path) -> Path:
    """The demo's fleet, but its sales are a thousand customers' with names of all lengths."""
    shutil.copytree(DEMO, folder)
    names = [f"Customer {at} {'of a long name ' * (at % 4)}& <b>söhne</b>".strip() for at in range(1000)]
    skus = ("web-small", "web-large", "db-hour", "store-gb")
    lines = [f"{name},p-{at},{skus[at % 4]},MROW,{at + 1}" for at, name in enumerate(names)]
    text = "\n".join(["customer,project,sku,region,amount", *lines]) + "\n"
    (folder / "customer_usage.csv").write_text(text, encoding="utf-8")
    return folder


def earlier(folder: Path) -> Path:
    """The demo's month as March, allocated."""
    shutil.copytree(DEMO, folder)
    for path in folder.iterdir():
        path.write_text(path.read_text("utf-8").replace("2021-04-01T", "2021-03-01T"), encoding="utf-8")
    (folder / "bills.csv").unlink()
    fleet.write(fleet.allocate(folder), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module", params=["demo", "a thousand customers"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A page with its allocation as JSON."""
    folder = tmp_path_factory.mktemp("report")
    source = DEMO if request.param == "demo" else of_thousand_customers(folder / "fleet")
    found = fleet.allocate(source)
    content = fleet.to_json(found)
    months = history.months(content, [earlier(folder / "march")])
    report.write(found, folder / "report.html", months)
    return folder / "report.html", content


@pytest.fixture
def page(browser: Browser, made: tuple[Path, dict[str, Any]]) -> Iterator[Page]:
    """The page, opened; ends with an error if the page asked for anything or complained."""
    opened = browser.new_page(viewport=DESKTOP)
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(made[0].as_uri())
    yield opened
    opened.close()
    assert asked == [made[0].as_uri()] and complaints == []


def test_every_picture_is_drawn(page: Page) -> None:
    boxes = [each.bounding_box() for each in page.locator("svg").all()]
    assert len(boxes) == 1 + 2 + 1 + 2  # regions, two of months, flows, a map for each cluster
    assert all(box and box["width"] > 100 and box["height"] > 20 for box in boxes)
    assert page.locator("svg rect").count() > 50


def test_the_totals_are_those_of_the_json(page: Page, made: tuple[Path, dict[str, Any]]) -> None:
    content = made[1]
    shown = [text.replace(",", "") for text in page.locator("dd b").all_inner_texts()]
    totals = [content["totals"][name] for name in ("gross_location_g", "gross_market_g", "net_g")]
    assert [round(float(text.split()[0]) * 1e6) for text in shown[1:]] == totals
    assert shown[0] == f"{content['energy_wh'] / 1e6:.3f} MWh"


def test_every_check_is_on_the_page_and_holds(page: Page) -> None:
    table = page.locator("section", has=page.locator("h2", has_text=re.compile("^Checks$"))).locator("tbody tr")
    rows = [row.locator("th,td").all_inner_texts() for row in table.all()]
    assert {row[0] for row in rows} == {f"C{number}" for number in range(1, 13)}
    assert {row[-1] for row in rows} == {"holds"}


@pytest.mark.parametrize("size", [PHONE, {"width": 320, "height": 640}, DESKTOP], ids=["phone", "small", "desktop"])
def test_the_page_is_not_wider_than_the_screen(page: Page, size: Any) -> None:
    page.set_viewport_size(size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_text_of_pictures_can_be_read_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    heights = page.evaluate("[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 9


def test_dark_mode_changes_the_page(page: Page) -> None:
    color = "getComputedStyle(document.body)[{!r}]"
    seen = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen[scheme] = page.evaluate(color.format("backgroundColor")), page.evaluate(color.format("color"))
    assert seen["light"][0] == "rgb(255, 255, 255)" and seen["light"] != seen["dark"]
    assert seen["dark"][0] != seen["light"][0] and seen["dark"][1] != seen["light"][1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_that_keeps_people_out(page: Page, scheme: Any, size: Any) -> None:
    """All rules of axe-core, contrast and landmarks among them: not one violation."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document)")
    faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
    assert found["passes"] and not faults


def test_names_stay_text(page: Page) -> None:
    assert page.locator("b").count() == page.locator("dd b").count()
    assert page.locator("script").count() == 0
