"""The example on Filecoin's nodes: small files through a chain, and the published files to the last MWh."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from carbon_tokens.claims import verify
from examples.filecoin import __main__ as command
from examples.filecoin import outcome as outcomes
from examples.filecoin import pictures, planning, published
from examples.filecoin.outcome import Outcome
from tests import filecoin_files as small

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
COUNTRIES = DATA / "country_factors" / "owid_ember_carbon_intensity_electricity_2000_2024.csv"
real = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data: set CARBON_TOKENS_SHARED")
MWH = 1_000_000

ENERGY = 102_756_643_514  # Wh of 794 bounds, each rounded up
PROVEN = 30_052_629_982
REASONS = {
    planning.OUTSIDE: 11_133_891_031,
    planning.MARKET: 3_665_778_743,
    planning.MISSING: 57_399_911_789,
    planning.SHORT: 504_431_969,
}


def test_the_example_carries_small_files_through_a_chain_to_a_verified_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, countries = small.folder(tmp_path / "data"), small.factors(tmp_path / "countries.csv")
    out = tmp_path / "out"
    given = ["--data", str(data), "--factors", str(countries), "--out", str(out)]
    assert command.main([*given, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    modelled = small.modelled(small.planned(data, countries, tmp_path / "model"), data).to_json()
    assert {key: said[key] for key in modelled} == modelled
    assert said["refused_by_contract"] == {"MarketZoneMismatch": 8 * MWH}
    assert said["factors_missing"] == {"CN 2022": "no number of CHN 2022 in the file of countries; it has 2021 to 2021"}
    assert said["verified"] and said["depths"] == {"offline": True, "inputs": True, "chain": True}
    assert (out / "nodes.csv").is_file() and "<svg" in (out / "nodes.svg").read_text()
    assert verify(out / "proof.json").verified
    assert not verify(out / "proof.json", inputs=data).verified, "the inputs are those of the run, not of the data"


def test_files_of_which_nothing_can_be_claimed_end_without_a_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, countries = small.folder(tmp_path / "data"), small.factors(tmp_path / "countries.csv")
    more = [
        (20, "f20", "CN-XJ", "2021-04-10", "2021-05-05", "0", "0"),
        (21, "f21", "FR", *("2021-04-01",) * 2, "1", "1"),
    ]
    small.write(data / "redemptions.csv", small.plan_rows([*small.BOUNDS, *more]))
    small.write(data / "statements.csv", small.statement_rows(small.STATEMENTS[2:3]))
    given = ["--data", str(data), "--factors", str(countries), "--out", str(tmp_path / "out"), "--json"]
    assert command.main(given) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["proof"], said["verified"], said["total"]["claims"], said["total"]["proven_wh"]) == (None, None, 0, 0)
    assert said["factors_missing"]["FR 2021"] == "the code of this country is not known here"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    out = tmp_path_factory.mktemp("filecoin") / "model"
    rates = {("CHN", 2021): 599_050, ("HKG", 2021): 691_610}
    yield small.modelled(small.planned(DATA, COUNTRIES, out), DATA, rates)


@real
def test_all_443_statements_are_accepted_and_their_67_090_mwh_issued(found: Outcome) -> None:
    checked, total = found.plan.checked, found.total
    assert (len(checked.batches), len(checked.rejects), total.issued_wh) == (443, 0, 67_090 * MWH)
    assert (total.retired_wh, total.counted_wh, total.surplus_wh) == (61_583 * MWH, 41_186_521_013, 20_396_478_987)
    assert total.not_retired == {planning.MARKET: 5_507 * MWH} and total.bought_wh == 153_196 * MWH
    assert sum(lot.why == planning.MARKET for lot in found.plan.lots) == 17
    assert sum(not lot.in_period for lot in found.plan.lots) == 223


@real
def test_102_757_mwh_of_426_nodes_are_proven_or_have_a_reason(found: Outcome) -> None:
    assert (len(found.nodes), found.total.energy_wh, found.total.months) == (426, ENERGY, 1_782)
    assert (found.total.proven_wh, outcomes.ordered(found.total.reasons)) == (PROVEN, REASONS)
    assert PROVEN + sum(REASONS.values()) == ENERGY


@real
def test_22_nodes_with_129_568_mwh_are_published_without_a_period_and_named_by_no_statement(found: Outcome) -> None:
    assert len(found.without_period) == 22
    assert sum(each.energy_wh for each in found.without_period) == 129_567_790_451
    assert not {each.node for each in found.without_period} & {lot.node for lot in found.plan.lots}


@real
def test_423_redemptions_leave_no_net_and_208_of_them_with_what_was_produced_in_their_period(found: Outcome) -> None:
    assert (found.total.claims, found.total.in_period) == (423, 208)
    grams = (found.total.gross_location_g, found.total.net_g, found.total.net_in_period_g)
    assert grams == (63_049_112_528, 38_376_326_756, 45_046_084_283)


@real
def test_the_delivery_records_contradict_223_of_the_registrys_statements_in_when_they_were_produced() -> None:
    with (DATA / "recs" / "SP_2022_step6_generationRecords.csv").open(newline="", encoding="utf-8-sig") as file:
        records = {row["attestation_file"]: row for row in csv.DictReader(file)}
    with (DATA / "recs" / "irec_redemption_statements_SP_2022.csv").open(newline="", encoding="utf-8-sig") as file:
        statements = list(csv.DictReader(file))
    pairs = [(row, records[row["file"].rpartition("/")[2]]) for row in statements]
    assert all(int(record["volume_Wh"]) == int(float(row["volume_MWh"])) * MWH for row, record in pairs)
    assert sum(record["generationStart"][:10] != row["production_dates"][:10] for row, record in pairs) == 223
    assert {record["generatorName"] for _, record in pairs} == {"Longli Jia Tuo Mountain Windfarm"}
    assert len({row["device_row"] for row in statements}) == 5


@real
def test_the_picture_beside_the_example_is_the_one_that_it_draws(found: Outcome) -> None:
    assert (ROOT / "examples" / "filecoin" / "nodes.svg").read_text(encoding="utf-8") == pictures.nodes(found)


@real
@pytest.mark.slow
def test_the_published_files_on_a_chain_are_what_the_plan_says(
    tmp_path: Path, found: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(DATA), "--factors", str(COUNTRIES), "--out", str(tmp_path / "out"), "--json"]
    assert command.main(given) == 0
    said = json.loads(capsys.readouterr().out)
    modelled = found.to_json()
    assert {key: said[key] for key in modelled} == modelled
    assert said["refused_by_contract"] == {"MarketZoneMismatch": 5_507 * MWH} and said["verified"]


@real
def test_the_published_bounds_share_no_month_of_a_node() -> None:
    bounds = published.bounds(published.find(DATA).plan)
    assert (len(bounds), len({each.node for each in bounds})) == (794, 426)
