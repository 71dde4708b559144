"""What a site burnt and what leaked: a log of fuels and refrigerants, and a month's part of each row.

Columns: kind (fuel or refrigerant), name, amount, unit, from, thru; optional note. Dates are inclusive, as on delivery
notes and service reports. A row that crosses a month's end is split in proportion to its days, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.periods import Month

COLUMNS = ("kind", "name", "amount", "unit", "from", "thru")
OPTIONAL = ("note",)
KINDS = ("fuel", "refrigerant")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Use:
    """An amount of a fuel that was burnt, or of a refrigerant that leaked, between two days, both inclusive."""

    kind: str
    name: str
    amount: Fraction
    unit: str
    first: date
    last: date
    file: str
    file_sha256: str  # 64 hex digits
    row: int

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row}"

    def within(self, month: Month) -> Fraction:
        """The amount of the month, by inclusive days."""
        start, end = (int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in
                      (self.first, self.last + timedelta(days=1)))  # fmt: skip
        inside = max(0, min(end, month.end) - max(start, month.start))
        return self.amount * inside / (end - start)


def read(path: Path | str) -> list[Use]:
    """The rows of a log, in the order of the file.

    Raises:
        EnergyError: naming by file:row every row that is no use, or stands there twice.
    """
    table = tables.read(path, COLUMNS, OPTIONAL)
    problems, uses = list(table.problems), []
    for row in table.rows:
        found = [*tables.empty_cells(row, COLUMNS), *_problems(row)]
        problems += found
        if not found:
            uses.append(_use(row, table))
    tables.refuse(problems + _repeated(uses))
    return uses


def _problems(row: tables.Row) -> list[tables.Problem]:
    cells, found = row.cells, []
    if cells["kind"] and cells["kind"] not in KINDS:
        found.append((row.where, f"kind {cells['kind']!r} is neither fuel nor refrigerant"))
    if cells["amount"] and not _AMOUNT.fullmatch(cells["amount"]):
        found.append((row.where, f"{cells['amount']!r} is no amount; write digits with a decimal point"))
    days = [_day(cells[name]) for name in ("from", "thru")]
    found += [(row.where, f"{cells[name]!r} is no date; write YYYY-MM-DD")
              for name, day in zip(("from", "thru"), days, strict=True) if cells[name] and not day]  # fmt: skip
    if days[0] and days[1] and days[1] < days[0]:
        found.append((row.where, f"ends ({days[1]}) before it starts ({days[0]})"))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) and "1970" <= text < "9999" else None
    except ValueError:
        return None


def _use(row: tables.Row, table: tables.Table) -> Use:
    cells, (first, last) = row.cells, (date.fromisoformat(row.cells[name]) for name in ("from", "thru"))
    amount = Fraction(cells["amount"])
    return Use(cells["kind"], cells["name"], amount, cells["unit"], first, last, table.name, table.sha256, row.number)


def _repeated(uses: Sequence[Use]) -> list[tables.Problem]:
    """Rows that are an earlier one again: a delivery note that was entered twice."""
    seen: dict[tuple[object, ...], Use] = {}
    found = []
    for use in uses:
        key = (use.kind, use.name.lower(), use.amount, use.unit.lower(), use.first, use.last)
        earlier = seen.setdefault(key, use)
        if earlier is not use:
            found.append((use.where, f"is the same as {earlier.where}; add up what was really used twice"))
    return found
