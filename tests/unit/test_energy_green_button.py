"""Green Button: what each part of an ESPI file means for the energy, and what is refused or left out by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens.energy import green_button, hourly
from carbon_tokens.energy.green_button import GreenButton
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month
from tests import espi_feeds as espi
from tests.espi_feeds import START

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        path = tmp_path / "usage.xml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def energies(hours: list[Hour]) -> dict[int, Fraction | None]:
    return {(hour.start - START) // 3600: hour.energy_wh for hour in hours}


def hours(path: Path) -> list[Hour]:
    return green_button.read(path).hours("SDG&E")


def refusal(path: Path) -> str:
    with pytest.raises(EnergyError) as caught:
        hours(path)
    return str(caught.value)


def test_hourly_readings_become_the_hours_of_the_usage_point(written: Written) -> None:
    found = hours(written(espi.one_meter(espi.hourly([265, 255, 270]))))
    assert energies(found) == {0: 265, 1: 255, 2: 270}
    assert {(hour.utility, hour.meter, hour.quality, hour.covered_s) for hour in found} == {("SDG&E", "1", "A", 3600)}
    assert [hour.row for hour in found] == [7, 8, 9]


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda text: text,
        lambda text: text.replace("e:", "espi:").replace("xmlns:e=", "xmlns:espi="),
        lambda text: text.replace("<e:", "<").replace("</e:", "</").replace("/2005/Atom\" xmlns:e=", "/2005/Atom\" x="),
        lambda text: text.replace("<content>", '<content type="xml">').replace("<value>", "<value> "),
        lambda text: text.replace('href="/', 'href="https://utility.example/espi/1_1/resource/'),
    ],
    ids=["prefix e", "prefix espi", "default namespace", "typed content", "absolute links"],
)  # fmt: skip
def test_the_prefix_of_a_namespace_and_the_host_of_a_link_do_not_count(
    written: Written, rewrite: Callable[[str], str]
) -> None:
    text = rewrite(espi.one_meter(espi.hourly([1, 2])))
    for name in ("UsagePoint", "MeterReading", "ReadingType", "IntervalBlock"):
        if f"<{name}" in text:
            text = text.replace(f"<{name}>", f'<{name} xmlns="http://naesb.org/espi">').replace(
                f"<{name}/>", f'<{name} xmlns="http://naesb.org/espi"/>')  # fmt: skip
    assert energies(hours(written(text))) == {0: 1, 1: 2}


@pytest.mark.parametrize(
    ("power", "energy"), [("3", 2000), ("0", 2), ("-3", Fraction(2, 1000)), ("-", 2), (" 3 ", 2000)]
)
def test_the_power_of_ten_of_the_reading_type_scales_each_value(written: Written, power: str, energy: Fraction) -> None:
    text = espi.one_meter(espi.hourly([2]), powerOfTenMultiplier=power)
    assert energies(hours(written(text))) == {0: energy}


@pytest.mark.parametrize(
    ("uom", "name"), [("38", "power"), ("169", "therm"), ("119", "ft3"), ("71", "VAh"), ("999", "unknown")]
)
def test_another_unit_than_wh_is_left_out_with_its_name(written: Written, uom: str, name: str) -> None:
    assert name in refusal(written(espi.one_meter(espi.hourly([2]), uom=uom)))


@pytest.mark.parametrize(
    "kind", [{"accumulationBehaviour": "3"}, {"kind": "37"}, {"commodity": "7"}, {"flowDirection": "7"}]
)
def test_registers_demand_gas_and_quadrants_are_no_energy_of_an_interval(
    written: Written, kind: dict[str, str]
) -> None:
    found = green_button.read(written(espi.one_meter(espi.hourly([2]), **kind)))
    assert found.channels == () and len(found.left_out) == 1


def test_a_unit_that_is_not_stated_is_refused(written: Written) -> None:
    assert "no unit (uom)" in refusal(written(espi.one_meter(espi.hourly([2]), uom="-")))


def test_a_missing_reading_type_is_refused_unless_the_unit_is_stated(written: Written) -> None:
    path = written(espi.feed(espi.point(), espi.meter(), espi.block(espi.hourly([2, 3]))))
    assert "usage.xml:4: the reading type is not in the file" in refusal(path)
    assert energies(green_button.read(path, wh_each=1000).hours("u")) == {0: 2000, 1: 3000}


def test_a_meter_reading_that_names_no_type_takes_the_only_one(written: Written) -> None:
    text = espi.feed(espi.point(), espi.meter(kind=None), espi.reading_type(), espi.block(espi.hourly([2])))
    assert energies(hours(written(text))) == {0: 2}


def test_gas_is_left_out_by_its_service_kind_and_electricity_beside_it_is_read(written: Written) -> None:
    text = espi.feed(
        espi.point("E"), espi.point("G", kind="1"), espi.reading_type(),
        espi.meter("E"), espi.meter("G"), espi.block(espi.hourly([5]), "E"), espi.block(espi.hourly([99]), "G"),
    )  # fmt: skip
    found = green_button.read(written(text))
    assert found.usage_points == ("E",)
    assert [what for _, what in found.left_out] == ["usage point G is gas (ServiceKind 1)"]
    assert energies(found.hours("u")) == {0: 5}


def test_a_file_with_gas_only_holds_no_electricity(written: Written) -> None:
    text = espi.feed(espi.point(kind="1"), espi.meter(), espi.reading_type(), espi.block(espi.hourly([5])))
    assert "holds no delivered electricity (usage.xml:3: usage point 1 is gas" in refusal(written(text))


def two_points(path: Written) -> GreenButton:
    text = espi.feed(
        *(espi.block(espi.hourly([value]), name) for name, value in (("A", 5), ("B", 7))),
        espi.reading_type(), espi.meter("B"), espi.meter("A"), espi.point("A"), espi.point("B"),
    )  # fmt: skip
    return green_button.read(path(text))


def test_each_usage_point_is_a_meter_whatever_the_order_of_the_entries(written: Written) -> None:
    found = two_points(written).hours("u")
    assert {hour.meter: hour.energy_wh for hour in found} == {"A": 5, "B": 7}


def test_one_usage_point_of_several_can_be_named_but_not_renamed(written: Written) -> None:
    found = two_points(written)
    assert [hour.energy_wh for hour in found.hours("u", "B")] == [7]
    with pytest.raises(EnergyError, match="'main' is none of the usage points B, A"):
        found.hours("u", "main")


def test_the_only_usage_point_takes_the_callers_name(written: Written) -> None:
    (hour,) = green_button.read(written(espi.one_meter(espi.hourly([5])))).hours("u", "number on the bill")
    assert hour.meter == "number on the bill"


def test_usage_points_of_one_id_are_told_apart_by_their_address(written: Written) -> None:
    text = espi.feed(espi.reading_type(), *(
        part.replace("/User/9/", f"/User/{user}/")
        for user in (1, 2) for part in (espi.point(), espi.meter(), espi.block(espi.hourly([user])))
    ))  # fmt: skip
    found = green_button.read(written(text)).hours("u")
    assert {hour.meter: hour.energy_wh for hour in found} == {"User/1/UsagePoint/1": 1, "User/2/UsagePoint/1": 2}


def test_without_a_usage_point_the_reading_type_decides_and_the_address_names_the_meter(written: Written) -> None:
    text = espi.feed(espi.meter("77"), espi.reading_type(commodity="1"), espi.block(espi.hourly([5]), "77"))
    assert [(hour.meter, hour.energy_wh) for hour in hours(written(text))] == [("77", 5)]


def test_a_block_of_a_meter_reading_that_is_not_in_the_file_is_refused(written: Written) -> None:
    text = espi.feed(espi.point(), espi.meter(), espi.reading_type(), espi.block(espi.hourly([5]), number="2"))
    assert "IntervalBlock belongs to no MeterReading" in refusal(written(text))


def test_blocks_and_readings_out_of_order_give_the_same_hours(written: Written) -> None:
    first, second = espi.hourly([1, 2]), espi.hourly([3, 4], START + 7200)
    text = espi.feed(
        espi.point(), espi.meter(), espi.reading_type(), espi.block(second[::-1], block=2), espi.block(first)
    )
    assert energies(hours(written(text))) == {0: 1, 1: 2, 2: 3, 3: 4}


def test_a_reading_that_stands_there_again_counts_once_and_is_told(written: Written) -> None:
    found = green_button.read(written(espi.one_meter(espi.hourly([1, 2]) + espi.hourly([1]))))
    assert found.channels[0].energy_wh == 3 and found.channels[0].repeats == 1
    assert found.warnings == ("line 4: 1 intervals stand in the file again",)


def test_a_reading_that_stands_there_again_with_a_worse_quality_has_the_worse(written: Written) -> None:
    for first, second in (("0", "8"), ("8", "0")):
        readings = [espi.reading(START, 3600, 5, QUALITY.format(code)) for code in (first, second)]
        (hour,) = hours(written(espi.one_meter(readings)))
        assert (hour.energy_wh, hour.quality) == (5, "B")


def test_two_amounts_for_one_interval_and_overlaps_are_refused_with_both_lines(written: Written) -> None:
    again = written(espi.one_meter(espi.hourly([1]) + espi.hourly([2])))
    assert "usage.xml:8: gives another amount for the interval of line 7" in refusal(again)
    across = written(espi.one_meter([*espi.hourly([1]), espi.reading(START + 1800, 3600, 1)]))
    assert "usage.xml:8: overlaps the interval of line 7" in refusal(across)


def test_daily_and_hourly_readings_of_one_point_are_not_added_up(written: Written) -> None:
    text = espi.feed(
        espi.point(), espi.reading_type(),
        espi.meter(number="1", title="hourly"), espi.meter(number="2", title="daily"),
        espi.block(espi.hourly([1] * 24), number="1"), espi.block([espi.reading(START, 86_400, 24)], number="2"),
    )  # fmt: skip
    path = written(text)
    assert "Name the one to take: 'hourly' or 'daily'" in refusal(path)
    found = green_button.read(path)
    assert sum(hour.energy_wh or 0 for hour in found.hours("u", reading="hourly")) == 24
    assert {hour.quality for hour in found.hours("u", reading="daily")} == {"B"}


def test_received_energy_is_apart_from_delivered_energy(written: Written) -> None:
    text = espi.feed(
        espi.point(), espi.reading_type("D", flowDirection="1"), espi.reading_type("R", flowDirection="19"),
        espi.meter(number="1", kind="D"), espi.meter(number="2", kind="R"),
        espi.block(espi.hourly([9]), number="1"), espi.block(espi.hourly([4]), number="2"),
    )  # fmt: skip
    found = green_button.read(written(text))
    assert energies(found.hours("u")) == {0: 9}
    assert energies(found.hours("u", flow="received")) == {0: 4}


def test_net_energy_is_used_only_if_it_is_asked_for_and_never_below_zero(written: Written) -> None:
    path = written(espi.one_meter(espi.hourly([9]), flowDirection="4"))
    assert "holds no delivered electricity (usage.xml:4: net energy)" in refusal(path)
    assert energies(green_button.read(path).hours("u", flow="net")) == {0: 9}
    path = written(espi.one_meter(espi.hourly([9, -1]), flowDirection="4"))
    with pytest.raises(EnergyError, match=r"usage.xml:8: net energy -1 Wh is below zero"):
        green_button.read(path).hours("u", flow="net")


def test_a_negative_delivered_amount_is_refused(written: Written) -> None:
    assert "usage.xml:7: negative amount -1" in refusal(written(espi.one_meter(espi.hourly([-1]))))


QUALITY = "<e:ReadingQuality><e:quality>{}</e:quality></e:ReadingQuality>"


@pytest.mark.parametrize(
    ("code", "grade"), [("0", "A"), ("17", "A"), ("19", "A"), ("8", "B"), ("7", "B"), (" 8 ", "B")]
)
def test_the_grade_follows_the_quality_of_the_reading(written: Written, code: str, grade: str) -> None:
    (hour,) = hours(written(espi.one_meter([espi.reading(START, 3600, 5, QUALITY.format(code))])))
    assert hour.quality == grade


def test_a_forecast_is_no_reading_and_leaves_its_hour_missing(written: Written) -> None:
    text = espi.one_meter([*espi.hourly([5]), espi.reading(START + 3600, 3600, 7, QUALITY.format(12))])
    found = green_button.read(written(text))
    assert found.rejected == (("usage.xml:8", "a forecast (quality 12)"),)
    assert energies(found.hours("u")) == {0: 5}


def test_an_unknown_quality_is_refused(written: Written) -> None:
    text = espi.one_meter([espi.reading(START, 3600, 5, QUALITY.format(42))])
    assert "a quality that the standard does not know" in refusal(written(text))


def test_costs_are_hundred_thousandths_of_the_currency(written: Written) -> None:
    readings = [
        espi.reading(START, 3600, 273, "<e:cost>819</e:cost>"),
        espi.reading(START + 3600, 3600, 1, "<e:cost> 1 </e:cost>"),
    ]
    (channel,) = green_button.read(written(espi.one_meter(readings, currency="840"))).channels
    assert (channel.cost, channel.currency) == (Fraction("0.0082"), "840")


def test_padded_numbers_and_whole_floats_are_numbers(written: Written) -> None:
    found = hours(written(espi.one_meter([espi.reading(f"{START}.0", " 3600 ", "\n 5 \n")])))
    assert energies(found) == {0: 5}


@pytest.mark.parametrize(
    ("start", "duration", "value", "what"),
    [
        (START + 0.5, 3600, 5, "start '1330560000.5' is no whole number"),
        ("", 3600, 5, "start '' is no whole number"),
        (START, 0, 5, "an interval of 0 s"),
        (START, -900, 5, "an interval of -900 s"),
        (START, 10**12, 5, "longer than 400 days"),
        (10**17, 3600, 5, "is no time between 1970 and 9999"),
        (-3600, 3600, 5, "is no time between 1970 and 9999"),
        (START, 3600, "5 kWh", "value '5 kWh' is no whole number"),
        (START, 3600, "5.5", "value '5.5' is no whole number"),
        (START, 3600, "NaN", "value 'NaN' is no whole number"),
        (START, 3600, 2**48, "is more than the ledger can hold"),
        (START, 3600, "9" * 5000, "is no whole number"),
    ],
)
def test_numbers_that_are_none_are_refused_with_their_line(
    written: Written, start: object, duration: object, value: object, what: str
) -> None:
    message = refusal(written(espi.one_meter([espi.reading(start, duration, value)])))
    assert what in message and message.startswith("usage.xml:7:")


def test_every_wrong_reading_is_named_in_one_error(written: Written) -> None:
    message = refusal(written(espi.one_meter(espi.hourly([-1, 5, -2]))))
    assert "2 rows rejected" in message and "usage.xml:7: " in message and "usage.xml:9: " in message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "usage.xml:1"),
        ("<feed", "usage.xml:1"),
        ("<xyz>\n<abc>123</abc></xyz>", "usage.xml:1"),
        ("<!-- note -->\n\n<xyz/>", "usage.xml:3"),
        ("<a>\n<b>\n</a>", "usage.xml:3"),
        ("<p:a/>", "usage.xml:1"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>', "usage.xml:1"),
        ('<!DOCTYPE a SYSTEM "other.dtd">\n<a/>', "usage.xml:1"),
        ("<!DOCTYPE a>\n<a/>", "usage.xml:1"),
        ('<?xml version="1.0" encoding="ebcdic-moon"?><a/>', "usage.xml:1"),
        ("<a>" * 101 + "</a>" * 101, "usage.xml:1"),
        ("\x00\x01", "usage.xml:1"),
    ],
)
def test_a_malformed_file_is_an_error_with_its_line(written: Written, text: str, where: str) -> None:
    with pytest.raises(EnergyError) as caught:
        green_button.read(written(text))
    assert caught.value.where == where


def test_xml_that_nests_too_deep_is_refused_even_where_it_would_not_count(written: Written) -> None:
    text = espi.one_meter(espi.hourly([5])).replace("</feed>", "<a>" * 101 + "</a>" * 101 + "</feed>")
    assert "the XML nests deeper than 100 levels" in refusal(written(text))


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match=r"none\.xml: this file cannot be read"):
        green_button.read(tmp_path / "none.xml")


def test_times_of_a_local_clock_are_utc_once_the_clock_is_stated(written: Written) -> None:
    """2012-03-11 in Los Angeles: 01:00 PST is 09:00Z, and 02:00 does not come; 03:00 PDT is 10:00Z."""
    stamps = [int(datetime(2012, 3, 11, hour, tzinfo=UTC).timestamp()) for hour in (1, 3)]
    zone = ZoneInfo("America/Los_Angeles")
    path = written(espi.one_meter([espi.reading(stamp, 3600, 5) for stamp in stamps]))
    found = green_button.read(path, zone=zone).hours("u")
    assert [f"{datetime.fromtimestamp(hour.start, UTC):%H:%M}" for hour in found] == ["09:00", "10:00"]
    skipped = written(espi.one_meter([espi.reading(stamps[0] + 3600, 3600, 5)]))
    with pytest.raises(EnergyError, match="a time that the local clock skips"):
        green_button.read(skipped, zone=zone)


def test_the_hour_that_a_local_clock_shows_twice_is_two_hours(written: Written) -> None:
    """2012-11-04 in Los Angeles: 01:00 is 08:00Z, and again 09:00Z."""
    stamp = int(datetime(2012, 11, 4, 1, tzinfo=UTC).timestamp())
    path = written(espi.one_meter([espi.reading(stamp, 3600, 5), espi.reading(stamp, 3600, 6)]))
    found = green_button.read(path, zone=ZoneInfo("America/Los_Angeles")).hours("u")
    assert [(hour.start, hour.energy_wh) for hour in found] == [(stamp + 7 * 3600, 5), (stamp + 8 * 3600, 6)]


def test_an_offset_of_zero_with_daylight_saving_is_warned_of(written: Written) -> None:
    text = espi.one_meter(espi.hourly([5])).replace("</feed>", espi.local_time(0) + "</feed>")
    found = green_button.read(written(text))
    assert found.local_time and found.local_time.saving_s == 3600
    assert any("may be a local clock's" in each for each in found.warnings)


MARCH = Month.parse("2012-03")  # 744 hours


def test_a_month_of_quarter_hours_is_the_reading_that_a_csv_of_its_hours_gives(
    written: Written, tmp_path: Path
) -> None:
    quarters = [espi.reading(START + 900 * index, 900, index % 7) for index in range(744 * 4)]
    path = written(espi.one_meter(quarters))
    (reading,) = hourly.readings(hourly.read(path, "u", "m"), MARCH, "refuse")
    table = tmp_path / "hours.csv"
    sums = [sum(index % 7 for index in range(hour * 4, hour * 4 + 4)) for hour in range(744)]
    stamps = [f"{datetime.fromtimestamp(START + 3600 * hour, UTC):%Y-%m-%dT%H:00Z}" for hour in range(744)]
    table.write_text(
        "hour_start_utc,energy_wh\n" + "".join(f"{at},{wh}\n" for at, wh in zip(stamps, sums, strict=True))
    )
    (other,) = hourly.readings(hourly.read(table, "u", "m"), MARCH, "refuse")
    for name in ("utility", "meter", "start", "end", "energy_wh", "kind", "quality", "note", "hours_present"):
        assert getattr(reading, name) == getattr(other, name), name
    assert reading.rows == (7, 6 + 744 * 4) and reading.file == "usage.xml"


def test_an_hour_that_is_metered_in_part_is_missing_but_its_energy_is_not_lost(written: Written) -> None:
    """743 hours of 10 Wh and a quarter of the last hour with 7 Wh: the other three quarters take the policy's value."""
    path = written(espi.one_meter([*espi.hourly([10] * 743), espi.reading(START + 743 * 3600, 900, 7)]))
    taken = hourly.read(path, "u", "m")
    with pytest.raises(EnergyError, match="1 of 744 hours of 2012-03 missing for meter m, from 2012-03-31T23Z"):
        hourly.readings(taken, MARCH, "refuse")
    (reading,) = hourly.readings(taken, MARCH, "mean")
    assert (reading.energy_wh, reading.hours_present, reading.hours_missing) == (7430 + 7 + 8, 743, 1)


