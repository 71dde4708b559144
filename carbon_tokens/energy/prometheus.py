"""Servers as Prometheus has recorded them: node_exporter's CPU time, and counters of joules (Kepler, RAPL).

Read is the answer of its HTTP API (``/api/v1/query_range``, or ``query`` of a range: resultType matrix), from a file or
from a server (``prometheus_api``). What the samples mean depends on the metric, which each series names:

    node_cpu_seconds_total             seconds of each CPU in each mode; a machine's utilisation between two samples is
                                       1 − (idle + iowait seconds) / all seconds, over the CPUs that both samples have
    kepler_node_platform_joules_total  the whole server, as its own sensors (ACPI, Redfish) measured it
    kepler_node_platform_watts         the same as W at an instant
    kepler_node_cpu_joules_total,      parts of a server: packages and memory, without power supply, disks and fans; of
    kepler_node_package_joules_total   Kepler's zones package and dram, because core and uncore are in package
    … dram …, node_rapl_package_…

A counter that falls was reset: it counts from 0 again, as Prometheus's own ``increase`` takes it. Nothing is
extrapolated: joules between two samples belong to the time between them, and a stretch longer than ``longest_s`` is a
gap. Parts of a server are never taken for the whole: who wants them says ``parts=True``, which is written, and grade C.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from carbon_tokens.energy import series
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.series import LONGEST_S, Sample, Stretch, instant, number
from carbon_tokens.energy.utilisation import Use, UseLog
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.nesting import loads

CPU = "node_cpu_seconds_total"
WHOLE = "kepler_node_platform_joules_total"
POWER = "kepler_node_platform_watts"
PARTS = (
    "kepler_node_cpu_joules_total", "kepler_node_package_joules_total", "kepler_node_core_joules_total",
    "kepler_node_dram_joules_total", "node_rapl_package_joules_total", "node_rapl_dram_joules_total",
)  # fmt: skip
_ZONES = ("package", "dram")  # of kepler_node_cpu_joules_total
_IDLE = ("idle", "iowait")
_COUNTED = ("guest", "guest_nice")  # in user and nice already
_POINTS_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class Series:
    """A metric with its labels, and its samples (UTC seconds, value) by time; the values are exact."""

    metric: str
    labels: Mapping[str, str]
    samples: tuple[tuple[Fraction, Fraction], ...]

    @property
    def instance(self) -> str:
        return self.labels.get("instance") or self.labels.get("node") or self.labels.get("node_name") or "unnamed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: its series, warnings of the server, and the sha-256 of the bytes (64 hex digits)."""

    file: str
    sha256: str
    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()

    @property
    def instances(self) -> tuple[str, ...]:
        """The machines, by name."""
        return tuple(sorted({each.instance for each in self.series}))

    def content(self) -> bytes:
        """It as the API gives it, all digits kept: a file that ``read`` reads."""
        rows = [{"metric": dict(each.labels), "values": [[_digits(at), _digits(value)] for at, value in each.samples]}
                for each in self.series]  # fmt: skip
        said = {"status": "success", "data": {"resultType": "matrix", "result": rows}, "warnings": list(self.warnings)}
        return json.dumps(said).encode() + b"\n"

    def of(self, metrics: Iterable[str], instance: str) -> list[Series]:
        """The series of some metrics of a machine."""
        wanted = set(metrics)
        return [each for each in self.series if each.metric in wanted and each.instance == instance]


def is_answer(content: bytes) -> bool:
    """Whether the beginning of a JSON file is an answer of Prometheus rather than of a utility."""
    head = b"".join(content[:4096].split())
    return b'"resultType"' in head or b'"status":"error"' in head


