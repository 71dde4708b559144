"""ESPI's numbers: the reading type that gives them a meaning, interval readings, usage summaries (NAESB REQ.21).

Codes: uom 72 is Wh (UomType); flowDirection 1 forward, delivered to the customer, 19 reverse, received from it, 4 net;
accumulationBehaviour 4 delta data, the use within the interval; kind 12 energy; quality as in ``QualityOfReading``,
from which the grade follows: 0, 14, 17, 18, 19 (valid, raw, validated, verified, revenue quality) A; edited, estimated,
questionable, derived or mixed B; 12 (a forecast) and 15 (normalised for weather) are not what was metered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction

from carbon_tokens.energy import intervals
from carbon_tokens.energy.espi import Node, whole_number
from carbon_tokens.energy.intervals import Interval
from carbon_tokens.energy.tables import Problem

WH = "72"
FLOWS = {"": "delivered", "0": "delivered", "1": "delivered", "19": "received", "4": "net"}
UNITS = {"38": "power (W)", "61": "apparent power (VA)", "63": "reactive power (VAr)", "71": "apparent energy (VAh)",
         "73": "reactive energy (VArh)", "29": "voltage (V)", "5": "current (A)", "42": "volume (m3)",
         "119": "volume (ft3)", "169": "gas (therm)", "132": "gas (Btu)"}  # fmt: skip
ELECTRIC = ("", "0", "1", "2")  # commodity: not stated, none, electricity of a secondary or primary meter
METERED, MODELLED = ("0", "14", "17", "18", "19"), ("7", "8", "9", "10", "11", "13", "16")
NOT_METERED = {"12": "a forecast (quality 12)", "15": "normalised for weather (quality 15)"}
COST_SCALE = 100_000  # costs are in 1/100,000 of the currency
POWERS = range(-12, 13)
CODES = ("uom", "flowDirection", "commodity", "accumulationBehaviour", "kind", "currency", "defaultQuality")


@dataclass(frozen=True, slots=True)
class ReadingType:
    """What the values of a meter reading mean; ``wh_each`` is the Wh of one unit of value."""

    uom: str
    wh_each: Fraction
    flow: str
    commodity: str = ""
    behaviour: str = ""
    kind: str = ""
    currency: str = ""
    quality: str = ""  # of readings that state none

    @classmethod
    def of(cls, node: Node, file: str, problems: list[Problem], wh_each: Fraction | None = None) -> ReadingType | None:
        """From the ReadingType element; a stated ``wh_each`` stands for one that is missing."""
        text = {name: code(node.content(name)) for name in CODES}
        power = 0 if node.first("powerOfTenMultiplier") is None else whole_number(
            node, ("powerOfTenMultiplier",), problems, file)  # fmt: skip
        if power is None:
            return None
        if power not in POWERS:
            problems.append((f"{file}:{node.line}", f"powerOfTenMultiplier {power} is not between -12 and 12"))
            return None
        if wh_each is None and not text["uom"]:
            problems.append((f"{file}:{node.line}", "the reading type states no unit (uom)"))
            return None
        return cls(
            uom=text["uom"] if wh_each is None else WH,
            wh_each=Fraction(10) ** power if wh_each is None else wh_each,
            flow=FLOWS.get(text["flowDirection"], text["flowDirection"]),
            commodity=text["commodity"],
            behaviour=text["accumulationBehaviour"],
            kind=text["kind"],
            currency=text["currency"],
            quality=text["defaultQuality"],
        )

    def not_energy(self) -> str:
        """Why the values are not electric energy of their intervals; "" if they are."""
        if self.uom != WH:
            return f"{UNITS.get(self.uom, 'in an unknown unit')} (uom {self.uom}), not Wh"
        if self.commodity not in ELECTRIC:
            return f"of another commodity than electricity ({self.commodity})"
        if self.kind not in ("", "0", "12"):
            return f"of another kind than energy ({self.kind})"
        if self.behaviour not in ("", "0", "4"):
            return f"no use within intervals (accumulationBehaviour {self.behaviour})"
        return "" if self.flow in FLOWS.values() else f"of flow direction {self.flow}, neither to nor from the customer"


@dataclass(frozen=True, slots=True)
class Clock:
    """How a file's times are to be read: UTC seconds, or seconds that a local clock would show as if it were UTC."""

    zone: tzinfo | None = None

    def utc(self, stamp: int, again: bool = False) -> int | None:
        """The instant of a stamp; ``again``: a clock's hour that comes twice, the second time. None: it never comes."""
        if self.zone is None:
            return stamp
        shown = datetime(1970, 1, 1) + timedelta(seconds=stamp)
        try:
            instant = shown.replace(tzinfo=self.zone, fold=int(again)).astimezone(UTC)
            back = instant.astimezone(self.zone).replace(tzinfo=None)
        except OverflowError:  # beyond the year 9999
            return None
        return int(instant.timestamp()) if back == shown else None

    def comes_twice(self, stamp: int) -> bool:
        return self.zone is not None and self.utc(stamp) != self.utc(stamp, again=True)


