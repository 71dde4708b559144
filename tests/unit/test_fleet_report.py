"""The page of a footprint: whole in itself, true to the rows, and safe against what names contain."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carbon_tokens import data_files
from carbon_tokens.allocation import fleet
from carbon_tokens.allocation.fleet import chapters, history, pdf, report
from carbon_tokens.allocation.pages.pictures import bars, heat_map, sankey
from carbon_tokens.cli import app
from carbon_tokens.errors import AllocationError, ExtraMissing
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
        assert f">{row['tenant']}</th><td>{row['energy_wh']:,}</td>" in page


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
    assert [float(each) for each in re.findall(r'<rect [^>]*width="([0-9.]+)"', svg)] == [150.0, 75.0, 37.5, 1.0]


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(DEMO), "--out", str(tmp_path / "r.html"), "--json"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="cannot be written"):
        report.write(fleet.allocate(DEMO), tmp_path / "none" / "r.html")


def earlier(folder: Path, month: str, **options: str) -> Path:
    """The demo's day in another month, allocated."""
    folder.mkdir()
    for path in DEMO.iterdir():
        if path.name != "bills.csv":
            text = path.read_text("utf-8").replace("2021-04-01T", f"{month}-01T")
            (folder / path.name).write_text(text, encoding="utf-8")
    fleet.write(fleet.allocate(folder, fleet.Options(**options)), folder / "out")  # type: ignore[arg-type]
    return folder / "out"


def test_months_stand_in_order_with_their_digests(tmp_path: Path) -> None:
    found, content = fleet.allocate(DEMO), fleet.to_json(fleet.allocate(DEMO))
    given = [earlier(tmp_path / "may", "2021-05"), earlier(tmp_path / "march", "2021-03") / "allocation.json"]
    months = history.months(content, given)
    assert [each.month for each in months] == ["2021-03", "2021-04", "2021-05"]
    assert months[1].location_g == content["totals"]["gross_location_g"] == 21_037
    page = report.html(found, months)
    assert page.index("2021-03</th>") < page.index("2021-04</th>") < page.index("2021-05</th>")
    assert all(each.digest in page for each in months) and "Months" not in report.html(found)


def test_months_that_cannot_stand_beside_each_other_are_refused(tmp_path: Path) -> None:
    content = fleet.to_json(fleet.allocate(DEMO))
    march = earlier(tmp_path / "march", "2021-03")
    for given, what in (
        ([earlier(tmp_path / "same", "2021-04")], "is of 2021-04, as is this allocation"),
        ([march, march], "is of 2021-03, as is "),
        ([earlier(tmp_path / "other", "2021-02", boundary="google-2026")], "is of boundary google-2026, this month of"),
        ([tmp_path], "is no allocation"),
        ([DEMO / "skus.csv"], "is no allocation"),
    ):
        with pytest.raises(AllocationError, match=what):
            history.months(content, given)
    with pytest.raises(AllocationError, match="no month"):
        history.months({**content, "month": None}, [march])


@pytest.mark.parametrize("change", [{"type": "x"}, {"month": "2021-13"}, {"month": None}, {"energy_wh": -1},
                                    {"regions": []}, {"digest": 5}, {"scope1_g": "1"}])  # fmt: skip
def test_a_changed_allocation_is_no_month(tmp_path: Path, change: dict[str, object]) -> None:
    content = fleet.to_json(fleet.allocate(DEMO))
    (tmp_path / "a.json").write_text(json.dumps({**content, "month": "2021-03", **change}), "utf-8")
    with pytest.raises(AllocationError, match="is no allocation of a month"):
        history.months(content, [tmp_path / "a.json"])


def test_all_checks_and_what_is_not_given_are_said() -> None:
    page = report.html(fleet.allocate(DEMO))
    assert all(f">C{number}</th>" in page for number in range(1, 13)) and "DOES NOT HOLD" not in page
    plain = report.html(fleet.allocate(tables(SMALL)))
    assert "No bills were given" in plain and "Sources are not declared" in plain


def test_flows_from_meters_are_those_of_the_meters_and_of_the_rows() -> None:
    found = fleet.allocate(DEMO)
    paths = chapters._paths(found)
    assert sum(paths.values()) == found.energy_wh
    for at, expected in ((0, {"lincoln-a": 18_427, "lincoln-b": 18_380}), (1, {"MROW": 36_807})):
        sums = dict.fromkeys(expected, 0)
        for path, amount in paths.items():
            sums[path[at]] += amount
        assert sums == expected


def test_the_pdf_is_the_same_to_the_byte_and_carries_the_allocation() -> None:
    found = fleet.allocate(DEMO)
    made = pdf.pdf(found)
    assert made == pdf.pdf(fleet.allocate(DEMO)) and made.startswith(b"%PDF-")
    assert b"/AFRelationship" in made and b"allocation.json" in made and b"<pdfaid:part>3" in made


def test_another_allocation_is_another_pdf() -> None:
    assert pdf.pdf(fleet.allocate(DEMO)) != pdf.pdf(fleet.allocate(DEMO, fleet.Options(rounds=1)))


def test_the_command_writes_a_pdf_by_its_suffix_and_nothing_else(tmp_path: Path) -> None:
    march = earlier(tmp_path / "march", "2021-03")
    asked = ["report", str(DEMO), "--history", str(march), "--json", "--out"]
    done = CliRunner().invoke(app, [*asked, str(tmp_path / "r.pdf")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads(done.stdout)["months"] == ["2021-03", "2021-04"]
    assert CliRunner().invoke(app, [*asked, str(tmp_path / "r.docx")]).exit_code == 2


def test_without_its_extra_a_pdf_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ExtraMissing, match=r"carbon-tokens\[report\]"):
        pdf.pdf(fleet.allocate(DEMO))


def test_names_cannot_write_into_the_pdf() -> None:
    usage = [{**row, "customer": '#panic("x") = *a* $x$ \\'} for row in SMALL["customer_usage"]]
    assert pdf.pdf(fleet.allocate(tables({**SMALL, "customer_usage": usage}))).startswith(b"%PDF-")
