"""Months by hour: consumption, and granular certificates with their generation.

Hours are UTC: a month has 672 to 744 of them, and no day of 23 or 25. A granular certificate is a batch of RECs of one
month whose evidence is keccak256(document ‖ keccak256(generation)), so that no hour of it can be changed after it was
issued. It is retired whole, through HourlyMatching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import rfc8785
from eth_hash.auto import keccak

from carbon_tokens.allocation.shares import split
from carbon_tokens.energy import hourly
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.errors import EnergyError, LedgerError
from carbon_tokens.ledger.ids import REC, batch_id
from carbon_tokens.ledger.records import Batch
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month
from carbon_tokens.units import ceil, floor

HOUR_LIMIT = 1 << 31  # Wh
TYPE = "carbon-tokens/granular-certificate/1"
_NAMES = {"type", "registry", "document", "month", "generation"}


@dataclass(frozen=True, slots=True)
class HourlyVector:
    """Wh of every hour of a UTC month, from its first hour on: 672 to 744 of them.

    Raises:
        EnergyError: another number of hours, or one that is negative or 2^31 Wh or more.
    """

    month: Month
    hours: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.hours) != self.month.hours:
            what = f"{len(self.hours)} hours, but {self.month} has {self.month.hours}"
            raise EnergyError(what, where="hours", todo="Give every hour of the month, in UTC.")
        for start, energy in zip(range(self.month.start, self.month.end, 3600), self.hours, strict=True):
            if type(energy) is not int or not 0 <= energy < HOUR_LIMIT:
                raise EnergyError(f"{energy!r} is no amount below 2^31 Wh", where=_named(start), todo="Check the unit.")

    @property
    def total(self) -> int:
        """Wh of the month."""
        return sum(self.hours)

    def packed(self) -> bytes:
        """4 bytes an hour, big-endian Wh: the form that the contract takes."""
        return b"".join([energy.to_bytes(4) for energy in self.hours])

    @classmethod
    def unpacked(cls, month: Month, data: bytes) -> HourlyVector:
        """The vector in packed bytes. Raises EnergyError for any other length."""
        if len(data) % 4:
            raise EnergyError(f"{len(data)} bytes are no whole hours", where="hours")
        return cls(month, tuple(int.from_bytes(data[at : at + 4]) for at in range(0, len(data), 4)))

    @classmethod
    def of_consumption(cls, hours: Sequence[Hour], month: Month) -> HourlyVector:
        """Consumption of a month, summed over its meters. Each meter's hours add up to its reading, rounded up.

        Raises:
            EnergyError: an hour is missing, repeated or too large.
        """
        return cls(month, _summed(_by_meter(hours, month), month, ceil))

    @classmethod
    def of_generation(cls, hours: Sequence[Hour], month: Month) -> HourlyVector:
        """Generation of a month, summed over its meters, each rounded down. Raises as ``of_consumption``."""
        return cls(month, _summed(_by_meter(hours, month), month, floor))

    def spread(self, total: int) -> HourlyVector:
        """The same shape with another total (a bill's, say), by largest remainder. Raises EnergyError if it is zero."""
        if total and not self.total:
            raise EnergyError(f"{total} Wh cannot be spread over hours that are all zero", where="hours")
        parts = split(total, dict(enumerate(self.hours)))
        return HourlyVector(self.month, tuple(parts[at] for at in range(len(self.hours))))

    def matched(self, supplies: Iterable[HourlyVector]) -> int:
        """Wh consumed in hours in which the supplies together generated as much: what the contract will find."""
        supply = [sum(each) for each in zip(*(one.hours for one in supplies), strict=True)] or [0] * len(self.hours)
        return sum(map(min, self.hours, supply))


@dataclass(frozen=True, slots=True)
class GranularCertificate:
    """RECs of one UTC month with their generation by hour. ``document`` is the hash of the registry's document."""

    registry: str
    document: bytes
    generation: HourlyVector

    @property
    def evidence(self) -> bytes:
        """What the batch is issued with."""
        return keccak(self.document + keccak(self.generation.packed()))

    @property
    def id(self) -> int:
        """Its token."""
        return batch_id(REC, self.registry, self.evidence)

    @property
    def amount(self) -> int:
        """Wh."""
        return self.generation.total

    def batch(self, serial_from: int, serial_thru: int) -> Batch:
        """What is issued of it: all of its month, under the registry's serials."""
        month = self.generation.month
        return Batch(self.evidence, self.amount, serial_from, serial_thru, month.start, month.end)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": TYPE,
            "registry": self.registry,
            "document": "0x" + self.document.hex(),
            "month": str(self.generation.month),
            "generation": "0x" + self.generation.packed().hex(),
        }

    def write(self, path: Path | str) -> None:
        """Writes the file that its holder retires and an auditor matches it with."""
        Path(path).write_bytes(rfc8785.dumps(self.to_json()) + b"\n")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> GranularCertificate:
        """The certificate in parsed JSON. Raises LedgerError if it is none."""
        try:
            if value["type"] != TYPE or value.keys() != _NAMES:
                raise ValueError(f"other fields than {', '.join(sorted(_NAMES))}")
            month, (document, packed) = (
                Month.parse(value["month"]),
                map(_octets, (value["document"], value["generation"])),
            )
            if len(document) != 32:
                raise ValueError("the document's hash has no 32 bytes")
            return cls(str(value["registry"]), document, HourlyVector.unpacked(month, packed))
        except (KeyError, TypeError, ValueError, AttributeError) as failure:
            raise LedgerError(f"this is no granular certificate: {failure}", where=TYPE) from failure

    @classmethod
    def read(cls, path: Path | str) -> GranularCertificate:
        """The certificate in a file. Raises LedgerError if there is none."""
        try:
            return cls.from_json(loads(Path(path).read_bytes()))
        except (OSError, ValueError) as failure:
            raise LedgerError(f"this is no granular certificate: {failure}", where=str(path)) from failure


