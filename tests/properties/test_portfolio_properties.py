"""Sums of figures do not depend on how they are grouped; charts draw whatever amounts there are."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from xml.etree.ElementTree import Element, fromstring

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.portfolio import Figures, charts, total

AMOUNTS = st.integers(-(2**52), 2**52)
FIGURES = st.builds(Figures, **{each.name: AMOUNTS for each in fields(Figures)})
NAMES = (("location", "location"), ("market", "market"), ("net", "net"))


@given(st.lists(FIGURES, max_size=12), st.integers(1, 5), st.integers())
def test_any_grouping_in_any_order_comes_to_the_same_total(parts: list[Figures], groups: int, seed: int) -> None:
    whole = total(parts)
    shuffled = Random(seed).sample(parts, len(parts))
    assert total(total(shuffled[at::groups]) for at in range(groups)) == whole
    for each in fields(Figures):
        assert getattr(whole, each.name) == sum(getattr(part, each.name) for part in parts)
    assert whole.consolidated_net_g == sum(part.consolidated_net_g for part in parts)


def _inside(svg: Element, name: str, size: str) -> bool:
    """Whether every rectangle lies within the picture in one direction."""
    limit = float(svg.attrib["viewBox"].split()[2 if name == "x" else 3])
    return all(0 <= float(each.attrib[name]) <= limit + 1 and float(each.attrib[size]) > 0 for each in svg.iter("rect"))


@given(st.dictionaries(st.text(max_size=8), st.lists(st.none() | AMOUNTS, min_size=3, max_size=3), max_size=40))
def test_bars_are_well_formed_and_inside_for_any_amounts(years: dict[str, list[int | None]]) -> None:
    drawn = charts.bars({name: each for name, each in years.items() if name.isprintable()}, NAMES, 'a "<b>', "t")
    if drawn:
        svg = fromstring(drawn)
        assert _inside(svg, "x", "width") and _inside(svg, "y", "height")
    else:
        assert not any(value is not None for name, each in years.items() if name.isprintable() for value in each)


@given(st.lists(st.integers(0, 2**52), min_size=4, max_size=4))
def test_parts_of_a_whole_fill_it(amounts: list[int]) -> None:
    drawn = charts.parts({grade: (grade, wh) for grade, wh in zip("abcd", amounts, strict=True)}, "quality")
    if not sum(amounts):
        assert drawn == ""
        return
    widths = [float(each.attrib["width"]) for each in fromstring(drawn).iter("rect")]
    assert abs(sum(widths) - charts.WIDTH) <= 0.4 and len(widths) == sum(amount > 0 for amount in amounts)