def test_an_hour_that_is_metered_in_part_cannot_be_matched_by_the_hour(written: Written) -> None:
    from carbon_tokens.ledger.hours import _by_meter, read_hours

    path = written(espi.one_meter([*espi.hourly([10] * 743), espi.reading(START + 743 * 3600, 900, 7)]))
    with pytest.raises(EnergyError, match="1 of 744 hours missing"):
        _by_meter(read_hours(path, utility="u", meter="m"), MARCH)


def test_two_meter_readings_without_addresses_are_two(written: Written) -> None:
    meters = [
        espi.entry("<e:MeterReading/>", "", ["/ReadingType/T", f"/Block/{number}"], up="") for number in (1, 2)
    ]  # fmt: skip
    blocks = [
        espi.entry(f"<e:IntervalBlock>{reading}</e:IntervalBlock>", f"/Block/{number}")
        for number, reading in enumerate(espi.hourly([5, 6]), 1)
    ]
    found = green_button.read(written(espi.feed(*meters, espi.point(), espi.reading_type(), *blocks)))
    assert [channel.energy_wh for channel in found.channels] == [5, 6]
    assert energies(found.hours("u")) == {0: 5, 1: 6}


def test_a_local_clock_at_the_end_of_time_is_an_error(written: Written) -> None:
    path = written(espi.one_meter([espi.reading(253_402_300_799 - 3600, 3600, 5)]))
    with pytest.raises(EnergyError, match="a time that the local clock skips"):
        green_button.read(path, zone=ZoneInfo("America/Los_Angeles"))


def test_a_file_that_covers_more_than_thirty_years_is_refused_before_its_hours_are_laid_out(written: Written) -> None:
    year = 365 * 86_400
    path = written(espi.one_meter([espi.reading(index * year, year, 5) for index in range(31)]))
    with pytest.raises(EnergyError, match="cover more than thirty years"):
        hours(path)
