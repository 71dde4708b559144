"""A meter's hours against its bills: the difference is shown, the best sets the total, a choice is never silent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import hourly
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.reconciliation import compare, reconcile, shape
from carbon_tokens.errors import EnergyError, NotReconciled
from carbon_tokens.periods import Month

JANUARY = Month.parse("2024-01")


def bill(energy_wh: int, first: str = "2024-01-01", last: str = "2024-01-31", row: int = 2, meter: str = "m") -> Bill:
    return Bill("u", meter, date.fromisoformat(first), date.fromisoformat(last), energy_wh, "bills.csv", "b" * 64, row)


def metered(values: dict[int, Fraction | int], start: int = JANUARY.start, covered_s: int = 3600) -> list[Hour]:
    return [
        Hour("u", "m", start + 3600 * hour, Fraction(value), "meter.xml", "a" * 64, hour + 2, covered_s)
        for hour, value in values.items()
    ]


def full(value: int = 100) -> list[Hour]:
    return metered(dict.fromkeys(range(744), value))


def test_a_meter_that_equals_its_bill_differs_by_nothing() -> None:
    ((found,), hours) = reconcile([bill(74_400)], full())
    assert (found.difference_wh, found.difference, found.coverage) == (0, 0, 1)
    assert hours == full()


def test_the_difference_is_shown_in_wh_and_as_a_share_of_the_bill() -> None:
    (found,) = compare([bill(75_000)], full())
    assert (found.metered_wh, found.difference_wh, found.difference) == (74_400, -600, Fraction(-600, 75_000))
    assert str(found) == (
        "bills.csv:2: 2024-01-01 to 2024-01-31 billed 75,000 Wh, metered 74,400 Wh over 100.0% of the time: "
        "-600 Wh (-0.80%)"
    )


def test_a_bill_of_nothing_has_no_relative_difference() -> None:
    (found,) = compare([bill(0)], full())
    assert found.difference is None and not found.within(Decimal("0.02"))


def test_a_meter_within_the_tolerance_sets_the_total() -> None:
    (_, hours) = reconcile([bill(75_000)], full())
    assert sum(hour.energy_wh or 0 for hour in hours) == 74_400


@pytest.mark.parametrize("energy", [60_000, 90_000])
def test_a_difference_beyond_the_tolerance_is_refused_with_the_bill_and_the_figures(energy: int) -> None:
    with pytest.raises(
        NotReconciled, match=rf"bills.csv:2: meter and bill differ by more than 2%: .*billed {energy:,} Wh"
    ) as caught:
        reconcile([bill(energy)], full())
    assert len(caught.value.comparisons) == 1
    assert reconcile([bill(energy)], full(), tolerance=Decimal("0.3"))[1] == full()


def test_the_caller_says_which_of_two_that_differ_is_believed() -> None:
    (_, by_meter) = reconcile([bill(60_000)], full(), beyond="meter")
    assert by_meter == full()
    (_, by_bill) = reconcile([bill(60_000)], full(), beyond="bill")
    assert sum(hour.energy_wh or 0 for hour in by_bill) == 60_000
    assert {hour.quality for hour in by_bill} == {"B"} and {hour.file for hour in by_bill} == {"bills.csv"}


def test_where_the_meter_has_gaps_the_bill_is_the_total_and_its_rest_lies_on_the_missing_time() -> None:
    """700 hours of 100 Wh; the other 44 hours of a bill of 74,400 Wh have 100 Wh each."""
    ((found,), hours) = reconcile([bill(74_400)], metered(dict.fromkeys(range(700), 100)))
    assert found.coverage == Fraction(700, 744) and not found.complete
    assert {hour.energy_wh for hour in hours} == {100} and len(hours) == 744
    (reading,) = hourly.readings(hours, JANUARY, "refuse")
    assert (reading.energy_wh, reading.quality, reading.file) == (74_400, "B", "bills.csv")


def test_a_meter_with_gaps_that_shows_more_than_the_bill_is_refused() -> None:
    with pytest.raises(NotReconciled):
        reconcile([bill(60_000)], metered(dict.fromkeys(range(700), 100)))


def test_a_bill_without_any_metered_hour_is_compared_and_left_to_the_bill() -> None:
    ((found,), hours) = reconcile([bill(60_000)], [])
    assert (found.coverage, found.difference_wh, hours) == (0, -60_000, [])


def test_hours_of_another_meter_do_not_count() -> None:
    ((found,), _) = reconcile([bill(60_000, meter="other")], full())
    assert found.metered_wh == 0


def test_the_days_of_a_bill_are_those_of_its_time_zone() -> None:
    """1 March 2012 in Los Angeles begins at 08:00Z; its 11 March has 23 hours."""
    (found,) = compare([bill(1, "2012-03-11", "2012-03-11")], [], ZoneInfo("America/Los_Angeles"))
    assert (found.end - found.start, datetime.fromtimestamp(found.start, UTC).hour) == (23 * 3600, 8)


def test_an_hour_that_a_bill_cuts_counts_in_part_and_keeps_the_rest() -> None:
    """India is 5 h 30 min ahead of UTC: its 1 January ends within the hour of 18:00Z."""
    zone = ZoneInfo("Asia/Kolkata")
    start = int(datetime(2023, 12, 31, 18, tzinfo=UTC).timestamp())
    hours = metered(dict.fromkeys(range(25), 100), start)
    (found,) = compare([bill(2400, "2024-01-01", "2024-01-01")], hours, zone)
    assert (found.metered_wh, found.complete) == (2400, True)
    (_, settled) = reconcile([bill(4800, "2024-01-01", "2024-01-01")], hours, zone, beyond="bill")
    assert sum(hour.energy_wh or 0 for hour in settled) == 4800 + 100
    assert all(hour.covered_s == 3600 for hour in settled)


def test_an_hour_that_a_bill_cuts_is_not_covered_beyond_the_bill() -> None:
    """The meter has only ten of the day's 24 hours: the bill's rest fills its own half of the first and last hour."""
    zone = ZoneInfo("Asia/Kolkata")
    start = int(datetime(2023, 12, 31, 20, tzinfo=UTC).timestamp())
    (_, hours) = reconcile(
        [bill(2400, "2024-01-01", "2024-01-01")], metered(dict.fromkeys(range(10), 100), start), zone
    )
    assert [hour.covered_s for hour in hours] == [1800, *[3600] * 23, 1800]
    assert [hour.energy_wh for hour in hours] == [50, *[100] * 23, 50]


def test_bills_that_overlap_and_hours_that_are_there_twice_are_refused() -> None:
    with pytest.raises(EnergyError, match="is the same bill as"):
        compare([bill(1), bill(1, row=3)], [])
    with pytest.raises(EnergyError, match="the same hour as"):
        compare([bill(1)], full() + full())


def test_a_choice_or_a_tolerance_that_is_none_is_refused() -> None:
    with pytest.raises(EnergyError, match="choice 'average' is none of refuse, bill, meter"):
        reconcile([bill(1)], full(), beyond="average")
    for tolerance in ("NaN", "-0.1", "Infinity"):
        with pytest.raises(EnergyError, match="is no share"):
            reconcile([bill(1)], full(), tolerance=Decimal(tolerance))


def test_a_meter_of_nothing_cannot_shape_a_bill() -> None:
    with pytest.raises(EnergyError, match="no energy that could shape the bill"):
        reconcile([bill(10)], full(0), beyond="bill")


@given(
    st.integers(0, 10**7),
    st.dictionaries(st.integers(0, 743), st.integers(0, 10_000), max_size=60),
    st.integers(1, 3600),
)
def test_a_shaped_bill_keeps_its_energy_exactly(energy: int, values: dict[int, int], covered: int) -> None:
    hours = metered(dict(values), covered_s=covered)
    (found,) = compare([bill(energy)], hours)
    parts = shape(found, hours)
    assert sum(parts.values()) == energy and len(parts) == 744 and min(parts.values()) >= 0
