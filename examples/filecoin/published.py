"""The published files: energy bounds by node and period, sums by node, and redemption statements.

Sources: the repository protocol/filecoin-renewables-purchases (energy bounds in the plan of redemptions on Energy Web
Chain, and in a summary by node), and the redemption statements of the I-REC registry that it holds as PDFs, as a table
of one row each. A file is told by its columns, not by its name. Whether a statement's certificates can be issued is for
``carbon_tokens.registries`` to say; read here is only whom and which period they were redeemed for.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.errors import CarbonTokensError, EnergyError, StatementError
from carbon_tokens.units import WH_PER_MWH, ceil

PLAN = (
    "ID", "name", "country", "location", "redemption_account", "volume_required", "start_date", "end_date",
    "redemption_purpose", "supply_remaining", "totalSealed_GiB", "total_time_hours", "initial_capacity_GiB",
    "final_capacity_GiB", "time_average_capacity_GiB", "total_energy_upper_MWh", "recorded_by_ZL",
)  # fmt: skip
SUMMARY = (
    "minerID", "country", "pageUrl", "deliveredEACs_MWh", "openEACContracts_MWh", "AllEACs_MWh",
    "EnergyConsumed_Upper_MWh", "Renewable_Consumed_Ratio",
)  # fmt: skip
REDEEMED = ("batch_id", "miner_id", "location", "reporting_start", "reporting_end", "from_id", "to_id", "volume_MWh")

_NAME = re.compile(r".*Batch ID: (?P<batch>[0-9]{1,9}) - Filecoin MinerID: (?P<node>[a-z0-9]{1,32})")
_LONGEST = 366  # days of a period
_NODE = re.compile(r"[a-z0-9]{1,32}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper bound of a node's energy over days, both inclusive, and the certificates planned for it."""

    node: str
    batch: int  # number of the planned redemption
    country: str  # as published, ISO 3166 alpha-2
    location: str  # as published, e.g. CN-BJ, HK
    first: date
    last: date
    energy_wh: int  # a fraction of a Wh is rounded up
    planned_wh: int
    where: str
    file_sha256: str

    @property
    def area(self) -> str:
        """The ISO 3166 alpha-2 code of the location, which is more exact than the country: HK, not CN."""
        return self.location[:2]


@dataclass(frozen=True, slots=True)
class Sum:
    """Energy of a node that is published without a period, and the certificates delivered for it."""

    node: str
    country: str
    energy_wh: int
    delivered_wh: int
    where: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """Whom and which days the certificates of a statement's row were redeemed for."""

    file: str
    row: int
    node: str
    batch: int
    location: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a folder by what they hold; each list in the order of their paths."""

    statements: tuple[Path, ...]
    plan: Path
    summary: Path | None


def find(folder: Path) -> Found:
    """The files in a folder and the folders in it.

    Raises:
        EnergyError: no statements, or not exactly one plan of redemptions, or two summaries.
    """
    kinds: dict[str, list[Path]] = {"statements": [], "plan": [], "summary": []}
    for path in sorted(folder.rglob("*.csv")):
        kind = _kind(path)
        if kind:
            kinds[kind].append(path)
    if not kinds["statements"]:
        todo = f"Put a table there with the columns {', '.join(REDEEMED)} …"
        raise EnergyError("no redemption statements are there", where=str(folder), todo=todo)
    names = [path.name for path in kinds["statements"]]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        what = f"{', '.join(twice)} is there twice, so its rows could not be told apart"
        raise EnergyError(what, where=str(folder), todo="Keep one of them, or rename one.")
    if len(kinds["plan"]) != 1 or len(kinds["summary"]) > 1:
        named = ", ".join(str(path.relative_to(folder)) for path in (*kinds["plan"], *kinds["summary"])) or "none"
        what = f"one plan of redemptions and at most one summary are needed; there is {named}"
        raise EnergyError(what, where=str(folder), todo=f"The plan's columns: {', '.join(PLAN)}.")
    return Found(tuple(kinds["statements"]), kinds["plan"][0], next(iter(kinds["summary"]), None))


def _kind(path: Path) -> str:
    """What a file's first line says that it is; empty for anything else."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = {cell.strip() for cell in next(csv.reader(file), [])}
    except (OSError, UnicodeDecodeError, csv.Error):
        return ""  # no table of ours
    kinds = {"statements": REDEEMED, "plan": PLAN, "summary": SUMMARY}
    return next((kind for kind, columns in kinds.items() if set(columns) <= header), "")


def bounds(path: Path | str) -> list[Bound]:
    """The energy bounds of a plan of redemptions, in the order of the file.

    Raises:
        EnergyError: naming by file:row every row that is none, is there twice, overlaps another of its node in a
            month, or puts its node at another location.
    """
    table = tables.read(path, PLAN)
    problems, found = list(table.problems), []
    for row in table.rows:
        try:
            found.append(_bound(row, table.sha256))
        except (CarbonTokensError, ValueError) as error:
            problems.append((row.where, error.what if isinstance(error, CarbonTokensError) else str(error)))
    tables.refuse([*problems, *_clashes(found)])
    return found


