"""A file of emission factors says what it is, whatever its form, and can be told what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carbon_tokens.cli import app
from carbon_tokens.errors import FactorError
from carbon_tokens.factors import files

FORMS = {
    "plain.csv": ("hourly", "hour,g_per_kwh\n2024-02-28T23:00Z,120\n2024-03-01T01:00Z,140\n"),
    "marginal.csv": ("hourly", "timestamp,moer\n2024-01-01T00:00Z,900\n"),
    "countries.csv": ("annual", "Entity,Code,Year,Carbon intensity of electricity per kWh\nGermany,DEU,2023,362.92\n"),
    "ember.json": ("annual", '{"DEU": {"country_code": "DEU", "year": 2023, "emissions_intensity_gco2_per_kwh": 344}}'),
    "map.json": ("egrid", '{"type": "FeatureCollection", "features": []}'),
}


@pytest.mark.parametrize(("name", "kind", "text"), [(name, *each) for name, each in FORMS.items()])
def test_the_kind_is_told_by_the_content(tmp_path: Path, name: str, kind: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert files.kind_of(tmp_path / name) == kind


def test_hours_are_counted_with_those_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(FORMS["plain.csv"][1])
    found = files.content(tmp_path / "z.csv")
    assert (found["rows"], found["hours"], found["missing"], found["zone"]) == (2, 2, 25, "z")
    assert (found["start"], found["end"], found["mean_g_per_kwh"]) == ("2024-02", "2024-03", "130.000")


def test_marginal_intensities_are_named_and_not_counted(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(FORMS["marginal.csv"][1])
    with pytest.raises(FactorError, match="marginal"):
        files.content(tmp_path / "m.csv")


def test_a_kind_that_is_stated_is_taken(tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(FORMS["plain.csv"][1])
    with pytest.raises(FactorError, match="no known form of annual factors"):
        files.content(tmp_path / "z.csv", "annual")
    with pytest.raises(FactorError, match="none of egrid, hourly, annual"):
        files.content(tmp_path / "z.csv", "weekly")


def test_the_command_reads_several_files_at_once(tmp_path: Path) -> None:
    for name in ("plain.csv", "countries.csv"):
        (tmp_path / name).write_text(FORMS[name][1])
    done = CliRunner().invoke(
        app, ["factors", "read", *(str(tmp_path / n) for n in ("plain.csv", "countries.csv")), "--json"]
    )
    assert [each["kind"] for each in json.loads(done.stdout)["files"]] == ["hourly", "annual"]
