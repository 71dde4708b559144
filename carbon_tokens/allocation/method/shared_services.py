"""(c) Energy of shared services passed on to the services that use them.

A service that others run on passes its energy on, overhead included: by their use of it or, where use is not measured,
by what they are charged for it [S]. With a_ij the share of i that j gets, service i keeps 1 - sum_j a_ij:

    by use     a_ij = use_ij / (sum_j use_ij + use by customers)              [S; the customers' part is what i keeps]
    by charge  a_ij = charge_ij / max(total cost of i, sum_j charge_ij)       [S for each case; one formula is ours]

so a service that earns its cost inside, or more, passes everything on [S26], and one that earns nothing keeps all.
Charges may be netted first (net cost flows [A]); netting removes loops of two only. Use of oneself drops out.

Energy passed on arrives at services that pass on in turn. The source does this in two rounds [P]; here the default is
the limit of all rounds [I], which is a linear system in the energy x of the services themselves:

    gross  g = x + A^T g       final  y_i = (1 - sum_j a_ij) g_i       sum of y = sum of x   (check C4)

It has one solution if and only if from every service that energy reaches, some service that keeps a part can be
reached. Whether that is so is a question about the graph and is answered on it, not by the condition of the matrix; a
set that passes everything to itself is named and refused (``ClosedLoop``). ``rounds`` is the source's way: what is
still to be passed on after the last round stays where it is and is reported as ``undelivered``, not hidden.

Linear in x: energy in any one unit, or mass, as fractions that do not change commute with a factor of carbon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import (
    ONE,
    ZERO,
    Number,
    all_exact,
    exact,
    scaled,
    shares_of,
    summed,
    total,
)
from carbon_tokens.errors import ClosedLoop, FractionsAboveOne, UnknownKey

EXTERNAL = "_ext"  # use by customers, among the users of a shared service

Table = Mapping[str, Mapping[str, Number]]  # provider -> user -> amount
Fractions = dict[str, dict[str, Fraction]]


@dataclass(frozen=True, slots=True)
class Closure:
    """Energy by service after all of it has been passed on."""

    gross: Mapping[str, Fraction]  # own energy and all that passed through
    final: Mapping[str, Fraction]  # what is kept; adds up to the energy given


@dataclass(frozen=True, slots=True)
class Rounds:
    """Energy by service after some rounds, and what of it would still be passed on."""

    energy: Mapping[str, Fraction]  # adds up to the energy given
    undelivered: Mapping[str, Fraction]  # part of ``energy`` that the next round would move


def fractions_by_usage(usage: Table, external: str = EXTERNAL) -> Fractions:
    """a_ij by use [S]. Use under the name ``external`` is by customers: the provider keeps its share.

    Raises:
        UnitError: an amount that is negative, not finite or a float.
    """
    shares = {provider: shares_of(row) for provider, row in _exact(usage, "usage").items()}
    return {provider: _without(row, external) for provider, row in shares.items()}


def fractions_by_cost(charges: Table, total_cost: Mapping[str, Number]) -> Fractions:
    """a_ij by charge: c_ij / max(total cost of i, sum of its charges); a provider without either keeps all.

    Raises:
        UnknownKey: a provider without a total cost.
        UnitError: an amount that is negative, not finite or a float.
    """
    costs, fractions = all_exact(total_cost, "total_cost"), {}
    for provider, row in _exact(charges, "charges").items():
        if provider not in costs:
            raise UnknownKey(f"{provider!r} charges others but has no total cost", where="total_cost")
        whole = max(costs[provider], total(row))
        fractions[provider] = scaled(row, 1 / whole) if whole else {}
    return fractions


def net_charges(charges: Table) -> Fractions:
    """Net flows, n_ij = max(0, c_ij - c_ji); only positive ones are listed [A].

    Raises:
        UnitError: an amount that is negative, not finite or a float.
    """
    rows = _exact(charges, "charges")
    nets = {i: {j: cost - rows.get(j, {}).get(i, ZERO) for j, cost in row.items()} for i, row in rows.items()}
    positive = {i: {j: net for j, net in row.items() if net > 0} for i, row in nets.items()}
    return {i: row for i, row in positive.items() if row}


def without_self_use(fractions: Table) -> Fractions:
    """The same closure without use of oneself: a_ii dropped and the row divided by 1 - a_ii; only positive a_ij.

    Raises:
        FractionsAboveOne: a service that passes on more than it has.
        ClosedLoop: a service that passes everything to itself.
        UnitError: a fraction that is negative, not finite or a float.
    """
    rows = {i: _row(i, row) for i, row in _exact(fractions, "fractions").items()}
    if closed := tuple(sorted(i for i, row in rows.items() if row.get(i) == 1)):
        raise _closed_loop(closed)
    return {i: scaled(_without(row, i), 1 / (1 - row.get(i, ZERO))) for i, row in rows.items()}


def closed_sets(fractions: Table) -> tuple[tuple[str, ...], ...]:
    """The smallest sets of services that pass everything on, and only to members of the set; sorted.

    Found by reachability: a set is closed if none of its members reaches a service that keeps a part.

    Raises:
        FractionsAboveOne: a service that passes on more than it has.
        UnitError: a fraction that is negative, not finite or a float.
    """
    rows = {i: _row(i, row) for i, row in _exact(fractions, "fractions").items()}
    reach = {name: _reached([name], rows) for name in _reached(rows, rows)}
    keeping = {name for name in reach if total(rows.get(name, {})) < 1}
    stuck = {name for name, reached in reach.items() if not reached & keeping}
    smallest = {frozenset(reach[i]) for i in stuck if all(reach[j] == reach[i] for j in reach[i])}
    return tuple(sorted(tuple(sorted(members)) for members in smallest))


def closure(energy: Mapping[str, Number], fractions: Table) -> Closure:
    """Gross and final energy of each service after everything has been passed on, exactly.

    Args:
        energy: service -> its own energy (or mass); services that are only named in ``fractions`` have none.
        fractions: provider -> user -> share of the provider that is passed to the user.

    Raises:
        ClosedLoop: energy reaches services that pass everything on to each other only.
        FractionsAboveOne: a service that passes on more than it has.
        UnitError: an amount that is negative, not finite or a float.
    """
    own = _own(energy, fractions)
    rows = {i: _row(i, row) for i, row in _exact(fractions, "fractions").items()}
    reached = _reached((name for name, amount in own.items() if amount), rows)
    rows = {i: row for i, row in rows.items() if i in reached}
    if closed := closed_sets(rows):
        raise _closed_loop(tuple(name for members in closed for name in members))
    rows = without_self_use(rows)
    gross = _gross(own, rows)
    return Closure(gross, {i: amount * (1 - total(rows.get(i, {}))) for i, amount in gross.items()})


def rounds(energy: Mapping[str, Number], fractions: Table, n: int) -> Rounds:
    """Energy after ``n`` rounds in which all services pass on at once what the round before brought them [P].

    As n grows, ``energy`` goes to ``closure(...).final`` and ``undelivered`` to nothing.

    Raises:
        ClosedLoop: a service that passes everything to itself.
        FractionsAboveOne: a service that passes on more than it has.
        UnitError: an amount that is negative, not finite or a float; a negative number of rounds.
    """
    kept, moving = _own(energy, fractions), _own(energy, fractions)
    rows = without_self_use(fractions)
    for _ in range(int(exact(n, "rounds"))):
        passed = summed(dict.fromkeys(kept, ZERO), *(scaled(row, moving[i]) for i, row in rows.items()))
        kept = {i: kept[i] - moving[i] * total(rows.get(i, {})) + passed[i] for i in kept}
        moving = passed
    undelivered = {i: moving[i] * total(row) for i, row in rows.items()}
    return Rounds(kept, {i: amount for i, amount in undelivered.items() if amount})


def _gross(own: Mapping[str, Fraction], rows: Fractions) -> dict[str, Fraction]:
    """Solves g_j = own_j + sum_i a_ij g_i by elimination: each equation is put into those not yet solved."""
    open_: dict[str, tuple[Fraction, dict[str, Fraction]]] = {
        j: (amount, {i: row[j] for i, row in rows.items() if j in row}) for j, amount in own.items()
    }
    solved: list[tuple[str, Fraction, dict[str, Fraction]]] = []
    while open_:
        j, (amount, inflow) = open_.popitem()
        back = 1 / (1 - inflow.pop(j, ZERO))  # what returns to j through services solved before
        amount, inflow = amount * back, scaled(inflow, back)
        for k, (other, flows) in open_.items():
            if share := flows.pop(j, ZERO):
                open_[k] = (other + share * amount, summed(flows, scaled(inflow, share)))
        solved.append((j, amount, inflow))
    gross: dict[str, Fraction] = {}
    for j, amount, inflow in reversed(solved):
        gross[j] = amount + sum((share * gross[i] for i, share in inflow.items()), ZERO)
    return {j: gross[j] for j in own}


def _reached(starts: Iterable[str], rows: Fractions) -> set[str]:
    """The services given and all that they pass something on to, directly or not."""
    reached, ahead = set(), list(starts)
    while ahead:
        if (name := ahead.pop()) not in reached:
            reached.add(name)
            ahead += rows.get(name, {})
    return reached


def _own(energy: Mapping[str, Number], fractions: Table) -> dict[str, Fraction]:
    """Energy of every service that is named anywhere, 0 where none is given."""
    named = {name: 0 for provider, row in fractions.items() for name in (provider, *row)}
    return all_exact({**named, **energy}, "energy")


def _exact(table: Table, where: str) -> Fractions:
    return {provider: all_exact(row, f"{where}[{provider!r}]") for provider, row in table.items()}


def _row(provider: str, row: Mapping[str, Fraction]) -> dict[str, Fraction]:
    if total(row) > ONE:
        what = f"{provider!r} passes on {total(row)} of its energy"
        raise FractionsAboveOne(what, where="fractions", todo="A service can pass on 1 at most.")
    return {user: share for user, share in row.items() if share}


def _without(row: Mapping[str, Fraction], name: str) -> dict[str, Fraction]:
    return {user: share for user, share in row.items() if user != name}


def _closed_loop(services: tuple[str, ...]) -> ClosedLoop:
    todo = "Let one of them keep a part: its use by customers, or its cost that others do not bear."
    return ClosedLoop(
        f"no end user is reachable from: {', '.join(services)}", where="fractions", todo=todo, services=services
    )
