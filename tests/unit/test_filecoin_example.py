"""The example on Filecoin's nodes: what of published energy is proven, and a reason for everything else."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from carbon_tokens.energy import bills
from carbon_tokens.errors import CarbonTokensError, EnergyError, NotConserved, StatementError
from carbon_tokens.periods import Month
from carbon_tokens.registries import CRITERIA
from examples.filecoin import __main__ as command
from examples.filecoin import outcome as outcomes
from examples.filecoin import pictures, planning, published, recording, running, shown
from examples.filecoin.planning import Plan
from tests import filecoin_files as small

MWH = 1_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.folder(tmp_path_factory.mktemp("filecoin") / "data")


@pytest.fixture(scope="module")
def plan(data: Path) -> Plan:
    return small.planned(data, small.factors(data.parent / "countries.csv"), data.parent / "out")


@pytest.fixture(scope="module")
def found(plan: Plan, data: Path) -> outcomes.Outcome:
    return small.modelled(plan, data)


def test_files_are_told_by_their_columns_and_not_by_their_names(data: Path) -> None:
    files = published.find(data)
    assert [path.name for path in files.statements] == ["statements.csv"]
    assert files.plan.name == "redemptions.csv" and files.summary is not None and files.summary.name == "summary.csv"


@pytest.mark.parametrize("missing", ["redemptions.csv", "statements.csv"])
def test_a_folder_without_plan_or_statements_is_refused(tmp_path: Path, missing: str) -> None:
    folder = small.folder(tmp_path / "data")
    (folder / missing).unlink()
    with pytest.raises(EnergyError) as refusal:
        published.find(folder)
    assert refusal.value.todo and "columns" in refusal.value.todo


def test_two_plans_or_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "data")
    (folder / "more").mkdir()
    small.write(folder / "more" / "statements.csv", small.statement_rows())
    with pytest.raises(EnergyError, match=r"statements\.csv is there twice"):
        published.find(folder)
    (folder / "more" / "statements.csv").unlink()
    small.write(folder / "more" / "again.csv", small.plan_rows())
    with pytest.raises(EnergyError, match="one plan of redemptions"):
        published.find(folder)


def test_a_bound_is_read_exactly_and_a_part_of_a_watt_hour_rounds_up(data: Path) -> None:
    found = published.bounds(data / "redemptions.csv")
    assert [each.energy_wh for each in found[:4]] == [9_100_000, 2_000_000, 5_000_000, 7_000_001]
    assert (found[3].node, found[3].batch, found[3].planned_wh, found[3].where) == (
        "f03",
        4,
        11 * MWH,
        "redemptions.csv:5",
    )
    assert (found[2].area, found[0].area) == ("HK", "CN")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({5: "2021-03-31"}, "ends"),
        ({5: "9998-12-31"}, "more than a year"),
        ({4: "2021-02-30", 5: "2021-03-01"}, "2021-02-30|day is out of range"),
        ({7: "nan"}, "'nan' is no amount"),
        ({7: "-1"}, "negative"),
        ({7: "1e3"}, "no amount"),
        ({3: "China"}, "no code of a place"),
        ({2: "F 1"}, "names no batch and node"),
        ({1: 2}, "batch 2 stands in"),
        ({2: "f04", 3: "CN-SH"}, "f04 has energy of the same month"),
    ],
)
def test_a_row_that_is_no_bound_is_named_with_its_file_and_row(
    tmp_path: Path, changed: dict[int, object], said: str
) -> None:
    rows = [list(each) for each in small.BOUNDS]
    for at, value in changed.items():
        rows[2][at - 1] = value
    path = small.write(tmp_path / "plan.csv", small.plan_rows(tuple(row) for row in rows))
    with pytest.raises(EnergyError, match=said) as refusal:
        published.bounds(path)
    assert "plan.csv" in str(refusal.value)


def test_a_node_at_two_places_is_refused(tmp_path: Path) -> None:
    rows = [list(each) for each in small.BOUNDS]
    rows[1][2] = "CN-GD"
    path = small.write(tmp_path / "plan.csv", small.plan_rows(tuple(row) for row in rows))
    with pytest.raises(EnergyError, match=r"f01 is at CN-GD, and at CN-BJ in plan\.csv:2"):
        published.bounds(path)


def test_a_summary_that_names_a_node_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnergyError, match=r"summary\.csv:3: node f09 is there twice"):
        published.sums(small.write(tmp_path / "summary.csv", small.summary_rows([small.SUMMARY[0]] * 2)))


def test_the_bounds_are_bills_of_grade_d_that_every_verifier_can_read(tmp_path: Path, data: Path) -> None:
    known = published.bounds(data / "redemptions.csv")
    written = recording.write_bills(tmp_path / "bounds.csv", known)
    assert [bill.energy_wh for bill in written] == [each.energy_wh for each in known]
    (reading,) = bills.readings(written[:1], Month.parse("2021-05"))
    assert (reading.energy_wh, reading.quality) == (3_100_000, "D")
    assert {bill.document_sha256 for bill in written} == {known[0].file_sha256}


def test_a_redemption_goes_into_the_months_of_its_period_in_proportion_to_their_energy(plan: Plan) -> None:
    (lot,) = plan.energy[0].lots
    assert {str(month): wh for month, wh in lot.months.items()} == {
        "2021-04": 4_615_385, "2021-05": 4_769_231, "2021-06": 4_615_384,
    }  # fmt: skip
    assert sum(lot.months.values()) == lot.batch.amount == 14 * MWH


def test_every_accepted_statement_is_one_lot_and_every_other_is_a_reject(plan: Plan) -> None:
    assert len(plan.lots) == len(plan.checked.batches) == 7
    assert [each.entry.where for each in plan.checked.rejects] == ["statements.csv:7"]
    assert len({lot.where for lot in plan.lots}) == 7


@pytest.mark.parametrize(
    ("batch", "why", "detail"),
    [
        (3, planning.MARKET, "certificates of CN, the node is in HK"),
        (6, planning.FACTOR, "no factor of CN 2022"),
        (8, planning.DIFFERS, "the statement says f99 2021-04-01 2021-04-30, the plan f07 2021-04-01 2021-04-30"),
    ],
)
def test_certificates_that_cannot_go_into_an_account_are_kept_with_the_reason(
    plan: Plan, batch: int, why: str, detail: str
) -> None:
    (lot,) = next(each.lots for each in plan.energy if each.bound.batch == batch)
    assert (lot.why, lot.detail, dict(lot.months)) == (why, detail, {})


def test_statements_of_more_than_the_plan_says_are_kept_out(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "data")
    more = (5, "f04", 2, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0901", ("2021-04-01", "2021-04-30"))
    small.write(folder / "statements.csv", small.statement_rows((*small.STATEMENTS, more)))
    plan = small.planned(folder, small.factors(tmp_path / "countries.csv"), tmp_path / "out")
    lots = next(each.lots for each in plan.energy if each.bound.batch == 5)
    assert [(lot.why, lot.detail) for lot in lots] == [
        (planning.DIFFERS, "statements of 8,000,000 Wh, a plan of 6,000,000 Wh")
    ] * 2


def test_a_device_of_a_country_that_is_not_known_is_of_another_market(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "data")
    small.write(folder / "statements.csv", small.statement_rows(device="Hill Chinatown Wind Onshore Yes"))
    plan = small.planned(folder, small.factors(tmp_path / "countries.csv"), tmp_path / "out")
    assert {lot.why for lot in plan.lots} == {planning.MARKET, planning.DIFFERS, planning.UNPLANNED}


def test_certificates_whose_quality_criteria_are_not_met_are_rejected_and_their_energy_says_so(
    tmp_path: Path, data: Path
) -> None:
    answers = {name: "n/a" if name in ("supplier_rate", "direct_contract") else "yes" for name in CRITERIA}
    rows = [["source", *answers], ["Hill China Wind Onshore Yes", *(answers | {"only_claim": "no"}).values()]]
    criteria = small.write(tmp_path / "criteria.csv", rows)
    checked, redeemed = running.read(published.find(data), criteria)
    assert not checked.batches and len(checked.rejects) == len(small.STATEMENTS)
    bounds = published.bounds(data / "redemptions.csv")
    bills_of = recording.write_bills(tmp_path / "bounds.csv", bounds)
    rules = planning.Rules({}, frozenset({("CN", 2021), ("HK", 2021)}))
    plan = planning.plan(list(zip(bounds, bills_of, strict=True)), checked, redeemed, rules)
    why = {each.bound.batch: outcomes.why_not(each) for each in plan.energy}
    assert why == dict.fromkeys((1, 2, 3, 5, 7, 8), planning.REJECTED) | {4: planning.MISSING, 6: planning.FACTOR}


def test_the_caller_can_say_that_two_areas_are_one_market(data: Path, tmp_path: Path) -> None:
    plan = small.planned(data, small.factors(tmp_path / "countries.csv"), tmp_path / "out", {"HK": "CN"})
    hong_kong = next(each for each in plan.energy if each.bound.node == "f02")
    assert (hong_kong.zone, hong_kong.country, hong_kong.lots[0].why) == ("CN", "HKG", "")


def test_production_must_lie_inside_the_reporting_period_to_count_as_of_it(plan: Plan) -> None:
    inside = {lot.node: lot.in_period for lot in plan.lots if lot.bound and lot.bound.batch in (1, 2, 5)}
    assert [lot.in_period for lot in plan.lots if lot.node == "f01"] == [True, False]
    assert inside["f04"] is True


def test_every_watt_hour_of_energy_is_proven_or_has_a_reason(found: outcomes.Outcome) -> None:
    assert found.total.energy_wh == 38_100_001 and found.total.proven_wh == 15_100_000
    assert outcomes.ordered(found.total.reasons) == {
        planning.OUTSIDE: 2 * MWH, planning.MARKET: 5 * MWH, planning.FACTOR: 1 * MWH, planning.DIFFERS: 3 * MWH,
        planning.REJECTED: 1 * MWH, planning.MISSING: 7_000_001, planning.SHORT: 4 * MWH,
    }  # fmt: skip
    for node in found.nodes:
        assert node.energy_wh == node.proven_wh + sum(node.reasons.values())


def test_every_certificate_covers_energy_or_is_surplus_or_has_a_reason(found: outcomes.Outcome) -> None:
    total = found.total
    assert (total.issued_wh, total.retired_wh, total.counted_wh, total.surplus_wh) == (
        38 * MWH, 23 * MWH, 17_100_000, 5_900_000,
    )  # fmt: skip
    assert outcomes.ordered(total.not_retired) == {
        planning.MARKET: 8 * MWH, planning.FACTOR: 2 * MWH, planning.DIFFERS: 4 * MWH, planning.UNPLANNED: 1 * MWH,
    }  # fmt: skip


def test_net_counts_what_the_contracts_count_and_beside_it_what_was_produced_in_the_period(
    found: outcomes.Outcome,
) -> None:
    nodes = {node.node: node for node in found.nodes}
    assert (nodes["f01"].net_g, nodes["f01"].net_in_period_g) == (0, 2 * 599_050)
    assert (nodes["f01"].claims, nodes["f01"].in_period) == (2, 1)
    assert nodes["f02"].net_g == nodes["f02"].gross_location_g == 5 * 691_610
    assert nodes["f04"].net_g == 4 * 599_050 and nodes["f05"].months == 0


def test_a_chain_that_says_otherwise_than_the_plan_is_refused(plan: Plan) -> None:
    said = small.statuses(plan)
    key = ("f04", Month.parse("2021-04"))
    said[key] = replace(said[key], net=said[key].net - 1)
    with pytest.raises(NotConserved, match="f04 2021-04") as refusal:
        outcomes.outcome(plan, said, small.RATES, (), ())
    assert refusal.value.check == "chain"


def test_sums_that_do_not_agree_are_refused(found: outcomes.Outcome) -> None:
    node = replace(found.nodes[0], proven_wh=found.nodes[0].proven_wh + 1)
    with pytest.raises(NotConserved, match="energy"):
        outcomes.check(replace(found, nodes=(node,)))
    total = replace(found.total, issued_wh=found.total.issued_wh - 1, retired_wh=found.total.retired_wh - 1)
    with pytest.raises(NotConserved, match="were accepted"):
        outcomes.check(replace(found, total=total))


def test_the_picture_draws_every_part_of_the_energy_to_scale(found: outcomes.Outcome) -> None:
    root = ElementTree.fromstring(pictures.nodes(found, shown=2))
    bars = [each for each in root.iter() if each.tag.endswith("rect") and len(each) and "all:" in (each[0].text or "")]
    assert sum(float(bar.attrib["width"]) for bar in bars) == pytest.approx(872, abs=0.1)
    texts = ["".join(each.itertext()) for each in root.iter() if each.tag.endswith("text")]
    assert "6 more nodes: 17 MWh, 0.0% proven, net 10 t CO2e" in texts
    assert {planning.OUTSIDE, planning.SHORT, "proven"} <= set(texts)


def test_the_csv_has_every_node_and_its_sums_are_those_of_the_table(tmp_path: Path, found: outcomes.Outcome) -> None:
    shown.write(tmp_path / "nodes.csv", found)
    with (tmp_path / "nodes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found.nodes)
    assert sum(int(row["issued_wh"]) for row in rows) == found.total.issued_wh
    said = "\n".join(shown.lines(found, {"MarketZoneMismatch": 8 * MWH}))
    assert "statements.csv:7: " in said and "38 MWh issued = 17.1 cover energy + 5.9 more than the energy" in said
    assert "2 more nodes, 56.75 MWh: published without a period" in said


def test_a_share_is_rounded_down_so_that_all_means_all() -> None:
    assert (shown.percent(99_999, 100_000), shown.percent(5, 5), shown.percent(0, 0)) == ("99.9%", "100.0%", "?")


def test_a_market_is_two_codes() -> None:
    assert command.markets(["HK=CN"]) == {"HK": "CN"}
    for wrong in ("HK", "hk=CN", "HKG=CN", "=", "HK=CN=X"):
        with pytest.raises(StatementError, match="no market"):
            command.markets([wrong])


def test_what_is_refused_is_said_and_nothing_is_overwritten(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    countries, out = small.factors(tmp_path / "countries.csv"), tmp_path / "old"
    out.mkdir()
    (out / "kept").write_text("")
    given = ["--data", str(data), "--factors", str(countries), "--out", str(out), "--json"]
    assert command.main(given) == 1
    assert "holds something already" in json.loads(capsys.readouterr().out)["error"]
    assert [each.name for each in out.iterdir()] == ["kept"]


def test_rows_of_statements_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    rows = small.statement_rows()
    rows[1][STATED["reporting_end"]] = "2021-03-01"
    rows[2][STATED["miner_id"]] = "F 1"
    rows[3][STATED["batch_id"]] = "-3"
    rows[4] = rows[4][:-1]
    found = published.redemptions(small.write(tmp_path / "statements.csv", rows))
    assert [found[row] for row in (2, 3, 4, 5)] == [
        "the reporting period ends (2021-03-01) before it starts (2021-04-01)", "'F 1' is no node",
        "'-3' is no number of a batch", f"{len(small.STATED) - 1} cells under {len(small.STATED)} columns",
    ]  # fmt: skip
    with pytest.raises(CarbonTokensError, match="missing or repeated column"):
        published.redemptions(small.write(tmp_path / "other.csv", [["a", "b"], [1, 2]]))


STATED = {name: at for at, name in enumerate(small.STATED)}
