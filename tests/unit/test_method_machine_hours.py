"""(a) From the energy of machines in an hour to the energy of services. Energies in kWh, idle power in kW."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import (
    UNALLOCATED,
    ClusterHour,
    MachineHour,
    cluster_hour,
    idle_scores,
    idle_shares,
    resource_weights,
    split,
)
from carbon_tokens.errors import DuplicateKey, UnitError, UnknownKey

D = Decimal
MACHINES = (
    MachineHour("m1", D("0.5"), D("0.3"), sector="A"),
    MachineHour("m2", D("0.4"), D("0.3"), sector="A"),
    MachineHour("m3", D("0.25"), D("0.2"), dedicated_to="dedi", sector="B"),
)
CPU = {"m1": {"prod": 6, "batch": 2}, "m2": {"prod": 1, "batch": 4}, "m3": {"dedi": 3}}
CPU_OF_TWO = {"m3": {"dedi": 3}, "m4": {"dedi": 1}}
RESERVED = {
    "prod": {"cpu": 80, "ram": 320, "hdd": 20, "ssd": 20},
    "db": {"cpu": 10, "ram": 160, "hdd": 20, "ssd": 10},
}
WATTS = {"cpu": 2, "ram": D("0.25"), "hdd": 1, "ssd": 2}


def allocated(machine: MachineHour, *, cpu: dict[str, int] | None = None, reserved: bool = True) -> ClusterHour:
    """One machine's hour, by default without CPU use and with the reservations above."""
    return cluster_hour([machine], {machine.machine: cpu or {}}, RESERVED if reserved else {}, WATTS)


def test_a_machine_hour_is_split_at_its_idle_energy() -> None:
    assert [machine.parts() for machine in MACHINES] == [
        (F("0.2"), F("0.3")),
        (F("0.1"), F("0.3")),
        (F("0.05"), F("0.2")),
    ]


def test_dynamic_energy_follows_cpu_use_and_idle_energy_reservations() -> None:
    """Two shared machines and a dedicated one; batch reserves nothing, db computes nothing."""
    hour = cluster_hour(MACHINES, CPU, RESERVED, WATTS)
    assert hour.dynamic == {"prod": F("0.17"), "batch": F("0.13"), "dedi": F("0.05")}
    assert hour.idle == {"prod": F("0.45"), "db": F("0.15"), "dedi": F("0.2")}
    assert hour.energy == {"prod": F("0.62"), "batch": F("0.13"), "db": F("0.15"), "dedi": F("0.25")}
    assert (hour.total, hour.flags) == (F("1.15"), ())


def test_idle_shares_are_weighted_shares_of_each_resource() -> None:
    assert idle_scores(RESERVED, WATTS) == {"prod": 300, "db": 100}
    weights = resource_weights(RESERVED, WATTS)
    assert weights == {"cpu": F("0.45"), "ram": F("0.3"), "hdd": F("0.1"), "ssd": F("0.15")}
    reserved = {k: sum(units[k] for units in RESERVED.values()) for k in weights}
    weighted = {j: sum(w * F(units[k], reserved[k]) for k, w in weights.items()) for j, units in RESERVED.items()}
    assert idle_shares(RESERVED, WATTS) == weighted == {"prod": F("0.75"), "db": F("0.25")}


def test_energy_below_the_idle_baseline_is_all_idle() -> None:
    assert split(D("0.25"), D("0.3")) == (0, F("0.25"))


def test_a_machine_that_was_off_half_the_hour_idled_for_the_other_half() -> None:
    assert split(D("0.2"), D("0.3"), D("0.5")) == (F("0.05"), F("0.15"))


def test_dynamic_energy_without_a_cpu_user_joins_the_idle_pool_and_is_flagged() -> None:
    hour = allocated(MACHINES[0])
    assert (sum(hour.dynamic.values()), hour.idle) == (0, {"prod": F("0.375"), "db": F("0.125")})
    assert hour.flags == ("dyn_without_cpu",)


