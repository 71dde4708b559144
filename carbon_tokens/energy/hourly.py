"""Hourly meter or server data: the tidy CSV form, and a month's reading with its missing hours counted.

Columns of the CSV: hour_start_utc and one of energy_wh or power_w (mean power of the hour); optional utility and meter,
which are given as arguments otherwise, and quality (A when absent). An empty cell is a missing hour. What stands for
missing hours is the caller's choice and is written into the reading: it is never decided silently. Green Button XML and
UtilityAPI intervals are told by their content, and become hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.energy.meters import meter_id
from carbon_tokens.energy.site import QUALITIES, Reading
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil

POLICIES = ("refuse", "mean", "max")  # stop; the mean or the maximum of the hours that are present
VALUES = ("energy_wh", "power_w")
_HOUR = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):00(:00)?(Z|\+00:00)?")


@dataclass(frozen=True, slots=True)
class Hour:
    """Wh of one hour of one meter, exact; None if the row has no value.

    An hour that was put together from intervals can be covered in part: ``covered_s`` of its 3600 seconds.
    """

    utility: str
    meter: str
    start: int  # UTC seconds
    energy_wh: Fraction | None
    file: str
    file_sha256: str  # 64 hex digits
    row: int
    covered_s: int = 3600  # seconds that the value is of
    last_row: int = 0  # if it was taken from several rows
    quality: str = "A"

    @property
    def meter_id(self) -> bytes:
        return meter_id(self.utility, self.meter)

    @property
    def complete(self) -> bool:
        return self.energy_wh is not None and self.covered_s == 3600


def read(path: Path | str, utility: str = "", meter: str = "") -> list[Hour]:
    """The hours of a CSV, in the order of the file, or of a file of intervals, by time.

    Raises:
        EnergyError: naming by file:row every row that is no hour or repeats one; both or none of the value columns; no
            name of utility or meter.
    """
    if (found := _of_intervals(Path(path), utility, meter)) is not None:
        return found
    table = tables.read(path, ("hour_start_utc",), (*VALUES, "utility", "meter", "quality"))
    values = [column for column in VALUES if column in table.columns]
    if len(values) != 1:
        raise EnergyError(f"needs one of {' or '.join(VALUES)}", where=f"{table.name}:1")
    problems, hours = list(table.problems), []
    for row in table.rows:
        try:
            hours.append(_hour(row, table, values[0], utility, meter))
        except CarbonTokensError as error:
            problems.append((row.where, error.what))
    tables.refuse(problems + repeated(hours))
    return hours


def readings(hours: Sequence[Hour], month: Month, missing: str) -> list[Reading]:
    """One reading of the whole month for each meter that has an hour in it.

    Args:
        missing: "refuse", or "mean" or "max" of the present hours for each hour that is missing.

    Raises:
        EnergyError: an unknown policy, repeated hours, missing hours under "refuse", or no hour with a value.
    """
    if missing not in POLICIES:
        raise EnergyError(f"policy {missing!r} for missing hours is none of {', '.join(POLICIES)}")
    tables.refuse(repeated(hours))
    within = [hour for hour in hours if month.start <= hour.start < month.end]
    meters = {hour.meter_id: hour for hour in reversed(within)}
    ordered = sorted(meters.items(), key=lambda item: (item[1].utility, item[1].meter))
    return [_reading([hour for hour in within if hour.meter_id == key], month, missing) for key, _ in ordered]


def _reading(hours: list[Hour], month: Month, missing: str) -> Reading:
    first = hours[0]
    present = {hour.start: hour.energy_wh for hour in hours if hour.complete and hour.energy_wh is not None}
    absent = month.hours - len(present)
    if not present or (absent and missing == "refuse"):
        starts = range(month.start, month.end, 3600)
        since = datetime.fromtimestamp(next(start for start in starts if start not in present), UTC)
        what = f"{absent} of {month.hours} hours of {month} missing for meter {first.meter}, from {since:%Y-%m-%dT%HZ}"
        raise EnergyError(what, where=first.file, todo="Complete the data, or choose a policy for them: mean or max.")
    return Reading(
        utility=first.utility,
        meter=first.meter,
        start=month.start,
        end=month.end,
        energy_wh=ceil(_known(hours) + _missing_h(hours, month) * _stand_in(list(present.values()), missing)),
        kind="hourly",
        file=first.file,
        source_file_sha256=_one_file(hours),
        rows=(min(hour.row for hour in hours), max(max(hour.row, hour.last_row) for hour in hours)),
        quality=max("B" if absent else "A", *(hour.quality for hour in hours)),
        note=_note(len(present), absent, missing),
        hours_present=len(present),
        hours_missing=absent,
        missing=missing,
    )


def _note(present: int, absent: int, missing: str) -> str:
    filled = f", each taken as the {missing} of those present" if absent else ""
    return f"{present} hours present, {absent} missing{filled}"


def _known(hours: list[Hour]) -> Fraction:
    """Wh that was metered, also in hours that are covered in part."""
    return sum((hour.energy_wh for hour in hours if hour.energy_wh is not None), Fraction(0))


def _missing_h(hours: list[Hour], month: Month) -> Fraction:
    """Hours of the month that no value is of."""
    return month.hours - Fraction(sum(hour.covered_s for hour in hours if hour.energy_wh is not None), 3600)


def _stand_in(complete: list[Fraction], missing: str) -> Fraction:
    """Wh that stand for a missing hour."""
    return max(complete) if missing == "max" else sum(complete, Fraction(0)) / len(complete)


def _of_intervals(path: Path, utility: str, meter: str) -> list[Hour] | None:
    """The hours of a file of intervals; None if it is a table."""
    from carbon_tokens.energy import espi, green_button, utility_api  # they build on this module

    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return None  # the reader of tables says so
    if espi.is_xml(head):
        return green_button.read(path).hours(utility, meter)
    return utility_api.read(path).hours(utility, meter) if utility_api.is_json(head) else None


def _one_file(hours: list[Hour]) -> str:
    files = {(hour.file, hour.file_sha256) for hour in hours}
    if len(files) > 1:
        names = ", ".join(sorted(name for name, _ in files))
        raise EnergyError(f"one meter's month comes from several files: {names}", todo="Put a month into one file.")
    return hours[0].file_sha256


def _hour(row: tables.Row, table: tables.Table, column: str, utility: str, meter: str) -> Hour:
    cells = row.cells
    hour = Hour(
        utility=cells.get("utility", "") or utility,
        meter=cells.get("meter", "") or meter,
        start=start(cells["hour_start_utc"]),
        energy_wh=tables.amount(cells[column], 1) if cells[column] else None,  # 1 W for an hour is 1 Wh
        file=table.name,
        file_sha256=table.sha256,
        row=row.number,
        quality=cells.get("quality", "") or "A",
    )
    if hour.quality not in QUALITIES:
        raise EnergyError(f"quality {hour.quality!r} is none of {', '.join(QUALITIES)}")
    meter_id(hour.utility, hour.meter)  # both need a name
    return hour


def repeated(hours: Iterable[Hour]) -> list[tuple[str, str]]:
    """(file:row, what) of every hour of a meter that is there before."""
    seen: dict[tuple[bytes, int], Hour] = {}
    found = []
    for hour in hours:
        first = seen.setdefault((hour.meter_id, hour.start), hour)
        if first is not hour:
            found.append((f"{hour.file}:{hour.row}", f"the same hour as {first.file}:{first.row}"))
    return found


def table_of(hours: Iterable[Hour]) -> str:
    """The tidy CSV of hours of one meter, by time, with millionths of a Wh rounded up, and their grades.

    An hour that is covered in part has no value in it: it is missing, as ``readings`` counts it.
    """
    lines = [f"hour_start_utc,{VALUES[0]},utility,meter,quality"]
    for hour in sorted(hours, key=lambda each: each.start):
        known = hour.energy_wh if hour.complete else None
        wh = "" if known is None else f"{Decimal(ceil(known * 1_000_000)).scaleb(-6).normalize():f}"
        names = ",".join('"' + name.replace('"', '""') + '"' for name in (hour.utility, hour.meter))
        lines.append(f"{datetime.fromtimestamp(hour.start, UTC):%Y-%m-%dT%H:00Z},{wh},{names},{hour.quality}")
    return "\n".join(lines) + "\n"


def start(text: str) -> int:
    """UTC seconds of the start of an hour, YYYY-MM-DDTHH:00Z. Raises EnergyError for anything else."""
    match = _HOUR.fullmatch(text)
    try:
        if not match or not "1970" <= text < "9999":
            raise ValueError(text)
        return int(datetime.fromisoformat(f"{match[1]}T{match[2]}:00:00+00:00").timestamp())
    except ValueError as error:
        raise EnergyError(f"{text!r} is not the start of an hour in UTC; write YYYY-MM-DDTHH:00Z") from error