def read(path: Path | str) -> Answer:
    """The answer in a file.

    Raises:
        EnergyError: no such file, no answer of a range, or an answer that says that the query failed.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
    return parse(path.name, content)


def parse(name: str, content: bytes) -> Answer:
    """The answer in bytes. Raises EnergyError as ``read``."""
    try:
        said = loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str)
        if said["status"] != "success":
            raise EnergyError(f"the query failed: {said.get('errorType')}: {said.get('error')}", where=name)
        form, rows = said["data"]["resultType"], said["data"]["result"]
        if form != "matrix":
            todo = "Query a range: query_range, or query with metric[1d]."
            raise EnergyError(f"an answer of type {form!r} has one instant, which is no energy", where=name, todo=todo)
        found = tuple(_series(name, at, row) for at, row in enumerate(rows, 1))
        warnings = tuple(str(each) for each in said.get("warnings") or ())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EnergyError(f"this is no answer of Prometheus ({error})", where=name) from error
    if sum(len(each.samples) for each in found) > _POINTS_LIMIT:
        raise EnergyError("more than 20 million samples", where=name, todo="Query a shorter range or a longer step.")
    twice = _twice(found)
    if twice:
        raise EnergyError(f"{twice} stands there twice", where=name, todo="Give each series once.")
    return Answer(name, hashlib.sha256(content).hexdigest(), found, warnings)


def utilisation(answer: Answer, instance: str, longest_s: int = LONGEST_S) -> UseLog:
    """A machine's utilisation from ``node_cpu_seconds_total``: of each step, from its start on.

    Steps longer than ``longest_s``, or in which a CPU was counted again from 0, have none.

    Raises:
        EnergyError: no such series, no idle time among its modes, or more seconds than time.
    """
    found = answer.of([CPU], instance)
    if not any(each.labels.get("mode") == "idle" for each in found):
        todo = f"Query {CPU} with all its modes."
        raise EnergyError(f"no idle time of {instance}", where=answer.file, todo=todo)
    counted = {(each.labels.get("cpu", ""), each.labels.get("mode", "")): dict(each.samples) for each in found
               if each.labels.get("mode") not in _COUNTED}  # fmt: skip
    instants = sorted({at for samples in counted.values() for at in samples})
    uses = [Use(start, _used(answer.file, counted, start, end) if end - start <= longest_s else None, row)
            for row, (start, end) in enumerate(pairwise(instants), 1)]  # fmt: skip
    ended = [Use(instants[-1], None, len(instants))] if instants else []
    return UseLog(answer.file, answer.sha256, instance, tuple(uses + ended))


def hours(
    answer: Answer, instance: str, *, utility: str, meter: str, longest_s: int = LONGEST_S, parts: bool = False
) -> list[Hour]:
    """The UTC hours of a machine from its counters of joules, or its sensors of power.

    The whole server's counter is taken where there is one (grade B: its own sensors, not a meter); else, with
    ``parts``, those of its packages and memory, which add up (grade C: what they leave out is not known); else power.

    Raises:
        EnergyError: none of them; parts without ``parts``; a counter whose energy cannot be.
    """
    told = {"utility": utility, "meter": meter, "file": answer.file, "sha256": answer.sha256}
    if whole := answer.of([WHOLE], instance):
        return _energy(whole, told, longest_s, "B")
    if sensors := answer.of([POWER], instance):
        return _added([_of_power(each, told, longest_s) for each in sensors], "B")
    pieces = [each for metric in PARTS for each in answer.of([metric], instance)]
    if not pieces:
        raise EnergyError(f"no joules or watts of {instance}", where=answer.file, todo=f"Query {WHOLE}.")
    if not parts:
        names = ", ".join(sorted({each.metric for each in pieces}))
        todo = "Say that parts are meant, or model the whole server by its utilisation."
        raise EnergyError(f"{names} is a part of {instance}, not the whole server", where=answer.file, todo=todo)
    return _energy(_disjoint(answer.file, pieces), told, longest_s, "C")


def _disjoint(file: str, pieces: Sequence[Series]) -> list[Series]:
    """Parts that do not contain each other: one exporter's packages (cores are in them) and memory."""
    pieces = [each for each in pieces if each.labels.get("zone", _ZONES[0]) in _ZONES]
    by_metric = {each.metric for each in pieces}
    for kept in (("kepler_node_package_joules_total", "kepler_node_dram_joules_total"),
                 ("kepler_node_cpu_joules_total",),
                 ("node_rapl_package_joules_total", "node_rapl_dram_joules_total")):  # fmt: skip
        if by_metric & {kept[0]}:
            return [each for each in pieces if each.metric in kept]
    raise EnergyError(f"{', '.join(sorted(by_metric))} alone leave the package out", where=file)


