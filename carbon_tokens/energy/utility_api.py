"""UtilityAPI's JSON: bills and intervals, as its API v2 returns them (utilityapi.com/docs/api/bills, …/intervals).

A file is one answer: ``{"bills": […]}`` or ``{"intervals": […]}``. Numbers are read as decimals, never as floats. A
bill's dates are those that are printed on it, in the utility's time zone and both inclusive; where a utility prints the
day of the reading as the end of one bill and the start of the next, the caller states that the last day is exclusive.
A row of an error is the number of the bill or the interval object in its list, from 1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from carbon_tokens import nesting
from carbon_tokens.energy import bills, intervals, tables
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.intervals import Interval
from carbon_tokens.energy.tables import Problem
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.units import ceil

METERED = ("revenue",)  # qualities of intervals that are grade A
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.0{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Meter:
    """Intervals of one meter, by time, without repeats."""

    utility: str
    meter: str
    intervals: tuple[Interval, ...]
    repeats: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file holds; ``left_out`` are bills of other commodities and readings without a value, (file:row, why)."""

    file: str
    sha256: str
    bills: tuple[Bill, ...]
    meters: tuple[Meter, ...]
    left_out: tuple[Problem, ...]
    more: bool  # the answer was one page of several

    def hours(self, utility: str = "", meter: str = "") -> list[Hour]:
        """UTC hours of every meter, as ``hourly.readings`` takes them; names stand in for those that the file lacks.

        Raises:
            EnergyError: no intervals, or a name that is none of several meters.
        """
        names = [each.meter for each in self.meters]
        if not names:
            raise self.nothing("intervals of electricity")
        if meter and meter not in names and len(names) > 1:
            raise EnergyError(f"meter {meter!r} is none of {', '.join(names)}", where=self.file)
        found = list[Hour]()
        for each in (each for each in self.meters if meter in ("", each.meter) or len(names) == 1):
            named = {"utility": each.utility or utility, "meter": meter or each.meter}
            found += intervals.hours(each.intervals, **named, file=self.file, sha256=self.sha256)
        return found

    def nothing(self, kind: str) -> EnergyError:
        """That the file holds none of a kind, and what it holds instead."""
        listed = "; ".join(f"{where}: {what}" for where, what in self.left_out)
        return EnergyError(f"this file holds no {kind}" + (f" ({listed})" if listed else ""), where=self.file)


