"""Readers of UPS logs and states: upslog in both kinds of format, CSV, upsc dumps, sequences and SNMP walks.

The lines here are short samples of public logs; the whole files are read where the shared data is at hand.
"""

from __future__ import annotations

import os
from collections import Counter
from fractions import Fraction as F
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from carbon_tokens.energy import series, ups, ups_logs, ups_states
from carbon_tokens.energy.loss_curve import LossCurve
from carbon_tokens.errors import EnergyError

SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "ups"
with_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")

DEFAULT = """\
20221019 220747 100 NA 13 [OL] NA NA
20221019 220817 100 NA 13 [OL] NA NA
20221019 220917 99 NA 32 [OB] NA NA
20221019 220947 94 NA 34 [OB] NA NA
20221019 221017 90 NA 16 [OL] NA NA
20221019 221047 90 NA 16 [OL] NA NA
"""
CUSTOM_FORM = (
    "%ETIME% %TIME @Y@m@d @H@M@S% %VAR battery.voltage% %VAR input.frequency% %VAR input.voltage% %VAR input.current% "
    "%VAR output.voltage% %VAR ups.load% %% %VAR ups.status% %% %VAR ups.temperature%"
)
CUSTOM = """\
1737905666 20250126 153426 13.70 49.8 224.0 0.0 227.0 1 % OL % 29.0
1737905667 20250126 153427 13.70 49.8 224.0 0.0 227.0 2 % OL CHRG % 29.0
"""


def written(folder: Path, text: str, name: str = "ups.log") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_log_in_upslogs_default_format_has_load_and_status(tmp_path: Path) -> None:
    log = ups_logs.read_upslog(written(tmp_path, DEFAULT))
    assert [(each.load, each.status, each.row) for each in log.samples][1:4] == [
        (F(13, 100), "OL", 2),
        (F(32, 100), "OB", 3),
        (F(34, 100), "OB", 4),
    ]
    assert log.samples[0].at == 1_666_217_267 and log.measured == 6


def test_a_transfer_to_the_battery_in_a_real_log_draws_nothing_from_the_line(tmp_path: Path) -> None:
    """60 s on battery at 32 and 34 % of 480 W: 30 s each; 120 s on line."""
    log = ups_logs.read_upslog(written(tmp_path, DEFAULT))
    unit = ups.Unit(F(480), LossCurve(F("0.02"), F(0), F("0.02")))
    found = ups.energy(log.samples, unit, utility="u", meter="m", file=log.file, sha256=log.sha256)
    assert found.battery_wh == F(480 * 30 * (32 + 34), 100 * 3600)
    assert found.output_wh - found.battery_wh == F(480 * (90 * 13 + 30 * 16), 100 * 3600)
    assert found.input_wh > found.output_wh - found.battery_wh


def test_a_log_in_a_format_of_its_own_is_read_by_that_format(tmp_path: Path) -> None:
    log = ups_logs.read_upslog(written(tmp_path, CUSTOM), CUSTOM_FORM)
    assert [(each.at, each.load, each.status) for each in log.samples] == [
        (1_737_905_666, F(1, 100), "OL"),
        (1_737_905_667, F(2, 100), "OL CHRG"),
    ]


def test_measured_power_is_read_where_the_format_names_it(tmp_path: Path) -> None:
    form = "%TIME @F @T%%t%UPSHOST% %VAR ups.realpower% %VAR input.realpower% [%VAR ups.status%]"
    log = ups_logs.read_upslog(written(tmp_path, "2024-06-01 00:00:00\thost 504.5 540 [OL]\n"), form)
    assert (log.samples[0].output_w, log.samples[0].input_w) == (F("504.5"), 540)


def test_times_are_of_the_hosts_zone_and_the_hour_that_comes_twice_is_told_apart_by_order(tmp_path: Path) -> None:
    stamps = ("20241103 003000", "20241103 013000", "20241103 010000", "20241103 013000", "20241103 020000")
    text = "".join(f"{stamp} 100 NA 10 [OL] NA NA\n" for stamp in stamps)
    found = ups_logs.read_upslog(written(tmp_path, text), zone=ZoneInfo("America/New_York")).samples
    assert [int(each.at - found[0].at) for each in found] == [0, 3600, 5400, 7200, 9000]


def test_a_value_that_the_ups_does_not_have_is_a_gap_and_not_zero(tmp_path: Path) -> None:
    log = ups_logs.read_upslog(written(tmp_path, "20151230 223820 NA NA NA [OL] NA NA\n"))
    assert log.samples[0].load is None and log.measured == 0