def _series(name: str, at: int, row: Mapping[str, Any]) -> Series:
    labels = {str(key): str(value) for key, value in row["metric"].items()}
    metric = labels.get("__name__", "")
    if not metric:
        raise EnergyError(f"result {at} names no metric: a function was applied to it", where=name,
                          todo="Query the metric itself.")  # fmt: skip
    samples, problems = list[tuple[Fraction, Fraction]](), list[str]()
    for pair in row["values"]:
        stamp, value = pair
        try:
            samples.append((instant(str(stamp)), number(str(value), "value")))
        except CarbonTokensError as error:
            problems.append(error.what)
    if problems:
        raise EnergyError(f"result {at} ({metric}): {problems[0]}, and {len(problems) - 1} more", where=name)
    if any(after[0] <= before[0] for before, after in pairwise(samples)):
        raise EnergyError(f"result {at} ({metric}) is not in the order of time", where=name)
    return Series(metric, labels, tuple(samples))


def _digits(value: Fraction) -> str:
    """A number of finite digits as text."""
    places = next(each for each in range(60) if not value * 10**each % 1)
    return f"{Decimal(int(value * 10**places)).scaleb(-places):f}"


def _twice(found: Sequence[Series]) -> str:
    seen: set[tuple[tuple[str, str], ...]] = set()
    for each in found:
        key = tuple(sorted(each.labels.items()))
        if key in seen:
            return each.metric
        seen.add(key)
    return ""


def _used(
    file: str, counted: Mapping[tuple[str, str], Mapping[Fraction, Fraction]], start: Fraction, end: Fraction
) -> Fraction | None:
    """The utilisation between two instants, over the CPUs whose modes are all known at both and were not reset."""
    steps: dict[str, list[tuple[str, Fraction | None]]] = {}
    for (cpu, mode), samples in counted.items():
        known = start in samples and end in samples
        steps.setdefault(cpu, []).append((mode, samples[end] - samples[start] if known else None))
    idle = whole = Fraction(0)
    for modes in steps.values():
        seconds = [(mode, step) for mode, step in modes if step is not None]
        if len(seconds) < len(modes) or any(step < 0 for _, step in seconds):
            continue
        whole += sum((step for _, step in seconds), Fraction(0))
        idle += sum((step for mode, step in seconds if mode in _IDLE), Fraction(0))
    if not whole:
        return None
    if whole > Fraction(11, 10) * (end - start) * len(steps):
        raise EnergyError(f"{float(whole):,.0f} CPU seconds in {float(end - start):,.0f} s", where=file,
                          todo="Query the counter itself, not a sum over machines.")  # fmt: skip
    return 1 - idle / whole


def _energy(found: Sequence[Series], told: Mapping[str, str], longest_s: int, quality: str) -> list[Hour]:
    return _added([_of_counter(each, told, longest_s) for each in found], quality)


def _of_counter(found: Series, told: Mapping[str, str], longest_s: int) -> list[Hour]:
    """Hours of a counter of joules: between two samples the power is what it rose by."""
    stretches = [
        Stretch(start, end, (after - before if after >= before else after) / (end - start), row)
        for row, ((start, before), (end, after)) in enumerate(pairwise(found.samples), 1)
        if end - start <= longest_s
    ]
    limit = 10**6  # W of one machine
    if any(each.watts > limit for each in stretches):
        raise EnergyError(
            f"{found.metric} rises by more than {limit:,} W", where=told["file"], todo="Check its unit: J."
        )
    return series.hours(stretches, **told)


def _of_power(found: Series, told: Mapping[str, str], longest_s: int) -> list[Hour]:
    samples = [Sample(at, watts, row) for row, (at, watts) in enumerate(found.samples, 1)]
    return series.hours(series.stretches(samples, file=told["file"], longest_s=longest_s), **told)


def _added(several: Sequence[Sequence[Hour]], quality: str) -> list[Hour]:
    """Hours of several counters of one machine, added up; covered is what all of them cover."""
    by_start: dict[int, list[Hour]] = {}
    for hours_ in several:
        for hour in hours_:
            by_start.setdefault(hour.start, []).append(hour)
    return [_sum(by_start[at], len(several), quality) for at in sorted(by_start)]


def _sum(parts: Sequence[Hour], of: int, quality: str) -> Hour:
    first = parts[0]
    energy = sum((each.energy_wh or Fraction(0) for each in parts), Fraction(0))
    covered = min(each.covered_s for each in parts) if len(parts) == of else 0
    return Hour(first.utility, first.meter, first.start, energy, first.file, first.file_sha256,
                min(each.row for each in parts), covered, max(each.last_row for each in parts), quality)  # fmt: skip
