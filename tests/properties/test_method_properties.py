"""Whatever the numbers are, machines, buildings and shared services conserve energy: steps (a) to (c)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction as F
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_tokens.allocation.method import (
    ClusterHour,
    MachineHour,
    closed_sets,
    closure,
    cluster_hour,
    fractions_by_cost,
    fractions_by_usage,
    pue,
    rounds,
    split,
    with_overhead,
    without_self_use,
)
from carbon_tokens.errors import ClosedLoop

SERVICES = ("api", "batch", "db", "web")
WATTS = {"cpu": F(2), "ram": F(1, 4)}
RAM = {"api": F(1, 3), "batch": F(160), "db": F(0), "web": F(7)}

AMOUNTS = tuple(F(n, d) for d in (1, 7, 20) for n in (0, 1, 2, 3, 5, 12, 60, 997))
amounts = st.sampled_from(AMOUNTS)
positive = st.sampled_from([amount for amount in AMOUNTS if amount])
parts_of_one = st.sampled_from([F(0), F(1, 4), F(1, 2), F(9, 10), F(1)])
use = st.tuples(*[st.sampled_from([*[None] * 8, *AMOUNTS])] * 4).map(
    lambda row: {name: amount for name, amount in zip(SERVICES, row, strict=True) if amount is not None}
)
# energy, idle power, hours on, owner, sector
KINDS = tuple(product(AMOUNTS[::5], AMOUNTS[::4], (F(1), F(1, 4), F(0)), (None, "web"), "AB"))
reservations = st.just({}) | use
kinds, skipped = st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), st.integers(0, 1)

Input = tuple[list[MachineHour], dict[str, dict[str, F]], dict[str, dict[str, F]]]
Table = dict[str, dict[str, F]]


@st.composite
def clusters(draw: st.DrawFn) -> Input:
    """1 to 3 machines, CPU use of some of them, reservations of some services."""
    machines = [MachineHour(f"m{n}", *kind) for n, kind in enumerate(draw(kinds))]
    cpu = {machine.machine: draw(use) for machine in machines[draw(skipped) :]}
    reserved = {name: {"cpu": units, "ram": RAM[name]} for name, units in draw(reservations).items()}
    return machines, cpu, reserved


def allocate(machines: list[MachineHour], cpu: Table, reserved: Table) -> ClusterHour:
    return cluster_hour(machines, cpu, reserved, WATTS)


def whole(parts: Mapping[object, F]) -> F:
    return sum(parts.values(), F(0))


def used(parts: Mapping[str, F]) -> dict[str, F]:
    """Without rows of nothing."""
    return {key: part for key, part in parts.items() if part}


def scaled(machine: MachineHour, k: F) -> MachineHour:
    return replace(machine, energy=machine.energy * k, idle_power=machine.idle_power * k)


# (a) and (b)


@given(clusters())
def test_services_get_what_the_machines_used(given_: Input) -> None:
    """Check C1."""
    made = allocate(*given_)
    assert made.total == whole(made.energy) == sum(machine.energy for machine in given_[0])
    assert all(part >= 0 for part in made.energy.values())


@given(clusters(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(given_: Input, random) -> None:
    machines, cpu, reserved = given_
    mixed = random.sample(machines, len(machines))
    turned = {key: dict(reversed(row.items())) for key, row in reversed(cpu.items())}
    assert allocate(mixed, turned, dict(reversed(reserved.items()))) == allocate(*given_)


@given(clusters(), positive)
def test_allocation_is_linear_in_energy(given_: Input, k: F) -> None:
    machines, cpu, reserved = given_
    made = allocate([scaled(machine, k) for machine in machines], cpu, reserved)
    assert made.energy == {service: k * energy for service, energy in allocate(*given_).energy.items()}


@given(clusters(), parts_of_one)
def test_a_machine_split_in_two_changes_nothing(given_: Input, k: F) -> None:
    machines, cpu, reserved = given_
    halves = [scaled(machines[0], k), replace(scaled(machines[0], 1 - k), machine="half")]
    cpu_use = {**cpu, "half": cpu.get(machines[0].machine, {})}
    made = allocate([*halves, *machines[1:]], cpu_use, reserved)
    assert made.energy == allocate(*given_).energy


@given(clusters())
def test_names_of_machines_and_services_do_not_matter(given_: Input) -> None:
    machines, cpu, reserved = given_

    def named(row: Mapping[str, F]) -> dict[str, F]:
        return {name[::-1]: amount for name, amount in row.items()}

    renamed = [
        replace(m, machine=m.machine[::-1], dedicated_to=m.dedicated_to[::-1] if m.dedicated_to else None)
        for m in machines
    ]
    turned = {name[::-1]: named(row) for name, row in cpu.items()}
    made = allocate(renamed, turned, {name[::-1]: row for name, row in reserved.items()})
    plain = allocate(*given_)
    assert made.flags == plain.flags
    assert {name: energy for name, energy in made.energy.items() if name != "_unallocated"} == named(
        {name: energy for name, energy in plain.energy.items() if name != "_unallocated"}
    )


@given(clusters())
def test_a_user_with_no_use_changes_nothing(given_: Input) -> None:
    machines, cpu, reserved = given_
    idle = {machine.machine: {**cpu.get(machine.machine, {}), "idler": F(0)} for machine in machines}
    made = allocate(machines, idle, {**reserved, "idler": {"cpu": F(0)}})
    assert used(made.energy) == used(allocate(*given_).energy)
    assert made.flags == allocate(*given_).flags


@given(clusters(), positive, st.sampled_from(SERVICES))
def test_more_cpu_use_never_lowers_a_share(given_: Input, more: F, service: str) -> None:
    machines, cpu, reserved = given_
    name = machines[0].machine
    row = {"batch": F(1), **cpu.get(name, {}), "web": F(1)}
    raised = {**row, service: row.get(service, F(0)) + more}
    before, after = (allocate(machines, {**cpu, name: cores}, reserved) for cores in (row, raised))
    assert after.dynamic[service] >= before.dynamic.get(service, F(0))
    assert after.energy[service] >= before.energy.get(service, F(0))


@given(amounts, amounts, parts_of_one, amounts)
def test_idle_energy_does_not_fall_as_load_rises(energy: F, idle_power: F, on: F, more: F) -> None:
    dynamic, idle = split(energy, idle_power, on)
    loaded = split(energy + more, idle_power, on)
    assert dynamic + idle == energy
    assert loaded[0] >= dynamic and loaded[1] >= idle


@given(clusters(), amounts, amounts)
def test_services_get_what_the_meters_showed(given_: Input, a: F, b: F) -> None:
    """Check C2: overhead of each sector, with and without IT energy in it."""
    machines, cpu, reserved = given_
    extra = {"A": a, "B": b}
    meters = {s: extra[s] + sum((m.energy for m in machines if m.sector == s), F(0)) for s in extra}
    carrying = with_overhead(machines, meters)
    stray = carrying.overhead_without_it
    made = cluster_hour(carrying.machines, cpu, reserved, WATTS, overhead_without_it=stray)
    assert made.total == whole(meters)
    assert ("overhead_without_it" in made.flags) == (stray > 0)


@given(clusters())
def test_a_pue_of_one_is_no_overhead(given_: Input) -> None:
    machines, _, _ = given_
    meters = {s: sum((m.energy for m in machines if m.sector == s), F(0)) for s in "AB"}
    assert list(with_overhead(machines, meters).machines) == machines


@given(clusters(), st.sampled_from([F(1), F("1.1"), F(58, 37), F(3)]))
def test_one_pue_for_all_may_be_applied_before_or_after(given_: Input, factor: F) -> None:
    machines, cpu, reserved = given_
    one = [replace(machine, sector="", energy=machine.energy + 1) for machine in machines]
    it = sum(machine.energy for machine in one)
    made = allocate(list(with_overhead(one, {"": it * factor}).machines), cpu, reserved)
    assert pue(it * factor, it) == factor
    assert made.energy == {service: energy * factor for service, energy in allocate(one, cpu, reserved).energy.items()}


# (c)


@st.composite
def flows(draw: st.DrawFn) -> tuple[dict[str, F], Table]:
    """Energy of four services and use of each by the others, by itself and by customers; everybody keeps a part."""
    usage = {i: {**draw(use), "_ext": draw(positive)} for i in SERVICES if draw(st.booleans())}
    return {name: draw(amounts) for name in SERVICES}, fractions_by_usage(usage)


@given(flows())
def test_what_is_passed_on_is_conserved(given_: tuple[dict[str, F], Table]) -> None:
    """Check C4, for the closure and for rounds."""
    energy, fractions = given_
    made = closure(energy, fractions)
    assert whole(made.final) == whole(energy)
    assert all(0 <= made.final[name] <= made.gross[name] for name in made.gross)
    for n in range(4):
        after = rounds(energy, fractions, n)
        assert whole(after.energy) == whole(energy)
        assert all(0 < part <= after.energy[name] for name, part in after.undelivered.items())


@given(flows())
def test_gross_energy_is_ones_own_and_what_others_pass_on(given_: tuple[dict[str, F], Table]) -> None:
    energy, fractions = given_
    gross, rows = closure(energy, fractions).gross, without_self_use(fractions)
    for name, amount in gross.items():
        assert amount == energy[name] + sum(row.get(name, 0) * gross[i] for i, row in rows.items())


@given(flows())
def test_rounds_go_to_the_closure_and_undelivered_bounds_what_is_missing(given_: tuple[dict[str, F], Table]) -> None:
    """A service may still lose what it has to pass on, or gain what others have; nothing is negative."""
    energy, fractions = given_
    final = closure(energy, fractions).final
    missing = []
    for n in (0, 1, 2, 4):
        after = rounds(energy, fractions, n)
        missing.append(whole(after.undelivered))
        assert all(final[name] >= after.energy[name] - after.undelivered.get(name, 0) for name in final)
        assert sum(abs(final[name] - after.energy[name]) for name in final) <= 2 * missing[-1]
    assert missing == sorted(missing, reverse=True)


@given(flows(), positive)
def test_passing_on_commutes_with_a_factor_of_carbon(given_: tuple[dict[str, F], Table], intensity: F) -> None:
    energy, fractions = given_
    grams = closure({name: amount * intensity for name, amount in energy.items()}, fractions).final
    assert grams == {name: amount * intensity for name, amount in closure(energy, fractions).final.items()}


@given(flows(), flows())
def test_hours_may_be_added_up_before_or_after_passing_on(a: tuple[dict[str, F], Table], b) -> None:
    one, other, both = (
        closure(energy, a[1]).final for energy in (a[0], b[0], {name: a[0][name] + b[0][name] for name in a[0]})
    )
    assert both == {name: one[name] + other[name] for name in both}


@given(flows())
def test_use_of_oneself_can_be_removed(given_: tuple[dict[str, F], Table]) -> None:
    energy, fractions = given_
    assert closure(energy, without_self_use(fractions)) == closure(energy, fractions)


@given(flows(), amounts)
def test_a_service_without_flows_keeps_its_own(given_: tuple[dict[str, F], Table], own: F) -> None:
    energy, fractions = given_
    made = closure({**energy, "alone": own}, {**fractions, "alone": {}}).final
    assert made == {**closure(energy, fractions).final, "alone": own}


@given(st.dictionaries(st.sampled_from(SERVICES), use, max_size=4), st.tuples(*[amounts] * 4))
def test_by_cost_nobody_passes_on_more_than_it_has(charges: Table, costs: tuple[F, ...]) -> None:
    made = fractions_by_cost(charges, dict(zip(SERVICES, costs, strict=True)))
    assert all(whole(row) <= 1 and all(share >= 0 for share in row.values()) for row in made.values())


@given(st.dictionaries(st.sampled_from(SERVICES), use, max_size=4), st.lists(positive, min_size=4, max_size=4))
def test_any_flows_are_passed_on_exactly_or_a_closed_loop_is_named(charges: Table, energy: list[F]) -> None:
    """Nobody has customers and everybody passes all on: there is an end only in services that charge nobody."""
    fractions = fractions_by_usage(charges)
    given_ = dict(zip(SERVICES, energy, strict=True))
    if loops := closed_sets(fractions):
        with pytest.raises(ClosedLoop) as refusal:
            closure(given_, fractions)
        assert refusal.value.services == tuple(name for loop in loops for name in loop)
        assert all(used(fractions[name]).keys() <= set(loop) and fractions[name] for loop in loops for name in loop)
    else:
        assert whole(closure(given_, fractions).final) == sum(energy)