def is_json(head: bytes) -> bool:
    """Whether a file that starts so is JSON rather than a table."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def read(path: Path | str, *, last_day: str = "inclusive") -> Answer:
    """The bills and intervals of an answer.

    Args:
        last_day: "inclusive", or "exclusive" where the end of a bill is the first day of the next.

    Raises:
        EnergyError: no such answer, or, naming each by file:row, bills and readings that are none, contradict each
            other or overlap.
    """
    if last_day not in ("inclusive", "exclusive"):
        raise EnergyError(f"last day {last_day!r} is neither inclusive nor exclusive")
    path = Path(path)
    content, sha256 = _content(path)
    found = _Reader(path.name, sha256, last_day)
    for kind, take in (("bills", found.bill), ("intervals", found.interval)):
        for row, each in enumerate(_list(content.get(kind, []), f"{path.name}:{kind}"), 1):
            found.take(take, each, row)
    meters = found.meters()
    tables.refuse(found.problems + _overlaps(found.bills))
    more = content.get("next") is not None
    return Answer(path.name, sha256, tuple(found.bills), tuple(meters), tuple(found.left_out), more)


def read_bills(path: Path | str, *, last_day: str = "inclusive") -> list[Bill]:
    """The electricity bills of an answer, as ``bills.read`` gives those of a table.

    Raises:
        EnergyError: as ``read``, and an answer without any.
    """
    answer = read(path, last_day=last_day)
    if not answer.bills:
        raise answer.nothing("electricity bill")
    return list(answer.bills)


def _content(path: Path) -> tuple[Mapping[str, Any], str]:
    try:
        data = path.read_bytes()
        content = nesting.loads(
            data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except (OSError, ValueError) as error:
        raise EnergyError(f"this is no readable JSON ({error})", where=path.name) from error
    if not isinstance(content, dict) or not {"bills", "intervals"} & content.keys():
        todo = "Give an answer of UtilityAPI's /bills or /intervals."
        raise EnergyError("this JSON has neither bills nor intervals", where=path.name, todo=todo)
    return content, hashlib.sha256(data).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


class _Reader:
    """Takes the objects of an answer one by one and keeps what is wrong with them."""

    def __init__(self, file: str, sha256: str, last_day: str) -> None:
        self.file, self.sha256 = file, sha256
        self._less = timedelta(days=last_day == "exclusive")
        self.bills, self.left_out, self.problems = list[Bill](), list[Problem](), list[Problem]()
        self._readings: dict[tuple[str, str], list[Interval]] = {}

    def take(self, take: Any, each: Any, row: int) -> None:
        try:
            take(_object(each, "it"), row)
        except CarbonTokensError as error:
            self.problems.append((f"{self.file}:{row}", error.what))

    def bill(self, each: Mapping[str, Any], row: int) -> None:
        base = _object(each.get("base"), "base")
        unit = base.get("bill_total_unit")
        if unit not in (None, "kwh"):
            self.left_out.append((f"{self.file}:{row}", f"a bill in {unit!r}, not kWh"))
            return
        first, last = _day(base, "bill_start_date"), _day(base, "bill_end_date") - self._less
        if last < first:
            raise EnergyError(f"the bill ends ({last}) before it starts ({first})")
        kwh = _number(base.get("bill_total_kwh"), "bill_total_kwh")
        if base.get("bill_total_volume") is not None and unit and _number(base["bill_total_volume"], "volume") != kwh:
            raise EnergyError(f"bill_total_kwh {kwh} is not bill_total_volume {base['bill_total_volume']}")
        found = Bill(
            utility=_text(each.get("utility"), "utility"),
            meter=_meter(each, base),
            first=first,
            last=last,
            energy_wh=ceil(_energy_wh(kwh)),
            file=self.file,
            file_sha256=self.sha256,
            row=row,
            uri=_source(each),
        )
        _ = found.meter_id  # both need a name
        self.bills.append(found)

    def interval(self, each: Mapping[str, Any], row: int) -> None:
        base = _object(each.get("base"), "base")
        qualities = _list(base.get("qualities") or [], "qualities")
        grade = "A" if all(quality in METERED for quality in qualities) else "B"
        meter = _text(each.get("utility"), "utility"), _meter(each, base)
        found = self._readings.setdefault(meter, [])
        for number, reading in enumerate(_list(each.get("readings"), "readings"), 1):
            try:
                taken = _interval(_object(reading, "it"), row, grade)
            except CarbonTokensError as error:
                self.problems.append((f"{self.file}:{row}", f"reading {number}: {error.what}"))
                continue
            if taken:
                found.append(taken)
            else:
                self.left_out.append((f"{self.file}:{row}", f"reading {number} without a value"))

    def meters(self) -> list[Meter]:
        found = []
        for (utility, meter), readings in self._readings.items():
            kept, repeats, problems = intervals.in_order(readings, self.file)
            self.problems += problems
            found.append(Meter(utility, meter, tuple(kept), len(repeats)))
        return found


def _interval(reading: Mapping[str, Any], row: int, grade: str) -> Interval | None:
    """One reading; None if it has no value. ``kwh`` is net of feed-in unless a data point gives what was delivered."""
    start, end = _instant(reading.get("start"), "start"), _instant(reading.get("end"), "end")
    points = {
        str(point.get("type")): point.get("value")
        for point in (_object(each, "datapoint") for each in _list(reading.get("datapoints") or [], "datapoints"))
        if str(point.get("unit")).lower() == "kwh"
    }
    stated = points["fwd"] if points.get("fwd") is not None else reading.get("kwh")
    if stated is None:
        return None
    if points.get("fwd") is None and points.get("rev") not in (None, 0):
        raise EnergyError("kwh is net of feed-in (rev), so the energy drawn is not known")
    energy = _energy_wh(_number(stated, "kwh"))
    if why := intervals.fault(start, end - start, energy):
        raise EnergyError(why)
    return Interval(start, end, energy, row, grade)


def _overlaps(found: list[Bill]) -> list[Problem]:
    """Overlapping bills; those that only share the day of the reading are told what to do."""
    hint = "; if a bill ends on the day on which the next starts, read it with the last day exclusive"
    edges = {(bill.meter_id, bill.first) for bill in found}
    shared = any((bill.meter_id, bill.last) in edges and bill.first < bill.last for bill in found)
    return [(where, what + (hint if shared else "")) for where, what in bills.overlaps(found)]


def _meter(each: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """The meter as on the bill; the service's number if the bill names none."""
    numbers = [_text(number, "meter_numbers") for number in _list(base.get("meter_numbers") or [], "meter_numbers")]
    return " ".join(sorted(numbers)) or _text(base.get("service_identifier") or each.get("meter_uid"), "meter_numbers")


def _source(each: Mapping[str, Any]) -> str:
    sources = [_object(source, "source") for source in _list(each.get("sources") or [], "sources")]
    return next((str(source["raw_url"]) for source in sources if source.get("raw_url")), "")


def _day(base: Mapping[str, Any], name: str) -> date:
    """The day as printed: the date of a local midnight, not that of its UTC instant."""
    _instant(base.get(name), name)
    return date.fromisoformat(str(base[name])[:10])


def _instant(value: Any, name: str) -> int:
    try:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value) or not "1970-01-02" <= value < "9999":
            raise ValueError(value)
        return int(datetime.fromisoformat(value).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise EnergyError(f"{name} {value!r} is no time with an offset from UTC") from error


def _energy_wh(kwh: Decimal) -> Fraction:
    if kwh < 0:
        raise EnergyError(f"negative amount {kwh} kWh")
    if (energy := Fraction(kwh) * bills.WH_PER_KWH) >= tables.WH_LIMIT:
        raise EnergyError(f"{kwh} kWh is more than the ledger can hold")
    return energy


def _number(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise EnergyError(f"{name} {value!r} is no number")
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() > _DIGITS or int(number.as_tuple().exponent) < -_DIGITS:
        raise EnergyError(f"{name} {str(value)[:40]} is out of range")
    return number


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise EnergyError(f"no {name}")
    return value.strip()


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EnergyError(f"{name} is no object")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise EnergyError(f"{name} is no list", where=name if ":" in name else "")
    return value
