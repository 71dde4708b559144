"""(a) From the energy of machines in an hour to the energy of services.

A machine's energy has two parts [S]. What it would use with nothing to do is idle, the rest is dynamic:

    idle = min(E, P_idle x on_hours)      dynamic = E - idle      [I: how the idle part is known]

The dynamic part of each machine goes to the services that ran on it, by their CPU use [S], in normalised units [P]. The
idle part follows what was reserved, not what was used [S]: a machine dedicated to one service gives its idle energy to
it, shared machines of a cluster pool theirs [P], and the pool is divided by the score of each service's reservations,

    score_j = sum over resources k of  watts_per_unit_k x reserved_jk      [I: watts per unit as the weight],

which is the weighted sum of its shares of each resource, with weights w_k = c_k A_k / sum c A (``resource_weights``).
Non-production work reserves nothing, so it pays for dynamic energy only [A]. Capacity that nobody reserved is spread
over those who did reserve, as idle energy follows what is purchased [I], unless it is given as ``unreserved``: then it
is the row ``_unallocated``, to be treated as overhead, never dropped [I].

Edges [I]: dynamic energy on a machine without a CPU user joins its idle energy; in a cluster without reservations the
pool follows the dynamic energy on its shared machines, and where there is none it is the row ``_unallocated``. A
network device has no CPU user: dedicate it to a shared service, which passes it on in step (c).

Every function is linear in energy: any one unit may be used throughout, with idle power in that unit an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbon_tokens.allocation.method.rationals import (
    ONE,
    ZERO,
    Number,
    all_exact,
    exact,
    fraction_of_one,
    scaled,
    shares_of,
    summed,
    total,
)
from carbon_tokens.errors import DuplicateKey, UnknownKey

UNALLOCATED = "_unallocated"

DYN_WITHOUT_CPU = "dyn_without_cpu"  # dynamic energy without a CPU user joined the idle energy
IDLE_BY_DYNAMIC = "idle_by_dynamic"  # no reservations: the idle pool followed dynamic energy
OVERHEAD_WITHOUT_IT = "overhead_without_it"  # overhead of an hour without IT energy joined the idle pool
WITH_UNALLOCATED = "unallocated"  # there is energy in the row ``_unallocated``

ByService = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class MachineHour:
    """One machine in one hour.

    Raises:
        UnitError: an amount that is negative, not finite or a float; more than one hour on.
    """

    machine: str
    energy: Number
    idle_power: Number  # energy an hour while on with nothing to do
    on_hours: Number = 1  # of this hour, 0 to 1
    dedicated_to: str | None = None  # the service that owns it; None: shared
    sector: str = ""  # the part of the building whose overhead it carries

    def __post_init__(self) -> None:
        self.parts()

    def parts(self) -> tuple[Fraction, Fraction]:
        """(dynamic, idle) energy."""
        return split(self.energy, self.idle_power, self.on_hours)


@dataclass(frozen=True, slots=True)
class ClusterHour:
    """The energy of a cluster's machines in an hour, by service."""

    dynamic: Mapping[str, Fraction]
    idle: Mapping[str, Fraction]
    flags: tuple[str, ...] = ()  # what the data did not say and a rule of ours decided, sorted

    @property
    def energy(self) -> dict[str, Fraction]:
        """Dynamic and idle energy of each service."""
        return summed(self.dynamic, self.idle)

    @property
    def total(self) -> Fraction:
        """Energy of all services: that of all machines."""
        return total(self.dynamic) + total(self.idle)


def split(energy: Number, idle_power: Number, on_hours: Number = 1) -> tuple[Fraction, Fraction]:
    """(dynamic, idle) energy of a machine-hour; they add up to ``energy`` [S; the baseline is ours].

    Homogeneous: k times the energy and k times the idle power give k times both parts.

    Raises:
        UnitError: an amount that is negative, not finite or a float; more than one hour on.
    """
    whole = exact(energy, "energy")
    idle = min(whole, exact(idle_power, "idle_power") * fraction_of_one(on_hours, "on_hours"))
    return whole - idle, idle


def dynamic_shares(cpu_use: ByService) -> dict[str, Fraction]:
    """Share of a machine's dynamic energy by service: its CPU use over that of all [S]; empty without any use."""
    return shares_of(all_exact(cpu_use, "cpu_use"))


def idle_scores(reservations: Mapping[str, ByService], unit_watts: Mapping[str, Number]) -> dict[str, Fraction]:
    """Watts that each service's reservations stand for: reserved units times watts per unit [I].

    Args:
        reservations: service -> resource -> units reserved in the cluster.
        unit_watts: resource -> watts of one unit; only their ratios matter.

    Raises:
        UnknownKey: a resource without watts per unit.
        UnitError: an amount that is negative, not finite or a float.
    """
    watts = all_exact(unit_watts, "unit_watts")
    return {service: _score(service, amounts, watts) for service, amounts in reservations.items()}