def test_a_dedicated_machine_without_cpu_use_is_all_its_owners() -> None:
    hour = allocated(MACHINES[2])
    assert hour.energy == {"dedi": F("0.25"), "prod": 0, "db": 0}


def test_an_owner_of_two_machines_gets_the_idle_energy_of_both() -> None:
    hour = cluster_hour([MACHINES[2], replace(MACHINES[2], machine="m4", idle_power=D("0.1"))], CPU_OF_TWO, {}, WATTS)
    assert (hour.idle, hour.dynamic) == ({"dedi": F("0.3")}, {"dedi": F("0.2")})


def test_a_machine_that_only_idles_needs_no_cpu_user() -> None:
    hour = allocated(MachineHour("m1", D("0.3"), D("0.3")))
    assert (hour.total, hour.flags) == (F("0.3"), ())


def test_without_reservations_the_idle_pool_follows_dynamic_energy() -> None:
    hour = allocated(MACHINES[0], cpu={"prod": 6, "batch": 2}, reserved=False)
    assert hour.idle == {"prod": F("0.225"), "batch": F("0.075")}
    assert hour.flags == ("idle_by_dynamic",)


def test_without_reservations_and_dynamic_energy_the_pool_is_an_explicit_row() -> None:
    hour = allocated(MACHINES[0], reserved=False)
    assert hour.energy == {UNALLOCATED: F("0.5")}
    assert hour.flags == ("dyn_without_cpu", "unallocated")


def test_the_dynamic_energy_of_a_dedicated_machine_does_not_draw_the_shared_pool() -> None:
    hour = cluster_hour(MACHINES[1:], {"m3": {"dedi": 3}}, {}, WATTS)
    assert hour.idle == {"dedi": F("0.2"), UNALLOCATED: F("0.4")}


def test_capacity_that_nobody_reserved_can_be_shown_instead_of_spread() -> None:
    """400 W are reserved, 100 W are not: a fifth of the pool of 0.6 kWh."""
    hour = cluster_hour(MACHINES, CPU, RESERVED, WATTS, unreserved={"cpu": 50})
    assert hour.idle == {"prod": F("0.36"), "db": F("0.12"), UNALLOCATED: F("0.12"), "dedi": F("0.2")}
    assert (hour.total, hour.flags) == (F("1.15"), ("unallocated",))


def test_a_machine_cannot_stand_twice_in_an_hour() -> None:
    with pytest.raises(DuplicateKey, match="m1"):
        cluster_hour([MACHINES[0], MACHINES[0]], {}, RESERVED, WATTS)


def test_cpu_use_of_a_machine_that_is_not_given_is_refused() -> None:
    with pytest.raises(UnknownKey, match="m9"):
        cluster_hour(MACHINES, {"m9": {"prod": 1}}, RESERVED, WATTS)


@pytest.mark.parametrize("scores", [idle_scores, idle_shares])
def test_a_reserved_resource_needs_watts_per_unit(scores) -> None:
    with pytest.raises(UnknownKey, match="gpu"):
        scores({"prod": {"gpu": 1}}, WATTS)


@pytest.mark.parametrize("bad", [0.5, -1, D("-0.1"), D("NaN"), D("Infinity"), True, "1"])
def test_a_float_a_negative_number_and_what_is_not_finite_are_refused(bad) -> None:
    with pytest.raises(UnitError, match="energy"):
        MachineHour("m1", bad, 1)
    with pytest.raises(UnitError, match="cpu_use"):
        cluster_hour(MACHINES, {"m1": {"prod": bad}}, RESERVED, WATTS)
    with pytest.raises(UnitError, match="reservations"):
        cluster_hour(MACHINES, CPU, {"prod": {"cpu": bad}}, WATTS)


def test_a_machine_is_on_for_one_hour_at_most() -> None:
    with pytest.raises(UnitError, match="above 1"):
        MachineHour("m1", 1, 1, on_hours=D("1.01"))
