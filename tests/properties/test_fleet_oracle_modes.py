"""Service mode and rounds of the fleet engine, row by row against ``tests.fleet_modes_oracle``."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_tokens.allocation import method
from carbon_tokens.allocation.fleet import Footprint, Options, allocate, reallocation
from carbon_tokens.allocation.method import Line
from tests.fleet_modes_oracle import rounds, service_mode
from tests.fleet_oracle import exact_footprint
from tests.fleets import Fleet, fleets, footprint, tables

MOST = settings.default.max_examples if settings.default else 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
seldom = settings(max_examples=max(5, MOST // 12), deadline=None, suppress_health_check=SLOW)
often = settings(max_examples=max(20, MOST // 5), deadline=None, suppress_health_check=SLOW)

PUBLISHED = ("energy_wh", "scope2_location_g", "scope2_market_g")
Matrix = dict[str, dict[str, F]]


def lines(found: Footprint) -> dict[Line, dict[str, int]]:
    """Rows of customers by their line; not those of what nobody bought."""
    cells = [row for row in found.rows.to_pylist() if row["customer"] != "_unsold"]
    return {Line(row["customer"], row["project"], row["service"], row["region"]): row for row in cells}


@often
@given(fleets())
def test_in_service_mode_every_row_is_price_times_intensity_of_its_region(fleet: Fleet) -> None:
    wanted, found = service_mode(fleet, exact_footprint(fleet)), lines(footprint(fleet, sku_mode="service"))
    for line in {*wanted.grams, *found}:
        row = found.get(line, {"energy_uwh": 0, "location_ug": 0})
        assert row["energy_uwh"] in wanted.energy[line], line
        assert row["location_ug"] in wanted.grams[line], line


@often
@given(fleets())
def test_in_service_mode_rows_add_up_and_the_residual_of_a_region_is_what_was_moved_into_it(fleet: Fleet) -> None:
    """Whole grams: of the published total T = W g exact, a region gets within T / W - 1 and a gram of its own."""
    exact, found = exact_footprint(fleet), footprint(fleet, sku_mode="service")
    cells = found.rows.to_pylist()
    for name in PUBLISHED:
        assert sum(row[name] for row in cells) == sum(getattr(region, name) for region in found.regions)
    assert sum(found.residual.values()) == 0
    for region in found.regions:
        own = sum(row["scope2_location_g"] for row in cells if row["region"] == region.region)
        assert own - region.scope2_location_g == found.residual[region.region]
    wanted = service_mode(fleet, exact).residual
    for name, residual in found.residual.items():
        assert residual * 10**6 in wanted[name].widened(F((len(exact.regions) + 1) * 10**6))


# Rounds


def in_rounds(fleet: Fleet, number: int) -> Footprint:
    return allocate(tables(fleet), Options(missing_hours="annual", rounds=number))


def passed_on(fleet: Fleet) -> Matrix:
    """a_ij of the tables: given, by use (customers' use is kept), or by charge over cost."""
    found: Matrix = {}
    for row in fleet["reallocation"]:
        found.setdefault(row["from"], {})[row["to"]] = F(row["fraction"])
    for name, column in (("service_usage", "amount"), ("service_charges", "usd")):
        for provider in {row["provider"] for row in fleet[name]}:
            own = {row["user"]: F(row[column]) for row in fleet[name] if row["provider"] == provider}
            cost = next((F(row["usd"]) for row in fleet["service_costs"] if row["service"] == provider), F(0))
            whole = max(sum(own.values()), cost) if name == "service_charges" else sum(own.values())
            found[provider] = {user: part / whole for user, part in own.items() if user != "_ext" and whole}
    return found


def in_regions(fleet: Fleet) -> dict[str, dict[str, tuple[F, F]]]:
    """Exact µWh and µg by region and service before anything is passed on: the fleet without its flows."""
    still = exact_footprint({**fleet, **{name: [] for name in ("reallocation", "service_usage", "service_charges",
                                                               "service_costs")}})  # fmt: skip
    found: dict[str, dict[str, tuple[F, F]]] = {region: {} for region in still.regions}
    for line, of in still.rows.items():
        uwh, ug = found[line.region].get(line.product, (F(0), F(0)))
        found[line.region][line.product] = (uwh + of.energy * 10**9, ug + of.grams * 10**6)
    return found


@often
@given(fleets(), st.integers(0, 5))
def test_after_some_rounds_every_service_has_what_the_rounds_brought_it_and_the_rest_is_undelivered(
    fleet: Fleet, number: int
) -> None:
    """By service and region: its customers' rows, or what nobody bought; all of it adds up to the meters."""
    found, slack, late = in_rounds(fleet, number), exact_footprint(fleet).slack, F(0)
    sums: dict[tuple[str, str], list[int]] = {}
    for row in [*lines(found).values(), *found.unsold.to_pylist()]:
        cell = sums.setdefault((row["service"], row["region"]), [0, 0, 0])
        for at, part in enumerate((row["energy_uwh"], row["location_ug"], 1)):
            cell[at] += part
    for region, own in in_regions(fleet).items():
        there, left = rounds({name: of[0] for name, of in own.items()}, passed_on(fleet), number)
        emitted, _ = rounds({name: of[1] for name, of in own.items()}, passed_on(fleet), number)
        late += left
        for service, uwh in there.items():
            energy, grams, count = sums.get((service, region), (0, 0, 0))
            assert abs(energy - uwh) <= slack[region][0] + count, (service, region)
            assert abs(grams - emitted[service]) <= slack[region][1] + count, (service, region)
        assert sum(there.values()) == sum(of[0] for of in own.values())
    assert abs(found.undelivered_uwh - late) <= sum(of[0] for of in slack.values())
    assert sum(region.energy_uwh for region in found.regions) >= found.undelivered_uwh >= 0


@seldom
@given(fleets())
def test_many_rounds_come_to_the_closure_and_leave_nothing_undelivered(fleet: Fleet) -> None:
    """90 % is passed on at most: after 400 rounds less than 10^-18 of it."""
    closed, found = footprint(fleet), in_rounds(fleet, 400)
    assert (closed.undelivered_uwh, found.undelivered_uwh) == (0, 0)
    assert found.regions == closed.regions
    slack = exact_footprint(fleet).slack
    one, other = lines(closed), lines(found)
    for line in {*one, *other}:
        before, after = (each.get(line, {"energy_uwh": 0, "location_ug": 0}) for each in (one, other))
        assert abs(before["energy_uwh"] - after["energy_uwh"]) <= 2 * slack[line.region][0]
        assert abs(before["location_ug"] - after["location_ug"]) <= 2 * slack[line.region][1]


@st.composite
def graphs(draw: st.DrawFn) -> Matrix:
    """Fractions among 2 to 12 services, 90 % at most and 90 % to itself at most; of some no loop, of some by charge."""
    names = [f"v{at:02}" for at in range(draw(st.integers(2, 12)))]
    acyclic, found = draw(st.booleans()), {}
    for at, name in enumerate(names[:-1]):
        users = draw(st.lists(st.sampled_from(names[at + 1 :] if acyclic else names), max_size=4, unique=True))
        parts = {user: F(draw(st.integers(0, 90)), 100 * max(1, len(users))) for user in users}
        found[name] = parts
    if draw(st.booleans()):  # net charges: what two bill each other cancels
        bills = {i: {j: a * 1000 for j, a in row.items() if i != j} for i, row in found.items()}
        net = {i: {j: max(F(0), c - bills.get(j, {}).get(i, F(0))) for j, c in row.items()} for i, row in bills.items()}
        assert {i: {j: c for j, c in row.items() if c} for i, row in net.items() if any(row.values())} == (
            method.net_charges(bills)
        )
        return method.fractions_by_cost(method.net_charges(bills), dict.fromkeys(bills, 1000))
    return found


@often
@given(graphs(), st.integers(0, 6), st.integers(0, 2**32))
def test_rounds_of_the_reference_are_those_of_ten_lines_and_conserve(graph: Matrix, number: int, seed: int) -> None:
    names = sorted({*graph, *(j for row in graph.values() for j in row), "alone"})
    own = {name: F(seed % (at + 7), at + 1) for at, name in enumerate(names)}
    wanted, late = rounds(own, graph, number)
    found = method.rounds(own, graph, number)
    assert dict(found.energy) == wanted and sum(found.undelivered.values()) == late
    assert sum(wanted.values()) == sum(own.values()) and 0 <= late <= sum(own.values())


@often
@given(graphs(), st.integers(0, 6))
def test_the_engines_ends_of_each_service_are_the_exact_rounds_within_units_of_its_fractions(
    graph: Matrix, number: int
) -> None:
    """Each of S fractions of a row is wrong by 2^-40 at most, in each round; then the ends are rounded once."""
    names = tuple(sorted({*graph, *(j for row in graph.values() for j in row)}))
    if not names:
        return
    made = reallocation.build(graph, names, number)
    bound = F((number + 2) * len(names) + 1, 2**40)
    for at, start in enumerate(made.passing):
        there, late = rounds({names[start]: F(1)}, graph, number)
        assert int(made.ends[at].sum()) == 1 << 40
        for service, part in enumerate(made.ends[at]):
            assert abs(F(int(part), 2**40) - there[names[service]]) <= bound
        assert abs(F(int(made.undelivered[at]), 2**40) - late) <= bound
    given_uwh = np.arange(1, len(names) + 1, dtype=np.int64)[None, :] * 10**15
    assert int(made(given_uwh).sum()) == int(given_uwh.sum())
