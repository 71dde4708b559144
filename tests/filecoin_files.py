"""Published files of Filecoin nodes in small: one node for each thing that can become of its energy."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from carbon_tokens.factors import annual
from carbon_tokens.ledger import Status
from carbon_tokens.periods import Month
from carbon_tokens.units import emissions_g
from examples.filecoin import planning, published, recording, running
from examples.filecoin.outcome import Outcome, Rates, net, outcome
from examples.filecoin.planning import Plan

BOUNDS = (  # batch, node, place, first, last, MWh planned, MWh of energy
    (1, "f01", "CN-BJ", "2021-04-01", "2021-06-30", "14", "9.1"),
    (2, "f01", "CN-BJ", "2021-07-01", "2021-07-31", "3", "2"),
    (3, "f02", "HK", "2021-04-01", "2021-04-30", "8", "5"),
    (4, "f03", "CN-GD", "2021-04-01", "2021-04-30", "11", "7.0000005"),
    (5, "f04", "CN-SH", "2021-04-01", "2021-04-30", "6", "10"),
    (6, "f05", "CN-XJ", "2022-01-01", "2022-01-31", "2", "1"),
    (7, "f06", "CN-XJ", "2021-04-01", "2021-04-30", "1", "1"),
    (8, "f07", "CN-XJ", "2021-04-01", "2021-04-30", "4", "3"),
)
STATEMENTS = (  # batch, node, MWh, reporting period, first serial, production
    (1, "f01", 14, ("2021-04-01", "2021-06-30"), "0000-0001-0000-0001", ("2021-04-01", "2021-06-30")),
    (2, "f01", 3, ("2021-07-01", "2021-07-31"), "0000-0001-0000-0101", ("2021-08-01", "2021-08-31")),
    (3, "f02", 8, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0201", ("2021-04-01", "2021-04-30")),
    (5, "f04", 6, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0301", ("2021-04-01", "2021-04-30")),
    (6, "f05", 2, ("2022-01-01", "2022-01-31"), "0000-0001-0000-0401", ("2022-01-01", "2022-01-31")),
    (7, "f06", 1, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0501.500000", ("2021-04-01", "2021-04-30")),
    (8, "f99", 4, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0601", ("2021-04-01", "2021-04-30")),
    (99, "f08", 1, ("2021-04-01", "2021-04-30"), "0000-0001-0000-0701", ("2021-04-01", "2021-04-30")),
)
FACTORS = "Entity,Code,Year,Carbon intensity of electricity per kWh\nChina,CHN,2021,599.05\nHong Kong,HKG,2021,691.61\n"
RATES: Rates = {("CHN", 2021): 599_050, ("HKG", 2021): 691_610}
SUMMARY = (("f09", "DE", "0", "36.5"), ("f10", "US", "12", "20.25"))  # node, country, MWh delivered, MWh of energy
STATED = (
    "folder", "file", "batch_id", "contract", "miner_id", "redeemer", "volume_MWh", "location", "reporting_start",
    "reporting_end", "device_row", "commissioned", "carbon_per_MWh", "n_ranges", "from_id", "to_id", "all_ranges",
    "production_dates", "verify_url", "beneficiary",
)  # fmt: skip


def plan_rows(rows: Iterable[Sequence[Any]] = BOUNDS) -> list[list[object]]:
    """Rows of a plan of redemptions as the project writes them, the header first."""
    found: list[list[object]] = [list(published.PLAN)]
    for batch, node, place, first, last, planned, energy in rows:
        name = (
            f"Blockchain Network ID: 246 - Smart Contract Address: 0x0 - Batch ID: {batch} - Filecoin MinerID: {node}"
        )
        found.append(["", name, "CN", place, "Windfarm", planned, first, last, "For a chain, and so on", 0, 0, 719.99,
                      0, 0, 0, energy, "FALSE"])  # fmt: skip
    return found


def statement_rows(rows: Iterable[Sequence[Any]] = STATEMENTS, device: str = "") -> list[list[object]]:
    """Rows of a table of redemption statements, the header first."""
    found: list[list[object]] = [list(STATED)]
    for batch, node, mwh, period, first, produced in rows:
        last = f"{first[:15]}{int(first[15:19]) + mwh - 1:04d}"
        values = {
            "batch_id": batch, "miner_id": node, "volume_MWh": f"{mwh}.0", "location": "CN-BJ China", "n_ranges": 1,
            "reporting_start": period[0], "reporting_end": period[1], "from_id": first, "to_id": last,
            "device_row": device or "Hill China Wind Onshore Yes", "production_dates": ";".join(produced),
            "beneficiary": f"FILECOIN MINERID: {node}",
        }  # fmt: skip
        found.append([values.get(name, "") for name in STATED])
    return found


def summary_rows(rows: Iterable[tuple[str, ...]] = SUMMARY) -> list[list[object]]:
    """Rows of a summary by node, the header first."""
    found: list[list[object]] = [list(published.SUMMARY)]
    found += [[node, at, "-", mwh, "0", mwh, energy, "0"] for node, at, mwh, energy in rows]
    return found


def write(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """A CSV of rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def folder(to: Path) -> Path:
    """A folder of the three published files, under names of their own."""
    to.mkdir()
    write(to / "redemptions.csv", plan_rows())
    write(to / "statements.csv", statement_rows())
    write(to / "summary.csv", summary_rows())
    (to / "notes.csv").write_text("something,else\n1,2\n")
    return to


def factors(path: Path) -> Path:
    """A file of countries' factors."""
    path.write_text(FACTORS)
    return path


def planned(data: Path, countries: Path, out: Path, markets: dict[str, str] | None = None) -> Plan:
    """The plan of a folder of published files, written into a new folder."""
    out.mkdir()
    files = published.find(data)
    bounds = published.bounds(files.plan)
    bills = recording.write_bills(out / "bounds.csv", bounds)
    choices, _ = running.choose(bounds, annual.read(countries), markets or {}, out)
    known = list(zip(bounds, bills, strict=True))
    return planning.plan(known, *running.read(files), running.rules(choices, markets or {}))


def statuses(plan: Plan, rates: Rates = RATES) -> dict[tuple[str, Month], Status]:
    """What a chain says of a plan that was carried out, by the ledger's rule."""
    found = {}
    for each in (energy for energy in plan.energy if not energy.why):
        for month, wh in each.months.items():
            covered = min(wh, sum(lot.months.get(month, 0) for lot in each.lots))
            rate = rates[each.country, month.year]
            gross, left = emissions_g(wh, rate), net(wh, covered, rate)
            found[each.bound.node, month] = Status(0, month.number, gross, left, left, wh, covered, 0, 1, True)
    return found


def modelled(plan: Plan, data: Path, rates: Rates = RATES) -> Outcome:
    """The outcome of a plan without a chain; claimed is what has no net left."""
    said, files = statuses(plan, rates), published.find(data)
    neutral = running.neutral(plan, said)
    return outcome(plan, said, rates, neutral, published.sums(files.summary) if files.summary else [])
