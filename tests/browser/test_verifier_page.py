"""The verifier's page, opened from a file: it asks for nothing, agrees with verify.py, and can be read by everyone."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak
from playwright.sync_api import Browser, Page, ViewportSize

from carbon_tokens.energy.meters import normal
from tests.corpus import Tampered, edged, swapped, tampered
from tests.corpus_claims import Good, good
from tests.integration.test_corpus import standalone

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "verifier" / "verify.html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE, SMALL = (
    ViewportSize(width=1280, height=900),
    ViewportSize(width=390, height=900),
    ViewportSize(width=320, height=900),
)
AT_ONCE = 100
STRIDES = {"demo": 1, "hours": 2, "fleet": 5, "hours bundle": 11}
RUN = """(files) => files.map(([data, hashes]) => verify(fromBase64(data), hashes).checks)"""


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> list[Good]:
    return good(tmp_path_factory.mktemp("corpus") / "good")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, opened from the disk; ends with an error if it asked for anything or complained."""
    opened = browser.new_page(viewport=DESKTOP)
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(PAGE.as_uri())
    yield opened
    opened.close()
    assert asked == [PAGE.as_uri()] and complaints == []


def checked(page: Page, files: list[tuple[bytes, list[str]]]) -> list[list[tuple[str, list[str]]]]:
    """Checks and faults that the page finds."""
    found: list[list[tuple[str, list[str]]]] = []
    for start in range(0, len(files), AT_ONCE):
        part = [[base64.b64encode(data).decode(), hashes] for data, hashes in files[start : start + AT_ONCE]]
        found += page.evaluate(RUN, part)
    return found


def corpus(goods: list[Good]) -> Iterator[Tampered]:
    for each in goods:
        if each.name in STRIDES:
            yield from tampered(each, breadth=1, stride=STRIDES[each.name])
        if each.name == "fleet":
            yield from edged(each)
    yield from list(swapped([each for each in goods if each.is_bundle]))[::7]


def test_the_page_agrees_with_the_verifier_in_python_on_thousands_of_tampered_files(
    page: Page, goods: list[Good]
) -> None:
    """The same checks fail, in every file; and each of them says why."""
    alone, hashes = standalone(), {each.name: [each.block_hash] if each.is_bundle else [] for each in goods}
    files = [(f"{each.name} as it is", each.data, hashes[each.name]) for each in goods]
    files += [(each.name, each.data, hashes[each.good]) for each in corpus(goods)]
    differing = []
    for (name, data, trusted), found in zip(files, checked(page, [each[1:] for each in files]), strict=True):
        expected, _ = alone.verify(data, trusted)
        if [(check, bool(faults)) for check, faults in expected] != [(check, bool(faults)) for check, faults in found]:
            differing.append((name, [each for each in expected if each[1]], [each for each in found if each[1]]))
    assert differing == [] and len(files) > 1_400


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "[]",
            "{",
            "null",
            "7",
            '"x"',
            '{"type":"carbon-tokens/proof/3"}',
            '{"type":1.5}',
            '{"type":NaN}',
            "[" * 5000,
        ),
        *('{"a":1,"a":1}', "\ufeff{}", '{"a":01}', '{"a":1e2}', '{"a":"\t"}', '{"a":"\\x"}', '{"__proto__":1}', "{} x"),
    ],
)
def test_what_is_no_proof_is_refused_with_a_reason(page: Page, text: str) -> None:
    ((check,),) = checked(page, [(text.encode(), [])])
    assert check[0] == "the file is a proof" and check[1]


def test_a_file_of_many_megabytes_is_read(page: Page) -> None:
    """Regular expressions of browsers end at some millions of repetitions."""
    assert page.evaluate("""json(utf8('["' + "a".repeat(12_000_000) + '"]'))[0].length""") == 12_000_000
    assert page.evaluate("""fromBase64("QUJD".repeat(3_000_000)).length""") == 9_000_000
    for text in ("QUJ", "QUJ=====", "=", "====", "QU=D", "QU J", "Q===", "QUJDQ==="):
        assert page.evaluate("(text) => { try { return fromBase64(text).length; } catch { return -1; } }", text) == -1


