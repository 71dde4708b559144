"""ESPI's local time: the rules of daylight saving, the hour that comes twice, and offsets that do not exist."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens.energy.local_time import LocalTime, Rule, day_start, days, zone_named
from carbon_tokens.errors import EnergyError

PACIFIC = LocalTime.of(-28_800, 3600, "360E2000", "B40E2000")
SYDNEY = LocalTime.of(36_000, 3600, "A40E2000", "440E3000")
ZONES = [(PACIFIC, "America/Los_Angeles"), (SYDNEY, "Australia/Sydney")]


@pytest.mark.parametrize(("zone", "name"), ZONES)
def test_every_half_hour_around_the_changes_of_a_year_is_that_of_the_time_zone_database(
    zone: LocalTime, name: str
) -> None:
    for change in (datetime(2012, 3, 11, tzinfo=UTC), datetime(2012, 4, 1, tzinfo=UTC),
                   datetime(2012, 10, 7, tzinfo=UTC), datetime(2012, 11, 4, tzinfo=UTC)):  # fmt: skip
        for step in range(-48, 96):
            moment = change + timedelta(minutes=30 * step)
            ours, theirs = moment.astimezone(zone), moment.astimezone(ZoneInfo(name))
            assert (ours.replace(tzinfo=None), ours.fold) == (theirs.replace(tzinfo=None), theirs.fold)
            assert ours.timestamp() == moment.timestamp()


def test_the_hour_that_comes_twice_is_first_with_daylight_saving() -> None:
    """2012-11-04 01:30 in California: 08:30Z, and again 09:30Z."""
    for fold, hour in ((0, 8), (1, 9)):
        local = datetime(2012, 11, 4, 1, 30, tzinfo=PACIFIC, fold=fold)
        assert local.astimezone(UTC) == datetime(2012, 11, 4, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "year", "change"),
    [
        ("360E2000", 2012, datetime(2012, 3, 11, 2)),  # the second Sunday of March
        ("B40E2000", 2012, datetime(2012, 11, 4, 2)),  # the first Sunday of November
        ("AE0E2000", 2012, datetime(2012, 10, 28, 2)),  # the last Sunday of October
        ("3C0E2000", 2013, datetime(2013, 3, 31, 2)),  # the fifth Sunday of March
        ("328E2000", 2012, datetime(2012, 3, 11, 2)),  # the first Sunday on or after 8 March
        ("31F00000", 2012, datetime(2012, 3, 31)),  # 31 March
        ("360E2708", 2012, datetime(2012, 3, 11, 2, 30)),  # and 1,800 s
    ],
)
def test_a_rule_names_the_day_and_the_time_of_the_change(text: str, year: int, change: datetime) -> None:
    rule = Rule.parse(text)
    assert rule and rule.within(year) == change


@pytest.mark.parametrize("text", ["360E200", "XYZ", "060E2000", "D60E2000", "36002000", "30000000"])
def test_a_rule_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EnergyError, match="no rule of daylight saving"):
        Rule.parse(text)


def test_without_rules_there_is_no_daylight_saving() -> None:
    for rule in ("", "FFFFFFFF", "ffffffff"):
        zone = LocalTime.of(-25_200, 3600, rule, rule)
        assert days(date(2012, 7, 1), date(2012, 7, 1), zone)[0] == day_start(date(2012, 7, 1)) + 25_200


def test_days_are_23_and_25_hours_long_where_the_clock_changes() -> None:
    lengths = {day: days(day, day, PACIFIC) for day in (date(2012, 3, 11), date(2012, 11, 4), date(2012, 7, 1))}
    assert [(end - start) // 3600 for start, end in lengths.values()] == [23, 25, 24]


def test_an_offset_beyond_a_day_and_a_name_that_is_no_zone_are_refused() -> None:
    with pytest.raises(EnergyError, match="does not exist"):
        LocalTime.of(86_400, 0, "", "")
    for name in ("", "Mars/Olympus", "../etc"):
        with pytest.raises(EnergyError, match="is no time zone"):
            zone_named(name)
