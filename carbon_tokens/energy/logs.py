"""Logs of UPS and servers as hours of energy: each kind by its reader, with what the log itself does not say.

    ups-csv          power or load of a UPS over time                               ``ups_logs``
    upslog           a log of NUT's upslog                                          ``ups_logs``
    ups-sequence     dumps of upsc with TIMER between them, from a start            ``ups_states``
    upsc, snmp       what a UPS says at one instant: powers, but no energy          ``ups_states``
    utilisation      a server's utilisation over time, by a model of its power      ``utilisation``
    bitbrains        a virtual machine's trace, by a model of its CPUs              ``traces``
    cluster-average  averages of a cluster, by a model of a machine, from a start   ``traces``
    gpu-log          power of a GPU node over time, as measured                     ``utilisation``
    prometheus       CPU time by a model, or counters of joules                     ``prometheus``
    activity         rack units, storage, network … by rates                        ``activity``

What a UPS draws counts where its input is logged, or its rating and efficiencies are given; else what it delivers, and
a remark says that its losses are not in it. A loss, a rating or a model is never assumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from carbon_tokens.energy import activity, logs_of_servers, logs_of_ups, traces, ups_logs
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.log_terms import Log, Terms
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.errors import EnergyError

READERS: dict[str, Callable[[Path, str, Terms, dict[str, str]], Log]] = {
    "ups-csv": logs_of_ups.over_time,
    "upslog": logs_of_ups.over_time,
    "ups-sequence": logs_of_ups.sequence,
    "upsc": logs_of_ups.state,
    "snmp": logs_of_ups.state,
    "utilisation": logs_of_servers.of_utilisation,
    "bitbrains": logs_of_servers.of_bitbrains,
    "cluster-average": logs_of_servers.of_averages,
    "gpu-log": logs_of_servers.of_gpu_log,
    "prometheus": logs_of_servers.of_prometheus,
    "activity": logs_of_servers.of_activity,
}
KINDS = tuple(READERS)
_WALK = re.compile(r"(\.|iso\.)?1\.3\.6\.1\.[0-9.]+( = |\|)")
_DUMP = re.compile(r"(battery|device|driver|input|output|outlet|server|ups)\.[A-Za-z0-9.-]+: ?.*")
_HEAD = 200  # lines that are looked at


def kind_of(path: Path) -> str:
    """The kind of log that a text file is, by its first lines and columns; "" if it is none of them."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = [line.rstrip("\r\n") for _, line in zip(range(_HEAD), file, strict=False)]
    except (OSError, UnicodeDecodeError):
        return ""
    filled = [line for line in lines if line.strip() and not line.startswith("#")]
    if not filled:
        return ""
    if _WALK.match(filled[0]):
        return "snmp"
    if sum(bool(_DUMP.fullmatch(line)) for line in filled) > len(filled) // 2:
        return "ups-sequence" if any(line.startswith("TIMER ") for line in _texts(path)) else "upsc"
    if ups_logs.compiled(ups_logs.DEFAULT_FORMAT).fullmatch(filled[0]):
        return "upslog"
    return traces.kind_of(filled[0]) or _kind_of_columns(filled[0])


def read(path: Path | str, kind: str, terms: Terms, utility: str, meter: str) -> Log:
    """The hours of a log, of a meter of that name.

    Raises:
        EnergyError: an unknown kind, a file that its reader refuses, or terms without which it has no energy.
    """
    if kind not in READERS:
        raise EnergyError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    if terms.count < 1 or terms.quality not in ("", *QUALITIES):
        todo = f"A count is 1 or more, a grade one of {', '.join(QUALITIES)}."
        raise EnergyError(f"{terms.count} machines of grade {terms.quality!r}", todo=todo)
    found = READERS[kind](Path(path), kind, terms, {"utility": utility, "meter": meter})
    said = [f"{terms.count} equal machines"] * (terms.count > 1)
    return replace(found, hours=tuple(_graded(each, terms) for each in found.hours), remarks=(*found.remarks, *said))


def _graded(hour: Hour, terms: Terms) -> Hour:
    energy = None if hour.energy_wh is None else hour.energy_wh * terms.count
    return replace(hour, energy_wh=energy, quality=terms.quality or hour.quality)


def _texts(path: Path) -> list[str]:
    return path.read_text("utf-8-sig", errors="replace").splitlines()


def _kind_of_columns(header: str) -> str:
    if "\t" in header:
        cells = [cell.strip() for cell in header.split("\t")]
        return "gpu-log" if {"timestamp", "powerave", "utilave"} <= {*cells} else ""
    columns = {cell.strip() for cell in header.split(",")}
    if {*activity.COLUMNS} <= columns:
        return "activity"
    if not columns & {"timestamp", "ts"}:
        return ""
    if columns & {"utilisation", "utilisation_pct"}:
        return "utilisation"
    return "ups-csv" if columns & {"output_w", "output_kw", "load_wattage", "load_pct"} else ""
