"""Logs of servers as hours: utilisation by a model of power, power as measured, counters, traces, and activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from carbon_tokens.energy import activity, models, prometheus, prometheus_energy, series, traces, utilisation
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.log_terms import Log, Terms
from carbon_tokens.energy.utilisation import UseLog
from carbon_tokens.errors import EnergyError

Names = dict[str, str]


def of_utilisation(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """A CSV of utilisation."""
    return _modelled(utilisation.read_csv(path, zone=terms.tzinfo), kind, terms, named, terms.zone_remark)


def of_bitbrains(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """A virtual machine's trace."""
    log, remarks = traces.read_bitbrains(path)
    return _modelled(log, kind, terms, named, remarks)


def of_averages(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """A cluster's averages."""
    if terms.start is None:
        raise EnergyError("this trace has no times of its own", where=path.name, todo="Give the time of its start.")
    step = terms.period_s or traces.STEP_S
    log = traces.read_average(path, terms.start, step)
    said = f"averages of a cluster, every {step} s: a machine's power by them is that of a machine as busy as the mean"
    return _modelled(log, kind, replace(terms, period_s=step), named, (said,))


def of_gpu_log(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """A GPU node's measured power."""
    log = utilisation.read_gpu_log(path, terms.tzinfo)
    period = terms.period_s or series.HOUR_S
    hours = utilisation.hours(log, None, utility=named["utility"], meter=named["meter"], period_s=period)
    said = f"power of {log.machine} as measured"
    return Log(log.file, kind, log.sha256, len(log.uses), tuple(hours), (*terms.zone_remark, said))


def of_prometheus(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """An answer of Prometheus: each machine by its counters of joules or power, else by its CPU time and a model."""
    answer = prometheus.read(path)
    if terms.machine and terms.machine not in answer.instances:
        todo = f"It has {', '.join(answer.instances)}."
        raise EnergyError(f"no machine {terms.machine!r}", where=answer.file, todo=todo)
    hours, remarks = list[Hour](), list(answer.warnings)
    for machine in [terms.machine] if terms.machine else answer.instances:
        meter = machine if len(answer.instances) > 1 and not terms.machine else named["meter"]
        found, said = _of_machine(answer, machine, terms, {**named, "meter": meter})
        hours += found
        remarks.append(f"{machine}: {said}")
    samples = sum(len(each.samples) for each in answer.series if terms.machine in ("", each.instance))
    return Log(answer.file, kind, answer.sha256, samples, tuple(hours), tuple(remarks))


def of_activity(path: Path, kind: str, terms: Terms, named: Names) -> Log:
    """Activity by rates."""
    found = activity.read(path, terms.tzinfo)
    remarks = tuple(f"{each.where}: {each.formula} ({each.source})" for each in found)
    hours = activity.hours(found, utility=named["utility"], meter=named["meter"])
    return Log(found[0].file, kind, found[0].file_sha256, len(found), tuple(hours), remarks)


def _of_machine(answer: prometheus.Answer, machine: str, terms: Terms, named: Names) -> tuple[Sequence[Hour], str]:
    taken = prometheus_energy.counters(answer, machine, terms.parts)
    told = {"utility": named["utility"], "meter": named["meter"]}
    if taken or not answer.of([prometheus_energy.CPU], machine):
        hours = prometheus_energy.hours(answer, machine, longest_s=terms.longest_s, parts=terms.parts, **told)
        return hours, f"by {', '.join(sorted({each.metric for each in taken}))}"
    log = prometheus_energy.utilisation(answer, machine, terms.longest_s)
    found = _modelled(log, "prometheus", replace(terms, period_s=None), named, ())
    return found.hours, found.remarks[-1]


def _modelled(log: UseLog, kind: str, terms: Terms, named: Names, remarks: tuple[str, ...]) -> Log:
    if not terms.model:
        todo = "Name a model of the machine's power, e.g. linear:IDLE:MAX."
        raise EnergyError("utilisation is no energy", where=log.file, todo=todo)
    if terms.quality == "A":
        raise EnergyError("grade A of modelled power", where=log.file, todo="A model is of grade B, C or D.")
    model = models.power(terms.model)
    hours = utilisation.hours(
        log, model.model, utility=named["utility"], meter=named["meter"], longest_s=terms.longest_s,
        period_s=terms.period_s,
    )  # fmt: skip
    said = f"power by {model.words} ({model.source})"
    return Log(log.file, kind, log.sha256, len(log.uses), tuple(hours), (*remarks, said))
