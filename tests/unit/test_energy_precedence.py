"""Which source sets an hour of a site, with which grade, and what of a bill lies where."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens.energy import precedence, site_sources
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.precedence import settle
from carbon_tokens.energy.site_sources import ACTIVITY, METER, SERVERS, UPS, Billed, Source
from carbon_tokens.errors import EnergyError, NotReconciled, UnitError

H = 3600
START = 1_717_200_000  # 2024-06-01T00Z
END = START + 6 * H


def source(tier: str, *energies: object, first: int = 0, grade: str = "") -> Source:
    """Wh of hours from the ``first`` on; None: the source does not know the hour."""
    hours = {START + (first + at) * H: F(str(wh)) for at, wh in enumerate(energies) if wh is not None}
    return Source(tier, hours, grade)


def said(hours: list[precedence.SiteHour]) -> list[tuple[int, str, str]]:
    return [(hour.energy_wh, hour.tier, hour.grade) for hour in hours]


def test_each_hour_is_set_by_the_best_source_that_knows_it() -> None:
    tiers = [
        source(ACTIVITY, 1, 1, 1, 1, 1, 1),
        source(SERVERS, 2, 2, 2, 2, 2),
        source(UPS, 3, 3, 3),
        source(METER, 4, None, 4),
    ]
    found = settle(START, END, tiers)
    assert said(found) == [
        (4, "meter", "A"), (3, "ups", "B"), (4, "meter", "A"),
        (2, "servers", "C"), (2, "servers", "C"), (1, "activity", "D"),
    ]  # fmt: skip
    assert found == settle(START, END, tiers[::-1])


def test_what_the_lower_tiers_would_have_said_stands_beside_as_the_gap() -> None:
    found = settle(START, END, [source(METER, *[10] * 6), source(UPS, 8, 8, None, 8, 8, 8), source(SERVERS, 11)])
    assert found[0].gaps_wh == {"ups": 2, "servers": -1} and found[2].gaps_wh == {}
    gaps = precedence.gaps(found)
    assert (gaps["ups"].hours, gaps["ups"].set_wh, gaps["ups"].said_wh, gaps["ups"].difference) == (5, 50, 40, F(1, 5))
    assert (gaps["servers"].hours, gaps["servers"].difference) == (1, F(-1, 10))


def test_a_bill_without_a_profile_lies_evenly_and_adds_up_exactly() -> None:
    found = settle(START, END, [], [Billed(START, END, 100)])
    assert [hour.energy_wh for hour in found] == [17, 17, 17, 17, 16, 16]
    assert {(hour.tier, hour.grade, hour.shaped_by) for hour in found} == {("bill", "B", "flat")}


def test_the_profile_of_the_best_tier_shapes_a_bill_and_does_not_set_it() -> None:
    found = settle(START, END, [source(UPS, 1, 2, 3, 2, 1, 1), source(SERVERS, *[9] * 6)], [Billed(START, END, 1000)])
    assert [hour.energy_wh for hour in found] == [100, 200, 300, 200, 100, 100]
    assert {(hour.tier, hour.shaped_by) for hour in found} == {("bill", "ups")}
    assert precedence.gaps(found)["ups"].said_wh == 10


def test_hours_that_a_profile_lacks_count_as_its_mean() -> None:
    found = settle(START, END, [source(UPS, 1, 3, None, 2, 2, 2)], [Billed(START, END, 1200)])
    assert [hour.energy_wh for hour in found] == [100, 300, 200, 200, 200, 200]


def test_a_profile_of_zeros_shapes_nothing() -> None:
    found = settle(START, END, [source(UPS, *[0] * 6), source(SERVERS, 1, 1, 1, 1, 1, 5)], [Billed(START, END, 100)])
    assert [hour.energy_wh for hour in found] == [10, 10, 10, 10, 10, 50] and found[0].shaped_by == "servers"


def test_where_the_meter_has_gaps_the_rest_of_the_bill_lies_in_them() -> None:
    sources = [source(METER, 100, 100, None, None, 100, 100), source(UPS, 9, 9, 1, 3, 9, 9)]
    found = settle(START, END, sources, [Billed(START, END, 1000)])
    assert said(found) == [
        (100, "meter", "A"), (100, "meter", "A"), (150, "bill", "B"),
        (450, "bill", "B"), (100, "meter", "A"), (100, "meter", "A"),
    ]  # fmt: skip


def test_a_meter_that_covers_a_bill_sets_it_alone_and_the_bill_is_the_gap() -> None:
    found = settle(START, END, [source(METER, *[100] * 6)], [Billed(START, END, 630)])
    assert {(hour.energy_wh, hour.tier) for hour in found} == {(100, "meter")}
    gap = precedence.gaps(found)["bill"]
    assert (gap.set_wh, gap.said_wh, gap.difference) == (600, 630, F(-1, 20))


def test_a_meter_above_the_bill_that_it_covers_in_part_is_not_settled_here() -> None:
    with pytest.raises(NotReconciled, match=r"b.csv:2: the meter shows 100 Wh more than the bill"):
        settle(START, END, [source(METER, 300, 300)], [Billed(START, END, 500, "b.csv:2")])


def test_a_bill_of_nothing_leaves_nothing() -> None:
    assert {hour.energy_wh for hour in settle(START, END, [source(UPS, *[1] * 6)], [Billed(START, END, 0)])} == {0}


def test_an_hour_that_two_bills_share_belongs_to_both() -> None:
    """Bills that change at half past two: 250 Wh over 2.5 hours and 700 Wh over 3.5 hours."""
    middle = START + 2 * H + 1800
    found = settle(START, END, [], [Billed(START, middle, 250), Billed(middle, END, 700)])
    assert [hour.energy_wh for hour in found] == [100, 100, 150, 200, 200, 200]


def test_an_hour_that_a_bill_shares_with_a_lower_tier_belongs_to_both() -> None:
    found = settle(START, END, [source(UPS, *[60] * 6)], [Billed(START, START + 2 * H + 1800, 250)])
    assert [hour.energy_wh for hour in found] == [100, 100, 80, 60, 60, 60]
    assert found[2].grade == "B"
    shared = settle(START, END, [source(ACTIVITY, *[60] * 6)], [Billed(START, START + 2 * H + 1800, 250)])[2]
    assert (shared.energy_wh, shared.tier, shared.grade) == (80, "bill", "D")


def test_bills_lie_on_the_local_days_of_the_site() -> None:
    bill = Bill("u", "m", date(2024, 6, 1), date(2024, 6, 1), 2400, "b.csv", "0" * 64, 2)
    billed = Billed.of(bill, ZoneInfo("Asia/Kolkata"))  # 5.5 hours ahead
    assert (billed.start, billed.end, billed.where) == (START - 5 * H - 1800, START + 18 * H + 1800, "b.csv:2")
    assert billed.share(START - 6 * H) == F(1, 2) and billed.share(START) == 1 and billed.share(START + 19 * H) == 0


def test_hours_that_no_source_knows_are_refused_unless_the_caller_chooses_otherwise() -> None:
    sources = [source(METER, 10, 20, None, None, 30, 41)]
    with pytest.raises(EnergyError, match="2 of 6 hours that no source knows, from 2024-06-01T02Z"):
        settle(START, END, sources)
    for policy, energy in (("mean", 26), ("max", 41)):
        found = settle(START, END, sources, missing=policy)
        assert said(found)[2:4] == [(energy, "filled", "D")] * 2
    for policy in ("refuse", "mean", "max"):
        with pytest.raises(EnergyError, match="6 of 6 hours"):
            settle(START, END, [], missing=policy)


def test_an_hour_that_a_bill_covers_in_part_keeps_its_part_of_the_bill_when_it_is_filled() -> None:
    """200 Wh of the bill are left for its last half hour; the other half is half of the mean, 100 Wh."""
    found = settle(START, END, [source(METER, *[100] * 5)], [Billed(START, START + 5 * H + 1800, 700)], missing="mean")
    assert [hour.energy_wh for hour in found] == [100] * 5 + [250] and said(found)[-1] == (250, "filled", "D")


def test_a_source_is_never_graded_better_than_its_tier_can_be() -> None:
    assert [source(tier, 1, grade="A").graded for tier in (METER, UPS, SERVERS, ACTIVITY)] == ["A", "B", "B", "D"]
    assert source(METER, 1, grade="B").graded == "B" and source(SERVERS, 1).graded == "C"
    found = settle(START, END, [source(METER, *[1] * 5), source(ACTIVITY, *[2] * 6)])
    assert precedence.energy_by_grade(found) == {"A": 5, "D": 2}


def test_fractions_of_a_watt_hour_are_rounded_up_once_for_a_tier() -> None:
    found = settle(START, END, [source(UPS, *["0.5"] * 5, "0.1")])
    assert sum(hour.energy_wh for hour in found) == 3


def hour(at: int, wh: object, covered: int = H, quality: str = "A") -> Hour:
    return Hour("u", "m", START + at * H, None if wh is None else F(str(wh)), "f", "0" * 64, 2, covered, 0, quality)


def test_meters_add_up_in_the_hours_that_all_of_them_know() -> None:
    one, other = [hour(0, 1), hour(1, 2), hour(2, 3, 1800)], [hour(0, 10), hour(1, None), hour(2, 30, quality="B")]
    assert site_sources.total(METER, [one, other]) == Source(METER, {START: F(11)}, "B")
    with pytest.raises(EnergyError, match="twice"):
        site_sources.total(METER, [[hour(0, 1), hour(0, 1)]])


def test_servers_are_raised_to_their_facility_by_a_stated_pue() -> None:
    assert site_sources.with_pue(source(SERVERS, 100), "1.58").hours == {START: 158}
    with pytest.raises(EnergyError, match="no PUE"):
        site_sources.with_pue(source(SERVERS, 100), "0.9")


def test_activity_of_a_period_lies_evenly_on_its_hours() -> None:
    assert site_sources.flat(ACTIVITY, START, START + 4 * H, F(10)).hours == {
        START + at * H: F("2.5") for at in range(4)
    }
    for start, end in ((START, START), (START, START + 1), (START + 60, START + H + 60)):
        with pytest.raises(EnergyError, match="no full hours"):
            site_sources.flat(ACTIVITY, start, end, F(10))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Source("bill", {}),
        lambda: Source("guess", {}),
        lambda: Source(UPS, {}, "E"),
        lambda: Source(UPS, {START + 1: F(1)}),
        lambda: Source(UPS, {START: F(-1)}),
        lambda: Source(UPS, {START: 0.1}),  # type: ignore[dict-item]
        lambda: Billed(START, END, 1.5),  # type: ignore[arg-type]
        lambda: Billed(START, START, 1),
        lambda: Billed(START, END, -1),
        lambda: Billed(START, END, 1, grade="F"),
        lambda: settle(START, START, []),
        lambda: settle(START + 1, END, []),
        lambda: settle(START, END, [], missing="guess"),
        lambda: settle(START, END, [source(UPS, 1), source(UPS, 2)]),
        lambda: settle(START, END, [], [Billed(START, END, 1), Billed(END - 1, END + H, 1)]),
    ],
)
def test_sources_bills_and_periods_that_are_none_are_refused(make: object) -> None:
    with pytest.raises((EnergyError, UnitError)):
        make()  # type: ignore[operator]