def test_comments_and_blank_lines_are_read_over_and_all_else_is_refused_by_line(tmp_path: Path) -> None:
    text = (
        "# a note\n\n"
        + DEFAULT
        + "20221019 2211\n20221319 221147 90 NA 16 [OL] NA NA\n20221019 221147 90 NA -3 [OL] NA NA\n"
    )
    with pytest.raises(EnergyError) as caught:
        ups_logs.read_upslog(written(tmp_path, text))
    message = str(caught.value)
    assert "3 rows rejected" in message and "ups.log:9: not of the log's format" in message
    assert "ups.log:10: '2022-13-19T22:11:47' is no time" in message and "ups.log:11: '-3' is no ups.load" in message


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("%VAR ups.load%", "no time"),
        ("%TIME @Y@m@d% %VAR ups.load%", "no time"),
        ("%ETIME% %VAR battery.charge%", "no load or power"),
        ("%ETIME% %VAR ups.load% %VAR ups.load%", "twice"),
        ("%ETIME% 5% %VAR ups.load%", "no escape"),
        ("%TIME @Q% %VAR ups.load%", "@Q in the format"),
        ("", "no time"),
    ],
)
def test_a_format_that_says_too_little_is_refused(form: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what):
        ups_logs.compiled(form)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(EnergyError, match="MAYBE is no status"):
        ups_logs.status("OL MAYBE")


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_log_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(EnergyError, match="no lines"):
        ups_logs.read_upslog(written(tmp_path, text))


def test_a_file_that_is_not_there_or_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "b.log").write_bytes(b"\xff\xfe\x00")
    for name in ("a.log", "b.log"):
        with pytest.raises(EnergyError, match="cannot be read"):
            ups_logs.read_upslog(tmp_path / name)


def test_a_csv_names_its_units_in_its_columns(tmp_path: Path) -> None:
    text = "timestamp,utility_voltage,output_voltage,load_wattage\n2024-01-15 20:20:10,122,122,234\n"
    kilo = "ts,output_kw,input_kw,load_pct,status\n2024-01-15T20:20:10Z,0.234,0.26,15.6,OL CHRG\n"
    watts = ups_logs.read_csv(written(tmp_path, text, "w.csv")).samples[0]
    kilowatts = ups_logs.read_csv(written(tmp_path, kilo, "k.csv")).samples[0]
    assert watts.output_w == kilowatts.output_w == 234 and watts.at == kilowatts.at
    assert (kilowatts.input_w, kilowatts.load, kilowatts.status) == (260, F(156, 1000), "OL CHRG")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("timestamp,volts\n2024-01-15 20:20:10,1\n", "unknown column 'volts'"),
        ("timestamp,input_w\n2024-01-15 20:20:10,1\n", "one time and one output"),
        ("timestamp,output_w,output_kw\n2024-01-15 20:20:10,1,1\n", "one time and one output"),
        ("timestamp,ts,output_w\n2024-01-15 20:20:10,1,1\n", "one time and one output"),
        ("timestamp,output_w\n2024-01-15 20:20:10,-4\n", "u.csv:2: '-4' is no output_w"),
        ("timestamp,output_w\n,4\n", "u.csv:2: no time"),
        ("timestamp,output_w\n2024-01-15 20:20:10,1,000\n", "u.csv:2: 3 cells"),
        ("timestamp,output_w\n2024-01-15 20:20,4\n", "u.csv:2: .* is no time"),
        ("timestamp,output_w\n", "no rows"),
    ],
)
def test_a_csv_that_is_none_is_refused_by_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what):
        ups_logs.read_csv(written(tmp_path, text, "u.csv"))


DUMP = """\
# DEVICE
device.mfr: EATON
device.model: Eaton 5PX 2000
ups.efficiency: 95
ups.load: 30
ups.power: 611
ups.power.nominal: 2000
ups.realpower: 504
ups.realpower.nominal: 1800
ups.status: ALARM OL CHRG RB
input.L1-N.voltage: 231.00
driver.parameter.snmp_version: v1
ups.macaddr:
"""


def test_a_dump_of_upsc_has_power_rating_efficiency_and_status(tmp_path: Path) -> None:
    state = ups_states.read_dump(written(tmp_path, DUMP))
    assert (state.name, state.output_w, state.rating_w, state.efficiency, state.load, state.status, state.warnings) == (
        "EATON Eaton 5PX 2000", 504, 1800, F("0.95"), F("0.3"), "ALARM OL CHRG RB", (),
    )  # fmt: skip
    assert state.sample(F(5)).output_w == 504