def _bound(row: tables.Row, sha256: str) -> Bound:
    cells = row.cells
    name = _NAME.fullmatch(cells["name"])
    if not name:
        raise ValueError(f"{cells['name']!r} names no batch and node")
    first, last = _day(cells["start_date"]), _day(cells["end_date"])
    if last < first:
        raise ValueError(f"the period ends ({last}) before it starts ({first})")
    if (last - first).days > _LONGEST:
        raise ValueError(f"{first} to {last} is more than a year")
    location = cells["location"]
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", location):
        raise ValueError(f"{location!r} is no code of a place (ISO 3166-2)")
    energy, planned = (tables.amount(cells[key], WH_PER_MWH) for key in ("total_energy_upper_MWh", "volume_required"))
    return Bound(name["node"], int(name["batch"]), cells["country"], location, first, last, ceil(energy), ceil(planned),
                 row.where, sha256)  # fmt: skip


def _clashes(found: Sequence[Bound]) -> Iterator[tables.Problem]:
    """Batches that are there twice, and of each node periods that share a month, or another location.

    A month of a node is one account, so two bounds in it could not be told apart.
    """
    batches: dict[int, Bound] = {}
    nodes: dict[str, list[Bound]] = {}
    for each in found:
        other = batches.setdefault(each.batch, each)
        if other is not each:
            yield each.where, f"batch {each.batch} stands in {other.where} too"
        nodes.setdefault(each.node, []).append(each)
    for of_node in nodes.values():
        for before, after in pairwise(sorted(of_node, key=lambda each: (each.first, each.last))):
            if f"{after.first:%Y-%m}" <= f"{before.last:%Y-%m}":
                yield after.where, f"{after.node} has energy of the same month in {before.where}"
            if after.location != before.location:
                yield after.where, f"{after.node} is at {after.location}, and at {before.location} in {before.where}"


def sums(path: Path | str) -> list[Sum]:
    """The energy by node of a summary, which names no period. Raises EnergyError for rows that are none."""
    table = tables.read(path, SUMMARY)
    problems, found = list(table.problems), list[Sum]()
    for row in table.rows:
        try:
            energy, delivered = (
                tables.amount(row.cells[key], WH_PER_MWH) for key in ("EnergyConsumed_Upper_MWh", "deliveredEACs_MWh")
            )
            if any(each.node == row.cells["minerID"] for each in found):
                raise EnergyError(f"node {row.cells['minerID']} is there twice")
            found.append(
                Sum(_node(row.cells["minerID"]), row.cells["country"], ceil(energy), ceil(delivered), row.where)
            )
        except (CarbonTokensError, ValueError) as error:
            problems.append((row.where, error.what if isinstance(error, CarbonTokensError) else str(error)))
    tables.refuse(problems)
    return found


def redemptions(path: Path | str) -> dict[int, Redemption | str]:
    """Whom each row of a table of statements was redeemed for, by the line on which the row begins; or what is wrong.

    Raises:
        StatementError: no readable table.
    """
    path = Path(path)
    try:
        numbered = list(_lines(path.read_bytes().decode("utf-8-sig")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StatementError(f"this is no readable CSV ({error})", where=path.name, todo="Give UTF-8.") from error
    header = numbered[0][1] if numbered else []
    missing = [column for column in REDEEMED if header.count(column) != 1]
    if missing:
        raise StatementError(f"missing or repeated column {', '.join(missing)}", where=f"{path.name}:1")
    return {at: _redemption(path.name, at, header, cells) for at, cells in numbered[1:]}


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Filled rows with the line on which they begin, as ``registries`` counts them."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


def _redemption(file: str, at: int, header: list[str], cells: list[str]) -> Redemption | str:
    if len(cells) != len(header):
        return f"{len(cells)} cells under {len(header)} columns"
    row = dict(zip(header, cells, strict=True))
    try:
        first, last = _day(row["reporting_start"]), _day(row["reporting_end"])
        if last < first:
            return f"the reporting period ends ({last}) before it starts ({first})"
        if not re.fullmatch(r"[0-9]{1,9}", row["batch_id"]):
            return f"{row['batch_id']!r} is no number of a batch"
        return Redemption(file, at, _node(row["miner_id"]), int(row["batch_id"]), row["location"], first, last)
    except ValueError as error:
        return str(error)


def _node(text: str) -> str:
    if not _NODE.fullmatch(text):
        raise ValueError(f"{text!r} is no node")
    return text


def _day(text: str) -> date:
    if not _DAY.fullmatch(text) or not "1970" <= text < "9999":
        raise ValueError(f"{text!r} is no date; write YYYY-MM-DD")
    return date.fromisoformat(text)
