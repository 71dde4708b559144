"""Green Button: the electricity of an ESPI file, usage point by usage point (NAESB REQ.21; Green Button Alliance).

What a number means is said elsewhere in the file: its unit and power of ten in the reading type, its direction there
too, its commodity in the usage point's service kind, its currency scale in the standard (1/100,000 of the currency).
Only real energy in Wh that was delivered (or received, or netted, each apart) within an interval is read; everything
else is listed with its place and reason, never dropped silently. Times are UTC seconds by the standard; some utilities
write local clock time instead, which the caller must state (``zone``), because a file cannot show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import espi, intervals, tables
from carbon_tokens.energy.espi_readings import Clock, ReadingType, Summary, code, readings, summary
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.intervals import Interval
from carbon_tokens.energy.local_time import LocalTime
from carbon_tokens.energy.tables import Problem
from carbon_tokens.errors import CarbonTokensError, EnergyError

KINDS = {"0": "electricity", "1": "gas", "2": "water", "3": "time", "4": "heat", "5": "refuse", "6": "sewerage",
         "7": "rates", "8": "television", "9": "internet"}  # fmt: skip
SUMMARIES = ("UsageSummary", "ElectricPowerUsageSummary")


@dataclass(frozen=True, slots=True)
class Channel:
    """The intervals of one meter reading of a usage point, by time, without repeats."""

    usage_point: str  # its id in the file: the meter's name where the caller gives none
    reading: str  # address of the meter reading
    title: str
    flow: str  # "delivered", "received" or "net"
    intervals: tuple[Interval, ...]
    repeats: int  # intervals that stood in the file again
    currency: str  # ISO 4217 number, "" if not stated
    line: int

    @property
    def energy_wh(self) -> Fraction:
        return sum((each.energy_wh for each in self.intervals), Fraction(0))

    @property
    def cost(self) -> Fraction:
        """Sum of the costs that the intervals carry, in the currency's unit."""
        return sum((each.cost for each in self.intervals if each.cost is not None), Fraction(0))


@dataclass(frozen=True, slots=True)
class GreenButton:
    """What an ESPI file holds.

    ``left_out`` are meter readings and usage points that are no electric energy, ``rejected`` single readings that are
    not used (forecasts, readings without a value), each (file:line, reason); ``warnings`` is what a reader should know.
    """

    file: str
    sha256: str
    channels: tuple[Channel, ...]
    summaries: tuple[Summary, ...]
    left_out: tuple[Problem, ...]
    rejected: tuple[Problem, ...]
    warnings: tuple[str, ...]
    local_time: LocalTime | None

    @property
    def usage_points(self) -> tuple[str, ...]:
        """Those with electricity, in the order of the file."""
        return tuple(dict.fromkeys(channel.usage_point for channel in self.channels))

    def hours(self, utility: str, meter: str = "", *, flow: str = "delivered", reading: str = "") -> list[Hour]:
        """UTC hours, as ``hourly.readings`` takes them.

        Args:
            utility: its name, which the file does not hold.
            meter: a usage point of the file, or the name of the only one; without it every usage point is a meter.
            flow: "delivered", "received" or "net".
            reading: title or address of the meter reading, where several give the same energy (daily and hourly).

        Raises:
            EnergyError: nothing of that flow, a name that fits several usage points, meter readings that overlap, net
                energy below zero.
        """
        wanted = [channel for channel in self.channels if channel.flow == flow and _fits(channel, reading)]
        points = list(dict.fromkeys(channel.usage_point for channel in wanted))
        if not wanted:
            raise self._nothing(flow, reading)
        if meter and meter not in self.usage_points:
            if len(points) > 1:
                what = f"meter {meter!r} is none of the usage points {', '.join(points)}"
                raise EnergyError(what, where=self.file, todo="Name one of them, or give no meter to take each as one.")
            return self._hours(wanted, utility, meter)
        chosen = [point for point in points if meter in ("", point)]
        if not chosen:
            raise self._nothing(flow, reading)
        return [
            hour
            for point in chosen
            for hour in self._hours([each for each in wanted if each.usage_point == point], utility, point)
        ]

    def _hours(self, channels: list[Channel], utility: str, meter: str) -> list[Hour]:
        taken = [each for channel in channels for each in channel.intervals]
        for before, after in _overlapping(channels):
            what = f"the meter readings of lines {before.line} and {after.line} give energy for the same time"
            todo = f"Name the one to take: {before.title or before.reading!r} or {after.title or after.reading!r}."
            raise EnergyError(what, where=f"{self.file}:{after.line}", todo=todo)
        negative = next((each for each in taken if each.energy_wh < 0), None)
        if negative:
            what = f"net energy {negative.energy_wh} Wh is below zero: more was fed in than drawn"
            raise EnergyError(what, where=f"{self.file}:{negative.row}", todo="Give the energy drawn, without netting.")
        return intervals.hours(taken, utility=utility, meter=meter, file=self.file, sha256=self.sha256)

    def _nothing(self, flow: str, reading: str) -> EnergyError:
        reasons = [f"{where}: {what}" for where, what in self.left_out]
        reasons += [f"{self.file}:{each.line}: {each.flow} energy" for each in self.channels]
        what = f"this file holds no {flow} electricity" + (f" under {reading!r}" if reading else "")
        return EnergyError(what + (f" ({'; '.join(reasons)})" if reasons else ""), where=self.file)


