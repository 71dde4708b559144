"""(c) Energy of shared services passed on to the services that use them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import (
    closed_sets,
    closure,
    fractions_by_cost,
    fractions_by_usage,
    net_charges,
    rounds,
    without_self_use,
)
from carbon_tokens.errors import ClosedLoop, FractionsAboveOne, UnitError, UnknownKey

D = Decimal
STORAGE = {"storage": 100, "network": 40, "search": 60, "maps": 50}
USAGE = {
    "storage": {"search": 30, "maps": 10, "_customers": 10},
    "network": {"storage": 20, "search": 50, "maps": 30},
}
CYCLE = {"A": {"B": D("0.5")}, "B": {"A": D("0.4"), "C": D("0.6")}}
CYCLE_ENERGY = {"A": 100, "B": 100, "C": 0}


def test_shared_services_pass_on_by_usage_and_keep_what_customers_use() -> None:
    fractions = fractions_by_usage(USAGE, external="_customers")
    assert fractions == {
        "storage": {"search": F("0.6"), "maps": F("0.2")},
        "network": {"storage": F("0.2"), "search": F("0.5"), "maps": F("0.3")},
    }
    passed = closure(STORAGE, fractions)
    assert passed.gross == {"maps": F("83.6"), "network": 40, "search": F("144.8"), "storage": 108}
    assert passed.final == {"maps": F("83.6"), "network": 0, "search": F("144.8"), "storage": F("21.6")}
    assert sum(passed.final.values()) == 250


def test_two_rounds_are_enough_where_no_service_is_two_passes_away() -> None:
    after = rounds(STORAGE, fractions_by_usage(USAGE, external="_customers"), 2)
    assert after.energy == {"storage": F("21.6"), "network": 0, "search": F("144.8"), "maps": F("83.6")}
    assert after.undelivered == {}


def test_services_that_use_each_other_are_solved_exactly() -> None:
    passed = closure(CYCLE_ENERGY, CYCLE)
    assert passed.gross == {"A": 175, "B": F("187.5"), "C": F("112.5")}
    assert passed.final == {"A": F("87.5"), "B": 0, "C": F("112.5")}


@pytest.mark.parametrize(
    "n, energy, undelivered",
    [
        (0, (100, 100, 0), {"A": 50, "B": 100}),
        (1, (90, 50, 60), {"A": 20, "B": 50}),
        (2, (90, 20, 90), {"A": 10, "B": 20}),
        (3, (88, 10, 102), {"A": 4, "B": 10}),
        (10, ("87.504", "0.032", "112.464"), {"A": F("0.016"), "B": F("0.032")}),
    ],
)
def test_what_rounds_leave_undelivered_is_reported(n, energy, undelivered) -> None:
    after = rounds(CYCLE_ENERGY, CYCLE, n)
    assert after.energy == {name: F(amount) for name, amount in zip("ABC", energy, strict=True)}
    assert after.undelivered == undelivered


def test_use_of_oneself_drops_out() -> None:
    """0.2 own, 0.6 passed on and 0.2 kept is 0.75 passed on and 0.25 kept."""
    fractions = {"A": {"A": D("0.2"), "B": D("0.6")}}
    assert without_self_use(fractions) == {"A": {"B": F("0.75")}}
    assert closure({"A": 100, "B": 0}, fractions).final == {"A": 25, "B": 75}


def test_a_closed_loop_is_named_and_refused() -> None:
    loop = {"P": {"Q": 1}, "Q": {"P": 1}}
    assert closed_sets(loop) == (("P", "Q"),)
    with pytest.raises(ClosedLoop, match="no end user is reachable from: P, Q") as refusal:
        closure({"P": 10, "Q": 5, "Z": 1}, loop)
    assert refusal.value.services == ("P", "Q")


def test_a_service_that_only_leads_into_a_closed_loop_is_refused_with_the_loop_named() -> None:
    loop = {"in": {"P": 1}, "P": {"Q": 1}, "Q": {"P": 1}}
    assert closed_sets(loop) == (("P", "Q"),)
    with pytest.raises(ClosedLoop, match="P, Q"):
        closure({"in": 1}, loop)


def test_each_of_several_closed_loops_is_named() -> None:
    assert closed_sets({"R": {"R": 1}, "P": {"Q": 1}, "Q": {"P": 1}}) == (("P", "Q"), ("R",))


def test_a_loop_that_leaks_is_no_closed_loop() -> None:
    leak = {"P": {"Q": 1}, "Q": {"P": D("0.999999"), "end": D("0.000001")}}
    assert closed_sets(leak) == ()
    assert closure({"P": 1}, leak).final == {"P": 0, "Q": 0, "end": 1}


def test_a_closed_loop_that_no_energy_reaches_does_no_harm() -> None:
    loop = {"P": {"Q": 1}, "Q": {"P": 1}}
    assert closure({"Z": 1}, loop).final == {"P": 0, "Q": 0, "Z": 1}


def test_a_service_that_passes_all_to_itself_is_a_closed_loop() -> None:
    with pytest.raises(ClosedLoop, match="reachable from: A"):
        without_self_use({"A": {"A": 1}})
    with pytest.raises(ClosedLoop, match="reachable from: A"):
        closure({"A": 1}, {"A": {"A": 1}})


def test_by_cost_a_service_keeps_the_part_of_its_cost_that_others_do_not_bear() -> None:
    """storage earns less than it costs, auth more, dns the same, the others nothing inside."""
    charges = {
        "storage": {"artifact_registry": 50, "bigquery": 100},
        "auth": {"storage": 40, "bigquery": 60},
        "dns": {"storage": 15, "artifact_registry": 15, "bigquery": 30},
    }
    cost = {"storage": 200, "auth": 80, "dns": 60, "artifact_registry": 70, "bigquery": 300}
    fractions = fractions_by_cost(charges, cost)
    assert fractions == {
        "storage": {"artifact_registry": F("0.25"), "bigquery": F("0.5")},
        "auth": {"storage": F("0.4"), "bigquery": F("0.6")},
        "dns": {"storage": F("0.25"), "artifact_registry": F("0.25"), "bigquery": F("0.5")},
    }
    energy = {"storage": 100, "auth": 10, "dns": 8, "artifact_registry": 5, "bigquery": 50}
    passed = closure(energy, fractions)
    assert passed.gross == {"artifact_registry": F("33.5"), "auth": 10, "bigquery": 113, "dns": 8, "storage": 106}
    assert passed.final == {"artifact_registry": F("33.5"), "auth": 0, "bigquery": 113, "dns": 0, "storage": F("26.5")}
    assert sum(passed.final.values()) == 173


def test_charges_in_both_directions_are_netted() -> None:
    assert net_charges({"i": {"j": 30}, "j": {"i": 10}}) == {"i": {"j": 20}}
    assert net_charges({"i": {"j": 10}, "j": {"i": 10}}) == {}
    assert net_charges({"i": {"j": 10}, "j": {"k": 5}}) == {"i": {"j": 10}, "j": {"k": 5}}


def test_a_service_that_nobody_used_or_paid_for_keeps_all() -> None:
    assert fractions_by_usage({"a": {"b": 0}}) == {"a": {}}
    assert fractions_by_cost({"a": {"b": 0}}, {"a": 0}) == {"a": {}}


def test_a_provider_without_a_total_cost_is_refused() -> None:
    with pytest.raises(UnknownKey, match="'a' charges others"):
        fractions_by_cost({"a": {"b": 1}}, {"b": 1})


@pytest.mark.parametrize("step", [without_self_use, closed_sets, lambda a: closure({}, a), lambda a: rounds({}, a, 1)])
def test_a_service_cannot_pass_on_more_than_it_has(step) -> None:
    with pytest.raises(FractionsAboveOne, match="'a' passes on 11/10"):
        step({"a": {"b": D("0.6"), "c": D("0.5")}})


def test_a_negative_number_of_rounds_is_refused() -> None:
    with pytest.raises(UnitError, match="rounds"):
        rounds({"a": 1}, {}, -1)
