"""The map file of EPA's Power Profiler: what is read from it, to the digit, and what is refused."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import egrid

# Two shapes as EPA wrote them for eGRID2021, without coordinates, and a state's, which has no rate.
MROW = (
    '{"name": "MROW", "dataYear": 2021, "type": "subregion", "fullName": "MRO West",'
    ' "gridLoss": {"display": "4.5%", "value": 0.045}, "emissionFactor": {'
    '"co2EmissionRate": {"value": 995.79, "display": "995.8", "units": "lb/MWh"},'
    '"co2eEmissionRate": {"value": 1003.054, "display": "1,003.1", "units": "lb/MWh"}}}'
)
NATION = (
    MROW.replace('"MROW"', '"National"')
    .replace("MRO West", "National")
    .replace("995.79", "852.3")
    .replace("1003.054", "857.019")
)
STATE = '{"GEO_ID": "0400000US31", "NAME": "Nebraska", "type": "state"}'


def written(folder: Path, *shapes: str) -> Path:
    path = folder / "subregion.json"
    features = ",".join(f'{{"type": "Feature", "properties": {shape}}}' for shape in shapes)
    path.write_text(f'{{"type": "FeatureCollection", "features": [{features}]}}', encoding="utf-8")
    return path


def test_the_rates_of_the_map_are_read_to_the_digit_and_states_are_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, MROW, STATE, NATION)
    release = egrid.read_profiler(path)
    assert (release.year, release.edition, len(release.rates)) == (2021, "power-profiler", 2)
    assert release.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    mrow, nation = release.rate("mrow"), release.rate("US")
    assert (mrow.level, mrow.name, nation.level, nation.name) == ("subregion", "MRO West", "us", "United States")
    assert (mrow.co2_lb_per_mwh, mrow.co2e_lb_per_mwh) == (Decimal("995.79"), Decimal("1003.054"))
    assert (mrow.ch4_lb_per_mwh, mrow.n2o_lb_per_mwh, mrow.grid_loss) == (None, None, Decimal("0.045"))
    assert mrow.factor == 454_978, "1003.054 × 453.59237 = 454,977.64109798, rounded up"


def test_a_whole_number_and_trailing_zeros_stay_as_printed(tmp_path: Path) -> None:
    (rate,) = egrid.read_profiler(
        written(tmp_path, MROW.replace("995.79", "995").replace("1003.054", "1003.050"))
    ).rates
    shown = rate.to_json()
    assert (shown["co2_lb_per_mwh"], shown["co2e_lb_per_mwh"]) == ("995", "1003.050")


def test_a_year_that_the_file_does_not_state_is_given_and_never_contradicts_it(tmp_path: Path) -> None:
    unstated = written(tmp_path, MROW.replace('"dataYear": 2021,', ""))
    assert egrid.read_profiler(unstated, 2019).year == 2019
    with pytest.raises(FactorError, match=r"subregion\.json: the file does not state its year"):
        egrid.read_profiler(unstated)
    with pytest.raises(FactorError, match="contradicting years: 2019, 2021"):
        egrid.read_profiler(written(tmp_path, MROW), 2019)
    with pytest.raises(FactorError, match="contradicting years: 2021, 2022"):
        egrid.read_profiler(written(tmp_path, MROW, NATION.replace("2021", "2022")))


def test_co2e_that_is_not_printed_is_not_made_up(tmp_path: Path) -> None:
    shape: dict[str, Any] = json.loads(MROW)
    del shape["emissionFactor"]["co2eEmissionRate"]
    (rate,) = egrid.read_profiler(written(tmp_path, json.dumps(shape))).rates
    with pytest.raises(FactorError, match="publishes CO2 but no CO2e for MROW"):
        _ = rate.factor


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("lb/MWh", "kg/MWh", "subregion.json:MROW: co2EmissionRate is in 'kg/MWh', not in lb/MWh"),
        ("995.79", '"995.79"', "subregion.json:MROW: '995.79' is no rate"),
        ("995.79", "-1", "is no rate"),
        ("995.79", "NaN", "is no rate"),
        ("995.79", "1003.055", "refused: MROW CO2e 1003.054 lb/MWh is below CO2 1003.055"),
        ("co2EmissionRate", "co2Rate", "holds no rate"),
        ('"gridLoss"', '"loss"', "holds no rate"),
        ("emissionFactor", "factor", "no shape states a rate"),
        ('"MRO West"', '" "', "fullName is missing"),
        ("2021", '"next"', "['next'] is no year"),
        ('"properties"', '"facts"', "no Power Profiler map"),
        ('{"type": "FeatureCollection"', "{", "no Power Profiler map"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_with_its_region(tmp_path: Path, old: str, new: str, reason: str) -> None:
    path = written(tmp_path, MROW)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(FactorError) as caught:
        egrid.read_profiler(path)
    assert reason in str(caught.value)


def test_a_region_with_two_rates_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="MROW has two rates"):
        egrid.read_profiler(written(tmp_path, MROW, MROW))
    with pytest.raises(FactorError, match=r"nowhere\.json: this file cannot be read"):
        egrid.read_profiler(tmp_path / "nowhere.json")
