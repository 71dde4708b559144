"""The heavy stage: machine-hours of one (region, day) to energy and emissions by cluster, day and service.

METHOD (a) machine-hour to service, (b) overhead, (d) location-based carbon; all in integers, each floor written down.
Per row of CPU time: gathers by machine-hour and one sum by dense index. No join, no sort, any order of rows.

    share of a row        floor(CPU × dynamic ÷ CPU of the machine-hour); a dedicated machine's rest is its owner's
    pooled idle energy    what the shares leave of the machines' energy, so that nothing is lost
    with overhead         floor(energy × facility ÷ machines) by room and hour; the rest is in the pool
    pool by reservation   floors, the rest to the greatest
    emissions             floor(energy × intensity), by hour, then summed over the UTC day
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.exact import Integers, counted, mul_div, shared_out, weighted_counts, whole
from carbon_tokens.allocation.fleet.model import MISSING, UNALLOCATED, Fleet
from carbon_tokens.allocation.fleet.rows import Shares, ids, pieces, slots
from carbon_tokens.errors import FleetError, MeterBelowMachines, MissingIntensity, NotConserved

_UG = 10**9  # µWh × ng/Wh in a µg
_DAY = 24
VERSION = 2  # of the bits: a change of any floor is a new one

Flags = NDArray[np.bool_]


def allocate(fleet: Fleet, power: pa.Table, usage: pa.Table, where: str, also: Flags | None = None) -> Cells:
    """The cells of one partition, which has all machines of the cluster-hours in it.

    Args:
        power: machine, hour, energy (µWh), on (s): one row a machine-hour.
        usage: machine, hour, service, cpu (ms); rows of the same three add up.
        where: name of the partition, for errors.
        also: cluster-hours, (C, H), to be allocated although no machine has a row in them.

    Raises:
        FleetError: an unknown machine, a machine-hour twice, or CPU time of a machine-hour without energy.
        MeterBelowMachines: a room's meter shows less than its machines, or nothing.
        MissingIntensity: energy in an hour without an intensity.
        NotConserved: C1 or C2.
    """
    if not power.num_rows and also is None:
        raise FleetError("this table has no rows", where=where, todo="Give the energy of the machines.")
    return Partition(fleet, power, usage, where, also).cells()


class Partition:
    """Arrays of one partition on ids of its own: L rooms, T hours, S services; slots are machine × T + hour."""

    def __init__(self, fleet: Fleet, power: pa.Table, usage: pa.Table, where: str, also: Flags | None) -> None:
        self.fleet, self.where = fleet, where
        self.machine = self._machines(power)  # of the fleet, by id of the power table
        self._in_metered_hours(power)
        covered = np.zeros((len(fleet.clusters), fleet.facility.shape[1]), bool) if also is None else also.copy()
        first = fleet.cluster[fleet.room[self.machine]] * covered.shape[1] - fleet.first
        for piece in pieces(power):
            covered.reshape(-1)[slots(piece, first)] = True
        spanned = np.flatnonzero(covered.any(axis=0))
        self.start, self.span = int(spanned[0]), int(spanned[-1] - spanned[0] + 1)
        self.covered = covered[:, self.start : self.start + self.span]  # (C, T)
        self.rooms = np.flatnonzero(np.any(self.covered, axis=1)[fleet.cluster])
        self.local = np.full(len(fleet.rooms), MISSING, np.int64)
        self.local[self.rooms] = np.arange(len(self.rooms))
        self.inside = self.covered[fleet.cluster[self.rooms]]  # (L, T)
        meters = fleet.facility[self.rooms, self.start : self.start + self.span]
        self.meter = np.where(self.inside, np.maximum(meters, 0), 0)
        with counted(f"{where}, machine_hours"):
            self._power(power)
        with counted(f"{where}, cpu_usage"):
            self._usage(usage)

    def _machines(self, power: pa.Table) -> Integers:
        names = _names(power, "machine")
        found = _found(names, self.fleet.machines)
        if unknown := sorted(name for name, at in zip(names.to_pylist(), found, strict=True) if at == MISSING):
            raise FleetError(f"machine {unknown[0]!r} is unknown", where=self.where, todo="Give it a row in machines.")
        return found

    def _in_metered_hours(self, power: pa.Table) -> None:
        first, hours = self.fleet.first, power.column("hour")
        least, greatest = (each.as_py() for each in pc.min_max(hours).values())
        if power.num_rows and (least < first or greatest >= first + self.fleet.facility.shape[1]):
            outside = next(each for each in hours.to_pylist() if not 0 <= each - first < self.fleet.facility.shape[1])
            raise FleetError(f"hour {outside} has no meter", where=self.where, todo="Give facility_hours for it.")

    def _power(self, power: pa.Table) -> None:
        """Dynamic and idle energy by slot, and of the machines by room and hour."""
        fleet, size = self.fleet, len(self.machine) * self.span
        first = np.arange(len(self.machine)) * self.span - (fleet.first + self.start)
        self.present = np.zeros(size, bool)
        self.energy, self.dynamic = np.zeros(size, np.int64), np.zeros(size, np.int64)
        idle = fleet.idle[self.machine]
        for piece in pieces(power):
            slot, energy = slots(piece, first), piece.column("energy").to_numpy()
            resting = mul_div(idle.take(ids(piece, "machine")), piece.column("on").to_numpy(), 3600)
            self.present[slot] = True
            self.energy[slot] = energy
            self.dynamic[slot] = energy - np.minimum(energy, resting)
        if np.count_nonzero(self.present) != power.num_rows:
            self._twice(np.concatenate([slots(piece, first) for piece in pieces(power)]))
        rooms = np.repeat(self.local[fleet.room[self.machine]], self.span)
        self.room_hour = rooms * self.span + np.tile(np.arange(self.span), len(self.machine))
        self.machines = self._by_room(self.room_hour, self.energy)
        short = (self.machines > self.meter) & self.inside
        if short.any():
            room, at = np.argwhere(short)[0]
            shown = f"{self.meter[room, at] / 1e9:g} kWh" if self.meter[room, at] else "nothing"
            raise MeterBelowMachines(
                f"the meter shows {shown}, the machines {self.machines[room, at] / 1e9:g} kWh",
                where=f"{self.where}: {self._named(room)}, hour {at + self.start + fleet.first}",
                todo="Correct the meter or the machines; overhead cannot be negative.",
            )

    def _twice(self, slot: Integers) -> None:
        machine, at = divmod(int(np.bincount(slot).argmax()), self.span)
        what = f"machine {self.fleet.machines[self.machine[machine]]!r}, hour {at + self.start + self.fleet.first}"
        todo = "Give each machine-hour once."
        raise FleetError(f"{what} stands in two rows", where=f"{self.where}, machine_hours", todo=todo)

    def _by_room(self, index: Integers, weights: Integers) -> Integers:
        size = len(self.rooms) * self.span
        return weighted_counts(index, weights, size).reshape(len(self.rooms), self.span)

    def _named(self, room: int) -> str:
        cluster, sector = self.fleet.rooms[self.rooms[room]]
        return f"cluster {cluster}" + (f", sector {sector}" if sector else "")

    def _usage(self, usage: pa.Table) -> None:
        """Dynamic energy by room, hour and service, in two passes over the rows."""
        named = _names(usage, "service")
        self.services = [*self.fleet.services, *sorted(set(named.to_pylist()) - set(self.fleet.services))]
        first = self._firsts(usage)
        sums = np.zeros(len(self.energy))
        for piece in pieces(usage):
            np.add.at(sums, slots(piece, first), piece.column("cpu").to_numpy().astype(np.float64))
        total = whole(sums)
        if ((total > 0) & ~self.present).any():
            raise FleetError("CPU time of a machine-hour without energy", where=self.where, todo="Give its energy.")
        self.without_cpu = self._by_room(self.room_hour, np.where(total == 0, self.dynamic, 0))
        self._share(usage, first, _found(named, self.services), Shares(self.dynamic, total))

    def _share(self, usage: pa.Table, first: Integers, service: Integers, shares: Shares) -> None:
        """Shares of all rows: ``used`` on shared machines; ``dedicated`` with what those leave to their owners."""
        shape = (len(self.rooms), self.span, len(self.services))
        used, dedicated, given = (np.zeros(size) for size in (np.prod(shape), np.prod(shape), len(self.energy)))
        owner, base = np.repeat(self.fleet.owner[self.machine], self.span), self.room_hour * shape[2]
        owned = owner != MISSING
        for piece in pieces(usage):
            slot = slots(piece, first)
            share = shares(piece.column("cpu").to_numpy(), slot)
            cell = base.take(slot)
            cell += service.take(ids(piece, "service"))
            np.add.at(used, cell, share)
            if owned.any() and len(rows := np.flatnonzero(owned.take(slot))):
                np.add.at(dedicated, cell[rows], share[rows])
                np.add.at(given, slot[rows], share[rows])
        of_owners = whole(dedicated)
        shared, kept = whole(used) - of_owners, np.flatnonzero(owned)
        of_owners += weighted_counts(base[kept] + owner[kept], (self.energy - whole(given))[kept], len(used))
        self.used, self.dedicated = shared.reshape(shape), of_owners.reshape(shape)

    def _firsts(self, usage: pa.Table) -> Integers:
        """By machine of the table of CPU time: its first slot minus the first hour, so that an hour added is a slot."""
        local = np.full(len(self.fleet.machines) + 1, MISSING)  # the last one is nobody's
        local[self.machine] = np.arange(len(self.machine))
        names = _names(usage, "machine")
        at = local[_found(names, self.fleet.machines)]
        if (at == MISSING).any():
            what = f"CPU time of machine {names[int(at.argmin())].as_py()!r}, which has no energy"
            raise FleetError(what, where=f"{self.where}, cpu_usage", todo="Give its energy in machine_hours.")
        start = self.fleet.first + self.start
        least, greatest = (each.as_py() for each in pc.min_max(usage.column("hour")).values())
        if usage.num_rows and (least < start or greatest >= start + self.span):
            raise FleetError("CPU time of an hour without energy", where=self.where, todo="Give its energy.")
        return at * self.span - start

    def cells(self) -> Cells:
        """Overhead, the idle pool and emissions."""
        with counted(f"{self.where}, facility_hours"):
            given = self.used.sum(2) + self.dedicated.sum(2)
            _conserved("C1", self.machines, np.maximum(self.machines, given), self.where)
            machines = np.maximum(self.machines, 1)[..., None]
            dynamic, dedicated = (
                mul_div(each, self.meter[..., None], machines) for each in (self.used, self.dedicated)
            )
            pool = self._by_cluster(self.meter - (dynamic + dedicated).sum(2))
            shared = self._by_cluster(dynamic)
            energy = shared + self._by_cluster(dedicated) + self._reserved(pool, shared)
            facility = self._by_cluster(self.meter)
            _conserved("C2", facility, energy.sum(2), self.where)
        return self._tables(energy, facility, pool)

    def _by_cluster(self, of_rooms: Integers) -> Integers:
        """Sums over the rooms of a cluster: (L, T, …) → (clusters here, T, …)."""
        clusters = self.fleet.cluster[self.rooms]
        self.clusters = np.unique(clusters)
        sums = np.zeros((len(self.clusters), *of_rooms.shape[1:]), np.int64)
        np.add.at(sums, np.searchsorted(self.clusters, clusters), of_rooms)
        return sums

    def _reserved(self, pool: Integers, dynamic: Integers) -> Integers:
        """The pool by reservation; where nobody reserves by dynamic energy of shared machines, else unallocated.

        In hours without machine data activity metrics come first: they are of the period, reservations of a purchase.
        """
        scores = np.zeros((len(self.clusters), len(self.services)), np.int64)
        self.by_activity = np.any(self.fleet.activity[self.clusters], axis=1) & (not len(self.machine))
        held = np.where(self.by_activity[:, None], self.fleet.activity[self.clusters], self.fleet.scores[self.clusters])
        scores[:, : len(self.fleet.services)] = held
        self.reserving = np.any(scores, axis=1)
        weights = np.where(self.reserving[:, None, None], scores[:, None, :], dynamic)
        nobody = weights.sum(2) == 0
        weights[nobody, self.services.index(UNALLOCATED)] = 1
        return shared_out(pool, weights)

    def _tables(self, energy: Integers, facility: Integers, pool: Integers) -> Cells:
        window = slice(self.start, self.start + self.span)
        intensity = self.fleet.intensity[self.clusters, window]
        if ((intensity == MISSING) & (facility > 0)).any():
            cluster, at = np.argwhere((intensity == MISSING) & (facility > 0))[0]
            raise MissingIntensity(
                f"cluster {self.fleet.clusters[self.clusters[cluster]]} has energy but no intensity",
                where=f"{self.where}: hour {at + self.start + self.fleet.first}",
                todo='Give it in carbon_intensity, or an annual one and missing_hours="annual".',
            )
        with counted("carbon_intensity"):
            location = mul_div(energy, np.maximum(intensity, 0)[..., None], _UG)
        at = np.argwhere(self.covered[self.clusters])
        cluster, hour = at[:, 0], at[:, 1]
        bare = np.where(self.machines == 0, self.meter, 0)
        hours = {
            "cluster": _dictionary(self.clusters[cluster], self.fleet.clusters),
            "hour": hour + self.start + self.fleet.first,
            "energy": facility[cluster, hour],
            "intensity": intensity[cluster, hour],
            "annual": self.fleet.annual[self.clusters, window][cluster, hour],
            "machines": self._by_cluster(self.machines)[cluster, hour],
            "without_cpu": self._by_cluster(self.without_cpu)[cluster, hour],
            "without_it": self._by_cluster(bare)[cluster, hour],
            "unreserved": np.where(self.reserving[:, None], 0, pool)[cluster, hour],
            "by_activity": np.where(self.by_activity[:, None], pool, 0)[cluster, hour],
        }
        return Cells(self._services(energy, location), pa.table(hours))

    def _services(self, energy: Integers, location: Integers) -> pa.Table:
        day = (np.arange(self.span) + self.start + self.fleet.first) // _DAY
        days, first = np.unique(day, return_index=True)
        energy, location = (np.add.reduceat(each, first, axis=1) for each in (energy, location))
        at = np.argwhere(energy > 0)
        columns = {
            "cluster": _dictionary(self.clusters[at[:, 0]], self.fleet.clusters),
            "day": days[at[:, 1]],
            "service": _dictionary(at[:, 2], self.services),
            "energy": energy[tuple(at.T)],
            "location": location[tuple(at.T)],
        }
        return pa.table(columns)


def _names(table: pa.Table, column: str) -> pa.Array:
    return table.column(column).chunk(0).dictionary if table.num_rows else pa.array([], pa.string())


def _found(names: pa.Array, known: Iterable[str]) -> Integers:
    """Index of each name in those that are known, ``MISSING`` if it is not."""
    at = pc.index_in(names, pa.array(known, names.type))
    found: Integers = pc.fill_null(at, MISSING).to_numpy().astype(np.int64)
    return found


def _dictionary(index: Integers, names: Iterable[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(list(names), pa.string()))


def _conserved(check: str, whole: Integers, parts: Integers, where: str) -> None:
    if not np.array_equal(whole, parts):
        cell = tuple(int(each) for each in np.argwhere(whole != parts)[0])
        what = f"{parts[cell]} µWh of {whole[cell]} are allocated"
        raise NotConserved(
            what, where=f"{where}, cell {cell}", todo="Report this: it is a fault of carbon-tokens.", check=check
        )
