"""Bills and hours under transformations that must not change what they say."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import bills, hourly, meter_id
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.meters import normal
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: bool(name.strip())
)


def bill(first: date, days: int, energy_wh: int, row: int = 2, meter: str = "m") -> Bill:
    return Bill("u", meter, first, first + timedelta(days - 1), energy_wh, "b.csv", "ab" * 32, row)


BILLS = st.builds(bill, DAYS, st.integers(1, 800), st.integers(0, 10**12))


@st.composite
def series(draw: st.DrawFn) -> list[Bill]:
    """Bills of two meters that do not overlap, with or without gaps."""
    found: list[Bill] = []
    for meter in ("m", "n"):
        first = draw(DAYS)
        for gap, days, energy in draw(
            st.lists(st.tuples(st.integers(0, 9), st.integers(1, 70), st.integers(0, 10**9)))
        ):
            found.append(bill(first + timedelta(gap), days, energy, len(found) + 2, meter))
            first += timedelta(gap + days)
    return found


def months(read: list[Bill]) -> set[Month]:
    return {month for one in read for month in bills.split(one)}


def total(read: list[Bill]) -> int:
    return sum(reading.energy_wh for month in months(read) for reading in bills.readings(read, month))


@given(BILLS)
def test_the_parts_of_a_bill_add_up_to_it_and_each_is_within_1_wh_of_its_share(one: Bill) -> None:
    parts = bills.split(one)
    assert sum(parts.values()) == one.energy_wh
    for month, energy in parts.items():
        first, last = max(one.first, start(month)), min(one.last, start(Month(month.number + 1)) - timedelta(1))
        assert abs(energy * one.days - one.energy_wh * ((last - first).days + 1)) < one.days


@given(BILLS)
def test_the_readings_of_a_bill_follow_each_other_and_cover_it(one: Bill) -> None:
    readings = [bills.readings([one], month)[0] for month in sorted(bills.split(one))]
    assert all(before.end == after.start for before, after in pairwise(readings))
    assert readings[-1].end - readings[0].start == one.days * 86_400


@given(series(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(read: list[Bill], random: object) -> None:
    shuffled = list(read)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert all(bills.readings(read, month) == bills.readings(shuffled, month) for month in months(read))
    assert bills.gaps(read) == bills.gaps(shuffled)


@given(series())
def test_no_energy_is_lost_between_months(read: list[Bill]) -> None:
    assert total(read) == sum(one.energy_wh for one in read)


@given(BILLS.filter(lambda one: one.days > 1), st.data())
def test_a_bill_split_into_two_adjacent_bills_keeps_its_energy_and_has_no_gap(one: Bill, data: st.DataObject) -> None:
    days = data.draw(st.integers(1, one.days - 1))
    energy = data.draw(st.integers(0, one.energy_wh))
    halves = [
        bill(one.first, days, energy),
        bill(one.first + timedelta(days), one.days - days, one.energy_wh - energy, 3),
    ]
    assert total(halves) == total([one]) and bills.gaps(halves) == []


@given(BILLS, st.data())
def test_a_second_bill_that_shares_a_day_is_always_found(one: Bill, data: st.DataObject) -> None:
    shared = one.first + timedelta(data.draw(st.integers(0, one.days - 1)))
    before, after = data.draw(st.integers(0, 900)), data.draw(st.integers(0, 900))
    other = bill(shared - timedelta(before), before + 1 + after, 1, 3)
    for order in ([one, other], [other, one]):
        ((where, _),) = bills.overlaps(order)
        assert where == "b.csv:3"


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=672, max_size=672), st.randoms(use_true_random=False)
)
def test_hours_in_any_order_give_one_reading_that_counts_the_missing(values: list[int | None], random: object) -> None:
    month = Month.parse("2023-02")
    hours = [
        hourly.Hour("u", "m", month.start + 3600 * index, value, "h.csv", "ab" * 32, index + 2)  # type: ignore[arg-type]
        for index, value in enumerate(values)
    ]
    present = [value for value in values if value is not None]
    random.shuffle(hours)  # type: ignore[attr-defined]
    for policy in hourly.POLICIES:
        if not present or (policy == "refuse" and None in values):
            continue
        (reading,) = hourly.readings(hours, month, policy)
        assert (reading.hours_present, reading.hours_missing) == (len(present), 672 - len(present))
        assert sum(present) <= reading.energy_wh <= sum(present) + (672 - len(present)) * max(present)


@given(NAMES, NAMES, NAMES, NAMES)
def test_two_meters_share_a_name_on_chain_only_if_both_names_are_the_same(a: str, b: str, c: str, d: str) -> None:
    try:
        same = meter_id(a, b) == meter_id(c, d)
    except EnergyError:
        return
    assert same == ((normal(a), normal(b)) == (normal(c), normal(d)))
    assert normal(normal(a)) == normal(a)


@given(st.text(alphabet="0123456789.,-+eE naif٣∞", max_size=12))
def test_a_written_amount_is_read_as_it_stands_or_refused(text: str) -> None:
    """Never a number that differs from the plain reading of the digits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.csv"
        path.write_text(f'meter,utility,from,thru,kwh\n1,u,2024-01-01,2024-01-31,"{text}"\n', encoding="utf-8")
        try:
            (one,) = bills.read(path)
        except EnergyError:
            return
    assert set(text.strip()) <= set("0123456789.")
    assert 0 <= one.energy_wh - float(text) * 1000 < 1 + 1e-9 * one.energy_wh


def start(month: Month) -> date:
    return date(month.year, month.number % 12 + 1, 1)
