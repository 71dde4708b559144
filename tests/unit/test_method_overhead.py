"""(b) What the building adds to its machines. Energies in kWh; machines, use and reservations as in step (a)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as F

import pytest

from carbon_tokens.allocation.method import ClusterHour, MachineHour, WithOverhead, cluster_hour, pue, with_overhead
from carbon_tokens.errors import MeterBelowMachines, NothingToShareBy, UnknownKey

D = Decimal
MACHINES = (
    MachineHour("m1", D("0.5"), D("0.3"), sector="A"),
    MachineHour("m2", D("0.4"), D("0.3"), sector="A"),
    MachineHour("m3", D("0.25"), D("0.2"), dedicated_to="dedi", sector="B"),
)
CPU = {"m1": {"prod": 6, "batch": 2}, "m2": {"prod": 1, "batch": 4}, "m3": {"dedi": 3}}
RESERVED = {"prod": {"watt": 300}, "db": {"watt": 100}}


def hour_of(carrying: WithOverhead) -> ClusterHour:
    stray = carrying.overhead_without_it
    return cluster_hour(carrying.machines, CPU, RESERVED, {"watt": 1}, overhead_without_it=stray)


def test_one_sector_raises_every_service_by_one_pue() -> None:
    machines = [replace(machine, sector="all") for machine in MACHINES]
    carrying = with_overhead(machines, {"all": D("1.38")})
    hour = hour_of(carrying)
    assert carrying.pue == {"all": pue(D("1.38"), D("1.15"))} == {"all": F("1.2")}
    assert hour.energy == {"prod": F("0.744"), "batch": F("0.156"), "db": F("0.18"), "dedi": F("0.3")}
    assert hour.total == F("1.38")
    assert hour.total - cluster_hour(MACHINES, CPU, RESERVED, {"watt": 1}).total == F("0.23")


def test_overhead_of_two_sectors_is_applied_before_idle_energy_is_pooled() -> None:
    """PUE 1.2 for the shared machines, 1.5 for the dedicated one: nobody else pays for the second sector."""
    carrying = with_overhead(MACHINES, {"A": D("1.08"), "B": D("0.375")})
    hour = hour_of(carrying)
    assert carrying.pue == {"A": F("1.2"), "B": F("1.5")}
    assert hour.energy == {"prod": F("0.744"), "batch": F("0.156"), "db": F("0.18"), "dedi": F("0.375")}
    assert hour.total == F("1.455")


def test_one_blended_pue_would_charge_services_for_another_sector() -> None:
    blended = pue(D("1.455"), D("1.15"))
    wrong = {j: e * blended for j, e in cluster_hour(MACHINES, CPU, RESERVED, {"watt": 1}).energy.items()}
    assert wrong == {"prod": F(9021, 11500), "batch": F(3783, 23000), "db": F(873, 4600), "dedi": F(291, 920)}


def test_overhead_of_an_hour_without_it_energy_follows_its_idle_shares_and_is_flagged() -> None:
    off = [replace(machine, energy=0, on_hours=0, sector="all") for machine in MACHINES]
    carrying = with_overhead(off, {"all": D("0.05")})
    hour = hour_of(carrying)
    assert carrying.without_it == {"all": F("0.05")}
    assert {j: e for j, e in hour.energy.items() if e} == {"prod": F("0.0375"), "db": F("0.0125")}
    assert (hour.total, hour.flags) == (F("0.05"), ("overhead_without_it",))


def test_a_sector_without_machines_keeps_its_energy_in_view() -> None:
    carrying = with_overhead(MACHINES, {"A": D("1.08"), "B": D("0.375"), "offices": D("0.1")})
    assert carrying.overhead_without_it == F("0.1")
    assert hour_of(carrying).total == F("1.555")


def test_a_meter_below_its_machines_is_refused() -> None:
    with pytest.raises(MeterBelowMachines, match=r"sector 'A'.*its machines used 9/10"):
        with_overhead(MACHINES, {"A": D("0.89"), "B": D("0.375")})


def test_a_meter_that_shows_its_machines_only_is_a_pue_of_one() -> None:
    assert pue(D("0.9"), D("0.90")) == 1


def test_a_machine_in_a_sector_without_a_meter_is_refused() -> None:
    with pytest.raises(UnknownKey, match="machine m3: sector 'B' has no meter"):
        with_overhead(MACHINES, {"A": D("1.08")})


def test_an_hour_without_it_energy_has_no_pue() -> None:
    with pytest.raises(NothingToShareBy):
        pue(1, 0)
