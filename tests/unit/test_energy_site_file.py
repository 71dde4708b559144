"""A site in a file: its sources by tier, and what its file may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_tokens.energy import site_file, site_month
from carbon_tokens.errors import EnergyError
from carbon_tokens.periods import Month

JANUARY = Month.parse("2024-01")
HEAD = 'utility = "U"\nmeter = "M"\nzone = "UTC"\n'
OVERHEAD = '[overhead]\npue = 1.5\nsource = "own"\n'


def starts(count: int = 744) -> list[str]:
    return [f"2024-01-{1 + hour // 24:02d}T{hour % 24:02d}:00" for hour in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A meter of the whole month, a UPS log of hourly samples, utilisation, weather and a PUE by the hour."""
    (tmp_path / "meter.csv").write_text("hour_start_utc,energy_wh\n" + "".join(f"{at}Z,2000\n" for at in starts()))
    stamps = [f"{at}:00Z" for at in [*starts(), "2024-02-01T00:00"]]
    (tmp_path / "copy.csv").write_bytes((tmp_path / "meter.csv").read_bytes())
    (tmp_path / "ups.csv").write_text("timestamp,output_w\n" + "".join(f"{at},1000\n" for at in stamps))
    (tmp_path / "use.csv").write_text("timestamp,utilisation\n" + "".join(f"{at},0.5\n" for at in stamps[:-1]))
    (tmp_path / "weather.csv").write_text("hour_start_utc,outdoor_c\n" + "".join(f"{at}Z,-5.5\n" for at in starts()))
    (tmp_path / "pue.csv").write_text("hour_start_utc,pue\n" + "".join(f"{at}Z,1.25\n" for at in starts()))
    return tmp_path


def site(folder: Path, text: str) -> site_file.SiteFile:
    (folder / "site.toml").write_text(HEAD + text)
    return site_file.read(folder / "site.toml")


UPS = '[[ups]]\nfile = "ups.csv"\nlongest_s = 3600\n'
SERVERS = '[[servers]]\nfile = "use.csv"\nmodel = "linear:100:300"\nperiod_s = 3600\n'


def test_the_meter_sets_the_month_and_what_the_others_say_stands_beside_it(folder: Path) -> None:
    found = site_month.of(site(folder, f'[[meters]]\nfile = "meter.csv"\n{UPS}{SERVERS}{OVERHEAD}'), JANUARY)
    assert found.reading.energy_wh == 744 * 2000 and found.reading.quality == "A"
    assert found.gaps["ups"].said_wh == 744 * 1500 and found.gaps["servers"].said_wh == 744 * 300


def test_a_meter_that_shows_less_than_the_bill_cannot_hide_it(folder: Path) -> None:
    """The meter covers the bill's days and sets them; what the bill says is in the note that is audited."""
    (folder / "bills.csv").write_text("meter,utility,from,thru,kwh\na,U,2024-01-01,2024-01-31,9000\n")
    made = site(folder, '[[meters]]\nfile = "meter.csv"\n[[bills]]\nfile = "bills.csv"\n')
    found = site_month.of(made, JANUARY).reading
    assert found.energy_wh == 1_488_000 and "bill says 9000000 Wh of 744 hours set to 1488000 Wh" in found.note


def test_ups_logs_with_cooling_set_hours_that_no_meter_knows(folder: Path) -> None:
    ups = UPS + 'rating_w = 2000\nefficiency = "0.5=0.8,1=0.8"\n'
    cooling = '[cooling]\nmodel = "cop:5"\nweather = "weather.csv"\nauxiliary_of_it = 0.1\n'
    found = site_month.of(site(folder, ups + cooling), JANUARY)
    assert found.reading.energy_wh == 744 * 1600  # 1,250 drawn, 1,250 W of heat / 5, 100 for the rest
    assert found.hours_by_tier == {"ups": 744} and found.reading.quality == "B"
    with pytest.raises(EnergyError, match="losses of every UPS"):
        site(folder, UPS + cooling).sources()


def test_a_pue_may_be_given_by_the_hour(folder: Path) -> None:
    by_hour = '[overhead]\nfile = "pue.csv"\nsource = "own"\n'
    assert site_month.of(site(folder, SERVERS + by_hour), JANUARY).reading.energy_wh == 744 * 250


