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

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.exact import Integers, counted, mul_div, shared_out, weighted_counts
from carbon_tokens.allocation.fleet.model import MISSING, UNALLOCATED, Fleet
from carbon_tokens.errors import FleetError, MeterBelowMachines, MissingIntensity, NotConserved

_UG = 10**9  # µWh × ng/Wh in a µg
_DAY = 24
_PIECE = 1 << 19  # rows
VERSION = 1  # of the bits: a change of any floor is a new one

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
        hour = self._hours(power)
        covered = np.zeros((len(fleet.clusters), fleet.facility.shape[1]), bool) if also is None else also.copy()
        covered[fleet.cluster[fleet.room[self.machine[_ids(power, "machine")]]], hour] = True
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
            self._power(power, hour - self.start)
        with counted(f"{where}, cpu_usage"):
            self._usage(usage)

    def _machines(self, power: pa.Table) -> Integers:
        index = {name: at for at, name in enumerate(self.fleet.machines)}
        names = power.column("machine").chunk(0).dictionary.to_pylist() if power.num_rows else []
        if unknown := sorted(set(names) - set(index)):
            raise FleetError(f"machine {unknown[0]!r} is unknown", where=self.where, todo="Give it a row in machines.")
        return np.array([index[name] for name in names], np.int64)

    def _hours(self, table: pa.Table) -> Integers:
        hours: Integers = table.column("hour").to_numpy() - self.fleet.first
        if len(hours) and (hours.min() < 0 or hours.max() >= self.fleet.facility.shape[1]):
            outside = hours[(hours < 0) | (hours >= self.fleet.facility.shape[1])][0] + self.fleet.first
            raise FleetError(f"hour {outside} has no meter", where=self.where, todo="Give facility_hours for it.")
        return hours

    def _power(self, power: pa.Table, hour: Integers) -> None:
        """Dynamic and idle energy by slot, and of the machines by room and hour."""
        fleet, slots = self.fleet, len(self.machine) * self.span
        slot = _ids(power, "machine") * self.span + hour
        self.present = np.zeros(slots, bool)
        self.present[slot] = True
        if self.present.sum() != len(slot):
            machine, at = divmod(int(np.bincount(slot).argmax()), self.span)
            what = f"machine {fleet.machines[self.machine[machine]]!r}, hour {at + self.start + fleet.first}"
            todo = "Give each machine-hour once."
            raise FleetError(f"{what} stands in two rows", where=f"{self.where}, machine_hours", todo=todo)
        energy = power.column("energy").to_numpy()
        idle = mul_div(fleet.idle[self.machine[_ids(power, "machine")]], power.column("on").to_numpy(), 3600)
        self.energy, self.dynamic = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
        self.energy[slot] = energy
        self.dynamic[slot] = energy - np.minimum(energy, idle)
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

    def _by_room(self, index: Integers, weights: Integers) -> Integers:
        size = len(self.rooms) * self.span
        return weighted_counts(index, weights, size).reshape(len(self.rooms), self.span)

    def _named(self, room: int) -> str:
        cluster, sector = self.fleet.rooms[self.rooms[room]]
        return f"cluster {cluster}" + (f", sector {sector}" if sector else "")

    def _usage(self, usage: pa.Table) -> None:
        """Dynamic energy by room, hour and service, in two passes over pieces of the rows that fit into a cache."""
        named = usage.column("service").chunk(0).dictionary.to_pylist() if usage.num_rows else []
        self.services = [*self.fleet.services, *sorted(set(named) - set(self.fleet.services))]
        index = {name: at for at, name in enumerate(self.services)}
        service = np.array([index[name] for name in named], np.int64)
        first, hour = self._firsts(usage), self._hours_of_usage(usage)
        pieces = [usage.slice(at, _PIECE) for at in range(0, usage.num_rows, _PIECE)]
        total = np.zeros(len(self.energy), np.int64)
        for piece in pieces:
            total += weighted_counts(_slots(piece, first, hour), piece.column("cpu").to_numpy(), len(total))
        if (total > 0)[~self.present].any():
            raise FleetError("CPU time of a machine-hour without energy", where=self.where, todo="Give its energy.")
        self.without_cpu = self._by_room(self.room_hour, np.where(total == 0, self.dynamic, 0))
        self._share(pieces, first, hour, service, total)

    def _share(
        self, pieces: Sequence[pa.Table], first: Integers, hour: int, service: Integers, total: Integers
    ) -> None:
        """Shares of all rows: ``used`` on shared machines; ``dedicated`` with what those leave to their owners."""
        shape = (len(self.rooms), self.span, len(self.services))
        size = int(np.prod(shape))
        used, dedicated, given = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(len(total), np.int64)
        owner, base = np.repeat(self.fleet.owner[self.machine], self.span), self.room_hour * shape[2]
        for piece in pieces:
            slot = _slots(piece, first, hour)
            share = _shares(piece.column("cpu").to_numpy(), self.dynamic, total, slot)
            cell = base[slot] + service[_ids(piece, "service")]
            used += weighted_counts(cell, share, size)
            if (owner >= 0).any():
                rows = np.flatnonzero((owner >= 0)[slot])
                dedicated += weighted_counts(cell[rows], share[rows], size)
                given += weighted_counts(slot[rows], share[rows], len(given))
        used -= dedicated
        kept = np.flatnonzero(owner >= 0)
        dedicated += weighted_counts(base[kept] + owner[kept], (self.energy - given)[kept], size)
        self.used, self.dedicated = used.reshape(shape), dedicated.reshape(shape)

    def _firsts(self, usage: pa.Table) -> Integers:
        """First slot of each machine of the table of CPU time."""
        index = {int(machine): at for at, machine in enumerate(self.machine)}
        fleet = {name: at for at, name in enumerate(self.fleet.machines)}
        names = usage.column("machine").chunk(0).dictionary.to_pylist() if usage.num_rows else []
        if strange := [name for name in names if fleet.get(name, MISSING) not in index]:
            what = f"CPU time of machine {strange[0]!r}, which has no energy"
            raise FleetError(what, where=f"{self.where}, cpu_usage", todo="Give its energy in machine_hours.")
        return np.array([index[fleet[name]] * self.span for name in names], np.int64)

    def _hours_of_usage(self, usage: pa.Table) -> int:
        """The first hour here, after all rows were found to be in the hours of the machines."""
        first, hour = self.fleet.first + self.start, usage.column("hour").to_numpy()
        if len(hour) and (hour.min() < first or hour.max() >= first + self.span):
            raise FleetError("CPU time of an hour without energy", where=self.where, todo="Give its energy.")
        return first

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
        """The pool by reservation; where nobody reserves by dynamic energy of shared machines, else unallocated."""
        scores = np.zeros((len(self.clusters), len(self.services)), np.int64)
        scores[:, : len(self.fleet.services)] = self.fleet.scores[self.clusters]
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
            "without_cpu": self._by_cluster(self.without_cpu)[cluster, hour],
            "without_it": self._by_cluster(bare)[cluster, hour],
            "unreserved": np.where(self.reserving[:, None], 0, pool)[cluster, hour],
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


