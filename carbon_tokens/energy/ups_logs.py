"""Logs of a UPS over time: NUT's ``upslog`` and CSV.

``upslog`` writes a line each poll, by a format string (upslog(8)): %TIME format% with strftime's directives behind @ in
place of %, %ETIME% seconds since 1970, %HOST%, %UPSHOST%, %PID%, %VAR name%, %t a tab, %% a per cent sign; all else is
literal, and a variable that the UPS does not have is NA. The default format names no power, only ``ups.load`` in per
cent, so the UPS's rating must be known. Times are of the host's zone, which the log does not name.

A CSV names its columns with their units: ``timestamp`` (or ``ts``), one or more of output_w, output_kw, load_wattage,
load_pct, input_w, input_kw, and status; voltages and ``ups_id`` are read over. An empty cell, NA or "-" is no value.
A line that is not of its form is refused by file:row, with all others; nothing is skipped but blank lines and comments.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from functools import partial
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.energy.series import instant, number
from carbon_tokens.energy.ups import UpsSample
from carbon_tokens.errors import EnergyError

DEFAULT_FORMAT = (
    "%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load% [%VAR ups.status%] "
    "%VAR ups.temperature% %VAR input.frequency%"
)
STATUS_WORDS = frozenset(
    ("OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "BYPASS", "CAL", "OFF", "OVER", "TRIM", "BOOST", "FSD", "ALARM")
) | {"HE", "ECO", "TEST", "WAIT", "NULL"}
_ABSENT = frozenset(("", "NA", "N/A", "-"))
_TOKEN = re.compile(r"%(%|t|ETIME%|HOST%|UPSHOST%|PID%|TIME ([^%]+)%|VAR ([A-Za-z0-9._-]+)%)")
_DIRECTIVES = {
    **{"Y": "(?P<Y>[0-9]{4})", "m": "(?P<m>[0-9]{2})", "d": "(?P<d>[0-9]{2})", "H": "(?P<H>[0-9]{2})"},
    **{"M": "(?P<M>[0-9]{2})", "S": "(?P<S>[0-9]{2})", "s": "(?P<s>[0-9]{9,11})"},
}
_SHORT = {"F": "@Y-@m-@d", "T": "@H:@M:@S"}
_FIXED = {
    **{"%": "%", "t": "\t", "ETIME%": "(?P<epoch>[0-9]{9,11})"},
    **{"HOST%": r"\S+", "UPSHOST%": r"\S+", "PID%": "[0-9]+"},
}
_POWER = {"output_w": 1, "output_kw": 1000, "load_wattage": 1, "input_w": 1, "input_kw": 1000}
_OUTPUTS = ("output_w", "output_kw", "load_wattage")
_READ_OVER = ("utility_voltage", "input_voltage", "output_voltage", "battery_voltage", "battery_charge", "ups_id")
_LINE_LIMIT = 2000

VARIABLES = {  # of NUT: field of a sample, and what one unit of it is
    "ups.realpower": ("output_w", Fraction(1)),
    "output.realpower": ("output_w", Fraction(1)),
    "input.realpower": ("input_w", Fraction(1)),
    "ups.load": ("load", Fraction(1, 100)),
}


@dataclass(frozen=True, slots=True)
class UpsLog:
    """The samples of a file, by its lines, and the sha-256 of its bytes (64 hex digits)."""

    file: str
    sha256: str
    samples: tuple[UpsSample, ...]

    @property
    def measured(self) -> int:
        """Samples with a power or a load."""
        return sum(each.output_w is not None or each.load is not None for each in self.samples)


def read_upslog(path: Path | str, form: str = DEFAULT_FORMAT, zone: tzinfo = UTC) -> UpsLog:
    """A log of NUT's upslog in a format string, with times of a zone.

    Where a zone's clock goes back, the lines' order tells the two hours apart.

    Raises:
        EnergyError: a format without time or load or power; naming every line by file:row that is not of it.
    """
    pattern, (name, data, lines) = compiled(form), _lines(Path(path))
    rows = [
        tables.Row(f"{name}:{row}", row, {"line": line})
        for row, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    return _taken(name, hashlib.sha256(data).hexdigest(), rows, partial(_upslog_sample, pattern, zone), [], zone)


def read_csv(path: Path | str, zone: tzinfo = UTC) -> UpsLog:
    """A CSV of a UPS's power; stamps without an offset are of a zone.

    Raises:
        EnergyError: no or two times or outputs, unknown columns; naming every row by file:row that is none.
    """
    table = tables.read(path, (), ("timestamp", "ts", *_POWER, "load_pct", "status", *_READ_OVER))
    times = [column for column in ("timestamp", "ts") if column in table.columns]
    outputs = [column for column in (*_OUTPUTS, "load_pct") if column in table.columns]
    powers = [column for column in outputs if column != "load_pct"]
    twice = len(powers) > 1 or {"input_w", "input_kw"} <= {*table.columns}
    if len(times) != 1 or not outputs or twice:
        todo = f"Give timestamp, and one of {', '.join(_OUTPUTS)} or load_pct; input_w or input_kw."
        raise EnergyError("needs one time and one output of one unit", where=f"{table.name}:1", todo=todo)
    sample = partial(_csv_sample, times[0], zone)
    return _taken(table.name, table.sha256, table.rows, sample, list(table.problems), zone)


def compiled(form: str) -> re.Pattern[str]:
    """The pattern of a format string of upslog: groups Y m d H M S, or s or epoch, and v_<variable with _ for .>.

    Raises:
        EnergyError: no such format, a variable or time twice, no time, or no load or power in it.
    """
    parts, at = list[str](), 0
    for token in _TOKEN.finditer(form):
        parts += [_literal(form[at : token.start()], form), _group(token)]
        at = token.end()
    parts.append(_literal(form[at:], form))
    try:
        pattern = re.compile("".join(parts) + r"\s*")
    except re.error as error:
        raise EnergyError(f"format {form!r} holds a time or variable twice or is none ({error})") from error
    groups = pattern.groupindex
    whole_time = {"epoch", "s"} & set(groups) or set("YmdHMS") <= set(groups)
    if not whole_time or not any(_named(variable) in groups for variable in VARIABLES):
        todo = f"It needs %TIME …% or %ETIME%, and one of {', '.join(VARIABLES)} as %VAR …%."
        raise EnergyError(f"format {form!r} has no time, or no load or power", todo=todo)
    return pattern


def status(text: str) -> str:
    """NUT's words for the state of a UPS. Raises EnergyError for others."""
    if text.strip() in _ABSENT:
        return ""
    words = text.split()
    if unknown := [word for word in words if word not in STATUS_WORDS]:
        raise EnergyError(f"{' '.join(unknown)} is no status of a UPS")
    return " ".join(words)


