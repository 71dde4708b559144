"""Logs of UPS and servers as hours of energy: each kind by its reader, with what the log itself does not say.

    ups-csv        power or load of a UPS over time                               ``ups_logs``
    upslog         a log of NUT's upslog                                          ``ups_logs``
    ups-sequence   dumps of upsc with TIMER between them, from a start            ``ups_states``
    upsc, snmp     what a UPS says at one instant: powers, but no energy          ``ups_states``
    utilisation    a server's utilisation over time, by a model of its power      ``utilisation``
    gpu-log        power of a GPU node over time, as measured                     ``utilisation``

What a UPS draws counts where its input is logged, or its rating and efficiencies are given; else what it delivers, and
a remark says that its losses are not in it. A loss, a rating or a model is never assumed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import models, series, ups, ups_logs, ups_states, utilisation
from carbon_tokens.energy.exact import Number
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.local_time import zone_named
from carbon_tokens.energy.loss_curve import fit
from carbon_tokens.energy.site import QUALITIES
from carbon_tokens.energy.ups import UpsSample
from carbon_tokens.errors import EnergyError

KINDS = ("ups-csv", "upslog", "ups-sequence", "upsc", "snmp", "utilisation", "gpu-log")
IT_EQUIPMENT = ("utilisation", "gpu-log")  # before UPS, cooling and building
_WALK = re.compile(r"(\.|iso\.)?1\.3\.6\.1\.[0-9.]+( = |\|)")
_DUMP = re.compile(r"(battery|device|driver|input|output|outlet|server|ups)\.[A-Za-z0-9.-]+: ?.*")
_HEAD = 200  # lines that are looked at


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
        start: UTC seconds of a sequence that has no times of its own.
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

    @property
    def tzinfo(self) -> tzinfo:
        """Raises EnergyError for a zone that does not exist."""
        return zone_named(self.zone) if self.zone else UTC


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
    return _kind_of_columns(filled[0])


def read(path: Path | str, kind: str, terms: Terms, utility: str, meter: str) -> Log:
    """The hours of a log, of a meter of that name.

    Raises:
        EnergyError: an unknown kind, a file that its reader refuses, or terms without which it has no energy.
    """
    if kind not in _READERS:
        raise EnergyError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    if terms.count < 1 or terms.quality not in ("", *QUALITIES):
        todo = f"A count is 1 or more, a grade one of {', '.join(QUALITIES)}."
        raise EnergyError(f"{terms.count} machines of grade {terms.quality!r}", todo=todo)
    found = _READERS[kind](Path(path), kind, terms, {"utility": utility, "meter": meter})
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
    if not columns & {"timestamp", "ts"}:
        return ""
    if columns & {"utilisation", "utilisation_pct"}:
        return "utilisation"
    return "ups-csv" if columns & {"output_w", "output_kw", "load_wattage", "load_pct"} else ""


def _zone_remark(terms: Terms) -> tuple[str, ...]:
    return () if terms.zone else ("times without an offset are read as UTC; --zone names another zone",)


def _ups_log(path: Path, kind: str, terms: Terms, named: dict[str, str]) -> Log:
    if kind == "upslog":
        log = ups_logs.read_upslog(path, terms.form, terms.tzinfo)
    else:
        log = ups_logs.read_csv(path, terms.tzinfo)
    return _ups(log.file, kind, log.sha256, log.samples, terms, named, _zone_remark(terms))


def _sequence(path: Path, kind: str, terms: Terms, named: dict[str, str]) -> Log:
    if terms.start is None:
        raise EnergyError("a sequence has no times of its own", where=path.name, todo="Give the time of its start.")
    samples = ups_states.read_sequence(path, terms.start)
    return _ups(path.name, kind, _sha256(path), samples, terms, named, ())


def _ups(
    file: str, kind: str, sha256: str, samples: Sequence[UpsSample], terms: Terms, named: dict[str, str],
    remarks: tuple[str, ...],
) -> Log:  # fmt: skip
    """Hours of what a UPS draws, where that is known; else of what it delivers."""
    told = {**named, "file": file, "sha256": sha256}
    measured = any(each.input_w is not None for each in samples)
    if terms.efficiencies and terms.rating_w is None:
        raise EnergyError("efficiencies of a UPS without its rating", where=file, todo="Give its rating in W.")
    if terms.rating_w is not None and (terms.efficiencies or measured):
        curve = fit(terms.efficiencies).curve if terms.efficiencies else None
        both = ups.energy(samples, ups.Unit(terms.rating_w, curve), longest_s=terms.longest_s, **told)
        how = "as its input is logged" if measured else "by its rating and efficiencies"
        said = f"drawn {how}; delivered {float(both.output_wh):,.0f} Wh, losses {float(both.loss_wh):,.0f} Wh"
        return Log(file, kind, sha256, len(samples), both.input, (*remarks, said), both)
    powers = [_power(each, terms.rating_w, measured) for each in samples]
    if all(watts is None for watts in powers):
        todo = "Give the UPS's rating in W." if any(each.load is not None for each in samples) else "Log its power."
        raise EnergyError("this log has no power", where=file, todo=todo)
    at = [series.Sample(each.at, watts, each.row) for each, watts in zip(samples, powers, strict=True)]
    hours = series.hours(series.stretches(at, file=file, longest_s=terms.longest_s), **told)
    said = "drawn, as its input is logged" if measured else _DELIVERED
    return Log(file, kind, sha256, sum(watts is not None for watts in powers), tuple(hours), (*remarks, said))


_DELIVERED = "delivered by the UPS: its losses are not in it; its rating and efficiencies add them"


def _power(sample: UpsSample, rating_w: Fraction | None, measured: bool) -> Fraction | None:
    if measured:
        return Fraction(0) if sample.on_battery else sample.input_w
    if sample.output_w is not None or sample.load is None or rating_w is None:
        return sample.output_w
    return sample.load * rating_w


def _state(path: Path, kind: str, terms: Terms, named: dict[str, str]) -> Log:
    """One instant: what it says is said, but it has no energy."""
    state = ups_states.read_dump(path) if kind == "upsc" else ups_states.read_walk(path)
    values = {"output": state.output_w, "input": state.input_w, "rating": state.rating_w}
    said = [f"{name} {float(watts):,.0f} W" for name, watts in values.items() if watts is not None]
    said += [f"{name} {float(share):.1%}" for name, share in (("load", state.load), ("efficiency", state.efficiency))
             if share is not None]  # fmt: skip
    said += [state.status] * bool(state.status)
    head = f"{state.name or 'a UPS'} at one instant: {', '.join(said) or 'no power'}; energy needs a log over time"
    return Log(path.name, kind, _sha256(path), 1, (), (head, *state.warnings))


def _utilisation(path: Path, kind: str, terms: Terms, named: dict[str, str]) -> Log:
    log = utilisation.read_csv(path, zone=terms.tzinfo)
    if not terms.model:
        todo = "Name a model of the machine's power, e.g. linear:IDLE:MAX."
        raise EnergyError("utilisation is no energy", where=path.name, todo=todo)
    named_model = models.power(terms.model)
    hours = utilisation.hours(
        log, named_model.model, utility=named["utility"], meter=named["meter"], longest_s=terms.longest_s,
        period_s=terms.period_s,
    )  # fmt: skip
    said = f"power by {named_model.words} ({named_model.source})"
    return Log(log.file, kind, log.sha256, len(log.uses), tuple(hours), (*_zone_remark(terms), said))


def _gpu_log(path: Path, kind: str, terms: Terms, named: dict[str, str]) -> Log:
    log = utilisation.read_gpu_log(path, terms.tzinfo)
    hours = utilisation.hours(
        log, None, utility=named["utility"], meter=named["meter"], period_s=terms.period_s or series.HOUR_S
    )
    said = f"power of {log.machine} as measured"
    return Log(log.file, kind, log.sha256, len(log.uses), tuple(hours), (*_zone_remark(terms), said))


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error


_READERS: dict[str, Callable[[Path, str, Terms, dict[str, str]], Log]] = {
    "ups-csv": _ups_log,
    "upslog": _ups_log,
    "ups-sequence": _sequence,
    "upsc": _state,
    "snmp": _state,
    "utilisation": _utilisation,
    "gpu-log": _gpu_log,
}
