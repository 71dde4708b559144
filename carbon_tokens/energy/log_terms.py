"""What a log does not say of itself, and what it holds once it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import series, ups, ups_logs
from carbon_tokens.energy.exact import Number
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.local_time import zone_named
from carbon_tokens.errors import EnergyError


@dataclass(frozen=True, slots=True)
class Terms:
    """What a log does not say of itself.

    Attributes:
        zone: IANA name of the zone of stamps without an offset; "" for UTC, which a remark says.
        form: format string of upslog.
        rating_w, efficiencies: of a UPS: rating in W, efficiency by load, both as shares.
        model: words that name a model of power (``models``); count: of equal machines that the log stands for.
        quality: grade of the hours, where the caller knows better than the kind's default: B for figures that were
            measured on the machine itself.
        longest_s: a longer stretch without a sample is a gap; period_s: of samples that are averages.
        start: UTC seconds of a sequence or trace that has no times of its own.
        machine: of a file of several, the one that is meant; "" for all.
        parts: whether parts of a server (its packages and memory) may stand for it, where that is all there is.
    """

    zone: str = ""
    form: str = ups_logs.DEFAULT_FORMAT
    rating_w: Fraction | None = None
    efficiencies: Mapping[Number, Number] = field(default_factory=dict)
    model: str = ""
    count: int = 1
    quality: str = ""
    longest_s: int = series.LONGEST_S
    period_s: int | None = None
    start: int | None = None
    machine: str = ""
    parts: bool = False

    @property
    def tzinfo(self) -> tzinfo:
        """Raises EnergyError for a zone that does not exist."""
        return zone_named(self.zone) if self.zone else UTC

    @property
    def zone_remark(self) -> tuple[str, ...]:
        """What a reader of times without an offset has to say."""
        return () if self.zone else ("times without an offset are read as UTC; --zone names another zone",)


@dataclass(frozen=True, slots=True)
class Log:
    """The hours of a log, its rows that count, the sha-256 of its bytes (64 hex digits), and remarks.

    ``ups`` holds both sides of a UPS whose losses are known.
    """

    file: str
    kind: str
    sha256: str
    rows: int
    hours: tuple[Hour, ...]
    remarks: tuple[str, ...] = ()
    ups: ups.UpsEnergy | None = None


def sha256_of(path: Path) -> str:
    """sha-256 of a file, 64 hex digits. Raises EnergyError for one that cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
