"""Models of power and cooling by the words that name them."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from carbon_tokens.energy import models
from carbon_tokens.errors import EnergyError


@pytest.mark.parametrize(
    ("words", "idle", "most", "source"),
    [
        ("linear:120:480.5", F(120), F("480.5"), "as stated"),
        ("table:0=120,0.5=310,1=480", F(120), F(480), "as stated"),
        ("tdp:200", F(24), F(204), "as stated"),
        ("threads:Ice Lake:2", 2 * F("0.766796875"), 2 * F("3.7582031249999996"), "ccf-coefficients@b0032d9"),
        ("server:Cascade Lake:2", F(240), F(1838), "cloud-carbon-footprint@b7a049c7"),
        ("accelerator:Nvidia A100:8", F(368), F(3256), "cloud-carbon-footprint@b7a049c7"),
        ("specpower:20080115-00026", F(220), F(334), "SPECpower_ssj2008 result 20080115-00026"),
    ],
)
def test_words_name_a_model_and_the_source_of_its_figures(words: str, idle: F, most: F, source: str) -> None:
    found = models.power(words)
    assert (found.model.power_w(0), found.model.power_w(1), found.source) == (idle, most, source)


def test_a_table_is_linear_between_its_points() -> None:
    assert models.power("table:0=100,0.5=300,1=400").model.power_w(F("0.25")) == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "names no model"),
        ("watts:5", "names no model"),
        ("linear:100", "Write linear:IDLE:MAX"),
        ("linear:100:200:300", "Write linear:IDLE:MAX"),
        ("linear:1e9:1e10", "no figure"),
        ("linear:300:100", "falls as its load rises"),
        ("table:0=1,1", "no table of power"),
        ("table:0=1,0=2,1=3", "no table of power"),
        ("threads:Ice Lake:0", "count of 0"),
        ("threads:Ice Lake:many", "names no model"),
        ("threads:EPYC 5th Gen", "contradicts|refused"),
        ("server:Pentium", "It holds Cascade Lake"),
        ("tdp:0", "thermal design power"),
    ],
)
def test_words_that_name_no_model_are_refused_with_what_could_be_named(words: str, said: str) -> None:
    with pytest.raises(EnergyError, match=said):
        models.power(words)


def test_cooling_is_named_in_the_same_way_and_stops_its_compressor_in_the_cold() -> None:
    assert models.cooling("cop:4").power_w(1000, 30) == 250
    assert models.cooling("linear-cop").power_w(1000, 35) == 250
    free = models.cooling("chiller:100000:3", "10")
    assert free.power_w(50_000, 5) == 0 < free.power_w(50_000, 20) < free.power_w(50_000, 30)
    assert models.cooling("cop:4", -5).power_w(1000, -6) == 0


@pytest.mark.parametrize(
    ("words", "below"),
    [("cop:100000", None), ("linear-cop:1000:0:25", None), ("chiller:1000:99", None), ("cop:3", "59")],
)
def test_cooling_that_costs_next_to_nothing_is_refused(words: str, below: str | None) -> None:
    with pytest.raises(EnergyError, match=r"No chiller has a COP|Servers take in air"):
        models.cooling(words, below)


def test_a_cop_that_rises_in_the_cold_ends_where_no_chiller_goes() -> None:
    assert models.cooling("linear-cop:5:10:25").power_w(3000, -20) == 100


@pytest.mark.parametrize("words", ["cop", "cop:0", "cop:3:4", "chiller", "fan:3", "linear-cop:5:-1:25"])
def test_cooling_that_cannot_be_is_refused(words: str) -> None:
    with pytest.raises(EnergyError):
        models.cooling(words)