def read_hours(path: Path | str, *, utility: str = "", meter: str = "") -> list[Hour]:
    """The hours of a CSV: hour_start_utc and energy_wh or power_w; see ``energy.hourly``. Raises EnergyError."""
    return hourly.read(path, utility, meter)


def _by_meter(hours: Sequence[Hour], month: Month) -> list[dict[int, Hour]]:
    """The hours of the month by their start, meter by meter.

    Raises:
        EnergyError: there are none, one is missing, stands twice, or was not metered by the hour.
    """
    found: dict[bytes, dict[int, Hour]] = {}
    for hour in hours:
        if not month.start <= hour.start < month.end:
            continue
        first = found.setdefault(hour.meter_id, {}).setdefault(hour.start, hour)
        if first is not hour:
            raise EnergyError(f"the same hour as {first.file}:{first.row}", where=f"{hour.file}:{hour.row}")
    if not found:
        raise EnergyError(f"there is no hour of {month}", where=hours[0].file if hours else "hours")
    for meter in found.values():
        _require_whole(meter, month)
    return [found[key] for key in sorted(found)]


def _require_whole(meter: Mapping[int, Hour], month: Month) -> None:
    starts = range(month.start, month.end, 3600)
    absent = [start for start in starts if start not in meter or not meter[start].complete]
    any_hour = next(iter(meter.values()))
    if absent:
        where = any_hour.file
        if absent[0] in meter:  # the row is there, its cell is empty
            where = f"{meter[absent[0]].file}:{meter[absent[0]].row}"
        what = f"{len(absent)} of {month.hours} hours missing for meter {any_hour.meter}, from {_named(absent[0])}"
        raise EnergyError(what, where=where, todo="Complete the data: a missing hour is never matched by a guess.")
    for hour in meter.values():
        if hour.quality != "A":
            what = f"an hour of grade {hour.quality}: it was estimated, or spread from a longer interval"
            todo = "Hours are matched as metered; claim this month by the year."
            raise EnergyError(what, where=f"{hour.file}:{hour.row}", todo=todo)
        if hour.energy_wh is not None and hour.energy_wh >= HOUR_LIMIT:
            what = f"{float(hour.energy_wh):,.0f} Wh in one hour is 2^31 Wh or more"
            raise EnergyError(what, where=f"{hour.file}:{hour.row}", todo="Check the unit.")


def _summed(meters: list[dict[int, Hour]], month: Month, whole: Callable[[Fraction], int]) -> tuple[int, ...]:
    sums = [0] * month.hours
    for meter in meters:
        values = [meter[start].energy_wh or Fraction(0) for start in range(month.start, month.end, 3600)]
        for at, energy in enumerate(_integers(values, whole(sum(values, Fraction(0))))):
            sums[at] += energy
    return tuple(sums)


def _integers(values: list[Fraction], total: int) -> list[int]:
    """Values as integers that add up to a total next to their sum: floors, the rest to the largest fractions."""
    parts = [floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda at: (parts[at] - values[at], at))
    for at in order[: total - sum(parts)]:
        parts[at] += 1
    return parts


def _named(start: int) -> str:
    return datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%HZ")


def _octets(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("hex without 0x")
    return bytes.fromhex(text[2:])
