"""The local time of a meter, as ESPI's LocalTimeParameters give it (NAESB REQ.21, ``DstRuleType``).

A rule packs into 32 bits when daylight saving starts or ends: seconds 0-11, hours 12-16, day of the week 17-19
(1 Monday … 7 Sunday), day of the month 20-24, operator 25-27, month 28-31. Operators: 0 that day of the month; 1 the
first such weekday on or after it; 2 to 6 the first to fifth such weekday of the month; 7 the last. Times are those that
a clock shows just before the change. FFFFFFFF: there is no daylight saving.

Readings themselves carry UTC seconds; local time is needed only where a bill says days.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from carbon_tokens.errors import EnergyError

_NEVER = "FFFFFFFF"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """When daylight saving starts or ends in each year, on a clock that shows the time before the change."""

    month: int
    operator: int
    day: int
    weekday: int  # 1 Monday … 7 Sunday; 0: not used
    seconds: int  # of the day

    @classmethod
    def parse(cls, text: str) -> Rule | None:
        """The rule of 8 hex digits; None for "never". Raises EnergyError for anything else."""
        if not text or text.upper() == _NEVER:
            return None
        if not re.fullmatch(r"[0-9a-fA-F]{8}", text):
            raise EnergyError(f"{text!r} is no rule of daylight saving")
        bits = int(text, 16)
        seconds = (bits >> 12 & 31) * 3600 + (bits & 4095)
        rule = cls(bits >> 28, bits >> 25 & 7, bits >> 20 & 31, bits >> 17 & 7, seconds)
        if not 1 <= rule.month <= 12 or (rule.operator and not rule.weekday) or not (rule.day or rule.operator > 1):
            raise EnergyError(f"{text!r} is no rule of daylight saving")
        return rule

    def within(self, year: int) -> datetime:
        """The change of a year, as a clock shows it before."""
        last = calendar.monthrange(year, self.month)[1]
        if self.operator == 0:
            day = min(self.day, last)
        elif self.operator == 7:
            day = last - (date(year, self.month, last).isoweekday() - self.weekday) % 7
        else:
            since = self.day if self.operator == 1 else 1
            day = since + (self.weekday - date(year, self.month, min(since, last)).isoweekday()) % 7
            day = min(day + 7 * max(self.operator - 2, 0), last)
        return datetime(year, self.month, day) + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class LocalTime(tzinfo):
    """A fixed offset from UTC with the daylight saving that ESPI's rules give; a ``datetime.tzinfo``."""

    offset_s: int
    saving_s: int = 0
    begins: Rule | None = None
    ends: Rule | None = None

    @classmethod
    def of(cls, offset_s: int, saving_s: int, begins: str, ends: str) -> LocalTime:
        """From the four values of LocalTimeParameters. Raises EnergyError for an offset beyond a day, or a bad rule."""
        if abs(offset_s) >= 86_400 or abs(saving_s) >= 86_400 or abs(offset_s + saving_s) >= 86_400:
            raise EnergyError(f"a time zone {offset_s} s + {saving_s} s from UTC does not exist")
        return cls(offset_s, saving_s, Rule.parse(begins), Rule.parse(ends))

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(seconds=self.offset_s) + self.dst(dt)

    def dst(self, dt: datetime | None) -> timedelta:
        if dt is None or not (self.begins and self.ends and self.saving_s):
            return timedelta(0)
        clock, saving = dt.replace(tzinfo=None), timedelta(seconds=self.saving_s)
        begins, ends = self.begins.within(dt.year), self.ends.within(dt.year)
        if begins <= clock < begins + saving:  # an hour that no clock shows (PEP 495: fold 0 is the time before)
            return saving if dt.fold else timedelta(0)
        if ends - saving <= clock < ends:  # an hour that a clock shows twice: first with daylight saving, then without
            return timedelta(0) if dt.fold else saving
        return saving if _between(begins, clock, ends) else timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        return f"UTC{self.offset_s / 3600:+g}"

    def fromutc(self, dt: datetime) -> datetime:
        """The clock's time of a UTC instant, which the rules decide on the clock without daylight saving."""
        standard = dt + timedelta(seconds=self.offset_s)
        if not (self.begins and self.ends and self.saving_s):
            return standard
        clock, saving = standard.replace(tzinfo=None), timedelta(seconds=self.saving_s)
        begins, ends = self.begins.within(standard.year), self.ends.within(standard.year)
        if _between(begins, clock, ends - saving):
            return standard + saving
        return standard.replace(fold=int(ends - saving <= clock < ends))


def _between(begins: datetime, clock: datetime, ends: datetime) -> bool:
    """Whether a time lies in the summer of its year, which spans the new year in the south."""
    return begins <= clock < ends if begins < ends else not ends <= clock < begins


def day_start(day: date, zone: tzinfo = UTC) -> int:
    """UTC seconds of a local midnight."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def days(first: date, last: date, zone: tzinfo = UTC) -> tuple[int, int]:
    """UTC seconds in which local days begin and end, from a first to a last one, both inclusive."""
    return day_start(first, zone), day_start(last + _DAY, zone)


def zone_named(name: str) -> tzinfo:
    """The time zone of an IANA name such as America/Los_Angeles. Raises EnergyError if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise EnergyError(f"{name!r} is no time zone", todo="Write its IANA name: America/Los_Angeles.") from error
