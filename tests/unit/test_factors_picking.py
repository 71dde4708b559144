"""From which file, revision and level of eGRID a site's rate is: said, and never mixed in silence."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.factors import area_files, chosen
from carbon_tokens.factors.area_files import Areas
from carbon_tokens.factors.choice import Candidate, Explanation, Place, explain

HEADER = "YEAR,{0},{1}C2ERTA,{1}NGENAN,{1}CO2RTA,{1}CH4RTA,{1}N2ORTA{2}\n"


def table(folder: Path, edition: str, co2e: str, *, level: tuple[str, str, str] = ("SUBRGN", "SR", ",SRNAME")) -> Areas:
    """A table of CAMX (or of what the level calls so) in 2023."""
    path = folder / f"{level[1]}_{edition}.csv"
    name = ",X" if level[2] else ""
    path.write_text(HEADER.format(*level) + f"2023,CAMX,{co2e},10,1,0,0{name}\n")
    return area_files.read(path)


def step(found: Explanation, name: str) -> Candidate:
    return next(each for each in found.candidates if (each.basis, each.step) == ("location", name))


def test_a_file_that_is_given_comes_before_the_shipped_release_and_that_is_said(tmp_path: Path) -> None:
    found = explain(Place(zip="95054"), 2023, files=[table(tmp_path, "rev2", "500")]).chosen("location")
    assert found and (found.edition, found.source, found.gwp) == ("rev2", "SR_rev2.csv", "AR5")
    assert found.g_per_mwh == 500 * Decimal("453.59237") and "shipped rev1 not asked" in found.reason


def test_two_revisions_of_a_year_are_not_chosen_from_unless_the_caller_says_which(tmp_path: Path) -> None:
    files = [table(tmp_path, "rev2", "500"), table(tmp_path, "rev3", "600")]
    open_ = explain(Place(zip="95054"), 2023, files=files)
    assert open_.chosen("location") is None
    assert "2 files of eGRID2023: rev2 (SR_rev2.csv), rev3 (SR_rev3.csv)" in step(open_, "subregion").reason
    for edition, taken in (("rev2", "rev2"), ("REV3", "rev3"), ("newest", "rev3"), ("rev1", "rev1")):
        found = explain(Place(zip="95054"), 2023, edition=edition, files=files).chosen("location")
        assert found and found.edition == taken


def test_the_newest_is_the_shipped_one_if_no_file_is_newer(tmp_path: Path) -> None:
    older = table(tmp_path, "rev0", "500")
    found = explain(Place(zip="95054"), 2023, edition="newest", files=[older]).chosen("location")
    assert found and found.edition == "rev1"
    unstated = table(tmp_path, "some", "500")
    found = explain(Place(zip="95054"), 2023, edition="newest", files=[unstated]).chosen("location")
    assert found is None


def test_a_level_that_no_file_holds_comes_from_the_shipped_release(tmp_path: Path) -> None:
    found = explain(Place(zip="95054", ba="CISO", nerc="WECC"), 2023, files=[table(tmp_path, "rev2", "500")])
    assert [step(found, name).edition for name in ("subregion", "ba", "nerc")] == ["rev2", "rev1", "rev1"]


def test_a_place_that_the_file_lacks_has_no_number_and_no_other_file_stands_in(tmp_path: Path) -> None:
    found = explain(Place(subregion="NYCW"), 2023, files=[table(tmp_path, "rev2", "500")])
    assert found.chosen("location") is None and step(found, "subregion").reason == "no subregion 'NYCW'."


def test_a_balancing_authority_comes_after_the_subregion_and_before_the_state() -> None:
    found = explain(Place(zip="95054", ba="CISO", state="CA", nerc="WECC"), 2023)
    steps = [each.step for each in found.candidates if each.basis == "location"]
    assert steps == ["hourly", "subregion", "ba", "state", "nerc", "country"]
    without = explain(Place(ba="CISO", state="CA"), 2023).chosen("location")
    assert without and (without.step, without.g_per_mwh) == ("ba", Decimal("379.043") * Decimal("453.59237"))


def test_a_balancing_authority_without_a_number_lets_no_wider_place_stand_in() -> None:
    found = explain(Place(ba="CISO", state="CA"), 2018)
    assert found.chosen("location") is None
    wider = explain(Place(ba="CISO", state="CA"), 2018, wider=True).chosen("location")
    assert wider and wider.step == "state"


def test_a_plant_comes_first_and_needs_a_file(tmp_path: Path) -> None:
    plants = table(tmp_path, "rev1", "900", level=("ORISPL", "PL", ",PNAME"))
    found = explain(Place(zip="95054", plant="camx"), 2023, files=[plants]).chosen("location")
    assert found and (found.step, found.g_per_mwh) == ("plant", 900 * Decimal("453.59237"))
    assert explain(Place(zip="95054", plant="camx"), 2023).chosen("location") is None


def test_a_plant_that_generated_nothing_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "PL_rev1.csv"
    path.write_text(HEADER.format("ORISPL", "PL", ",PNAME") + "2023,7,0,-4,0,0,0,Pump\n2023,8,1,1,1,0,0,Other\n")
    found = explain(Place(zip="95054", plant="7"), 2023, files=[area_files.read(path)])
    assert "negative generation" in step(found, "plant").reason and found.chosen("location") is None


def test_the_command_takes_files_and_codes_and_says_the_warming_potentials(tmp_path: Path) -> None:
    table(tmp_path, "rev2", "500")
    words = ["factors", "explain", "--zip", "95054", "--year", "2023", "--ba", "CISO", "--nerc", "WECC"]
    words += ["--egrid", str(tmp_path / "SR_rev2.csv")]
    said = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (said["location"]["edition"], said["location"]["gwp"]) == ("rev2", "AR5")
    shown = CliRunner().invoke(app, words).stdout
    assert "eGRID2023 rev2: CO2e by the global warming potentials of AR5" in shown
    assert "eGRID2023 rev1: CO2e by" in shown, "of the other levels"


def test_a_choice_from_a_file_of_egrid_is_checked_against_that_file(tmp_path: Path) -> None:
    found = explain(Place(zip="95054"), 2023, files=[table(tmp_path, "rev2", "500")])
    written = chosen.write(tmp_path / "choice.json", found, market_zone="US")
    assert written.differences(tmp_path) == []
    table(tmp_path, "rev2", "501")
    assert "has sha-256" in written.differences(tmp_path)[0]
