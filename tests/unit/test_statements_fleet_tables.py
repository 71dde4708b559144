"""A fleet's statement against its tables: allocated again, and every cell that counts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest

from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.shares import Allocation, Amounts, shares_of
from carbon_tokens.allocation.shares.weights import read_weights
from carbon_tokens.errors import StatementError
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.periods import Month
from carbon_tokens.statements import (
    FleetOptions,
    FleetStatement,
    MethodReference,
    build_fleet,
    check,
    read_auditable,
    restate_fleet,
)
from tests.fleet_statements import (
    APRIL,
    DEMO,
    ENERGY,
    LOCATION,
    TABLES,
    WHO,
    Change,
    certified,
    rewrite,
    state,
)


@pytest.fixture(scope="module")
def demo() -> FleetStatement:
    return state()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return certified(tmp_path / "fleet")


def test_certificates_of_the_tables_are_not_deducted_from_what_is_audited(folder: Path) -> None:
    """36,807 Wh × 512.3456 g/kWh = 18,857.90… g, although the tables hold certificates of all of it: these are retired
    into the account on chain, and would count twice if the statement were of what is left."""
    found = fleet.allocate(folder)
    stated = build_fleet(found, "MROW", **WHO)
    assert found.regions[0].scope2_market_g == 0
    assert stated.residual_rate == "512345.6" and stated.scope2_residual_g == 18_858
    (folder / "instruments.csv").unlink()
    without = state(folder)
    assert without.scope2_residual_g == 18_858 and check(without, folder) == []


def test_hours_with_the_annual_intensity_are_told_by_their_share(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "gap")
    rewrite(tmp_path / "gap" / "carbon_intensity.csv", lambda rows: rows.pop())
    (tmp_path / "gap" / "annual_intensity.csv").write_text("cluster,g_per_kwh\nlincoln-a,500\nlincoln-b,500\n")
    stated = state(tmp_path / "gap", options=fleet.Options(missing_hours="annual"))
    assert 0 < stated.hourly_share < 1_000_000 and stated.options.missing_hours == "annual"
    assert check(stated, tmp_path / "gap") == []


def test_tables_that_number_their_hours_need_the_month_to_be_named(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "fleet", ignore=shutil.ignore_patterns("bills.csv"))  # they have dates
    for path in (tmp_path / "fleet").iterdir():
        text = path.read_text()
        for hour in range(24):
            text = text.replace(f"2021-04-01T{hour:02d}:00Z", str(hour))
        path.write_text(text)
    with pytest.raises(StatementError, match="Name it"):
        state(tmp_path / "fleet")
    stated = state(tmp_path / "fleet", month=APRIL)
    assert (stated.month, stated.start, stated.end) == (APRIL, APRIL.start, APRIL.start + 86_400)
    assert check(stated, tmp_path / "fleet") == []


def test_hours_that_the_named_month_does_not_have_are_refused() -> None:
    """Hours 700 to 723: a July has them, an April ends with 719."""
    found = fleet.allocate(DEMO)
    shift = 700 - APRIL.start // 3600
    hours = found.hours.set_column(1, "hour", pc.add(found.hours.column("hour"), shift))
    late = replace(found, hours=hours, month=None)
    assert (
        build_fleet(late, "MROW", **WHO, month=Month.parse("2021-07")).end == Month.parse("2021-07").start + 724 * 3600
    )
    with pytest.raises(StatementError, match="outside 2021-04"):
        build_fleet(late, "MROW", **WHO, month=APRIL)


def test_a_statement_agrees_with_the_tables_that_it_was_made_of(demo: FleetStatement, folder: Path) -> None:
    assert check(demo, DEMO) == []
    assert check(state(folder, notes=("for the auditor",), quality="B", grid_region="SPNO"), folder) == []


_CELLS: dict[str, Change] = {
    "machine_hours": lambda rows: rows[5].update(energy_wh="1"),
    "cpu_usage": lambda rows: rows[0].update(cpu_s="0"),
    "facility_hours": lambda rows: rows[0].update(facility_wh=str(int(rows[0]["facility_wh"]) + 1)),
    "carbon_intensity": lambda rows: rows[3].update(g_per_kwh="99.9"),
    "customer_usage": lambda rows: rows[2].update(amount=str(int(rows[2]["amount"]) + 1)),
    "skus": lambda rows: rows[0].update(list_price_usd="0.06"),
    "nonelectric": lambda rows: rows[0].update(kg="0.3"),
    "machines": lambda rows: rows[0].update(idle_w="211"),
    "allocations": lambda rows: rows[0].update(amount="162"),
    "unit_watts": lambda rows: rows[0].update(watts_per_unit="2.1"),
    "service_usage": lambda rows: rows[0].update(amount="31"),
    "regions": lambda rows: rows[0].update(market_factor="0.34"),
    "instruments": lambda rows: rows[0].update(energy_wh=str(ENERGY // 2)),
    "residual_mix": lambda rows: rows[0].update(g_per_kwh="600"),
}


@pytest.mark.parametrize("table", [*_CELLS])
def test_a_changed_cell_of_any_table_is_named_by_its_file_and_by_what_it_moves(table: str, folder: Path) -> None:
    stated = state(folder)
    rewrite(folder / f"{table}.csv", _CELLS[table])
    file, *moved = check(stated, folder)
    assert file.startswith(f"{table}.csv has sha-256 0x")
    assert bool(moved) == (table != "regions")  # last year's factor moves nothing where a residual mix is given
    expected = {"facility_hours": "energy_wh is ", "carbon_intensity": "scope2_location_g is ",
                "nonelectric": "scope1_g is ", "residual_mix": "residual_rate is ",
                "instruments": "rows_sha256 is "}  # fmt: skip
    assert table not in expected or any(each.startswith(expected[table]) for each in moved)


def test_a_table_that_is_added_or_taken_away_is_named(demo: FleetStatement, folder: Path) -> None:
    found = check(demo, folder)
    assert found[:2] == [
        "instruments.csv is no table of the statement",
        "residual_mix.csv is no table of the statement",
    ]
    stated = state(folder)
    (folder / "instruments.csv").unlink()
    assert check(stated, folder)[0] == "instruments.csv cannot be read"
    assert len(check(demo, folder.parent)) > len(TABLES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scope1_g", 0),
        ("scope3_g", 6_499),
        ("rows_sha256", "0x" + 64 * "0"),
        ("boundary_sha256", "0x" + 64 * "0"),
        ("end", APRIL.start + 2 * 86_400),
        ("region", "ERCT"),
        ("options", FleetOptions("regional", "annual", None, "0.02")),
        ("method", MethodReference.shipped("google-2026", "fleet-allocation-1")),
    ],
)
def test_a_statement_that_says_other_than_its_tables_is_noticed(
    demo: FleetStatement, field: str, value: object
) -> None:
    assert check(replace(demo, **{field: value}), DEMO)  # type: ignore[arg-type]


def test_less_energy_than_the_tables_show_is_noticed_in_every_amount(demo: FleetStatement) -> None:
    less = replace(demo, energy_wh=1, scope2_location_g=1, scope2_residual_g=1)
    assert check(less, DEMO) == [
        f"energy_wh is 1, the tables give {ENERGY}",
        f"scope2_location_g is 1, the tables give {LOCATION}",
        f"scope2_residual_g is 1, the tables give {LOCATION}",
    ]


def test_another_method_than_the_shipped_one_is_noticed(demo: FleetStatement) -> None:
    other = replace(demo, method=replace(demo.method, sha256="0x" + 64 * "0"))
    assert check(other, DEMO) == ["method fleet-allocation-1 differs from the one of this version"]
    assert check(replace(demo, method=MethodReference.shipped()), DEMO)


def test_tables_of_several_months_lie_in_folders_named_by_month(demo: FleetStatement, tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "2021-04")
    assert check(demo, tmp_path) == []


def test_partitions_of_parquet_are_inputs_each(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "fleet")
    for name in ("machine_hours", "cpu_usage"):
        path = tmp_path / "fleet" / f"{name}.csv"
        (tmp_path / "fleet" / name).mkdir()
        table = pyarrow.csv.read_csv(
            path, convert_options=pyarrow.csv.ConvertOptions(column_types={"hour": pa.string()})
        )
        pyarrow.parquet.write_table(table, tmp_path / "fleet" / name / "day.parquet")
        path.unlink()
    stated = state(tmp_path / "fleet")
    assert "machine_hours/day.parquet" in [each.name for each in stated.inputs]
    assert check(stated, tmp_path / "fleet") == []
    (tmp_path / "fleet" / "cpu_usage" / "day.parquet").write_bytes(b"")
    assert "cpu_usage/day.parquet has sha-256" in check(stated, tmp_path / "fleet")[0]


def test_new_tables_replace_a_fleets_statement_and_cite_it(demo: FleetStatement, folder: Path) -> None:
    rewrite(folder / "facility_hours.csv", lambda rows: rows[0].update(facility_wh="600"))
    made = restate_fleet([demo], "the meter of hour 0 was read again", state(folder))
    assert (made.previous, made.energy_wh) == (("0x" + demo.evidence.hex(),), ENERGY + 12)
    assert read_auditable(made.canonical()) == made and made.evidence != state(folder).evidence
    assert check(made, folder) == [] and check(made, DEMO)
    assert audit_of(made, 2).meter == audit_of(demo, 1).meter


def test_without_the_extra_statements_are_read_and_allocating_again_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "statement.json").write_bytes(state().canonical())
    program = (
        "import sys\n"
        "for name in ('pyarrow', 'duckdb', 'numpy', 'scipy'): sys.modules[name] = None\n"
        "from carbon_tokens.errors import ExtraMissing\n"
        "from carbon_tokens.statements import check, read_auditable\n"
        f"found = read_auditable(open({str(tmp_path / 'statement.json')!r}).read())\n"
        f"try: check(found, {str(DEMO)!r})\n"
        "except ExtraMissing as error: print(found.energy_wh, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{ENERGY} fleet: a fleet cannot be allocated without "), done.stderr
    assert "carbon-tokens[fleet]" in done.stdout


def test_customers_whose_certificates_cover_all_can_be_given_what_is_not_retired_yet(folder: Path) -> None:
    """Their market-based weights are all 0, the account's emissions are not: these follow location-based ones."""
    (folder / "nonelectric.csv").unlink()
    found = fleet.allocate(folder)
    fleet.write(found, folder.parent / "out")
    weights = read_weights(folder.parent / "out" / "shares" / "MROW.csv")
    assert not any(market for _, _, market in weights.values())  # type: ignore[misc]
    stated = build_fleet(found, "MROW", **WHO)
    whole = Amounts(stated.energy_wh, stated.scope2_location_g, stated.scope2_residual_g)
    made = Allocation(shares_of(whole, weights), whole)
    by_location = sorted(made, key=lambda share: share.location_g)
    assert [share.market_g for share in by_location] == sorted(share.market_g for share in made)
