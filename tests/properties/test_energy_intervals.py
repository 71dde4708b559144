"""Intervals and UTC hours: conservation, order, splitting, days of 23 and 25 local hours."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import green_button, intervals
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.intervals import Interval
from carbon_tokens.energy.local_time import LocalTime, days
from carbon_tokens.units import largest_remainder
from tests import espi_feeds as espi

Run = list[tuple[int, int, Fraction]]  # gap before it in s, its length in s, Wh

lengths = st.sampled_from([300, 900, 1800, 3600, 5400, 86_400]) | st.integers(1, 200_000)
amounts = st.integers(0, 10**9).map(Fraction) | st.fractions(0, 1000, max_denominator=1000)
runs = st.lists(st.tuples(st.integers(0, 10_000), lengths, amounts), min_size=1, max_size=12)
starts = st.integers(0, 4_000_000_000)


def laid(start: int, run: Run) -> list[Interval]:
    found = []
    for row, (gap, seconds, energy) in enumerate(run, 2):
        start += gap
        found.append(Interval(start, start + seconds, energy, row))
        start += seconds
    return found


def hours(given: list[Interval]) -> list[Hour]:
    return intervals.hours(given, utility="u", meter="m", file="f", sha256="0" * 64)


def energies(given: list[Interval]) -> dict[int, Fraction | None]:
    return {hour.start: hour.energy_wh for hour in hours(given)}


@given(starts, runs)
def test_hours_hold_the_energy_and_the_seconds_of_the_intervals_exactly(start: int, run: Run) -> None:
    given = laid(start, run)
    found = hours(given)
    assert sum(hour.energy_wh or 0 for hour in found) == sum(each.energy_wh for each in given)
    assert sum(hour.covered_s for hour in found) == sum(each.seconds for each in given)
    assert all(hour.start % 3600 == 0 and 0 < hour.covered_s <= 3600 for hour in found)
    assert [hour.start for hour in found] == sorted({hour.start for hour in found})


@given(starts, runs, st.randoms(use_true_random=False))
def test_the_order_of_intervals_does_not_count(start: int, run: Run, random: object) -> None:
    given = laid(start, run)
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert hours(shuffled) == hours(given)


@given(starts, runs, st.data())
def test_intervals_that_stand_there_again_change_nothing(start: int, run: Run, data: st.DataObject) -> None:
    given = laid(start, run)
    again = data.draw(st.lists(st.sampled_from(given), max_size=5))
    assert hours(given + again) == hours(given)


@given(starts, runs)
def test_splitting_intervals_at_full_hours_changes_no_energy(start: int, run: Run) -> None:
    given = laid(start, run)
    pieces = [
        Interval(max(each.start, hour), min(each.end, hour + 3600), part, each.row)
        for each in given
        for hour, part in intervals.split(each).items()
    ]
    assert energies(pieces) == energies(given)


@given(starts, runs, st.data())
def test_splitting_intervals_within_an_hour_changes_no_energy(start: int, run: Run, data: st.DataObject) -> None:
    pieces = []
    for each in laid(start, run):
        inside = each.start // 3600 == (each.end - 1) // 3600 and each.seconds > 1
        at = data.draw(st.integers(1, each.seconds - 1)) if inside else 0
        if not at:
            pieces.append(each)
            continue
        first = data.draw(st.fractions(0, 1)) * each.energy_wh
        pieces.append(Interval(each.start, each.start + at, first, each.row))
        pieces.append(Interval(each.start + at, each.end, each.energy_wh - first, each.row))
    assert energies(pieces) == energies(laid(start, run))


@given(starts, runs, st.data())
def test_splitting_intervals_anywhere_keeps_their_energy_and_moves_less_than_two_wh_of_an_hour(
    start: int, run: Run, data: st.DataObject
) -> None:
    for each in laid(start, [(gap, seconds, Fraction(int(energy))) for gap, seconds, energy in run]):
        cut = data.draw(st.integers(1, each.seconds - 1)) if each.seconds > 1 else 0
        if not cut:
            continue
        parts = largest_remainder(int(each.energy_wh), {"a": cut, "b": each.seconds - cut})
        whole = energies([each])
        pieces = energies([
            Interval(each.start, each.start + cut, Fraction(parts["a"]), 2),
            Interval(each.start + cut, each.end, Fraction(parts["b"]), 3),
        ])  # fmt: skip
        assert sum(pieces.values()) == sum(whole.values()) == each.energy_wh  # type: ignore[arg-type]
        assert all(abs((pieces[hour] or 0) - (whole[hour] or 0)) < 3 for hour in whole)


@given(starts, st.integers(1, 200_000), st.integers(0, 10**9))
def test_parts_of_an_interval_are_whole_wh_within_one_of_their_quota(start: int, seconds: int, energy: int) -> None:
    each = Interval(start, start + seconds, Fraction(energy), 2)
    for hour, part in intervals.split(each).items():
        covered = min(each.end, hour + 3600) - max(each.start, hour)
        assert part.denominator == 1 and abs(part - Fraction(energy * covered, seconds)) < 1


ZONES = {
    "America/Los_Angeles": LocalTime.of(-28_800, 3600, "360E2000", "B40E2000"),
    "America/New_York": LocalTime.of(-18_000, 3600, "360E2000", "B40E2000"),
    "Europe/Berlin": LocalTime.of(3600, 3600, "3E0E2000", "AE0E3000"),
    "America/Phoenix": LocalTime.of(-25_200, 0, "FFFFFFFF", "FFFFFFFF"),
    "Australia/Sydney": LocalTime.of(36_000, 3600, "A40E2000", "440E3000"),
}


@given(st.sampled_from(sorted(ZONES)), st.integers(int(datetime(2008, 6, 1, tzinfo=UTC).timestamp()), 2_000_000_000))
def test_espis_rules_give_the_local_time_of_the_time_zone_database(name: str, instant: int) -> None:
    moment = datetime.fromtimestamp(instant, UTC)
    ours, theirs = moment.astimezone(ZONES[name]), moment.astimezone(ZoneInfo(name))
    assert ours.replace(tzinfo=None, fold=0) == theirs.replace(tzinfo=None, fold=0)
    assert ours.timestamp() == instant


@given(st.sampled_from(sorted(ZONES)), st.dates(date(2009, 1, 1), date(2030, 12, 31)))
def test_a_local_day_has_the_hours_of_its_clock(name: str, day: date) -> None:
    start, end = days(day, day, ZONES[name])
    assert (start, end) == days(day, day, ZoneInfo(name))
    assert (end - start) // 3600 in (23, 24, 25)


def test_a_day_of_daylight_saving_has_23_or_25_local_hours_and_every_utc_day_24(tmp_path: Path) -> None:
    """Los Angeles 2012: daily readings of 82,800 s on 11 March and of 90,000 s on 4 November."""
    for day, local in ((date(2012, 3, 11), 23), (date(2012, 11, 4), 25), (date(2012, 7, 1), 24)):
        zone = ZONES["America/Los_Angeles"]
        spans = [days(day + timedelta(more), day + timedelta(more), zone) for more in (-1, 0, 1)]
        path = tmp_path / "daily.xml"
        path.write_text(espi.one_meter([espi.reading(start, end - start, end - start) for start, end in spans]))
        found = green_button.read(path).hours("u")
        start, end = spans[1]
        assert len([hour for hour in found if start <= hour.start < end]) == local
        midnight = days(day, day)
        assert len([hour for hour in found if midnight[0] <= hour.start < midnight[1]]) == 24
        assert {hour.energy_wh for hour in found} == {3600}


@given(starts.filter(lambda start: start < 3_900_000_000), st.lists(st.integers(0, 10**7), min_size=1, max_size=30),
       st.sampled_from([900, 1800, 3600, 7200]), st.integers(-3, 3))  # fmt: skip
def test_a_file_keeps_the_energy_of_its_readings(start: int, values: list[int], seconds: int, power: int) -> None:
    readings = [espi.reading(start + seconds * index, seconds, value) for index, value in enumerate(values)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.xml"
        path.write_text(espi.one_meter(readings, powerOfTenMultiplier=str(power)))
        found = green_button.read(path).hours("u")
    assert sum(hour.energy_wh or 0 for hour in found) == sum(values) * Fraction(10) ** power