def read(path: Path | str, *, zone: tzinfo | None = None, wh_each: Fraction | int | None = None) -> GreenButton:
    """What an ESPI file holds.

    Args:
        zone: where the file's times are local clock time instead of UTC, the time zone of that clock.
        wh_each: Wh of one unit of value, for meter readings whose reading type is not in the file.

    Raises:
        EnergyError: no ESPI file, or, naming each by file:line, readings that are none, contradict each other or
            overlap, and meter readings whose unit or usage point is not in the file.
    """
    feed = espi.read(path)
    found = _Reader(feed, Clock(zone), None if wh_each is None else Fraction(wh_each))
    found.take()
    tables.refuse(found.problems)
    local = found.local_time()
    return GreenButton(
        file=feed.file,
        sha256=feed.sha256,
        channels=tuple(found.channels),
        summaries=tuple(found.summaries),
        left_out=tuple(found.left_out),
        rejected=tuple(found.rejected),
        warnings=tuple(_warnings(found.channels, local, zone)),
        local_time=local,
    )


class _Reader:
    """Follows a feed's links and keeps what it finds and what is wrong."""

    def __init__(self, feed: espi.Feed, clock: Clock, wh_each: Fraction | None) -> None:
        self.feed, self.clock, self.wh_each = feed, clock, wh_each
        self.channels, self.summaries = list[Channel](), list[Summary]()
        self.left_out, self.rejected, self.problems = list[Problem](), list[Problem](), list[Problem]()
        self._points, self._types = feed.of("UsagePoint"), feed.of("ReadingType")
        self._meters = feed.of("MeterReading")
        ends = [each.address.rsplit("/", 1)[-1] for each in self._points]
        self._names = {
            id(point): end if ends.count(end) == 1 else point.address
            for point, end in zip(self._points, ends, strict=True)
        }

    def take(self) -> None:
        blocks: dict[int, list[espi.Node]] = {id(each): [] for each in self._meters}
        for block in self.feed.of("IntervalBlock"):
            meter = self._owner(block, self._meters, "MeterReading")
            if meter:
                blocks[id(meter)].append(block.node)
        for point in self._points:
            if (kind := _service(point)) not in ("", "0"):  # without a service kind the reading type decides
                what = f"usage point {self._names[id(point)]} is {KINDS.get(kind, 'unknown')} (ServiceKind {kind})"
                self.left_out.append((self._at(point.line), what))
        for meter in self._meters:
            self._take(meter, blocks[id(meter)])
        for each in self.feed.of(*SUMMARIES):
            self._summarise(each)

    def _take(self, meter: espi.Resource, blocks: list[espi.Node]) -> None:
        before = len(self.problems)
        point = self._owner(meter, self._points, "UsagePoint")
        if len(self.problems) > before or (point and _service(point) not in ("", "0")):
            return
        kind = self._reading_type(meter)
        if kind is None:
            return
        if reason := kind.not_energy():
            self.left_out.append((self._at(meter.line), f"meter reading {meter.title or meter.address!r} is {reason}"))
            return
        found = readings(blocks, kind, self.clock, self.feed.file)
        self.rejected += found.rejected
        kept, repeats, overlaps = intervals.in_order(found.intervals, self.feed.file)
        self.problems += found.problems + overlaps
        self.channels.append(
            Channel(
                usage_point=self._names[id(point)] if point else meter.id_of("UsagePoint"),
                reading=meter.address,
                title=meter.title,
                flow=kind.flow,
                intervals=tuple(kept),
                repeats=len(repeats),
                currency=kind.currency,
                line=meter.line,
            )
        )

    def _reading_type(self, meter: espi.Resource) -> ReadingType | None:
        """The reading type that a meter reading links to; the only one if it links to none."""
        linked = [each for each in self._types if each.address and each.address in meter.related]
        names_one = any("ReadingType" in each.split("/") for each in meter.related)
        found = linked or (self._types if len(self._types) == 1 and not names_one else [])
        if len({each.address for each in found}) > 1:
            self.problems.append((self._at(meter.line), "links to several reading types"))
            return None
        if not found and self.wh_each is None:
            what = "the reading type is not in the file, so its unit is unknown; state the Wh of one unit"
            self.problems.append((self._at(meter.line), what))
            return None
        node = found[0].node if found else espi.Node("ReadingType", meter.line)
        return ReadingType.of(node, self.feed.file, self.problems, self.wh_each if not found else None)

    def _summarise(self, resource: espi.Resource) -> None:
        point = self._owner(resource, self._points, "UsagePoint")
        if point is None or _service(point) in ("", "0"):
            name = self._names[id(point)] if point else resource.id_of("UsagePoint")
            self.summaries.append(summary(resource.node, name, self.feed.file, self.problems))

    def _owner(self, child: espi.Resource, parents: list[espi.Resource], collection: str) -> espi.Resource | None:
        try:
            found = espi.owner(child, parents, collection, self.feed.file)
        except EnergyError as error:
            self.problems.append((error.where, error.what))
            return None
        if found is None and collection == "MeterReading":
            self.problems.append((self._at(child.line), f"{child.name} without any meter reading in the file"))
        return found

    def local_time(self) -> LocalTime | None:
        """The file's own local time; None if it has none that is valid, or several that differ."""
        found = set()
        for each in self.feed.of("LocalTimeParameters"):
            numbers = [espi.whole_number(each.node, (name,), [], "") or 0 for name in ("tzOffset", "dstOffset")]
            rules = [each.node.content(name) for name in ("dstStartRule", "dstEndRule")]
            try:
                found.add(LocalTime.of(numbers[0], numbers[1], rules[0], rules[1]))
            except CarbonTokensError as error:
                self.rejected.append((self._at(each.line), error.what))
        return found.pop() if len(found) == 1 else None

    def _at(self, line: int) -> str:
        return f"{self.feed.file}:{line}"


def _warnings(channels: Iterable[Channel], local: LocalTime | None, zone: tzinfo | None) -> list[str]:
    found = [f"line {each.line}: {each.repeats} intervals stand in the file again" for each in channels if each.repeats]
    if zone is None and local and local.offset_s == 0 and local.saving_s:
        found.append("the file states an offset of 0 with daylight saving: its times may be a local clock's; state it")
    return found


def _overlapping(channels: list[Channel]) -> Iterable[tuple[Channel, Channel]]:
    spans = sorted(
        (each.start, each.end, index) for index, channel in enumerate(channels) for each in channel.intervals
    )
    latest, last = -1, -1
    for start, end, index in spans:
        if start < latest and index != last:
            yield channels[min(last, index)], channels[max(last, index)]
        if end > latest:
            latest, last = end, index


def _fits(channel: Channel, reading: str) -> bool:
    return not reading or reading == channel.title or espi.address(reading) == channel.reading


def _service(point: espi.Resource) -> str:
    """The service kind of a usage point, "" if it states none."""
    return code(point.node.content("ServiceCategory", "kind"))
