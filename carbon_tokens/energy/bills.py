"""Electricity bills: the table's form, its checks, and the split of a bill over months (METHOD section 8.1).

Columns: meter, utility, from, thru, kwh; optional sha256 and uri of the scanned bill, and quality (A when absent).
Billing dates are inclusive, as on bills. Months are UTC calendar months: a billing day counts as the UTC day of its
date, which keeps every bill whole and moves at most a day's edge between months. A bill that crosses a month's end is
split in proportion to its days, in whole Wh that add up to the bill (largest remainder).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.energy.meters import meter_id
from carbon_tokens.energy.site import QUALITIES, Reading
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil, largest_remainder

COLUMNS = ("meter", "utility", "from", "thru", "kwh")
OPTIONAL = ("sha256", "uri", "quality")
WH_PER_KWH = 1000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHA256 = re.compile(r"(0x)?[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill: Wh drawn through a meter from a first to a last day, both inclusive."""

    utility: str
    meter: str
    first: date
    last: date
    energy_wh: int  # a fraction of a Wh is rounded up
    file: str
    file_sha256: str  # of the CSV, 64 hex digits
    row: int
    document_sha256: str = ""  # of the scanned bill
    uri: str = ""
    quality: str = "A"

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def meter_id(self) -> bytes:
        return meter_id(self.utility, self.meter)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between two bills of a meter that no bill covers, both inclusive."""

    utility: str
    meter: str
    first: date
    last: date


def read(path: Path | str) -> list[Bill]:
    """The bills of a table (CSV or .xlsx) or of a UtilityAPI answer, in the order of the file.

    Raises:
        EnergyError: naming by file:row every row that is no bill, is there twice or overlaps another of its meter.
    """
    if (found := _of_utility_api(Path(path))) is not None:
        return found
    table = tables.read(path, COLUMNS, OPTIONAL)
    problems, bills = list(table.problems), []
    for row in table.rows:
        faults = _problems(row)
        problems += faults
        if not faults:
            bills.append(_bill(row, table))
    tables.refuse(problems + overlaps(bills))
    return bills


def overlaps(bills: Iterable[Bill]) -> list[tuple[str, str]]:
    """(file:row, what) of every bill that shares a day with another one of its meter."""
    found: list[tuple[str, str]] = []
    latest: dict[bytes, Bill] = {}
    for bill in sorted(bills, key=lambda bill: (bill.first, bill.last, bill.file, bill.row)):
        before = latest.get(bill.meter_id)
        if before and bill.first <= before.last:
            found.append(_overlap(before, bill))
        if not before or bill.last > before.last:
            latest[bill.meter_id] = bill
    return sorted(found)


def gaps(bills: Iterable[Bill]) -> list[Gap]:
    """The days between bills of one meter that no bill covers. A gap is not an error: a restatement can fill it."""
    ordered = sorted(bills, key=lambda bill: (bill.meter_id, bill.first, bill.last))
    day = timedelta(days=1)
    return [
        Gap(after.utility, after.meter, before.last + day, after.first - day)
        for before, after in pairwise(ordered)
        if before.meter_id == after.meter_id and after.first - before.last > day
    ]


def readings(bills: Sequence[Bill], month: Month) -> list[Reading]:
    """What each bill says of a month, by utility, meter and time; an empty list if no bill touches it.

    Raises:
        EnergyError: bills that overlap, which a list put together from several files can hold.
    """
    tables.refuse(overlaps(bills))
    found = [_reading(bill, month) for bill in bills if month in _days(bill)]
    return sorted(found, key=lambda reading: (reading.utility, reading.meter, reading.start))


def days_covered(bills: Iterable[Bill], month: Month) -> dict[tuple[str, str], int]:
    """Days of a month that the bills of each (utility, meter) cover; 0 for a meter whose bills are of other months."""
    found: dict[tuple[str, str], int] = {}
    for bill in bills:
        meter = bill.utility, bill.meter
        found[meter] = found.get(meter, 0) + _days(bill).get(month, 0)
    return found


def split(bill: Bill) -> dict[Month, int]:
    """Wh of a bill in each month that it touches, by inclusive days; the parts add up to the bill."""
    days = _days(bill)
    parts = largest_remainder(bill.energy_wh, {str(month): count for month, count in days.items()})
    return {month: parts[str(month)] for month in days}


def period(bill: Bill) -> tuple[int, int]:
    """The first instant of a bill and the first after it, UTC seconds of UTC days."""
    return _instant(bill.first), _instant(bill.last + timedelta(days=1))


def _of_utility_api(path: Path) -> list[Bill] | None:
    """The bills of a JSON answer; None if the file is a table."""
    from carbon_tokens.energy import utility_api  # it builds on this module

    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return None  # the reader of tables says so
    return utility_api.read_bills(path) if utility_api.is_json(head) else None


def _days(bill: Bill) -> dict[Month, int]:
    """Days of a bill in each month."""
    start, end = period(bill)
    months = (Month(number) for number in range(Month.of(start).number, Month.of(end - 1).number + 1))
    return {month: (min(end, month.end) - max(start, month.start)) // 86_400 for month in months}


def _reading(bill: Bill, month: Month) -> Reading:
    days = _days(bill)[month]
    whole = days == bill.days
    return Reading(
        utility=bill.utility,
        meter=bill.meter,
        start=max(period(bill)[0], month.start),
        end=min(period(bill)[1], month.end),
        energy_wh=split(bill)[month],
        kind="bills",
        file=bill.file,
        source_file_sha256=bill.file_sha256,
        rows=(bill.row, bill.row),
        quality=bill.quality if whole else max(bill.quality, "B"),  # an even spread over days is a model
        note="" if whole else f"{days} of {bill.days} days of the bill {bill.first} to {bill.last}",
    )


def _problems(row: tables.Row) -> list[tuple[str, str]]:
    found = list(tables.empty_cells(row, COLUMNS))
    if found:
        return found
    for check in (_check_period, _check_amount, _check_optional):
        try:
            check(row.cells)
        except CarbonTokensError as error:
            found.append((row.where, error.what))
    return found


def _check_period(cells: dict[str, str]) -> None:
    first, last = _day(cells["from"]), _day(cells["thru"])
    if last < first:
        raise EnergyError(f"the bill ends ({last}) before it starts ({first})")


def _check_amount(cells: dict[str, str]) -> None:
    tables.amount(cells["kwh"], WH_PER_KWH)


def _check_optional(cells: dict[str, str]) -> None:
    if cells.get("sha256") and not _SHA256.fullmatch(cells["sha256"]):
        raise EnergyError(f"{cells['sha256']!r} is no sha-256")
    if (cells.get("quality") or "A") not in QUALITIES:
        raise EnergyError(f"quality {cells['quality']!r} is none of {', '.join(QUALITIES)}")


def _bill(row: tables.Row, table: tables.Table) -> Bill:
    cells = row.cells
    return Bill(
        utility=cells["utility"],
        meter=cells["meter"],
        first=_day(cells["from"]),
        last=_day(cells["thru"]),
        energy_wh=ceil(tables.amount(cells["kwh"], WH_PER_KWH)),
        file=table.name,
        file_sha256=table.sha256,
        row=row.number,
        document_sha256=cells.get("sha256", "").removeprefix("0x").lower(),
        uri=cells.get("uri", ""),
        quality=cells.get("quality") or "A",
    )


def _overlap(before: Bill, bill: Bill) -> tuple[str, str]:
    first, second = sorted((before, bill), key=lambda one: (one.file, one.row))
    same = (first.first, first.last) == (second.first, second.last)
    what = "is the same bill as" if same else "overlaps"
    return second.where, f"{second.first} to {second.last} {what} {first.where} ({first.first} to {first.last})"


def _day(text: str) -> date:
    try:
        if not _DATE.fullmatch(text) or not "1970" <= text < "9999":
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise EnergyError(f"{text!r} is no date; write YYYY-MM-DD") from error


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
