"""Where a unit of each shared service ends, as whole numbers of 2^-40: METHOD (c) at the size of a fleet.

The matrix is constant in the month, so it is made once, and energy and emissions pass it after they are summed: linear
maps commute. It must come out the same on every machine, or two verifiers would disagree about a customer's gram.
A sparse solve in doubles is only nearly the same everywhere, so it is corrected with exact integer residuals until it
is right to 2^-90, and rounded once: what is left of the processor's own rounding is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import pyarrow as pa
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import splu

from carbon_tokens.allocation.fleet.exact import ONE, Integers, shared_out
from carbon_tokens.allocation.method.shared_services import (
    EXTERNAL,
    Fractions,
    closed_sets,
    fractions_by_cost,
    fractions_by_usage,
    without_self_use,
)
from carbon_tokens.allocation.shares import split
from carbon_tokens.errors import ClosedLoop, FleetError, UnknownKey

_FINE = 96  # bits behind the point while solving
_KEPT = 80  # bits that survive it
_STEPS = 40
_VISITS = 30  # a unit that passes a service more than 2^30 times has no share that 2^-40 could tell

Row = dict[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Reallocation:
    """S services, P of which pass energy on: ``passing`` (P,), ``ends`` (P, S) in units of 2^-40, each row 2^40.

    ``undelivered`` (P,) is the part of a row, in units of 2^-40, that has not reached an end user after ``rounds``;
    with ``rounds`` None (all of them) it is 0.
    """

    passing: Integers
    ends: Integers
    undelivered: Integers
    rounds: int | None = None

    def __call__(self, amounts: Integers) -> Integers:
        """Amounts by service, (…, S), after everything was passed on: floors, and the rest to the greatest; Σ equal."""
        passed = amounts.copy()
        passed[..., self.passing] = 0
        for at, ends in zip(self.passing, self.ends, strict=True):
            given = amounts[..., at]
            passed += shared_out(given, np.broadcast_to(ends, (*given.shape, len(ends))))
        return passed

    def left(self, amounts: Integers) -> Integers:
        """Of amounts by service, (…, S), what has not reached an end user, (…,)."""
        left: Integers = (amounts[..., self.passing] * (self.undelivered / ONE)).sum(-1).astype(np.int64)
        return left


def fractions(tables: Mapping[str, pa.Table]) -> Fractions:
    """Fractions by service from ``reallocation``, ``service_usage``, or ``service_charges`` and ``service_costs``.

    Raises:
        FleetError: a service in more than one of them, or twice in one.
    """
    found: Fractions = {}
    direct = _rows(tables, "reallocation", "from", "to", "fraction")
    by_cost = _rows(tables, "service_charges", "provider", "user", "amount")
    total = dict[str, int]()
    costs = tables["service_costs"].to_pydict() if "service_costs" in tables else {"service": [], "amount": []}
    for service, cost in zip(costs["service"], costs["amount"], strict=True):
        if total.setdefault(service, cost) is not cost:
            raise FleetError(f"service {service!r} stands twice", where="service_costs", todo="Give each once.")
    if lacking := sorted(set(by_cost) - set(total)):
        what = f"{lacking[0]!r} charges others but has no total cost"
        raise UnknownKey(what, where="service_costs", todo="Give the cost of each service that charges others.")
    parts = [
        {i: {j: Fraction(n, 10**12) for j, n in row.items() if j != EXTERNAL} for i, row in direct.items()},
        fractions_by_usage(_rows(tables, "service_usage", "provider", "user", "amount")),
        fractions_by_cost(by_cost, total),
    ]  # fmt: skip
    for part in parts:
        if twice := sorted(set(found) & set(part)):
            todo = "Give its fractions, its usage or its charges, not two of them."
            raise FleetError(f"service {twice[0]!r} is passed on in two ways", where="reallocation", todo=todo)
        found |= part
    return found


def _rows(
    tables: Mapping[str, pa.Table], name: str, provider: str, user: str, amount: str
) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for cells in tables[name].to_pylist() if name in tables else []:
        row = rows.setdefault(cells[provider], {})
        if cells[user] in row:
            what = f"{cells[provider]!r} to {cells[user]!r} stands twice"
            raise FleetError(what, where=name, todo="Give each pair once.")
        row[cells[user]] = cells[amount]
    return rows


def build(given: Fractions, services: tuple[str, ...], rounds: int | None = None) -> Reallocation:
    """The reallocation of ``services`` by fractions that they pass on, in the limit or after ``rounds``.

    Raises:
        ClosedLoop: services from which no end user is reachable, by name.
        FractionsAboveOne: a service that passes on more than it has.
    """
    if rounds is not None and rounds < 0:
        raise FleetError(f"{rounds} is no number of rounds", where="rounds", todo="Give 0 or more, or none for all.")
    if closed := closed_sets(given):
        names = tuple(sorted(name for members in closed for name in members))
        todo = "Let one of them keep a part."
        raise ClosedLoop(
            f"no end user is reachable from: {', '.join(names)}", where="reallocation", todo=todo, services=names
        )
    index = {name: at for at, name in enumerate(services)}
    rows = {index[i]: _quantised(row, index) for i, row in without_self_use(given).items() if row}
    passing = sorted(rows)
    found = _closure(rows, passing) if rounds is None else _rounds(rows, passing, rounds)
    ends = np.zeros((len(passing), len(services)), np.int64)
    undelivered = np.zeros(len(passing), np.int64)
    for at, (final, late) in enumerate(found):
        undelivered[at] = late >> (_KEPT - 40)
        for service, part in split(ONE, final).items():
            ends[at, service] = part
    return Reallocation(np.array(passing, np.int64), ends, undelivered, rounds)


def _quantised(row: Mapping[str, Fraction], index: Mapping[str, int]) -> Row:
    """A row in units of 2^-40; what is kept, rounded with the others, is 2^40 minus their sum."""
    unit = lcm(*(share.denominator for share in row.values()))
    weights = {index[user]: int(share * unit) for user, share in row.items()}
    kept = unit - sum(weights.values())
    parts = split(ONE, {**weights, -1: kept})
    return {user: part for user, part in parts.items() if user >= 0 and part}


def _closure(rows: Mapping[int, Row], passing: list[int]) -> list[tuple[Row, int]]:
    at = {service: place for place, service in enumerate(passing)}
    entries = [(at[j], at[i], part / ONE) for i in passing for j, part in rows[i].items() if j in at]
    size = len(passing)
    within = csc_matrix(
        ([e[2] for e in entries], ([e[0] for e in entries], [e[1] for e in entries])), shape=(size, size)
    )
    try:
        solve = splu(csc_matrix(identity(size, format="csc") - within)).solve if size else None
    except RuntimeError as error:  # singular: what is kept is lost in rounding
        raise _nearly_closed() from error
    return [(_ends(_visits(i, rows, passing, at, solve), rows), 0) for i in passing]


def _visits(start: int, rows: Mapping[int, Row], passing: list[int], at: Mapping[int, int], solve: object) -> Row:
    """What passes through each service of one unit at ``start``: units of 2^-96, right to about 2^-90."""
    visits = dict.fromkeys(passing, 0)
    for _ in range(_STEPS):
        missing = {i: -amount << 40 for i, amount in visits.items()}
        missing[start] += 1 << (_FINE + 40)
        for i, amount in visits.items():
            for j, part in rows[i].items():
                if j in at:
                    missing[j] += amount * part
        if max(map(abs, missing.values())) < 1 << (_FINE + 40 - 92):
            break
        scale = max(map(abs, missing.values())).bit_length()
        right = np.array([missing[i] / (1 << scale) for i in passing])
        step = solve(right)  # type: ignore[operator]
        for i, amount in zip(passing, step, strict=True):
            visits[i] += round(Fraction(float(amount)) * (1 << scale) / (1 << 40))
    else:
        raise _nearly_closed()
    if max(visits.values()) >> (_FINE + _VISITS):
        raise _nearly_closed()
    return visits


def _nearly_closed() -> FleetError:
    todo = "Let the services that serve each other keep more than a billionth."
    return FleetError("services pass nearly everything to each other", where="reallocation", todo=todo)


def _ends(visits: Row, rows: Mapping[int, Row]) -> Row:
    """Where it stays, rounded to 2^-80: what each service keeps of what passes through it."""
    ends: Row = {}
    for i, amount in visits.items():
        for j, part in rows[i].items():
            if j not in rows:
                ends[j] = ends.get(j, 0) + amount * part
        ends[i] = amount * (ONE - sum(rows[i].values()))
    drop = _FINE + 40 - _KEPT
    return {j: max(0, (amount + (1 << (drop - 1))) >> drop) for j, amount in ends.items()}


def _rounds(rows: Mapping[int, Row], passing: list[int], number: int) -> list[tuple[Row, int]]:
    return [_round(i, rows, number) for i in passing]


def _round(start: int, rows: Mapping[int, Row], number: int) -> tuple[Row, int]:
    """Where a unit is after some rounds, in units of 2^-80, and how much of it would still be passed on."""
    there, moving = {start: 1 << _KEPT}, {start: 1 << _KEPT}
    for _ in range(number):
        arrived: Row = {}
        for i, amount in moving.items():
            for j, part in rows.get(i, {}).items():
                sent = amount * part >> 40
                arrived[j] = arrived.get(j, 0) + sent
                there[i] -= sent
        for j, amount in arrived.items():
            there[j] = there.get(j, 0) + amount
        moving = arrived
    late = sum(amount * sum(rows[i].values()) >> 40 for i, amount in moving.items() if i in rows)
    return {j: amount for j, amount in there.items() if amount}, late