def test_free_cooling_takes_the_compressor_out_of_cold_hours(folder: Path) -> None:
    ups = UPS + 'rating_w = 2000\nefficiency = "0.5=0.8,1=0.8"\n'
    cooling = '[cooling]\nmodel = "cop:5"\nfree_below_c = -5\nweather = "weather.csv"\n'
    assert site_month.of(site(folder, ups + cooling), JANUARY).reading.energy_wh == 744 * 1250


def test_hours_that_no_source_knows_are_refused_or_filled_as_the_caller_says(folder: Path) -> None:
    (folder / "use.csv").write_text("timestamp,utilisation\n" + "".join(f"{at}:00Z,0.5\n" for at in starts(700)))
    made = site(folder, SERVERS + OVERHEAD)
    with pytest.raises(EnergyError, match="44 of 744 hours"):
        site_month.of(made, JANUARY)
    found = site_month.of(made, JANUARY, "max")
    assert found.reading.energy_wh == 744 * 300 and found.reading.quality == "D"
    assert (found.reading.hours_missing, found.reading.missing) == (44, "max")


def test_bills_of_several_meters_over_the_same_days_are_added_up(folder: Path) -> None:
    rows = "a,U,2024-01-01,2024-01-31,700\nb,U,2024-01-01,2024-01-31,44\n"
    (folder / "bills.csv").write_text("meter,utility,from,thru,kwh\n" + rows)
    found = site_month.of(site(folder, '[[bills]]\nfile = "bills.csv"\n'), JANUARY)
    assert found.reading.energy_wh == 744_000 and {hour.shaped_by for hour in found.hours} == {"flat"}


def test_every_file_that_it_names_is_a_document_with_its_hash(folder: Path) -> None:
    made = site(folder, f'{SERVERS}[overhead]\nfile = "pue.csv"\nsource = "own"\n')
    assert sorted(made.documents()) == ["pue.csv", "use.csv"] and all(
        len(each) == 64 for each in made.documents().values()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "without a source"),
        ('colour = "red"\n', "unknown key 'colour'"),
        ('[[meters]]\nfile = "meter.csv"\nunit = "kWh"\n', "unknown key 'unit'"),
        ('[[meters]]\nutility = "x"\n', "needs a file"),
        ('[[meters]]\nfile = "../meter.csv"\n', "outside of the site's folder"),
        ('[[meters]]\nfile = "/etc/passwd"\n', "outside of the site's folder"),
        ("[[meters]]\nfile = 5\n", "is no text"),
        ('[meters]\nfile = "meter.csv"\n', r"Write \[\[meters\]\]"),
        (SERVERS + "count = 1.5\n" + OVERHEAD, "whole numbers"),
        (SERVERS + 'count = "2"\n' + OVERHEAD, "is no number"),
        (SERVERS + "count = true\n" + OVERHEAD, "is no number"),
        ("[[meters]\n", "cannot be read"),
        (SERVERS + SERVERS + OVERHEAD, "counted twice"),
    ],
)
def test_a_file_that_says_something_else_is_refused(folder: Path, text: str, said: str) -> None:
    with pytest.raises(EnergyError, match=said):
        site(folder, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SERVERS, "adds to its IT equipment"),
        (SERVERS + "[overhead]\npue = 1.5\n", "adds to its IT equipment"),
        (SERVERS + '[overhead]\npue = 0.9\nsource = "x"\n', "no PUE"),
        (SERVERS.replace("linear:100:300", "linear:1") + OVERHEAD, "Write linear"),
        (SERVERS.replace("use.csv", "weather.csv") + OVERHEAD, "no log that is known"),
        ('[[meters]]\nfile = "absent.csv"\n', "absent.csv"),
        ('[[meters]]\nfile = "meter.csv"\n[[meters]]\nfile = "copy.csv"\n', "the same hour"),
    ],
)
def test_sources_that_cannot_be_taken_are_refused_by_name(folder: Path, text: str, said: str) -> None:
    with pytest.raises(EnergyError, match=said):
        site_month.of(site(folder, text), JANUARY)


@pytest.mark.parametrize("key", ["utility", "meter", "zone"])
def test_a_site_names_its_meter_and_zone(folder: Path, key: str) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith(key)]
    (folder / "site.toml").write_text("\n".join([*lines, '[[meters]]\nfile = "meter.csv"\n']))
    with pytest.raises(EnergyError, match=f"text {key}"):
        site_file.read(folder / "site.toml")
