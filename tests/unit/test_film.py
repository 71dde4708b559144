"""The film of the README: what the demo prints, with its numbers, as one small picture without scripts."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILM = ROOT / "docs" / "allocate.svg"
SVG = "{http://www.w3.org/2000/svg}"

SAID = """• deploy CarbonTokens at 0xabc
    admin  0x{tx}  gas 4,000,000
• audit 7 Wh <&> [published]
    operator  0x{tx}  gas 113,990
• claim it again: refused, the tenant 0x{tx} claimed before
   2021-04, shares: MWh and t CO2e
│ Tenant A │ 3.113334 │
VERIFIED
""".replace("{tx}", "ab" * 32)


def lines(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def film(said: str) -> str:
    made: str = runpy.run_path(str(ROOT / "scripts" / "film.py"))["film"](said)
    return made


def test_the_film_shows_the_steps_with_who_and_gas_and_shortens_hashes() -> None:
    assert lines(film(SAID)) == [
        "$ carbon-tokens demo --allocate",
        "• audit 7 Wh <&> [published]",
        "    operator  gas 113,990",
        "• claim it again: refused, the tenant 0xababab… claimed before",
        "2021-04, shares: MWh and t CO2e",
        "│ Tenant A │ 3.113334 │",
        "VERIFIED",
    ]


def test_a_demo_that_did_not_verify_makes_no_film() -> None:
    with pytest.raises(SystemExit, match="VERIFIED"):
        film(SAID.replace("VERIFIED", "NOT VERIFIED"))


def test_the_committed_film_is_small_fits_a_page_and_runs_no_script() -> None:
    svg = FILM.read_text()
    root = ElementTree.fromstring(svg)
    assert len(svg.encode()) <= 60_000 and int(root.attrib["width"]) <= 900
    assert not list(root.iter(f"{SVG}script")) and "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_the_committed_film_holds_the_shares_by_hand() -> None:
    """8,302,224 Wh, 5,879,757 g and 2,239,933 g by 3,000 : 2,500 : 1,500 : 1,000, the last units by largest remainder.

    An eighth is 1,037,778 Wh, 734,969.625 g and 279,991.625 g. The rests of A, B, C and Operator are .875, .0625, .4375
    and .625 for both kinds of g; two g are left of each, for A and Operator.
    """
    said = "\n".join(lines(FILM.read_text()))
    for share in (
        "3,113,334 Wh, 2,204,909 g location-based, 839,975 g market-based",
        "2,594,445 Wh, 1,837,424 g location-based, 699,979 g market-based",
        "1,556,667 Wh, 1,102,454 g location-based, 419,987 g market-based",
        "1,037,778 Wh, 734,970 g location-based, 279,992 g market-based",
        "sums of all shares equal the account: 8,302,224 Wh, 5,879,757 g location-based, 2,239,933 g market-based",
    ):
        assert share in said
    assert "refused" in said and said.endswith("VERIFIED")
