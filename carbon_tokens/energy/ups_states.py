"""What a UPS says at one instant: dumps of NUT's ``upsc`` and SNMP walks.

A dump is ``variable: value`` lines. A walk is ``oid|type|value`` lines (snmprec) or those of ``snmpwalk -On``; of
what it holds these are read, summed over the phases:

    UPS-MIB (RFC 1628)      1.3.6.1.2.1.33.1      input 3.3.1.5 W, source 4.1, output 4.4.1.4 W, 4.4.1.5 %, rating 9.6 W
    Eaton XUPS              1.3.6.1.4.1.534.1     input 3.4.1.4 W, load 4.1 %, output 4.4.1.4 W, source 4.5, rating 10.3
    APC PowerNet            1.3.6.1.4.1.318.1.1.1 status 4.1.1, load 4.3.3 in 0.1 % or 4.2.3 in %
    NUT's extend for SNMP   1.3.6.1.4.1.8072…     load, the eighth line

Devices say wrong things, and a value that another one contradicts is left out and named, never corrected: a real power
above the apparent one or above the rating, an input of 0 W beside an output, a rating that load and power contradict,
and what whoever made a public dump marked as BAD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import ups_logs
from carbon_tokens.energy.loss_curve import OVERLOAD
from carbon_tokens.energy.series import number
from carbon_tokens.energy.ups import UpsSample
from carbon_tokens.errors import EnergyError

UPS_MIB, XUPS, POWERNET = "1.3.6.1.2.1.33.1.", "1.3.6.1.4.1.534.1.", "1.3.6.1.4.1.318.1.1.1."
NUT_EXTEND = "1.3.6.1.4.1.8072.1.3.2.4.1.2.7.117.112.115.45.110.117.116."  # "ups-nut"
_SOURCES = {"2": "OFF", "3": "OL", "4": "OL BYPASS", "5": "OB", "6": "OL BOOST", "7": "OL TRIM"}  # UPS-MIB and XUPS
_XUPS_SOURCES = {**_SOURCES, "8": "OL", "9": "OL", "10": "OL HE"}
_POWERNET_STATUS = {
    **{"2": "OL", "3": "OB", "4": "OL BOOST", "5": "OFF", "6": "OL BYPASS", "7": "OFF", "9": "OL BYPASS"},
    **{"10": "OL BYPASS", "11": "OFF", "12": "OL TRIM"},
}
_PAIR = re.compile(r"([a-z][A-Za-z0-9._-]*):(?: (.*))?")
_SNMPREC = re.compile(r"([0-9.]+)\|[0-9]+x?[a-z:]*\|(.*)")
_SNMPWALK = re.compile(r"(?:\.|iso\.)?([0-9.]+) = (?:[A-Za-z0-9-]+: )?(.*)")
_LIMIT = 20_000  # lines


@dataclass(frozen=True, slots=True)
class UpsState:
    """A UPS at one instant: powers and rating in W, load and efficiency as shares; None where it says nothing."""

    name: str
    output_w: Fraction | None = None
    input_w: Fraction | None = None
    load: Fraction | None = None
    rating_w: Fraction | None = None
    efficiency: Fraction | None = None
    status: str = ""
    warnings: tuple[str, ...] = ()

    def sample(self, at: Fraction, row: int = 0) -> UpsSample:
        """It as a sample of a log, for those who poll."""
        return UpsSample(at, row, self.output_w, self.input_w, self.load, self.status)


def read_dump(path: Path | str) -> UpsState:
    """A dump of ``upsc``.

    Raises:
        EnergyError: naming by file:row a line that is no ``variable: value``, a variable that is there twice with
            another value, or a value that is no number where it should be.
    """
    path = Path(path)
    lines = [(row, line) for row, line in _lines(path) if not line.startswith("#")]
    return _dumped(*_variables(path.name, lines))


def read_sequence(path: Path | str, start: int = 0) -> list[UpsSample]:
    """Samples of a dummy-ups sequence (.seq): dumps, of which each lasts for the ``TIMER`` seconds after it.

    Raises:
        EnergyError: as ``read_dump``; a sequence without a TIMER.
    """
    path, at, found, samples = Path(path), Fraction(start), dict[str, str](), list[UpsSample]()
    block: list[tuple[int, str]] = []
    for row, line in _lines(path):
        if line.startswith("TIMER "):
            found |= _variables(path.name, block)[0]
            samples.append(_dumped(found, ()).sample(at, row))
            at += number(line.removeprefix("TIMER ").strip(), "time in seconds")
            block = []
        elif not line.startswith("#"):
            block.append((row, line))
    if not samples:
        raise EnergyError("a sequence without TIMER", where=path.name)
    return [*samples, replace(samples[-1], at=at)]


def read_walk(path: Path | str) -> UpsState:
    """An SNMP walk of a UPS.

    Raises:
        EnergyError: a line that is none of a walk, by file:row; a walk without any of the known trees.
    """
    path, found, wide = Path(path), dict[str, str](), False
    for row, line in _lines(path):
        match = _SNMPREC.fullmatch(line) or _SNMPWALK.fullmatch(line)
        if match:
            found[match[1].strip(".")] = match[2].strip().strip('"')
        wide = wide or match is not None
        if not match and (not wide or re.match(r"(\.|iso\.)?1\.3\.", line)):  # texts of a walk may hold line breaks
            todo = "Give snmpwalk -On or an snmprec file."
            raise EnergyError("no line of an SNMP walk", where=f"{path.name}:{row}", todo=todo)
    for tree, reader in ((UPS_MIB, _ups_mib), (XUPS, _xups), (POWERNET, _powernet), (NUT_EXTEND, _nut_extend)):
        below = {oid.removeprefix(tree): value for oid, value in found.items() if oid.startswith(tree)}
        if (state := reader(below) if below else None) and (state.output_w is not None or state.load is not None):
            return _checked(state)
    raise EnergyError("no power or load of a UPS in this walk", where=path.name, todo="Walk the UPS's own tree too.")


def _dumped(found: Mapping[str, str], bad: Iterable[str]) -> UpsState:
    sample = ups_logs.of_variables(Fraction(0), 0, dict(found))
    rating = _number(found, "ups.realpower.nominal") or _number(found, "output.realpower.nominal")
    efficiency = _number(found, "ups.efficiency")
    phases = [_total([found.get(f"{side}.L{at}.realpower", "") for at in (1, 2, 3)]) for side in ("output", "input")]
    state = UpsState(
        " ".join(found.get(key, "") for key in ("device.mfr", "device.model")).strip() or found.get("ups.model", ""),
        output_w=sample.output_w if phases[0] is None else phases[0],
        input_w=sample.input_w if phases[1] is None else phases[1],
        load=sample.load,
        rating_w=rating or None,
        efficiency=efficiency / 100 if efficiency and efficiency <= 100 else None,
        status=sample.status,
        warnings=tuple(f"{variable} is marked as bad and left out" for variable in bad),
    )
    apparent = _number(found, "ups.power") or _number(found, "output.power")
    return _checked(state, apparent if phases[0] is None else None)  # beside phases it is the first one's alone


def _checked(state: UpsState, apparent_va: Fraction | None = None) -> UpsState:
    """A state without the values that others contradict, and with a warning for each."""
    output, rating, load = state.output_w, state.rating_w, state.load
    if output and rating and load and not rating * load / 3 <= output <= rating * load * 3:
        what = (
            f"{_w(output)} at a load of {float(load):.0%} contradict a rating of {_w(rating)}: the rating is left out"
        )
        state, rating = replace(state, rating_w=None, warnings=(*state.warnings, what)), None
    limit = min((each for each in (rating and rating * OVERLOAD, apparent_va) if each), default=None)
    if output and limit and output > limit * Fraction("1.02"):  # rounding of both
        what = f"{_w(output)} real power is more than {_w(limit)}: it is left out"
        state = replace(state, output_w=None, warnings=(*state.warnings, what))
    if state.output_w and state.input_w == 0 and "OB" not in state.status.split():
        what = f"an input of 0 W at an output of {_w(state.output_w)}: the input is not measured"
        state = replace(state, input_w=None, warnings=(*state.warnings, what))
    if {"OL", "OB"} <= set(state.status.split()):
        what = f"status {state.status!r} is on line and on battery: it is left out"
        state = replace(state, status="", warnings=(*state.warnings, what))
    return state


def _ups_mib(oids: Mapping[str, str]) -> UpsState:
    loads = [value for value in (_value(each) for each in _column(oids, "4.4.1.5.")) if value is not None]
    return UpsState(
        oids.get("1.2.0", "") or oids.get("1.1.0", ""),
        output_w=_total(_column(oids, "4.4.1.4.")),
        input_w=_total(_column(oids, "3.3.1.5.")),
        load=sum(loads, Fraction(0)) / len(loads) / 100 if loads else None,
        rating_w=_number(oids, "9.6.0") or None,
        status=_SOURCES.get(_code(oids, "4.1.0"), ""),
    )


def _xups(oids: Mapping[str, str]) -> UpsState:
    return UpsState(
        oids.get("1.2.0", ""),
        output_w=_total(_column(oids, "4.4.1.4.")),
        input_w=_total(_column(oids, "3.4.1.4.")),
        load=_share(oids, "4.1.0", 100),
        rating_w=_number(oids, "10.3.0") or None,
        status=_XUPS_SOURCES.get(_code(oids, "4.5.0"), ""),
    )


def _powernet(oids: Mapping[str, str]) -> UpsState:
    precise = _share(oids, "4.3.3.0", 1000)
    return UpsState(
        oids.get("1.1.1.0", ""),
        load=precise if precise is not None else _share(oids, "4.2.3.0", 100),
        status=_POWERNET_STATUS.get(_code(oids, "4.1.1.0"), ""),
    )


def _nut_extend(oids: Mapping[str, str]) -> UpsState:
    return UpsState("", load=_share(oids, "8", 100))


def _variables(name: str, lines: Iterable[tuple[int, str]]) -> tuple[dict[str, str], list[str]]:
    """Variables by name, and those that are marked as bad."""
    found, bad = dict[str, str](), list[str]()
    for row, line in lines:
        match = _PAIR.fullmatch(line)
        if not match:
            raise EnergyError("no variable: value of upsc", where=f"{name}:{row}")
        value, _, remark = (match[2] or "").partition("#")
        if remark.startswith("BAD"):
            bad.append(match[1])
        elif found.setdefault(match[1], value.strip()) != value.strip():
            raise EnergyError(f"{match[1]} is there twice", where=f"{name}:{row}")
    return found, bad


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise EnergyError(f"this file cannot be read ({error.strerror})", where=path.name) from error
    if len(lines) > _LIMIT or not any(line.strip() for line in lines):
        raise EnergyError(f"{len(lines)} lines are no state of a UPS", where=path.name)
    return [(row, line.strip()) for row, line in enumerate(lines, 1) if line.strip()]


def _column(oids: Mapping[str, str], prefix: str) -> list[str]:
    """The values of a table's column, one for each phase."""
    return [value for oid, value in oids.items() if oid.startswith(prefix)]


def _total(values: list[str]) -> Fraction | None:
    known = [value for value in map(_value, values) if value is not None]
    return sum(known, Fraction(0)) if known and len(known) == len(values) else None


def _share(oids: Mapping[str, str], key: str, whole: int) -> Fraction | None:
    value = _number(oids, key)
    return None if value is None else value / whole


def _code(oids: Mapping[str, str], key: str) -> str:
    """The number of an enumeration, also where it is written "battery(5)"."""
    return oids.get(key, "").rpartition("(")[2].rstrip(")")


def _number(found: Mapping[str, str], key: str) -> Fraction | None:
    return _value(found.get(key, ""))


def _value(text: str) -> Fraction | None:
    """The number that a text begins with ("310 RMS Watts"); None if it is none, as where a device has no value."""
    match = re.match(r"[0-9]{1,12}(\.[0-9]{1,6})?(?![0-9.])", text.strip())
    return Fraction(match[0]) if match else None


def _w(watts: Fraction) -> str:
    return f"{float(watts):,.0f} W"
