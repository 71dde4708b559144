"""A footprint on disk and on the command line: whole or not at all, and adding up in every form."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.shares import Amounts, shares_of
from carbon_tokens.allocation.shares.weights import read_weights
from carbon_tokens.cli import app
from carbon_tokens.errors import AllocationError
from tests.fleets import SMALL, tables

DEMO = data_files.path("demo", "fleet")


@pytest.fixture(scope="module")
def found() -> fleet.Footprint:
    return fleet.allocate(DEMO)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_customers_file_has_the_published_rows(found: fleet.Footprint, tmp_path: Path) -> None:
    fleet.write(found, tmp_path / "out")
    rows = table(tmp_path / "out" / "customers.csv")
    assert sum(int(row["energy_wh"]) for row in rows) == found.energy_wh
    assert sum(int(row["scope2_location_g"]) for row in rows) == found.statement_g
    assert sum(int(row["scope1_g"]) for row in rows) == 400 and sum(int(row["scope3_g"]) for row in rows) == 6500
    assert list(rows[0]) == ["customer", "project", "service", "region", "energy_wh", "scope2_location_g",
                             "scope2_market_g", "scope1_g", "scope3_g"]  # fmt: skip
    assert pyarrow.parquet.read_table(tmp_path / "out" / "customers.parquet").equals(found.rows)


def test_the_export_has_googles_columns_and_adds_up_in_kg(found: fleet.Footprint) -> None:
    """Source of the names: docs.cloud.google.com/carbon-footprint/docs/data-schema."""
    rows = fleet.google_export(found).to_pylist()
    row = rows[0]
    assert list(row)[:8] == [
        "usage_month", "billing_account_id", "project", "service", "location", "carbon_model_version",
        "carbon_footprint_kgCO2e", "carbon_footprint_total_kgCO2e",
    ]  # fmt: skip
    assert set(row["carbon_footprint_kgCO2e"]) == {"scope1", "scope2", "scope3"}
    assert set(row["carbon_footprint_kgCO2e"]["scope2"]) == {"location_based", "market_based"}
    assert str(row["usage_month"]) == "2021-04-01" and row["provisional"] is True
    for basis in ("location_based", "market_based"):
        for each in rows:
            parts = each["carbon_footprint_kgCO2e"]
            assert (
                each["carbon_footprint_total_kgCO2e"][basis]
                == parts["scope1"] + parts["scope2"][basis] + parts["scope3"]
            )
    location = sum(each["carbon_footprint_kgCO2e"]["scope2"]["location_based"] for each in rows)
    assert location == Decimal(found.statement_g) / 1000
    assert sum(each["energy_kwh"] for each in rows) == Decimal(found.energy_wh) / 1000


def test_shares_of_a_region_add_up_and_are_what_commit_takes(found: fleet.Footprint, tmp_path: Path) -> None:
    fleet.write(found, tmp_path / "out")
    rows = table(tmp_path / "out" / "shares" / "MROW.csv")
    assert [row["tenant"] for row in rows] == sorted({row["tenant"] for row in rows})
    assert sum(int(row["location_g"]) for row in rows) == found.statement_g + 400 + 6500
    audited = Amounts(8_302_224, 5_879_757, 2_239_933)
    shares = list(shares_of(audited, read_weights(tmp_path / "out" / "shares" / "MROW.csv")))
    assert (sum(s.energy_wh for s in shares), sum(s.location_g for s in shares)) == (8_302_224, 5_879_757)


def test_every_customer_has_a_file_of_its_own_rows(tmp_path: Path) -> None:
    long = "x" * 300
    names = {"acme": "../acme & Söhne", "beta": long}
    usage = [{**row, "customer": names.get(row["customer"], row["customer"])} for row in SMALL["customer_usage"]]
    found = fleet.allocate(tables({**SMALL, "customer_usage": usage}))
    fleet.write(found, tmp_path / "out", by_customer=True)
    files = sorted((tmp_path / "out" / "customers").iterdir())
    rows = [row for path in files for row in table(path)]
    assert len(files) == len({row["customer"] for row in rows}) == len(found.rows.column("customer").unique())
    assert sum(int(row["energy_wh"]) for row in rows) == found.energy_wh
    assert all(len({row["customer"] for row in table(path)}) == 1 and len(path.name) < 255 for path in files)


def test_the_result_names_every_input_by_its_hash_and_what_the_caller_chose(found: fleet.Footprint) -> None:
    content = fleet.to_json(found)
    assert set(content["inputs"]) == {path.name for path in DEMO.iterdir()}
    assert all(len(each) == 64 for each in content["inputs"].values())
    assert content["options"] == {"sku_mode": "regional", "missing_hours": "refuse", "rounds": None}
    assert content["boundary"]["id"] == "google-2024" and content["digest"] == found.digest
    assert content["month"] == "2021-04" and json.loads(json.dumps(content)) == content


def test_exact_totals_are_written_as_decimals_or_else_as_fractions() -> None:
    thirds = {**SMALL, "residual_mix": [{"region": "r1", "g_per_kwh": "300"}],
              "instruments": [{"instrument": "a", "region": "r1", "energy_wh": "999999", "g_per_kwh": "10"},
                              {"instrument": "b", "region": "r1", "energy_wh": "1", "g_per_kwh": "0"}]}  # fmt: skip
    content = fleet.to_json(fleet.allocate(tables(thirds)))
    assert "/" not in content["location_g"]
    assert Decimal(content["location_g"]) > 0 and content["market_g"]


def test_a_folder_that_is_there_is_never_written_into(found: fleet.Footprint, tmp_path: Path) -> None:
    fleet.write(found, tmp_path / "out")
    before = sorted((path, path.read_bytes()) for path in (tmp_path / "out").rglob("*") if path.is_file())
    with pytest.raises(AllocationError, match="exists already"):
        fleet.write(found, tmp_path / "out")
    assert before == sorted((path, path.read_bytes()) for path in (tmp_path / "out").rglob("*") if path.is_file())


def run(*arguments: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["allocate", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_the_command_answers_with_one_json_object(found: fleet.Footprint) -> None:
    assert json.loads(run(DEMO, "--json").stdout) == fleet.to_json(found)


def test_the_command_shows_regions_and_says_what_is_provisional() -> None:
    shown = run(DEMO).stdout
    assert "MROW" in shown and "0.036807" in shown and "PROVISIONAL" in shown


def test_the_command_takes_workers_kept_partitions_and_the_options(tmp_path: Path) -> None:
    chosen = ("--sku-mode", "service", "--rounds", "2", "--boundary", "google-2026", "--workers", "2")
    content = json.loads(run(DEMO, *chosen, "--keep", tmp_path / "kept", "--out", tmp_path / "out", "--json").stdout)
    assert content["options"] == {"sku_mode": "service", "missing_hours": "refuse", "rounds": 2}
    assert content["boundary"]["id"] == "google-2026" and (tmp_path / "out" / "allocation.json").is_file()
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_refusal_is_exit_code_1_with_its_name_and_nothing_is_written(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "machine_hours.csv").write_text("machine,hour,energy_wh\na1,2021-04-01T00:00Z,-5\n", "utf-8")
    error = json.loads(run(tmp_path, "--out", tmp_path / "out", "--json", code=1).stdout)["error"]
    assert error["kind"] == "FleetError" and "machine_hours.csv:2" in error["where"]
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.part").exists()


def test_sales_without_energy_and_services_without_sales_are_said(tmp_path: Path) -> None:
    for path in DEMO.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / "skus.csv").read_text("utf-8").replace(",archive,", ",archvie,")
    (tmp_path / "skus.csv").write_text(text, "utf-8")
    shown = run(tmp_path).stdout
    assert "archvie in MROW" in shown and "nobody bought" in shown


def test_frames_of_pandas_are_taken_as_they_are(found: fleet.Footprint) -> None:
    frames = {path.stem: pa.Table.from_pylist(table(path)).to_pandas() for path in DEMO.iterdir()}
    assert fleet.allocate(frames).digest == found.digest


def test_the_export_is_there_for_bigquery_and_for_spreadsheets(found: fleet.Footprint, tmp_path: Path) -> None:
    """The schema names every field of the Parquet file; the CSV has the same values under dotted names."""
    fleet.write(found, tmp_path / "out")
    schema = json.loads((tmp_path / "out" / "carbon_footprint.schema.json").read_text("utf-8"))
    types = {each["name"]: each["type"] for each in schema}
    assert types["usage_month"] == "DATE" and types["carbon_footprint_kgCO2e"] == "RECORD"
    assert types["energy_kwh"] == "BIGNUMERIC" and types["provisional"] == "BOOLEAN" and types["quality"] == "STRING"
    nested = pyarrow.parquet.read_table(tmp_path / "out" / "carbon_footprint.parquet")
    assert [each["name"] for each in schema] == nested.column_names
    rows = table(tmp_path / "out" / "carbon_footprint.csv")
    assert list(rows[0])[:8] == ["usage_month", "billing_account_id", "project.id", "project.number", "service.id",
                                 "service.description", "location.location", "location.region"]  # fmt: skip
    for flat, row in zip(rows, nested.to_pylist(), strict=True):
        kg = row["carbon_footprint_kgCO2e"]["scope2"]["location_based"]
        assert Decimal(flat["carbon_footprint_kgCO2e.scope2.location_based"]) == kg
        assert flat["quality"] == row["quality"] == "B"  # the worse of the two meters
