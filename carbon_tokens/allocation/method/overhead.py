"""(b) What the building adds to its machines: cooling, conversion losses, lights.

Overhead is allocated hourly, to every machine and its users, by the machine's total energy of that hour; it is measured
for a building and estimated for its sectors [S]. With F the energy behind the sector's meter, IT included,

    PUE = F / sum of the energy of the sector's machines,

and both the dynamic and the idle energy of each machine are multiplied by the PUE of its own sector *before* idle
energy is pooled [I: the order]. Multiplying afterwards gives the same only where all machines of a pool have one PUE;
otherwise services in an efficient sector would pay for another one.

An hour in which a sector's meter shows energy but its machines used none has no PUE: that energy is divided by the idle
shares of the hour and flagged ``overhead_without_it`` [I]. A meter below its own machines is a fault and is refused
[I].

Linear in energy: any one unit may be used for meters and machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from carbon_tokens.allocation.method.machine_hours import MachineHour
from carbon_tokens.allocation.method.rationals import ZERO, Number, all_exact, exact, total
from carbon_tokens.errors import MeterBelowMachines, NothingToShareBy, UnknownKey


@dataclass(frozen=True, slots=True)
class WithOverhead:
    """Machines that carry the overhead of their sectors, and what no machine can carry."""

    machines: tuple[MachineHour, ...]
    pue: Mapping[str, Fraction]  # of each sector with IT energy
    without_it: Mapping[str, Fraction]  # energy of each sector whose machines used nothing

    @property
    def overhead_without_it(self) -> Fraction:
        """What to give to ``cluster_hour`` if all sectors serve one cluster."""
        return total(self.without_it)


def pue(facility: Number, it: Number, *, where: str = "") -> Fraction:
    """Power usage effectiveness of an hour: facility energy, IT included, over IT energy; 1 or more.

    Raises:
        MeterBelowMachines: the facility used less than its machines.
        NothingToShareBy: no IT energy.
        UnitError: an amount that is negative, not finite or a float.
    """
    whole, machines = exact(facility, "facility"), exact(it, "it")
    if whole < machines:
        what = f"the meter shows {whole}, its machines used {machines}"
        raise MeterBelowMachines(what, where=where, todo="Check the meter, its unit and which machines are behind it.")
    if not machines:
        raise NothingToShareBy("an hour without IT energy has no PUE", where=where)
    return whole / machines


def with_overhead(machines: Sequence[MachineHour], facility: Mapping[str, Number]) -> WithOverhead:
    """The machines of a site-hour with the overhead of their sectors, before idle energy is pooled.

    Energy and idle power are both multiplied by the sector's PUE, and so both parts of ``split`` are. The sum of all
    machines and of ``without_it`` is the sum of all meters (check C2).

    Args:
        facility: sector -> energy of everything behind its meter in this hour, IT included.

    Raises:
        MeterBelowMachines: a sector's meter below the sum of its machines.
        UnknownKey: a machine in a sector without a meter.
        UnitError: an amount that is negative, not finite or a float.
    """
    meters = all_exact(facility, "facility")
    it = dict.fromkeys(meters, ZERO)
    for machine in machines:
        if machine.sector not in it:
            where = f"machine {machine.machine}"
            raise UnknownKey(f"sector {machine.sector!r} has no meter", where=where, todo="Add it to facility.")
        it[machine.sector] += exact(machine.energy, "energy")
    factors = {sector: pue(meters[sector], used, where=f"sector {sector!r}") for sector, used in it.items() if used}
    without_it = {sector: energy for sector, energy in meters.items() if energy and not it[sector]}
    return WithOverhead(tuple(_carrying(machine, factors) for machine in machines), factors, without_it)


def _carrying(machine: MachineHour, factors: Mapping[str, Fraction]) -> MachineHour:
    factor = factors.get(machine.sector)
    if factor is None:  # its whole sector used nothing
        return machine
    energy, idle_power = exact(machine.energy, "energy"), exact(machine.idle_power, "idle_power")
    return replace(machine, energy=energy * factor, idle_power=idle_power * factor)
