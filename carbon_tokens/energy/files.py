"""What a file of electricity holds, whatever its form: the kind is recognised from the content.

Green Button XML, UtilityAPI JSON, tables of bills or hours as CSV or workbook, and logs of UPS and servers (``logs``).
Bills and hours that can be used are counted and added up, what is left out is listed with its place and reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import bills, espi, green_button, hourly, logs, prometheus, tables, utility_api
from carbon_tokens.energy.bills import Bill
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.log_terms import Terms
from carbon_tokens.energy.tables import Problem
from carbon_tokens.errors import EnergyError
from carbon_tokens.units import ceil

KINDS = ("green-button", "utility-api", "bills", "hourly", *logs.KINDS)
_UNNAMED = "unnamed"  # stands for names that a file does not hold; nothing leaves this module under it


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: rows (bills, intervals or hours that are used), the UTC hours they touch, Wh rounded up, the
    first instant and the first after the last (ISO 8601, "" if there is none), and the worst grade."""

    file: str
    kind: str
    meters: tuple[str, ...]
    rows: int
    hours: int
    energy_wh: int
    start: str
    end: str
    quality: str
    rejected: tuple[Problem, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """The bills and hours of a file, its rows that are used, what is left out with place and reason, and remarks."""

    file: str
    kind: str
    bills: tuple[Bill, ...]
    hours: tuple[Hour, ...]
    rows: int
    rejected: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def kind_of(path: Path | str) -> str:
    """One of ``KINDS``. Raises EnergyError for a file that cannot be read or is none of them."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
    if espi.is_xml(head):
        return "green-button"
    if prometheus.is_answer(head):
        return "prometheus"
    return "utility-api" if utility_api.is_json(head) else logs.kind_of(path) or _kind_of_table(path)


def content(path: Path | str, kind: str = "", terms: Terms = Terms()) -> Content:
    """What a file holds.

    Args:
        kind: one of ``KINDS``, instead of the one that is recognised.
        terms: what a log does not say of itself.

    Raises:
        EnergyError: an unknown kind, or a file that the reader of its kind refuses.
    """
    return _content(taken(path, kind, terms))


def taken(
    path: Path | str, kind: str = "", terms: Terms = Terms(), *, utility: str = _UNNAMED, meter: str = _UNNAMED
) -> Taken:
    """The bills and hours of a file, with what it leaves out.

    Args:
        utility, meter: stand in for names that the file does not hold. A Green Button file has no number of a meter:
            its only usage point, or the one of this name, is the meter.

    Raises:
        EnergyError: as ``content``.
    """
    path, kind = Path(path), kind or kind_of(path)
    if kind == "green-button":
        return _green_button(green_button.read(path), utility, meter)
    if kind == "utility-api":
        return _utility_api(utility_api.read(path), utility)
    if kind == "bills":
        found = bills.read(path)
        return Taken(path.name, kind, tuple(found), (), len(found))
    if kind == "hourly":
        hours = hourly.read(path, utility, meter)
        return Taken(path.name, kind, (), tuple(hours), sum(hour.energy_wh is not None for hour in hours))
    if kind in logs.KINDS:
        log = logs.read(path, kind, terms, utility, meter)
        return Taken(log.file, kind, (), tuple(log.hours), log.rows, warnings=log.remarks)
    raise EnergyError(f"kind {kind!r} is none of {', '.join(KINDS)}")


def _kind_of_table(path: Path) -> str:
    for kind, column in (("bills", "kwh"), ("hourly", "hour_start_utc")):
        if column in tables.columns(path, (column,)):
            return kind
    todo = f"State one of {', '.join(KINDS)}: a table has a column kwh (bills) or hour_start_utc (hours)."
    raise EnergyError("this is no file of electricity that is known here", where=path.name, todo=todo)


def _green_button(found: green_button.GreenButton, utility: str, meter: str) -> Taken:
    delivered = [channel for channel in found.channels if channel.flow == "delivered"]
    others = [(f"{found.file}:{each.line}", f"{each.flow} energy, {float(each.energy_wh):,.0f} Wh")
              for each in found.channels if each not in delivered]  # fmt: skip
    named = meter == _UNNAMED and any(channel.usage_point for channel in delivered)
    hours = found.hours(utility, "" if named else meter) if delivered else []
    rows = sum(len(channel.intervals) for channel in delivered)
    rejected = (*found.left_out, *found.rejected, *others)
    return Taken(found.file, "green-button", (), tuple(hours), rows, rejected, found.warnings)


def _utility_api(found: utility_api.Answer, utility: str) -> Taken:
    hours = found.hours(utility) if found.meters else []
    rows = sum(len(meter.intervals) for meter in found.meters) + len(found.bills)
    warnings = ("this is one page of several",) if found.more else ()
    return Taken(found.file, "utility-api", found.bills, tuple(hours), rows, found.left_out, warnings)


def _content(found: Taken) -> Content:
    hours = [hour for hour in found.hours if hour.energy_wh is not None] if found.kind == "hourly" else found.hours
    known = sum((hour.energy_wh or Fraction(0) for hour in hours), Fraction(0))
    names = [each.meter for each in found.bills] + [hour.meter for hour in hours]
    spans = [bills.period(bill) for bill in found.bills] + [(hour.start, hour.start + 3600) for hour in hours]
    return Content(
        file=found.file,
        kind=found.kind,
        meters=tuple(name for name in dict.fromkeys(names) if name != _UNNAMED),
        rows=found.rows,
        hours=len(hours),
        energy_wh=ceil(known + sum(bill.energy_wh for bill in found.bills)),
        start=_iso(min(start for start, _ in spans)) if spans else "",
        end=_iso(max(end for _, end in spans)) if spans else "",
        quality=max([bill.quality for bill in found.bills] + [hour.quality for hour in hours], default=""),
        rejected=found.rejected,
        warnings=found.warnings,
    )


def _iso(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"