def test_three_phases_add_up(tmp_path: Path) -> None:
    """A real 9395: 117,298 W out of 126,799 W, an efficiency of 92.5 %; its ups.power is that of the first phase."""
    powers = {"output": (34656, 43783, 38859), "input": (42182, 42366, 42251)}
    lines = [f"{side}.L{at}.realpower: {watts}.00" for side in powers for at, watts in enumerate(powers[side], 1)]
    state = ups_states.read_dump(written(tmp_path, "\n".join([*lines, "ups.power: 34656.00", "ups.status: OL"])))
    assert (state.output_w, state.input_w, state.warnings) == (117_298, 126_799, ())


@pytest.mark.parametrize(
    ("changes", "gone", "warning"),
    [
        ({"ups.realpower.nominal": "100000"}, "rating_w", "504 W at a load of 30% contradict a rating of 100,000 W"),
        ({"ups.realpower": "6500", "ups.load": "NA"}, "output_w", "6,500 W real power is more than 611 W"),
        ({"ups.realpower": "504 #BAD: no"}, "output_w", "ups.realpower is marked as bad"),
        ({"input.realpower": "0.00"}, "input_w", "input of 0 W at an output of 504 W"),
        ({"ups.efficiency": "LoadTooLow"}, "efficiency", ""),
    ],
)
def test_a_value_that_another_contradicts_is_left_out_and_named(
    tmp_path: Path, changes: dict[str, str], gone: str, warning: str
) -> None:
    pairs = dict(line.split(":", 1) for line in DUMP.splitlines()[1:]) | {
        key: f" {value}" for key, value in changes.items()
    }
    state = ups_states.read_dump(written(tmp_path, "\n".join(f"{key}:{value}" for key, value in pairs.items())))
    assert getattr(state, gone) is None
    assert [warning in each for each in state.warnings] == ([True] if warning else [])


def test_a_status_of_on_line_and_on_battery_is_left_out(tmp_path: Path) -> None:
    state = ups_states.read_dump(written(tmp_path, "ups.load: 28\nups.status: OL DISCHRG OB\n"))
    assert state.status == "" and "on line and on battery" in state.warnings[0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no pair\n", "ups.log:1: no variable: value"),
        ("ups.load: 1\nups.load: 2\n", "ups.log:2: ups.load is there twice"),
        ("ups.load: much\n", "'much' is no ups.load"),
        ("", "no state of a UPS"),
    ],
)
def test_a_dump_that_is_none_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what):
        ups_states.read_dump(written(tmp_path, text))


def test_a_sequence_of_states_is_a_log(tmp_path: Path) -> None:
    text = (
        "ups.load: 10\nups.status: OL CHRG\nTIMER 300\nups.status: OB DISCHRG\nTIMER 300\nups.status: OB LB\nTIMER 60\n"
    )
    samples = ups_states.read_sequence(written(tmp_path, text), 3600)
    assert [(each.at, each.status) for each in samples][:3] == [
        (3600, "OL CHRG"),
        (3900, "OB DISCHRG"),
        (4200, "OB LB"),
    ]
    unit = ups.Unit(F(500), LossCurve(F("0.04"), F(0), F(0)))
    found = ups.energy(samples, unit, utility="u", meter="m", file="f", sha256="0" * 64)
    assert (found.output_wh, found.battery_wh, found.input_wh) == (F(50 * 660, 3600), 5, F(70 * 300, 3600))
    with pytest.raises(EnergyError, match="without TIMER"):
        ups_states.read_sequence(written(tmp_path, "ups.load: 10\n"))


