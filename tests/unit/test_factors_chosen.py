"""A choice of factors as a file: what it holds, and that a changed one is noticed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from carbon_tokens.errors import FactorError
from carbon_tokens.factors import annual, chosen
from carbon_tokens.factors.choice import Explanation, Place, explain
from carbon_tokens.statements import FactorReference


def explained(folder: Path, *, residual: bool = True, **place: str) -> Explanation:
    (folder / "countries.csv").write_text("year,region,g_per_kwh\n2021,DE,380.25\n")
    (folder / "residual.csv").write_text("year,region,g_per_kwh\n2021,DE,500.5\n")
    tables = annual.read(folder / "countries.csv", basis="location")
    tables += annual.read(folder / "residual.csv", basis="residual") if residual else []
    return explain(Place(country="DE", **place), 2021, tables=tables)


def test_a_choice_holds_both_rates_with_file_and_hash_and_reads_back(tmp_path: Path) -> None:
    made = chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone="EU")
    assert chosen.read(tmp_path / "choice.json") == made
    assert (made.region, made.factor, made.residual and made.residual.factor) == ("DE", 380_250, 500_500)
    assert made.location.source == "countries.csv" and len(made.location.file_sha256) == 64
    said = json.loads((tmp_path / "choice.json").read_text())
    assert [each["step"] for each in said["candidates"]] == ["hourly", "country", "supplier", "residual", "location"]
    assert all(each["reason"] for each in said["candidates"])


def test_a_choice_becomes_the_factor_of_a_statement_whose_file_is_the_choice(tmp_path: Path) -> None:
    made = chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone="EU", region="DE-LU")
    reference = FactorReference.of(made)
    assert (reference.region, reference.market_zone, reference.year) == ("DE-LU", "EU", 2021)
    assert (reference.location_rate, reference.residual_rate) == ("380250", "500500")
    assert reference.file_sha256 == "0x" + made.file_sha256 and made.file_sha256[:16] in reference.edition


def test_without_a_residual_mix_its_absence_is_disclosed(tmp_path: Path) -> None:
    made = chosen.write(tmp_path / "choice.json", explained(tmp_path, residual=False), market_zone="EU")
    reference = FactorReference.of(made)
    assert made.residual is None and not reference.residual_published
    assert reference.residual_g_per_mwh == reference.location_g_per_mwh


def test_egrid_is_chosen_in_the_same_form(tmp_path: Path) -> None:
    made = chosen.write(tmp_path / "choice.json", explain(Place(zip="95054"), 2023), market_zone="US")
    assert (made.dataset, made.year, made.region) == ("eGRID", 2023, "CAMX") and made.location.g_per_mwh > Decimal(1)


def test_two_choices_never_share_a_release(tmp_path: Path) -> None:
    one = chosen.write(tmp_path / "one.json", explained(tmp_path), market_zone="EU")
    other = chosen.write(tmp_path / "other.json", explained(tmp_path, residual=False), market_zone="EU")
    assert FactorReference.of(one).release != FactorReference.of(other).release


def test_a_choice_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "choice.json").write_text("kept")
    with pytest.raises(FileExistsError):
        chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone="EU")
    assert (tmp_path / "choice.json").read_text() == "kept"


@pytest.mark.parametrize(("zone", "region"), [("Europe", ""), ("EU", "Bundesrepublik"), ("EU", "Düsseldo"), ("eu", "")])
def test_a_zone_or_region_that_the_chain_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, zone: str, region: str
) -> None:
    with pytest.raises(FactorError, match="two letters"):
        chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone=zone, region=region)
    assert not (tmp_path / "choice.json").exists()


def test_a_site_without_a_factor_has_no_choice(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="no location-based factor"):
        chosen.write(tmp_path / "choice.json", explain(Place(country="DE"), 2021), market_zone="EU")


@pytest.mark.parametrize("basis", ["location", "market"])
def test_a_rate_that_was_changed_by_hand_is_not_the_candidate_that_was_chosen(tmp_path: Path, basis: str) -> None:
    chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone="EU")
    said = json.loads((tmp_path / "choice.json").read_text())
    said[basis]["g_per_mwh"] = "1"
    (tmp_path / "choice.json").write_text(json.dumps(said))
    with pytest.raises(FactorError, match="not the candidate that was chosen"):
        chosen.read(tmp_path / "choice.json")


def test_a_choice_that_its_table_does_not_say_is_named(tmp_path: Path) -> None:
    made = chosen.write(tmp_path / "choice.json", explained(tmp_path), market_zone="EU")
    assert made.differences(tmp_path) == []
    text = (tmp_path / "choice.json").read_text().replace('"380250"', '"1"')
    (tmp_path / "choice.json").write_text(text)
    assert chosen.read(tmp_path / "choice.json").differences(tmp_path) == [
        "countries.csv says 380250.00 g/MWh of DE, not 1"
    ]
    (tmp_path / "residual.csv").write_text("year,region,g_per_kwh\n2021,DE,1\n")
    assert "residual.csv has sha-256" in made.differences(tmp_path)[0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "other"}', "[" * 5000, '{"type": 5}', "\x00"])
def test_what_is_no_choice_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "choice.json").write_text(text)
    with pytest.raises(FactorError, match="no choice of factors"):
        chosen.read(tmp_path / "choice.json")
