"""What a month lacks for net ≤ 0, found by the rule and by trying; and charts that leave nothing out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from carbon_tokens.claims.account import totals
from carbon_tokens.service.charts import CLASSES, bars, heat_map, share_class
from carbon_tokens.service.lacking import account_of, lacking
from carbon_tokens.service.reading import month_of

COLUMNS = {
    "energy": 10, "scope1": 3, "scope2_location": 8, "scope2_residual": 9, "scope3": 4, "recs": 2, "offsets": 5,
    "allocated_location": 0, "allocated_market": 0, "version": 1, "shares": 0, "closed": True, "month": 622,
}  # fmt: skip
AMOUNT = some.integers(0, 60)
MONTHS = some.fixed_dictionaries(
    dict.fromkeys(("energy", "scope1", "scope2_residual", "scope3", "recs", "offsets", "allocated_market"), AMOUNT)
)


def month(**columns: Any) -> dict[str, Any]:
    return month_of(COLUMNS | columns)


def test_by_hand_a_month_lacks_recs_and_offsets() -> None:
    """8 of 10 Wh are uncovered: ⌈9·8/10⌉ = 8 g; net = 3 + 4 + 8 − 5 = 10 g. With all RECs 3 + 4 − 5 = 2 g are left."""
    found = lacking(month())
    assert found is not None
    assert (found.recs_wh, found.then_offsets_g, found.offsets_g, found.recs_alone_wh) == (8, 2, 10, None)
    assert (found.first_day, found.last_day, found.latest) == ("2021-01-01", "2021-12-31", "2021-11-30")


def test_by_hand_recs_alone_are_enough_where_offsets_outweigh_the_rest() -> None:
    """Slack 9 − 7 = 2 g may stay uncovered: 2·10/9 = 2 Wh, so 8 Wh of RECs in all and 6 more."""
    found = lacking(month(offsets=9))
    assert found is not None and found.recs_alone_wh == 6


@given(MONTHS)
def test_what_it_would_take_is_enough_and_the_least(columns: dict[str, int]) -> None:
    if not columns["energy"]:
        columns = columns | {"scope2_residual": 0}
    stated = month(**columns)
    account, found = account_of(stated), lacking(month(**columns))
    assert (found is None) == (stated["net_g"] <= 0)
    if found is None:
        return
    assert totals(replace(account, offsets_g=account.offsets_g + found.offsets_g)).net_g == 0
    covered = replace(account, recs_wh=account.recs_wh + found.recs_wh)
    assert totals(replace(covered, offsets_g=account.offsets_g + found.then_offsets_g)).net_g <= 0
    tried = (more for more in range(account.energy_wh + 1)
             if totals(replace(account, recs_wh=account.recs_wh + more)).net_g <= 0)  # fmt: skip
    assert found.recs_alone_wh == next(tried, None)


def test_a_chart_has_a_bar_for_every_value_and_none_leaves_it() -> None:
    drawn = bars([month(), month(offsets=60)], ("gross_location_g", "net_g"), "Net & <gross>")
    assert drawn.count("<rect") == 4 and "Net &amp; &lt;gross&gt;" in drawn
    for y, height in re.findall(r'y="([0-9.-]+)" width="[0-9.]+" height="([0-9.]+)"', drawn):
        assert float(y) >= 0 and float(y) + float(height) <= 200
    assert bars([], ("net_g",), "none") == ""


@pytest.mark.parametrize(
    ("part", "whole", "found"), [(0, 0, 4), (0, 9, 0), (1, 9, 1), (2, 9, 1), (3, 9, 2), (6, 9, 3), (8, 9, 3), (9, 9, 4)]
)
def test_the_share_of_an_hour_is_in_one_class(part: int, whole: int, found: int) -> None:
    assert share_class(part, whole) == found < CLASSES


def test_a_heat_map_draws_every_hour_once() -> None:
    consumed, matched = [9] * 744, [at % 10 for at in range(744)]
    assert heat_map(matched, consumed, "July").count("M") == 744