def idle_shares(reservations: Mapping[str, ByService], unit_watts: Mapping[str, Number]) -> dict[str, Fraction]:
    """Share of the idle pool by service: its score over that of all [I]; empty without reservations."""
    return shares_of(idle_scores(reservations, unit_watts))


def resource_weights(reservations: Mapping[str, ByService], unit_watts: Mapping[str, Number]) -> dict[str, Fraction]:
    """Weight of each resource, w_k = c_k A_k / sum c A with A_k the units of k that are reserved.

    The share of a service is then the sum over k of w_k times its share of A_k: the same as ``idle_shares`` [I].
    Resources without watts per unit are left out.
    """
    return shares_of(
        {resource: total(idle_scores(_only(resource, reservations), unit_watts)) for resource in unit_watts}
    )


def cluster_hour(
    machines: Sequence[MachineHour],
    cpu_use: Mapping[str, ByService],
    reservations: Mapping[str, ByService],
    unit_watts: Mapping[str, Number],
    *,
    unreserved: Mapping[str, Number] | None = None,
    overhead_without_it: Number = 0,
) -> ClusterHour:
    """The energy of one cluster in one hour, by service; its total is that of the machines (check C1).

    Args:
        cpu_use: machine -> service -> CPU use, in one unit for all services of a machine.
        reservations: service -> resource -> units reserved in the cluster in this hour.
        unit_watts: resource -> watts of one unit.
        unreserved: resource -> units that nobody reserved, for an explicit row ``_unallocated``; None: spread.
        overhead_without_it: overhead of sectors without IT energy in this hour (step b); it joins the idle pool.

    Raises:
        DuplicateKey: a machine that stands twice.
        UnknownKey: CPU use of a machine that is not given, a resource without watts per unit.
        UnitError: an amount that is negative, not finite or a float.
    """
    _check_machines(machines, cpu_use)
    if unreserved is not None:
        reservations = {**reservations, UNALLOCATED: unreserved}
    stray = exact(overhead_without_it, "overhead_without_it")
    parts = [_allocate(machine, dynamic_shares(cpu_use.get(machine.machine, {}))) for machine in machines]
    owned = summed(*({part.owner: part.idle} for part in parts if part.owner is not None))
    pool = sum((part.idle for part in parts if part.owner is None), stray)
    shared = summed(*(part.dynamic for part in parts if part.owner is None))
    pooled, flags = _pool(pool, idle_shares(reservations, unit_watts), shared)
    flags |= {DYN_WITHOUT_CPU} if any(part.without_cpu for part in parts) else set()
    flags |= {OVERHEAD_WITHOUT_IT} if stray else set()
    return ClusterHour(summed(*(part.dynamic for part in parts)), summed(owned, pooled), tuple(sorted(flags)))


@dataclass(frozen=True, slots=True)
class _Parts:
    """A machine-hour on its way to services."""

    owner: str | None
    dynamic: Mapping[str, Fraction]
    idle: Fraction
    without_cpu: bool


def _allocate(machine: MachineHour, shares: Mapping[str, Fraction]) -> _Parts:
    dynamic, idle = machine.parts()
    if not shares:
        return _Parts(machine.dedicated_to, {}, idle + dynamic, without_cpu=dynamic > 0)
    return _Parts(machine.dedicated_to, scaled(shares, dynamic), idle, without_cpu=False)


def _pool(
    pool: Fraction, reserved: Mapping[str, Fraction], dynamic: Mapping[str, Fraction]
) -> tuple[dict[str, Fraction], set[str]]:
    """The idle pool by service: by reservations, else by dynamic energy, else to no service."""
    if not pool:
        return scaled(reserved, pool), set()
    by_dynamic = {} if reserved else shares_of(dynamic)
    spread = scaled(reserved or by_dynamic or {UNALLOCATED: ONE}, pool)
    flags = {IDLE_BY_DYNAMIC} if by_dynamic else set()
    return spread, flags | ({WITH_UNALLOCATED} if spread.get(UNALLOCATED) else set())


def _check_machines(machines: Sequence[MachineHour], cpu_use: Mapping[str, ByService]) -> None:
    counts = Counter(machine.machine for machine in machines)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise DuplicateKey(f"machines stand twice in one hour: {', '.join(twice)}", where="machines")
    if unknown := sorted(set(cpu_use) - set(counts)):
        raise UnknownKey(f"CPU use of machines that are not given: {', '.join(unknown)}", where="cpu_use")


def _score(service: str, amounts: ByService, watts: Mapping[str, Fraction]) -> Fraction:
    units = all_exact(amounts, f"reservations[{service!r}]")
    return sum((watts[_known(resource, watts)] * units[resource] for resource in units), ZERO)


def _only(resource: str, reservations: Mapping[str, ByService]) -> dict[str, ByService]:
    return {service: {resource: amounts.get(resource, 0)} for service, amounts in reservations.items()}


def _known(resource: str, table: Mapping[str, object]) -> str:
    if resource not in table:
        todo = f"Resources: {', '.join(sorted(table))}."
        raise UnknownKey(f"no watts per unit of {resource!r}", where="unit_watts", todo=todo)
    return resource