WALKS = {
    "UPS-MIB, one phase": (
        "1.3.6.1.2.1.33.1.3.3.1.5.1|2|0\n1.3.6.1.2.1.33.1.4.1.0|2|3\n"
        "1.3.6.1.2.1.33.1.4.4.1.4.1|2|310\n1.3.6.1.2.1.33.1.4.4.1.5.1|2|35\n",
        (F(310), None, F("0.35"), "OL"),
    ),
    "UPS-MIB, as snmpwalk writes it, on battery": (
        ".1.3.6.1.2.1.33.1.4.1.0 = INTEGER: battery(5)\n.1.3.6.1.2.1.33.1.4.4.1.4.1 = INTEGER: 310 RMS Watts\n"
        ".1.3.6.1.2.1.33.1.3.3.1.5.1 = INTEGER: 0\n",
        (F(310), F(0), None, "OB"),
    ),
    "Eaton, three phases": (
        "1.3.6.1.4.1.534.1.4.1.0|2|25\n1.3.6.1.4.1.534.1.4.4.1.4.1|2|231\n1.3.6.1.4.1.534.1.4.4.1.4.2|2|944\n"
        "1.3.6.1.4.1.534.1.4.4.1.4.3|2|882\n1.3.6.1.4.1.534.1.4.5.0|2|3\n",
        (F(2057), None, F("0.25"), "OL"),
    ),
    "APC": (
        "1.3.6.1.4.1.318.1.1.1.4.1.1.0|2|2\n1.3.6.1.4.1.318.1.1.1.4.3.3.0|66|169\n",
        (None, None, F("0.169"), "OL"),
    ),
    "NUT's extend": (
        "1.3.6.1.4.1.8072.1.3.2.4.1.2.7.117.112.115.45.110.117.116.8|4|17\n",
        (None, None, F("0.17"), ""),
    ),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_is_read_by_the_tree_that_it_holds(tmp_path: Path, name: str) -> None:
    text, expected = WALKS[name]
    state = ups_states.read_walk(written(tmp_path, "1.3.6.1.2.1.1.1.0|4|some card\n" + text))
    assert (state.output_w, state.input_w, state.load, state.status) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1.3.6.1.2.1.1.1.0|4|switch\n", "no power or load of a UPS"),
        ("hello\n", "w.walk:1: no line of an SNMP walk"),
        ("1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2 nothing\n", "w.walk:2: no line"),
        ("", "no state of a UPS"),
    ],
)
def test_a_walk_of_something_else_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(EnergyError, match=what):
        ups_states.read_walk(written(tmp_path, text, "w.walk"))


@with_shared
def test_the_measured_day_of_a_ups_is_its_kilowatt_hours() -> None:
    """43,200 samples, 1 to 2 s apart: 1.6784 kWh."""
    log = ups_logs.read_csv(SHARED / "rb_power_ups_2024-01-15_1s.csv", ZoneInfo("America/Chicago"))
    unit = ups.Unit(F(1500), LossCurve(F("0.02"), F("0.01"), F("0.02")))
    found = ups.energy(log.samples, unit, utility="own", meter="ups", file=log.file, sha256=log.sha256)
    assert len(log.samples) == log.measured == 43_200 and len(found.output) == 13
    assert found.output_wh == F("1678.4225") and sum(series.whole_wh(found.output).values()) == 1679
    assert F("0.75") < found.output_wh / found.input_wh < F("0.85")


@with_shared
def test_the_real_log_in_its_own_format_is_read_whole() -> None:
    log = ups_logs.read_upslog(next(SHARED.glob("nut_upslog_eurotech*")), CUSTOM_FORM)
    assert len(log.samples) == log.measured == 84 and {each.status for each in log.samples} == {"OL"}


@with_shared
def test_the_real_excerpts_in_the_default_format_are_read_whole() -> None:
    log = ups_logs.read_upslog(SHARED / "nut_upslog_default_format_excerpts.txt")
    assert Counter(each.status for each in log.samples) == {"OL": 9, "OB": 2, "OL BYPASS": 1}
    assert (len(log.samples), log.measured) == (12, 10)


@with_shared
def test_every_real_dump_is_read_and_says_what_is_wrong_with_it() -> None:
    states = {path.name: ups_states.read_dump(path) for path in sorted((SHARED / "nut_ddl").glob("*.dev"))}
    assert len(states) == 56
    assert sum(state.output_w is not None for state in states.values()) == 36
    assert sum(state.output_w is not None or state.load is not None for state in states.values()) == 51
    assert sum(bool(state.warnings) for state in states.values()) == 6
    assert all(state.output_w is None or state.output_w <= 150_000 for state in states.values())


@with_shared
def test_the_real_sequence_is_read() -> None:
    assert [each.at for each in ups_states.read_sequence(SHARED / "nut_evolution500.seq")] == [0, 300, 600, 660]


@with_shared
def test_every_real_walk_is_read() -> None:
    found = {path.stem: ups_states.read_walk(path) for path in sorted((SHARED / "snmprec").glob("*.snmprec"))}
    assert {name: (state.output_w, state.load) for name, state in found.items()} == {
        "apc_smt750x-nmc2": (None, 0),
        "apc_sua1500rmi2u": (None, F("0.169")),
        "deltaups": (951, F("0.79")),
        "eaton-mgeups_9px": (310, F("0.35")),
        "eatonups": (2057, F("0.25")),
        "linux_ups-nut": (None, F("0.17")),
    }
