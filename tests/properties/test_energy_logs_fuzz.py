"""Damaged logs of UPS and servers, sites and choices of factors: read, or refused by a named error."""

from __future__ import annotations

import json
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.energy import files, logs, prometheus_energy, site_file, site_month
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.errors import CarbonTokensError
from carbon_tokens.factors import chosen
from carbon_tokens.factors.choice import Place, explain
from carbon_tokens.periods import Month
from tests.properties.test_energy_files_fuzz import SLOW, forgotten, in_file, mutated
from tests.unit.test_energy_activity import HEAD
from tests.unit.test_energy_logs import DUMP, GPU, SEQUENCE, UPS, UPSLOG, USE, WALK
from tests.unit.test_energy_prometheus import answer, series
from tests.unit.test_energy_traces import CLUSTER, VM

PROMETHEUS = answer(
    series(prometheus_energy.WHOLE, [0, 600, 1200.5]),
    series(prometheus_energy.CPU, [0, 30, 60], cpu="0", mode="idle", instance="b"),
    series(prometheus_energy.CPU, [0, 30, 60], cpu="0", mode="user", instance="b"),
    series("kepler_node_cpu_joules_total", [0, 9], zone="package", instance="c"),
).decode()  # fmt: skip
ACTIVITY = HEAD + "HDD,1000,TB h,2024-01-01,2024-01-02,3,,,,\nu-rack,42,U,2024-01-01,2024-01-02,,0.5,,100,x\n"
TEXTS = {
    "prometheus": PROMETHEUS,
    "bitbrains": VM,
    "cluster-average": CLUSTER,
    "activity": ACTIVITY,
    "ups-csv": UPS,
    "upslog": UPSLOG,
    "upsc": DUMP,
    "ups-sequence": SEQUENCE,
    "snmp": WALK,
    "utilisation": USE,
    "gpu-log": GPU,
}  # fmt: skip
TERMS = [
    Terms(),
    Terms(rating_w=F(1000), efficiencies={F("0.5"): F("0.9"), F(1): F("0.9")}, model="linear:1:2", start=0, parts=True),
    Terms(rating_w=F(1), model="tdp:100", zone="America/New_York", start=1_704_067_200, period_s=3600),
]
SITE = """utility = "U"
meter = "M"
zone = "UTC"
[[ups]]
file = "ups.csv"
rating_w = 1000
efficiency = "0.5=0.9,1=0.95"
[[servers]]
file = "use.csv"
model = "linear:100:300"
count = 2
[cooling]
model = "chiller:100000:3"
free_below_c = 10
weather = "weather.csv"
auxiliary_of_it = 0.04
[overhead]
pue = 1.4
source = "report"
"""


@SLOW
@given(st.data())
@pytest.mark.parametrize("kind", logs.KINDS)
def test_damaged_logs_are_read_or_refused_by_name(kind: str, data: st.DataObject) -> None:
    path = in_file(mutated(data, TEXTS[kind]), "log")
    try:
        found = files.content(path, data.draw(st.sampled_from(["", kind])), data.draw(st.sampled_from(TERMS)))
        assert found.energy_wh >= 0 and found.hours <= 3 * 366 * 24 * 10 and found.quality in ("", "A", "B", "C", "D")
    except CarbonTokensError as error:
        assert error.what
    finally:
        forgotten(path)


@SLOW
@given(st.data())
def test_damaged_sites_are_read_or_refused_by_name(data: st.DataObject) -> None:
    path = in_file(mutated(data, SITE), "site.toml")
    (path.parent / "ups.csv").write_text(UPS)
    (path.parent / "use.csv").write_text(USE)
    (path.parent / "weather.csv").write_text("hour_start_utc,outdoor_c\n2024-01-01T00:00Z,-3.5\n")
    try:
        found = site_month.of(site_file.read(path), Month.parse("2024-01"), "max")
        assert found.reading.energy_wh == sum(hour.energy_wh for hour in found.hours) >= 0
        assert found.reading.quality in "BCD"
    except CarbonTokensError as error:
        assert error.what
    finally:
        for name in ("ups.csv", "use.csv", "weather.csv"):
            (path.parent / name).unlink()
        forgotten(path)


@SLOW
@given(st.data())
def test_damaged_choices_of_factors_are_read_or_refused_by_name(data: st.DataObject) -> None:
    text = json.dumps(CHOICE, indent=1)
    path = in_file(mutated(data, text), "choice.json")
    try:
        found = chosen.read(path)
        assert found.factor >= found.g_per_mwh >= 0 and len(found.region) <= 9
    except CarbonTokensError as error:
        assert error.what
    finally:
        forgotten(path)


def _choice() -> dict[str, object]:
    found = explain(Place(zip="95054"), 2023)
    return {"type": chosen.TYPE, "market_zone": "US", "region": "CAMX", "place": {}, **found.to_json()}


CHOICE = _choice()


def test_the_undamaged_ones_are_read(tmp_path: Path) -> None:
    for kind, text in TEXTS.items():
        (tmp_path / kind).write_text(text)
        assert files.content(tmp_path / kind, terms=TERMS[1]).kind == kind
    (tmp_path / "choice.json").write_text(json.dumps(CHOICE))
    assert chosen.read(tmp_path / "choice.json").region == "CAMX"