def of_variables(at: Fraction, row: int, found: dict[str, str]) -> UpsSample:
    """A sample from NUT's variables; those without a value are left out. Raises EnergyError for one that is none."""
    values: dict[str, Fraction] = {}
    for variable, (field, unit) in VARIABLES.items():
        text = found.get(variable, "NA")
        if text not in _ABSENT and field not in values:
            values[field] = number(text, variable) * unit
    return UpsSample(at, row, status=status(found.get("ups.status", "")), **values)


def _literal(text: str, form: str) -> str:
    if "%" in text:
        raise EnergyError(f"format {form!r} has a % that is no escape of upslog", todo="Write %% for a per cent sign.")
    return re.escape(text)


def _group(token: re.Match[str]) -> str:
    if token[1] in _FIXED:
        return _FIXED[token[1]]
    if token[3]:
        return f"(?P<{_named(token[3])}>{'[A-Z ]*?' if token[3] == 'ups.status' else '[^ ]+?'})"
    text = re.sub("@([A-Za-z])", lambda found: _SHORT.get(found[1], found[0]), token[2])
    pieces = re.split("@([A-Za-z])", text)
    if unknown := [each for each in pieces[1::2] if each not in _DIRECTIVES]:
        raise EnergyError(f"@{unknown[0]} in the format's time is not read", todo=f"Use @{' @'.join(_DIRECTIVES)}.")
    return "".join(_DIRECTIVES[each] if at % 2 else re.escape(each) for at, each in enumerate(pieces))


def _named(variable: str) -> str:
    return "v_" + re.sub(r"\W", "_", variable)


def _lines(path: Path) -> tuple[str, bytes, list[str]]:
    try:
        data = path.read_bytes()
        return path.name, data, data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EnergyError(f"this log cannot be read ({error})", where=path.name, todo="Give text in UTF-8.") from error


def _taken(
    name: str,
    sha256: str,
    rows: Iterable[tables.Row],
    sample: Callable[[tables.Row], UpsSample],
    problems: list[tables.Problem],
    zone: tzinfo,
) -> UpsLog:
    samples: list[UpsSample] = []
    for row in rows:
        try:
            samples.append(sample(row))
        except EnergyError as error:
            problems.append((row.where, error.what))
    tables.refuse(problems)
    if not samples:
        raise EnergyError("this log has no lines", where=name)
    return UpsLog(name, sha256, tuple(_unfolded(samples, zone)))


def _unfolded(samples: Iterable[UpsSample], zone: tzinfo) -> Iterator[UpsSample]:
    """Samples with the hour that a clock shows twice told apart: in a log by time the second one seems to go back."""
    before = Fraction(0)
    for each in samples:
        if each.at < before:
            again = datetime.fromtimestamp(int(each.at), zone).replace(fold=1)
            later = each.at + int(again.timestamp()) - int(each.at // 1)
            each = replace(each, at=later) if later >= before else each
        before = each.at
        yield each


def _upslog_sample(pattern: re.Pattern[str], zone: tzinfo, row: tables.Row) -> UpsSample:
    line = row.cells["line"]
    match = pattern.fullmatch(line) if len(line) < _LINE_LIMIT else None
    if not match:
        raise EnergyError("not of the log's format")
    known = [variable for variable in (*VARIABLES, "ups.status") if _named(variable) in pattern.groupindex]
    return of_variables(_time(match, zone), row.number, {variable: match[_named(variable)] for variable in known})


def _time(match: re.Match[str], zone: tzinfo) -> Fraction:
    found = match.groupdict()
    if epoch := found.get("epoch") or found.get("s"):
        return Fraction(epoch)
    return instant("{Y}-{m}-{d}T{H}:{M}:{S}".format(**found), zone)


def _csv_sample(time: str, zone: tzinfo, row: tables.Row) -> UpsSample:
    cells = {column: text for column, text in row.cells.items() if text not in _ABSENT}
    if time not in cells:
        raise EnergyError("no time")
    values: dict[str, Fraction] = {}
    for column, watts in _POWER.items():
        if column in cells:
            values["output_w" if column in _OUTPUTS else "input_w"] = number(cells[column], column) * watts
    if "load_pct" in cells:
        values["load"] = number(cells["load_pct"], "load_pct") / 100
    return UpsSample(instant(cells[time], zone), row.number, status=status(cells.get("status", "")), **values)
