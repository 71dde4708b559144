"""The page of a footprint: whole in itself, true to the rows, and safe against what names contain."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.fleet import report
from carbon_tokens.allocation.fleet.pictures import bars, heat_map, sankey
from carbon_tokens.cli import app
from carbon_tokens.errors import AllocationError
from tests.fleets import SMALL, rows, tables

DEMO = data_files.path("demo", "fleet")
VOID = {"meta"}


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return report.html(fleet.allocate(DEMO))


def test_the_page_needs_no_other_file_and_no_script(page: str) -> None:
    assert not re.search(r"https?://|<script|<link|@import|url\(|<img", page)


def test_the_page_is_well_formed(page: str) -> None:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


def test_the_totals_and_every_customer_stand_on_the_page(page: str) -> None:
    found = fleet.allocate(DEMO)
    assert f"{found.statement_g / 1e6:,.6f} t" in page and "0.037 MWh" in page
    for row in fleet.shares(found, "MROW").to_pylist():
        assert f"<td>{row['tenant']}</td><td>{row['energy_wh']:,}</td>" in page


def test_sources_boundary_and_what_is_provisional_are_said(page: str) -> None:
    found = fleet.allocate(DEMO)
    assert found.digest in page and all(digest in page for digest in found.inputs.values())
    assert "What is counted: google-2024" in page and "refrigerants" in page
    assert "provisional" in page and "rounds all" in page


def test_what_stood_in_for_what_is_said() -> None:
    annual = {**SMALL, "carbon_intensity": SMALL["carbon_intensity"][:3],
              "annual_intensity": rows("cluster,g_per_kwh A,100 B,100")}  # fmt: skip
    page = report.html(fleet.allocate(tables(annual), fleet.Options(missing_hours="annual")))
    assert "has the annual intensity of its zone" in page


def test_names_cannot_write_html() -> None:
    name = "<script>alert(1)</script>&"
    usage = [{**row, "customer": name} for row in SMALL["customer_usage"]]
    page = report.html(fleet.allocate(tables({**SMALL, "customer_usage": usage})))
    assert "<script" not in page and "&lt;script&gt;" in page


def test_ribbons_of_a_bar_are_as_thick_as_the_bar() -> None:
    svg = sankey({("r", "a", "x"): 3, ("r", "a", "y"): 1, ("r", "b", "y"): 4}, "flows")
    thick = [float(each) for each in re.findall(r"v([0-9.]+)C", svg)]
    heights = [float(each) for each in re.findall(r'height="([0-9.]+)" fill', svg)]
    assert sum(thick) == pytest.approx(2 * heights[0], abs=0.1)


def test_the_small_of_a_column_are_one_bar_and_nothing_is_lost() -> None:
    svg = sankey({("r", f"service {at}"): at + 1 for at in range(40)}, "flows")
    assert svg.count("<rect") == 1 + 10 + 1 and "others: 465 Wh" in svg  # 1 + … + 30


def test_a_footprint_without_energy_has_no_flows() -> None:
    assert sankey({}, "flows") == "" and sankey({("a", "b"): 0}, "flows") == ""


def test_the_heat_map_is_darkest_where_the_value_is_greatest() -> None:
    svg = heat_map({(1, 0): 0.0, (1, 1): 50.0, (2, 23): 100.0}, "intensity")
    assert svg.count("<rect") == 3
    assert '#7a2c16"><title>100 g/kWh' in svg and '#faf3e0"><title>0 g/kWh' in svg


def test_bars_of_all_groups_are_on_one_scale() -> None:
    svg = bars({"r1": (100, 50), "r2": (25, 0)}, ("location-based", "market-based"), "scope 2")
    assert [float(each) for each in re.findall(r'width="([0-9.]+)"', svg)] == [560.0, 280.0, 140.0, 1.0]


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(DEMO), "--out", str(tmp_path / "r.html"), "--json"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="cannot be written"):
        report.write(fleet.allocate(DEMO), tmp_path / "none" / "r.html")
