"""Answers of Prometheus: what its HTTP API gave, from a file or from a server (``prometheus_api``).

Read is ``/api/v1/query_range``, or ``query`` of a range: resultType matrix. Values are kept exactly. What the samples
of a metric mean is in ``prometheus_energy``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from carbon_tokens.energy.series import instant, number
from carbon_tokens.errors import CarbonTokensError, EnergyError
from carbon_tokens.nesting import loads

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
        if not isinstance(rows, list):
            raise TypeError("the result is no list")
        if form != "matrix":
            todo = "Query a range: query_range, or query with metric[1d]."
            raise EnergyError(f"an answer of type {form!r} has one instant, which is no energy", where=name, todo=todo)
        found = tuple(_series(name, at, row) for at, row in enumerate(rows, 1))
        warnings = tuple(str(each) for each in said.get("warnings") or ())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EnergyError(f"this is no answer of Prometheus ({error})", where=name) from error
    if sum(len(each.samples) for each in found) > _POINTS_LIMIT:
        raise EnergyError("more than 20 million samples", where=name, todo="Query a shorter range or a longer step.")
    if not found:
        todo = "Check the metric's name, its labels and the range."
        raise EnergyError("the answer is empty: no such series", where=name, todo=todo)
    twice = _twice(found)
    if twice:
        raise EnergyError(f"{twice} stands there twice", where=name, todo="Give each series once.")
    return Answer(name, hashlib.sha256(content).hexdigest(), found, warnings)


def _series(name: str, at: int, row: Mapping[str, Any]) -> Series:
    labels = {str(key): str(value) for key, value in row["metric"].items()}
    for text in (*labels, *labels.values()):
        text.encode()  # half a character is no name
    metric = labels.get("__name__", "")
    if not metric:
        raise EnergyError(f"result {at} names no metric: a function was applied to it", where=name,
                          todo="Query the metric itself.")  # fmt: skip
    samples, problems = list[tuple[Fraction, Fraction]](), list[str]()
    for pair in row["values"]:
        if not isinstance(pair, list):
            raise TypeError("a sample is no pair")
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
    """A number as text, all digits kept. Raises EnergyError for one of more than 30 decimals, which is not read."""
    places = next((each for each in range(31) if not value * 10**each % 1), None)
    if places is None or value >= 10**20:
        raise EnergyError(f"{float(value):g} has more digits than are kept", todo="Keep the server's own answer.")
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return digits if not places else f"{digits[:-places]}.{digits[-places:]}"


def _twice(found: Sequence[Series]) -> str:
    seen: set[tuple[tuple[str, str], ...]] = set()
    for each in found:
        key = tuple(sorted(each.labels.items()))
        if key in seen:
            return each.metric
        seen.add(key)
    return ""
