"""Reporting months: UTC calendar months, counted from 1970-01, as half-open periods of UTC seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from carbon_tokens.errors import PeriodError

_TEXT = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A UTC calendar month; ``number`` is months since 1970-01, the form used on chain.

    Raises:
        PeriodError: a number below 0 (before 1970-01) or above the last month of the year 9999.
    """

    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < 12 * (10_000 - 1970):
            raise PeriodError(f"month number {self.number} is outside 1970-01 … 9999-12")

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> Month:
        """``"2024-03"`` → Month. Raises PeriodError for anything else."""
        match = _TEXT.fullmatch(text.strip())
        if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1970:
            raise PeriodError(f"{text!r} is not a month", where=where, todo="Write YYYY-MM, from 1970-01 on.")
        return cls(12 * (int(match[1]) - 1970) + int(match[2]) - 1)

    @classmethod
    def of(cls, instant: int) -> Month:
        """The month that holds an instant given in UTC seconds. Raises PeriodError after the year 9999."""
        try:
            day = datetime.fromtimestamp(instant, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise PeriodError(f"{instant} UTC seconds are no instant of the years 1970 to 9999") from error
        return cls(12 * (day.year - 1970) + day.month - 1)

    @property
    def year(self) -> int:
        return 1970 + self.number // 12

    @property
    def start(self) -> int:
        """First instant, UTC seconds."""
        return int(datetime(self.year, self.number % 12 + 1, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """First instant after the month, UTC seconds."""
        year, month = divmod(self.number + 1, 12)
        return int(datetime(1970 + year, month + 1, 1, tzinfo=UTC).timestamp()) if year < 8030 else 253_402_300_800

    @property
    def hours(self) -> int:
        """Hours of the month."""
        return (self.end - self.start) // 3600

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number % 12 + 1:02d}"