def _slots(piece: pa.Table, first: Integers, hour: int) -> Integers:
    """Slot of each row: machine × T + hour."""
    slots: Integers = first[_ids(piece, "machine")] + piece.column("hour").to_numpy()
    slots -= hour
    return slots


def _shares(cpu: Integers, dynamic: Integers, total: Integers, slot: Integers) -> Integers:
    """floor(CPU × dynamic ÷ total) by row; in doubles where those are exact."""
    if len(cpu) and int(cpu.max()) * int(dynamic.max()) >= 1 << 53:
        return mul_div(cpu, dynamic[slot], np.maximum(total, 1)[slot])
    quotient = np.multiply(cpu, dynamic.astype(np.float64)[slot])
    np.divide(quotient, np.maximum(total, 1).astype(np.float64)[slot], out=quotient)
    return np.floor(quotient, out=quotient)


def _ids(table: pa.Table, column: str) -> NDArray[np.int32]:
    if not table.num_rows:
        return np.zeros(0, np.int32)
    ids: NDArray[np.int32] = table.column(column).chunk(0).indices.to_numpy()
    return ids


def _dictionary(index: Integers, names: Iterable[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(list(names), pa.string()))


def _conserved(check: str, whole: Integers, parts: Integers, where: str) -> None:
    if not np.array_equal(whole, parts):
        cell = tuple(int(each) for each in np.argwhere(whole != parts)[0])
        what = f"{parts[cell]} µWh of {whole[cell]} are allocated"
        raise NotConserved(
            what, where=f"{where}, cell {cell}", todo="Report this: it is a fault of carbon-tokens.", check=check
        )
