"""Exact service mode and exact rounds, each written a second time from its formula alone.

Service mode, METHOD (f). A service j has energy P[r] and emissions CF[r] in region r, intensity c[r] = CF[r] / P[r] (0
where it has no energy), and sold list value V[r] there. A sale of list value v in r stands for

    emissions  v c[r] T / sum of c V over regions      T = sum of CF: wherever its emissions arose
    energy     v sum of P / sum of V
    residual   of r: what its sales stand for minus CF[r], added up over services

and, where no sale can carry it (the divisor is 0), for nothing: that service's part stays in its regions, unsold. Row
by row the engine may differ by its floors, which are within ``slack`` of P and of CF: the sums that follow are kept as
intervals, lowest and greatest, so that a service of little energy, whose c is uncertain, is not judged too strictly.

Rounds, METHOD (c): x the energy of the services, A without self-use. In each round all services pass on at once what
the round before brought them; what the last round brought to a service that passes on is undelivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as F

from carbon_tokens.allocation.method import Line
from tests.fleet_oracle import Exact
from tests.fleets import Fleet

NONE = F(0)
ServiceRegion = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """A quantity that lies between ``low`` and ``high``; ``high`` None: without limit."""

    low: F
    high: F | None

    def __contains__(self, number: int | F) -> bool:
        return self.low <= number and (self.high is None or number <= self.high)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, None if self.high is None or other.high is None else self.high + other.high)

    def widened(self, by: F) -> Span:
        return Span(self.low - by, None if self.high is None else self.high + by)


@dataclass(frozen=True, slots=True)
class ServiceMode:
    """µWh and µg of each customer's row, and the µg that each region's sales carry above its own emissions."""

    energy: Mapping[Line, Span]
    grams: Mapping[Line, Span]
    residual: Mapping[str, Span]


def service_mode(fleet: Fleet, exact: Exact) -> ServiceMode:
    """The spans in which the rows and residuals of ``sku_mode="service"`` must lie."""
    values = _values(fleet)
    own = _by_service(exact)
    energy: dict[Line, Span] = {}
    grams: dict[Line, Span] = {}
    for service in sorted({line.product for line in values}):
        sold = {line: value for line, value in values.items() if line.product == service}
        place = {region: of for (name, region), of in own.items() if name == service}
        energy |= _energy(sold, place, exact)
        grams |= _grams(sold, place, exact)
    return ServiceMode(energy, grams, _residual(own, values, grams, exact))


def _values(fleet: Fleet) -> dict[Line, F]:
    """List value of what a customer's project used of a service in a region."""
    skus = {row["sku"]: (row["service"], F(row["list_price_usd"])) for row in fleet["skus"]}
    values: dict[Line, F] = {}
    for row in fleet["customer_usage"]:
        service, price = skus[row["sku"]]
        line = Line(row["customer"], row["project"], service, row["region"])
        values[line] = values.get(line, NONE) + price * F(row["amount"])
    return values


def _by_service(exact: Exact) -> dict[ServiceRegion, tuple[F, F]]:
    """µWh and µg after reallocation: the regional rows of all customers, and what nobody bought, added up."""
    sums: dict[ServiceRegion, tuple[F, F]] = {}
    for line, of in exact.rows.items():
        kwh, grams = sums.get((line.product, line.region), (NONE, NONE))
        sums[line.product, line.region] = (kwh + of.energy * 10**9, grams + of.grams * 10**6)
    return sums


def _energy(sold: Mapping[Line, F], place: Mapping[str, tuple[F, F]], exact: Exact) -> dict[Line, Span]:
    whole, value = sum((uwh for uwh, _ in place.values()), NONE), sum(sold.values(), NONE)
    wrong = sum((exact.slack[region][0] for region in place), F(1))
    share = {line: v / value if value else NONE for line, v in sold.items()}
    return {line: Span(whole * part, whole * part).widened(wrong) for line, part in share.items()}


def _grams(sold: Mapping[Line, F], place: Mapping[str, tuple[F, F]], exact: Exact) -> dict[Line, Span]:
    whole = sum((ug for _, ug in place.values()), NONE)
    wrong = sum((exact.slack[region][1] for region in place), F(1))
    weights = {line: _times(_intensity(place.get(line.region), exact.slack[line.region]), v)
               for line, v in sold.items()}  # fmt: skip
    if not any(weight.high is None or weight.high for weight in weights.values()):  # sold only where it is clean
        return {line: Span(-wrong, whole * bool(value) + wrong) for line, value in sold.items()}
    spans = {}
    for line in sold:
        rest = Span(NONE, NONE)
        for other, weight in weights.items():
            rest = rest if other == line else rest + weight
        low, high = _part(weights[line], rest)
        spans[line] = Span(whole * low, whole * high).widened(wrong)
    return spans


def _intensity(of: tuple[F, F] | None, slack: tuple[F, F]) -> Span:
    """c of a service in a region: (CF ± its slack) / (P ± its slack); without energy there is nothing to be wrong."""
    if of is None or not of[0]:
        return Span(NONE, NONE)
    (uwh, ug), (less, off) = of, slack
    return Span(max(NONE, ug - off) / (uwh + less), (ug + off) / (uwh - less) if uwh > less else None)


def _times(span: Span, factor: F) -> Span:
    return Span(span.low * factor, (span.high * factor if span.high is not None else None) if factor else NONE)


def _part(own: Span, rest: Span) -> tuple[F, F]:
    """Least and greatest of own / (own + rest)."""
    high = F(1) if own.high is None else own.high / (own.high + rest.low) if own.high + rest.low else NONE
    low = NONE if rest.high is None or not own.low else own.low / (own.low + rest.high)
    return low, high


def _residual(
    own: Mapping[ServiceRegion, tuple[F, F]], values: Mapping[Line, F], grams: Mapping[Line, Span], exact: Exact
) -> dict[str, Span]:
    """By region: what its sales carry minus the emissions of the services that are sold.

    A service sold only where it emits nothing has no factor: its emissions follow its sales, or stay where they are.
    """
    carried = {region: Span(NONE, NONE) for region in exact.regions}
    for line, span in grams.items():
        carried[line.region] += span
    places = {(line.product, line.region) for line, value in values.items() if value}
    sold = {service for service, region in places if own.get((service, region), (NONE, NONE))[1]}
    for (service, region), (_, ug) in own.items():
        if service in {of for of, _ in places}:
            carried[region] += Span(-ug, -ug if service in sold else NONE)
    return carried


def rounds(own: Mapping[str, F], fractions: Mapping[str, Mapping[str, F]], number: int) -> tuple[dict[str, F], F]:
    """Energy by service after some rounds, and how much of it would still be passed on."""
    rows = {i: {j: a / (1 - row.get(i, NONE)) for j, a in row.items() if j != i} for i, row in fractions.items()}
    names = {*own, *rows, *(j for row in rows.values() for j in row)}
    there, moving = ({name: own.get(name, NONE) for name in names} for _ in range(2))
    for _ in range(number):
        arrived = {j: sum((moving[i] * row.get(j, NONE) for i, row in rows.items()), NONE) for j in names}
        there = {j: there[j] + arrived[j] - moving[j] * sum(rows.get(j, {}).values(), NONE) for j in names}
        moving = arrived
    return there, sum((moving[i] * sum(row.values(), NONE) for i, row in rows.items()), NONE)
