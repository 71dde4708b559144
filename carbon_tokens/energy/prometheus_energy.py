"""Servers as Prometheus has recorded them: node_exporter's CPU time, and counters of joules (Kepler, RAPL).

    node_cpu_seconds_total             seconds of each CPU in each mode; a machine's utilisation between two samples is
                                       1 − (idle + iowait seconds) / all seconds, over the CPUs that both samples have
    kepler_node_platform_joules_total  the whole server, as its own sensors (ACPI, Redfish) measured it
    kepler_node_platform_watts         the same as W at an instant
    kepler_node_cpu_joules_total,      parts of a server: packages and memory, without power supply, disks and fans; of
    kepler_node_package_joules_total   Kepler's zones package and dram, because core and uncore are in package
    … dram …, node_rapl_package_…

A counter that falls was reset: it counts from 0 again, as Prometheus's own ``increase`` takes it. But RAPL's registers
wrap around at a size that is not recorded, so a fall of theirs is a gap. Nothing is extrapolated: joules between two
samples belong to the time between them, and a stretch longer than ``longest_s`` is a gap. One machine recorded by two
servers or jobs is refused, because it would count twice. Parts of a server are never taken for the whole: who wants
them says ``parts=True``, which is written, and grade C.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from carbon_tokens.energy import series
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.prometheus import Answer, Series
from carbon_tokens.energy.series import LONGEST_S, Sample, Stretch
from carbon_tokens.energy.utilisation import Use, UseLog
from carbon_tokens.errors import EnergyError

CPU = "node_cpu_seconds_total"
WHOLE = "kepler_node_platform_joules_total"
POWER = "kepler_node_platform_watts"
PARTS = (
    "kepler_node_cpu_joules_total", "kepler_node_package_joules_total", "kepler_node_dram_joules_total",
    "node_rapl_package_joules_total", "node_rapl_dram_joules_total",
)  # fmt: skip
_TOGETHER = (PARTS[:1], PARTS[1:3], PARTS[3:])  # each exporter's, the package first
_ZONES = ("package", "dram")  # of kepler_node_cpu_joules_total
_HARDWARE = frozenset(("cpu", "mode", "zone", "path", "index", "source", "package", "socket", "chassis_id", "sensor"))
_WRAPS = "node_rapl_"
_IDLE = ("idle", "iowait")
_COUNTED = ("guest", "guest_nice")  # in user and nice already
_LOOKBACK_S = 300  # that Prometheus repeats a value for, where a scrape failed
_LIMIT_W = 10**6  # of one machine


def utilisation(answer: Answer, instance: str, longest_s: int = LONGEST_S) -> UseLog:
    """A machine's utilisation from ``node_cpu_seconds_total``: of each step, from its start on.

    Steps longer than ``longest_s`` have none, nor have those in which no CPU is known at both ends.

    Raises:
        EnergyError: no such series, no idle time among its modes, the machine twice, or more seconds than time.
    """
    found = answer.of([CPU], instance)
    if not any(each.labels.get("mode") == "idle" for each in found):
        todo = f"Query {CPU} with all its modes."
        raise EnergyError(f"no idle time of {instance}", where=answer.file, todo=todo)
    _refuse_twice(answer.file, found)
    counted = {(each.labels.get("cpu", ""), each.labels.get("mode", "")): dict(each.samples) for each in found
               if each.labels.get("mode") not in _COUNTED}  # fmt: skip
    instants = _moved(sorted({at for samples in counted.values() for at in samples}), counted)
    uses = [Use(start, _used(answer.file, counted, start, end) if end - start <= longest_s else None, row)
            for row, (start, end) in enumerate(pairwise(instants), 1)]  # fmt: skip
    if all(end - start > longest_s for start, end in pairwise(instants)):
        raise _nothing(answer.file, instance, longest_s)
    return UseLog(answer.file, answer.sha256, instance, (*uses, Use(instants[-1], None, len(instants))))


def counters(answer: Answer, instance: str, parts: bool = False) -> list[Series]:
    """The series that ``hours`` takes: the whole server's joules, else its power, else with ``parts`` those of its
    packages and memory; none if there are none.

    Raises:
        EnergyError: the machine twice, or parts that leave the package out.
    """
    for metric in (WHOLE, POWER):
        if found := answer.of([metric], instance):
            _refuse_twice(answer.file, found)
            return found
    pieces = answer.of(PARTS, instance) if parts else []
    kept = next((each for each in _TOGETHER if _of_package(pieces, each[0])), ())
    if pieces and not kept:
        what = f"{', '.join(sorted({each.metric for each in pieces}))} without a package"
        raise EnergyError(what, where=answer.file, todo="Query its zone package too.")
    found = [each for each in pieces if each.metric in kept and each.labels.get("zone", _ZONES[0]) in _ZONES]
    _refuse_twice(answer.file, found)
    return found


def hours(
    answer: Answer, instance: str, *, utility: str, meter: str, longest_s: int = LONGEST_S, parts: bool = False
) -> list[Hour]:
    """The UTC hours of a machine from its counters of joules, or its sensors of power.

    Grade B of the whole server (its own sensors, no meter), C of parts: what they leave out is not known.

    Raises:
        EnergyError: none of them; parts without ``parts``; a counter whose energy cannot be; no hour in which every
            counter has samples that are near enough to each other.
    """
    found = counters(answer, instance, parts)
    if not found:
        pieces = ", ".join(sorted({each.metric for each in answer.of(PARTS, instance)}))
        what = (
            f"{pieces} is a part of {instance}, not the whole server" if pieces else f"no joules or watts of {instance}"
        )
        todo = "Say that parts are meant, or model the server by its CPU time." if pieces else f"Query {WHOLE}."
        raise EnergyError(what, where=answer.file, todo=todo)
    told = {"utility": utility, "meter": meter, "file": answer.file, "sha256": answer.sha256}
    taken = [_of_power(each, told, longest_s) if each.metric == POWER else _of_counter(each, told, longest_s)
             for each in found]  # fmt: skip
    added = _added(taken, "C" if found[0].metric in PARTS else "B")
    if not any(hour.covered_s for hour in added):
        raise _nothing(answer.file, instance, longest_s)
    return added


def _of_package(pieces: Sequence[Series], metric: str) -> bool:
    return any(each.metric == metric and each.labels.get("zone", _ZONES[0]) == _ZONES[0] for each in pieces)


def _nothing(file: str, instance: str, longest_s: int) -> EnergyError:
    what = f"no hour of {instance} has, of each series, two samples at most {longest_s} s apart"
    return EnergyError(what, where=file, todo="Query a shorter step, or say the longest stretch.")


def _refuse_twice(file: str, found: Sequence[Series]) -> None:
    """Refuses series of one counter that differ only in who recorded them."""
    seen: dict[tuple[str, ...], Series] = {}
    for each in found:
        key = (each.metric, *(f"{name}={value}" for name, value in sorted(each.labels.items()) if name in _HARDWARE))
        other = seen.setdefault(key, each)
        if other is not each:
            names = sorted(
                name for name in {*each.labels, *other.labels} if each.labels.get(name) != other.labels.get(name)
            )
            what = f"{each.metric} of {each.instance} is there twice, apart only in {', '.join(names)}"
            raise EnergyError(what, where=file, todo="Query one of them: both would count one machine twice.")


def _moved(
    instants: Sequence[Fraction], counted: Mapping[tuple[str, str], Mapping[Fraction, Fraction]]
) -> list[Fraction]:
    """Instants at which a counter moved: where a scrape failed Prometheus gives the last value again."""
    kept = list(instants[:1])
    for at in instants[1:]:
        if any(samples.get(at) != samples.get(kept[-1]) for samples in counted.values()):
            kept.append(at)
    return kept


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
    if whole > Fraction(11, 10) * (end - start + _LOOKBACK_S) * len(steps):
        raise EnergyError(f"{float(whole):,.0f} CPU seconds in {float(end - start):,.0f} s", where=file,
                          todo="Query the counter itself, not a sum over machines.")  # fmt: skip
    return 1 - idle / whole


def _of_counter(found: Series, told: Mapping[str, str], longest_s: int) -> list[Hour]:
    """Hours of a counter of joules: between two samples the power is what it rose by."""
    stretches = [
        Stretch(start, end, (after - before if after >= before else after) / (end - start), row)
        for row, ((start, before), (end, after)) in enumerate(pairwise(found.samples), 1)
        if end - start <= longest_s and (after >= before or not found.metric.startswith(_WRAPS))
    ]
    if any(each.watts > _LIMIT_W for each in stretches):
        what = f"{found.metric} rises by more than {_LIMIT_W:,} W"
        raise EnergyError(what, where=told["file"], todo="Check its unit: J.")
    return series.hours(stretches, **told)


def _of_power(found: Series, told: Mapping[str, str], longest_s: int) -> list[Hour]:
    samples = [Sample(at, watts, row) for row, (at, watts) in enumerate(found.samples, 1)]
    return series.hours(series.stretches(samples, file=told["file"], longest_s=longest_s), **told)


def _added(several: Sequence[Sequence[Hour]], quality: str) -> list[Hour]:
    """Hours of several counters of one machine, added up; an hour that one of them does not know has no value."""
    by_start: dict[int, list[Hour]] = {}
    for hours_ in several:
        for hour in hours_:
            by_start.setdefault(hour.start, []).append(hour)
    return [_sum(by_start[at], len(several), quality) for at in sorted(by_start)]


def _sum(parts: Sequence[Hour], of: int, quality: str) -> Hour:
    first, known = parts[0], len(parts) == of
    energy = sum((each.energy_wh or Fraction(0) for each in parts), Fraction(0)) if known else None
    covered = min(each.covered_s for each in parts) if known else 0
    return Hour(first.utility, first.meter, first.start, energy, first.file, first.file_sha256,
                min(each.row for each in parts), covered, max(each.last_row for each in parts), quality)  # fmt: skip