@dataclass(slots=True)
class Readings:
    """The intervals of some blocks, the readings that are not used and those that are wrong."""

    intervals: list[Interval] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def readings(blocks: Iterable[Node], kind: ReadingType, clock: Clock, file: str) -> Readings:
    """The interval readings of blocks, in the order of the file. What a block says of its own span is not used:
    utilities give spans that their readings leave."""
    found = Readings()
    seen: set[int] = set()
    for block in blocks:
        for node in block.all("IntervalReading"):
            _reading(node, kind, lambda stamp: _instant(stamp, clock, seen), file, found)
    return found


def _instant(stamp: int, clock: Clock, seen: set[int]) -> int | None:
    again = stamp in seen and clock.comes_twice(stamp)
    seen.add(stamp)
    return clock.utc(stamp, again)


def _reading(node: Node, kind: ReadingType, instant: Callable[[int], int | None], file: str, found: Readings) -> None:
    where, problems = f"{file}:{node.line}", list[Problem]()
    stamp = whole_number(node, ("timePeriod", "start"), problems, file)
    seconds = whole_number(node, ("timePeriod", "duration"), problems, file)
    grade, reason = _grade([each.text for each in node.all("ReadingQuality", "quality")] or [kind.quality])
    value = whole_number(node, ("value",), problems, file) if node.content("value") else None
    if stamp is not None and seconds is not None and not problems:
        if value is None or reason:
            found.rejected.append((where, reason or "a reading without a value"))
        elif not grade:
            problems.append((where, "a quality that the standard does not know"))
        elif why := intervals.fault(stamp, seconds, value * kind.wh_each):
            problems.append((where, why))
        elif value < 0 and kind.flow != "net":
            problems.append((where, f"negative amount {value} of {kind.flow} energy"))
        elif (start := instant(stamp)) is None or start < 0:
            problems.append((where, f"start {stamp} is a time that the local clock skips"))
        else:
            cost = _cost(node, problems, file)
            found.intervals.append(Interval(start, start + seconds, value * kind.wh_each, node.line, grade, cost))
    found.problems += problems


def _grade(codes: list[str]) -> tuple[str, str]:
    """The grade of a reading's qualities and why it is not to be used; no grade: an unknown quality."""
    codes = [code(each) for each in codes if each] or ["0"]
    reason = next((NOT_METERED[each] for each in codes if each in NOT_METERED), "")
    if reason or any(each not in METERED + MODELLED for each in codes):
        return "", reason
    return ("B" if any(each in MODELLED for each in codes) else "A"), ""


def _cost(node: Node, problems: list[Problem], file: str) -> Fraction | None:
    if not node.content("cost"):
        return None
    number = whole_number(node, ("cost",), problems, file)
    return None if number is None else Fraction(number, COST_SCALE)


def code(text: str) -> str:
    """A code as the standard writes it: utilities pad with blanks and zeros."""
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else text


@dataclass(frozen=True, slots=True)
class Summary:
    """What a usage summary says of a usage point: the bill's period (as the file has it) and Wh, None if not stated."""

    usage_point: str
    start: int
    seconds: int
    last_wh: Fraction | None  # overallConsumptionLastPeriod
    current_wh: Fraction | None  # currentBillingPeriodOverAllConsumption
    bill: Fraction | None  # billLastPeriod, in the currency's unit
    line: int


def summary(node: Node, usage_point: str, file: str, problems: list[Problem]) -> Summary:
    """A summary; numbers that are none are problems."""
    stated = node.first("billingPeriod") is not None
    start, seconds = [
        (whole_number(node, ("billingPeriod", name), problems, file) or 0) if stated else 0
        for name in ("start", "duration")
    ]
    bill = whole_number(node, ("billLastPeriod",), problems, file) if node.content("billLastPeriod") else None
    return Summary(
        usage_point=usage_point,
        start=start,
        seconds=seconds,
        last_wh=_measured(node.first("overallConsumptionLastPeriod"), problems, file),
        current_wh=_measured(node.first("currentBillingPeriodOverAllConsumption"), problems, file),
        bill=None if bill is None else Fraction(bill, COST_SCALE),
        line=node.line,
    )


def _measured(node: Node | None, problems: list[Problem], file: str) -> Fraction | None:
    """Wh of a measured quantity; None if it is another one."""
    if node is None or code(node.content("uom")) != WH or not node.content("value"):
        return None
    value = whole_number(node, ("value",), problems, file)
    power = whole_number(node, ("powerOfTenMultiplier",), problems, file) if node.content("powerOfTenMultiplier") else 0
    if value is None or power is None or power not in POWERS:
        return None
    return value * Fraction(10) ** power
