"""Utilisation of machines over time → hours of energy by a power model; and power logs of accelerators, as measured.

A machine's power follows from its utilisation at each sample, before any averaging: where a model bends, the power of a
mean utilisation is not the mean power. Samples stand until the next one, or for their ``period_s`` where they are
averages (``series``); an hour without samples is a gap, for ``hourly.readings`` to refuse or fill.

Read are a CSV of timestamp and utilisation (share) or utilisation_pct (per cent), and power logs of GPUs as the query
tools of monitoring databases export them: tab-separated, name, timestamp, powerave (W) and utilave (per cent) among
others, hourly means in a local time, newest first, with the tool's count of rows at the end, which has to be right.
Where a log has power that power counts, and its utilisation only tells how good a model is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import series, tables
from carbon_tokens.energy.hourly import Hour
from carbon_tokens.energy.series import LONGEST_S, Sample, instant, number
from carbon_tokens.energy.servers import PowerModel, share
from carbon_tokens.errors import CarbonTokensError, EnergyError

_TIMES = ("timestamp", "ts")
_VALUES = {"utilisation": 1, "utilisation_pct": 100}
_COUNT = re.compile(r"\(([0-9]+) rows affected\)")
_GPU_COLUMNS = ("name", "timestamp", "powerave", "utilave")


@dataclass(frozen=True, slots=True)
class Use:
    """Utilisation of a machine from an instant on (UTC seconds), 0 to 1; None where the log has none."""

    at: Fraction
    utilisation: Fraction | None
    row: int
    watts: Fraction | None = None  # where the log measures it


@dataclass(frozen=True, slots=True)
class UseLog:
    """What a file says of one machine, by its rows; sha-256 of the bytes, 64 hex digits."""

    file: str
    sha256: str
    machine: str
    uses: tuple[Use, ...]


def hours(
    log: UseLog,
    model: PowerModel | None,
    *,
    utility: str,
    meter: str,
    quality: str = "",
    longest_s: int = LONGEST_S,
    period_s: int | None = None,
) -> list[Hour]:
    """UTC hours of a machine: by a model of its power, or of the power that the log measured where there is none.

    Args:
        quality: B for a model with parameters that were measured on the machine, C with published coefficients; if it
            is not given, C for a model and A for measured power.

    Raises:
        EnergyError: a log without power and no model; samples of one time that differ; as ``series`` does.
        UnitError: a utilisation outside 0 to 1.
    """
    if model is None and not any(use.watts is not None for use in log.uses):
        raise EnergyError("this log has no power", where=log.file, todo="Give a model of the machine's power.")
    samples = [Sample(use.at, _watts(use, model), use.row) for use in log.uses]
    stretches = series.stretches(samples, file=log.file, longest_s=longest_s, period_s=period_s)
    named = {"utility": utility, "meter": meter, "file": log.file, "sha256": log.sha256}
    return series.hours(stretches, **named, quality=quality or ("C" if model else "A"))


def read_csv(path: Path | str, machine: str = "", zone: tzinfo = UTC) -> UseLog:
    """A CSV of one machine: timestamp (or ts), utilisation or utilisation_pct; an empty cell is no value.

    Raises:
        EnergyError: no or two times or utilisations, unknown columns; naming every row by file:row that is none.
    """
    table = tables.read(path, (), (*_TIMES, *_VALUES))
    times, values = ([name for name in known if name in table.columns] for known in (_TIMES, _VALUES))
    if len(times) != 1 or len(values) != 1:
        raise EnergyError("needs timestamp, and utilisation or utilisation_pct", where=f"{table.name}:1")
    uses, problems = list[Use](), list(table.problems)
    for row in table.rows:
        try:
            text = row.cells[values[0]]
            used = share(number(text, "utilisation") / _VALUES[values[0]]) if text else None
            uses.append(Use(instant(row.cells[times[0]], zone), used, row.number))
        except CarbonTokensError as error:
            problems.append((row.where, error.what))
    tables.refuse(problems)
    return UseLog(table.name, table.sha256, machine, tuple(uses))


def read_gpu_log(path: Path | str, zone: tzinfo) -> UseLog:
    """A log of a GPU node's hourly mean power and utilisation, with stamps of a zone.

    Raises:
        EnergyError: columns that are missing, several machines, a count of rows that is not met (the file is torn), or
            rows that are none, by file:row.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EnergyError(f"this log cannot be read ({error})", where=path.name, todo="Give text in UTF-8.") from error
    header = lines[0].split("\t") if lines else []
    if missing := [column for column in _GPU_COLUMNS if column not in header]:
        raise EnergyError(f"missing column {', '.join(missing)}", where=f"{path.name}:1")
    uses, names, problems = list[Use](), set[str](), list[tables.Problem]()
    for row, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) == 1:
            problems += _remark(f"{path.name}:{row}", line, len(uses) + len(problems))
            continue
        try:
            found = _cells(header, cells)
            names.add(found["name"])
            uses.append(_gpu_use(found, row, zone))
        except CarbonTokensError as error:
            problems.append((f"{path.name}:{row}", error.what))
    tables.refuse(problems)
    if len(names) != 1:
        raise EnergyError(f"{len(names)} machines in one log: {', '.join(sorted(names))}", where=path.name)
    return UseLog(path.name, hashlib.sha256(data).hexdigest(), names.pop(), tuple(uses))


def mean(uses: Iterable[Use]) -> Fraction | None:
    """The plain mean of the utilisations that are there."""
    known = [use.utilisation for use in uses if use.utilisation is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def _watts(use: Use, model: PowerModel | None) -> Fraction | None:
    if model is None:
        return use.watts
    return None if use.utilisation is None else model.power_w(use.utilisation)


def _cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise EnergyError(f"{len(cells)} cells under {len(header)} columns")
    return dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _gpu_use(cells: dict[str, str], row: int, zone: tzinfo) -> Use:
    utilisation = share(number(cells["utilave"], "utilisation") / 100)
    return Use(instant(cells["timestamp"], zone), utilisation, row, number(cells["powerave"], "power"))


def _remark(where: str, line: str, rows: int) -> list[tables.Problem]:
    """What is wrong with a line that is no row: the count of rows has to be met."""
    if count := _COUNT.fullmatch(line.strip()):
        return [] if int(count[1]) == rows else [(where, f"{count[1]} rows were exported, {rows} are here")]
    return [] if not line.strip() or line.startswith("Completion time:") else [(where, "no row")]
