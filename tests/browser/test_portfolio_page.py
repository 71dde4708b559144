"""The portfolio's page in a browser: no request, exact totals, fit for a phone and for everyone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from carbon_tokens import portfolio
from carbon_tokens.claims import proof as proofs
from carbon_tokens.periods import Month
from carbon_tokens.portfolio import Portfolio
from tests.integration.portfolios import T, World, batch, reading

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
APRIL, JUNE, LATER = Month.parse("2021-04"), Month.parse("2021-06"), Month.parse("2022-04")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Portfolio]]:
    """Two years of a facility with a gap, a restatement, and a forged second deployment that was allowed."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "proofs").mkdir()
    world = World(folder / "world", folder / "proofs")
    recs = {year: world.issue(batch("NAR", "GEN1", 1 + 100 * at, 90, year)) for at, year in enumerate((2021, 2022))}
    facility = world.facility("Lincoln <b>1</b> & söhne of a rather long name")
    months = {month: world.statement(facility, reading(month, 8 * T, "M1")) for month in (APRIL, JUNE, LATER)}
    for month, statement in months.items():
        world.neutral(statement, {recs[month.year]: 8 * T}, f"{month}.json")
    world.restated([months[APRIL]], 9 * T, "a submeter was left out")
    world.retire(facility, APRIL, {recs[2021]: T})
    renewed = proofs.read(world.claim(facility, APRIL, APRIL, "renewed.json"))
    address = "0x000000000000000000000000000000000000dEaD"
    contracts = tuple(
        replace(each, address=address) if each.name == "CarbonTokens" else each for each in renewed.contracts
    )
    proofs.write(replace(renewed, contracts=contracts).sealed(), folder / "proofs" / "forged.json")
    files, _ = portfolio.found([folder / "proofs"])
    found = portfolio.roll_up(portfolio.read(files), organisation="A <b> & Co", allowed=portfolio.KINDS)
    portfolio.write(found, folder / "out")
    yield folder / "out" / "portfolio.html", found
    world.close()


@pytest.fixture
def page(browser: Browser, made: tuple[Path, Portfolio]) -> Iterator[Page]:
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


def test_the_totals_and_every_year_are_shown_exactly(page: Page, made: tuple[Path, Portfolio]) -> None:
    sums = made[1].total
    shown = [text.replace("−", "-").replace(",", "").split()[0] for text in page.locator("dd b").all_inner_texts()]
    amounts = (sums.consolidated_location_g, sums.consolidated_market_g, sums.consolidated_net_g, sums.energy_wh)
    assert [round(float(text) * 1e6) for text in shown] == list(amounts)
    years = page.locator("section", has_text="Year over year").locator("tbody th").all_inner_texts()
    assert years == ["2021", "2022"]


def test_charts_are_drawn_and_their_text_can_be_read_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    boxes = [each.bounding_box() for each in page.locator("svg").all()]
    assert len(boxes) == 4 and all(box and box["width"] > 100 and box["height"] > 20 for box in boxes)
    heights = page.evaluate("[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 9


def test_what_counts_twice_is_said_at_the_top_and_below(page: Page, made: tuple[Path, Portfolio]) -> None:
    allowed = [each for each in made[1].findings if each.allowed]
    assert len(allowed) >= 3 and page.get_by_text(f"{len(allowed)} double counts were allowed").is_visible()
    assert page.get_by_text("double count, allowed").count() == len(allowed)


def test_names_stay_text(page: Page) -> None:
    assert page.locator("b").count() == page.locator("dd b").count() == 4
    assert page.locator("script").count() == 0
    assert page.locator("h1").inner_text() == "A <b> & Co: energy and emissions"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(page: Page, scheme: Any, size: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document)")
    faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
    assert found["passes"] and not faults
