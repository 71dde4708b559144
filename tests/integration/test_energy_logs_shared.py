"""Logs of UPS and servers that were really recorded, through the reader of any file of electricity."""

from __future__ import annotations

import os
from fractions import Fraction as F
from pathlib import Path

import pytest

from carbon_tokens.energy import files, utilisation
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.energy.traces import read_average, read_bitbrains
from carbon_tokens.errors import EnergyError

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
CUSTOM = (
    "%ETIME% %TIME @Y@m@d @H@M@S% %VAR battery.voltage% %VAR input.frequency% %VAR input.voltage% %VAR input.current% "
    "%VAR output.voltage% %VAR ups.load% %% %VAR ups.status% %% %VAR ups.temperature%"
)


def shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"not in the shared data: {'/'.join(parts)}")
    return path


def test_a_ups_day_at_one_second_is_1678_watt_hours() -> None:
    found = files.content(shared("ups", "rb_power_ups_2024-01-15_1s.csv"))
    assert (found.kind, found.rows, found.hours, found.energy_wh) == (
        "ups-csv",
        43_200,
        13,
        1679,
    )  # 1,678.42, rounded up
    drawn = files.content(
        shared("ups", "rb_power_ups_2024-01-15_1s.csv"),
        terms=Terms(rating_w=F(900), efficiencies={F("0.25"): F("0.9"), F("0.5"): F("0.94"), F(1): F("0.95")}),
    )
    assert 1679 < drawn.energy_wh < 1679 * 1.25


def test_lines_of_nuts_default_format_need_the_rating_of_the_ups() -> None:
    path = shared("ups", "nut_upslog_default_format_excerpts.txt")
    assert files.kind_of(path) == "upslog"
    with pytest.raises(EnergyError, match="rating in W"):
        files.content(path)
    found = files.content(path, terms=Terms(rating_w=F(750)))
    assert (found.rows, found.hours) == (10, 3)  # four lines of a UPS without measured values, or with none after it


def test_a_log_in_a_format_of_ones_own_is_read_by_its_format() -> None:
    path = shared("ups", "nut_upslog_eurotech_2025-01-26_custom_format.txt")
    found = files.content(path, "upslog", Terms(form=CUSTOM, rating_w=F(384)))
    assert (found.rows, found.hours, found.quality) == (84, 1, "B")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nut_epdu-managed.dev", "no power"),
        ("snmprec/apc_smt750x-nmc2.snmprec", "load 0.0%, OL"),
        ("snmprec/apc_sua1500rmi2u.snmprec", "load 16.9%, OL"),
        ("snmprec/deltaups.snmprec", "output 951 W, load 79.0%"),
        ("snmprec/eaton-mgeups_9px.snmprec", "output 310 W, load 35.0%"),
        ("snmprec/eatonups.snmprec", "output 2,057 W, load 25.0%"),
        ("snmprec/linux_ups-nut.snmprec", "load 17.0%"),
    ],
)
def test_what_a_ups_says_at_an_instant_is_told_and_is_no_energy(name: str, said: str) -> None:
    found = files.content(shared("ups", *name.split("/")))
    assert found.kind == ("snmp" if "snmp" in name else "upsc") and (found.rows, found.energy_wh) == (1, 0)
    assert said in found.warnings[0]


def test_a_sequence_of_dumps_lasts_as_its_timers_say() -> None:
    found = files.content(shared("ups", "nut_evolution500.seq"), terms=Terms(start=0, rating_w=F(500)))
    assert (found.kind, found.rows) == ("ups-sequence", 4)


@pytest.mark.parametrize(("node", "rows", "wh"), [("08", 15_277, 2_257_356), ("09", 8_497, None)])
def test_measured_power_of_gpu_nodes_is_read_to_the_last_row(node: str, rows: int, wh: int | None) -> None:
    path = shared("server_utilisation", f"cornell_biohpc_cbsugpu{node}_hourly.tsv")
    found = files.content(path, terms=Terms(zone="America/New_York"))
    assert (found.kind, found.rows, found.hours, found.quality) == ("gpu-log", rows, rows, "A")
    assert wh in (None, found.energy_wh)


def test_a_virtual_machines_month_is_read_with_its_stamps_in_seconds() -> None:
    path = shared("server_utilisation", "bitbrains_vm_2013.csv")
    log, remarks = read_bitbrains(path)
    assert len(log.uses) == 8_619 and "stamps are seconds" in remarks[0]
    assert round(float(utilisation.mean(log.uses) or 0), 6) == 0.002799
    found = files.content(path, terms=Terms(model="threads:Sandy Bridge:1"))
    assert (found.kind, found.rows, found.start) == ("bitbrains", 8_619, "2013-08-12T13:00:00Z")


@pytest.mark.parametrize(
    ("name", "rows", "mean"),
    [
        ("google2019_machine_usage_300s_percent.csv", 8_064, 0.472823),
        ("alibaba2018_machine_usage_300s.csv", 2_243, 0.401757),
    ],
)
def test_averages_of_clusters_are_read_by_the_start_that_the_caller_gives(name: str, rows: int, mean: float) -> None:
    path = shared("server_utilisation", name)
    log = read_average(path, 1_556_668_800)
    assert len(log.uses) == rows and round(float(utilisation.mean(log.uses) or 0), 6) == mean
    found = files.content(path, terms=Terms(start=1_556_668_800, model="linear:100:100"))
    assert (found.kind, found.hours) == ("cluster-average", -(-rows * 300 // 3600))
    assert found.energy_wh == -(-rows * 300 * 100 // 3600)