def test_hashes_are_those_of_python(page: Page) -> None:
    import hashlib

    for size in (0, 1, 55, 56, 64, 119, 120, 135, 136, 137, 271, 272, 5_000):
        data = bytes(each % 251 for each in range(size))
        assert page.evaluate("(hex) => sha256(bytesOf(hex))", data.hex()) == hashlib.sha256(data).hexdigest()
        assert page.evaluate("keccak", data.hex()) == keccak(data).hex()


def test_names_of_meters_are_compared_as_in_python(page: Page) -> None:
    """Case folding, which JavaScript lacks: every character that both know."""
    known = [chr(each) for each in range(0x110000) if unicodedata.category(chr(each)) not in ("Cn", "Cs", "Co")]
    found = page.evaluate("(texts) => texts.map((each) => normal(`a${each}b`))", known)
    assert [each for each, name in zip(known, found, strict=True) if name != normal(f"a{each}b")] == []


def shown(page: Page, file: Good, folder: Path, block_hash: str = "") -> None:
    """Chooses a file as a reader does."""
    path = folder / "claim.json"
    path.write_bytes(file.data)
    page.locator("#hashes").fill(block_hash)
    page.locator("#file").set_input_files(path)
    page.locator("#found h2").first.wait_for()


def test_a_chosen_file_shows_the_claim_the_checks_and_what_was_not_checked(
    page: Page, goods: list[Good], tmp_path: Path
) -> None:
    bundle = next(each for each in goods if each.name == "hours bundle")
    shown(page, bundle, tmp_path, bundle.block_hash)
    assert page.locator("#verdict").inner_text().startswith("CONSISTENT WITH THE TRUSTED BLOCKS: 28 checks passed")
    text = page.locator("#found").inner_text()
    for said in (
        "2021-04",
        "hourly: RECs cover",
        "google-2024",
        "5\u202f849\u202f884 g CO2e",
        "-1\u202f627\u202f666 g CO2e",
        "Auditors of hours",
    ):
        assert said in text
    assert "not checked here" in text.lower() and "data/egrid" in text
    page.locator("#hashes").fill("0x" + 64 * "1")
    page.locator("#hashes").press("Enter")
    assert page.locator("#verdict").inner_text().startswith("NOT VERIFIED: 1 of 28")


def test_a_tampered_file_shows_why_and_calls_its_claim_unverified(
    page: Page, goods: list[Good], tmp_path: Path
) -> None:
    content = json.loads(goods[0].data)
    content["months"][0]["account"]["offsets_g"] += 1
    content["facility"]["description"] = "<b>bold</b><img src=x>"
    shown(page, Good("forged", content, ""), tmp_path)
    assert page.locator("#verdict").inner_text().startswith("NOT VERIFIED")
    assert page.locator(".failed li").count() >= 3
    assert page.locator("#found h2").all_inner_texts()[:2] == ["Checks", "What the file claims, which is not verified"]
    assert page.locator("#found img, #found b").count() == 0


def test_a_dropped_file_is_verified(page: Page, goods: list[Good]) -> None:
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.items.add(new File([text], "proof.json"));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }""",
        goods[0].data.decode(),
    )
    page.locator("#found h2").first.wait_for()
    assert page.locator("#verdict").inner_text().startswith("CONSISTENT, NOT CHECKED ON A CHAIN: 18 checks passed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL], ids=["desktop", "phone", "small"])
@pytest.mark.parametrize("block_hash", ["", "0x" + 64 * "1"], ids=["passed", "failed"])
def test_axe_finds_nothing_that_keeps_people_out(
    page: Page, goods: list[Good], tmp_path: Path, scheme: Any, size: Any, block_hash: str
) -> None:
    """All rules of axe-core; and nothing is wider than the screen."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    shown(page, next(each for each in goods if each.name == "hours bundle"), tmp_path, block_hash)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document)")
    faults = [(each["id"], [node["html"] for node in each["nodes"]][:2]) for each in found["violations"]]
    assert found["passes"] and not faults
