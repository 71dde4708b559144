"""What a fleet is, apart from its machine-hours: places, machines, reservations, meters and intensities, on dense ids.

Everything here is small and is given to every worker; what is large, machine-hours and CPU time, passes the kernel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carbon_tokens.allocation.fleet.exact import ONE, Integers
from carbon_tokens.allocation.method.shared_services import EXTERNAL
from carbon_tokens.allocation.shares import split
from carbon_tokens.errors import FleetError, MissingIntensity
from carbon_tokens.periods import Month

UNALLOCATED = "_unallocated"  # idle energy of a cluster-hour in which nobody reserves and nobody computes
MISSING = -1
_MOST = 2.0**62  # µWh of a month: 4.6 TWh
_FIRST_INSTANT = 100_000  # hours since 1970 are above it, hours of a month below

_OF_CUSTOMERS = (("service_usage", "user"), ("reallocation", "to"))  # columns in which EXTERNAL may stand

Names = tuple[str, ...]
Tables = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """C clusters, R rooms (a cluster's part in one building sector), M machines, S services, H hours from ``first``.

    Attributes:
        region: region index of each cluster, (C,).
        cluster: cluster index of each room, (R,).
        room: room index of each machine, (M,); idle: µWh an hour while on, (M,); owner: service index or -1, (M,).
        scores: shares of a cluster's pooled idle energy by reservation, units of 2^-40, (C, S); 0: nobody reserves.
        activity: shares by activity metrics of hours without machine data, likewise; 0: there are none.
        facility: µWh behind the meter, (R, H), -1 where there is no row.
        intensity: ng CO2e/Wh, (C, H), -1 where there is none; annual: whether it is the annual one, (C, H).
    """

    clusters: Names
    regions: Names
    rooms: tuple[tuple[str, str], ...]
    machines: Names
    services: Names
    region: Integers
    cluster: Integers
    room: Integers
    idle: Integers
    owner: Integers
    scores: Integers
    activity: Integers
    first: int
    facility: Integers
    intensity: Integers
    annual: NDArray[np.bool_]

    @classmethod
    def of(cls, tables: Tables, *, missing_hours: str = "refuse") -> Fleet:
        """The fleet in tables of ``columns.TABLES``.

        Args:
            missing_hours: "refuse", or "annual": an hour without an intensity has that of ``annual_intensity``,
                and the result says for how much energy.

        Raises:
            FleetError: a name that no table explains, or one explained twice.
        """
        clusters, regions, region = _places(tables["regions"])
        index = {name: at for at, name in enumerate(clusters)}
        rooms, room, cluster = _rooms(tables, index)
        services = _services(tables)
        first, facility = _facility(tables["facility_hours"], {name: at for at, name in enumerate(rooms)})
        intensity, annual = _intensities(tables, clusters, first, facility.shape[1], missing_hours)
        reserved, active = (_scores(tables, index, services, each) for each in (_RESERVED, _ACTIVE))
        return cls(
            clusters, regions, rooms, tuple(_words(tables["machines"], "machine")), services, region, cluster, room,
            _integers(tables["machines"], "idle"), _owners(tables["machines"], services),
            reserved, active, first, facility, intensity, annual,
        )  # fmt: skip

    @property
    def sha256(self) -> str:
        """Hash of all of it, 64 hex digits."""
        digest = hashlib.sha256()
        for each in fields(self):
            value = getattr(self, each.name)
            content = value.tobytes() if isinstance(value, np.ndarray) else json.dumps(value).encode()
            digest.update(f"{each.name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    @property
    def month(self) -> Month | None:
        """The month of its hours, where they are instants."""
        return Month.of(self.first * 3600) if self.first >= _FIRST_INSTANT else None


def _words(table: pa.Table, column: str) -> list[str]:
    return table.column(column).to_pylist() if column in table.column_names else []


def _integers(table: pa.Table, column: str) -> Integers:
    numbers: Integers = table.column(column).to_numpy().astype(np.int64)
    return numbers


def _once(names: list[str], what: str, where: str) -> None:
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FleetError(f"{what} {twice!r} stands in two rows", where=where, todo="Give each once.")


def _places(table: pa.Table) -> tuple[Names, Names, Integers]:
    clusters, regions = _words(table, "cluster"), _words(table, "region")
    _once(clusters, "cluster", "regions")
    names = tuple(sorted(set(regions)))
    return tuple(clusters), names, np.array([names.index(each) for each in regions], np.int64)


def _known(name: Any, index: Mapping[Any, int], what: str, where: str) -> int:
    if name not in index:
        raise FleetError(f"{what} {name!r} is unknown", where=where, todo="Every name needs a row in its own table.")
    return index[name]


def _rooms(tables: Tables, clusters: Mapping[str, int]) -> tuple[tuple[tuple[str, str], ...], Integers, Integers]:
    """Rooms, the room of each machine, the cluster of each room."""
    machines, meters = tables["machines"], tables["facility_hours"]
    _once(_words(machines, "machine"), "machine", "machines")
    of_machines = list(zip(_words(machines, "cluster"), _words(machines, "sector"), strict=True))
    of_meters = set(zip(_words(meters, "cluster"), _words(meters, "sector"), strict=True))
    rooms = tuple(sorted({*of_machines, *of_meters}))
    for cluster, _ in rooms:
        _known(cluster, clusters, "cluster", "machines, facility_hours")
    index = {name: at for at, name in enumerate(rooms)}
    room = np.array([index[each] for each in of_machines], np.int64)
    return rooms, room, np.array([clusters[cluster] for cluster, _ in rooms], np.int64)


def _services(tables: Tables) -> Names:
    columns = {
        "allocations": ("service",), "activity": ("service",), "machines": ("owner",),
        "skus": ("service",), "service_costs": ("service",),
        "reallocation": ("from", "to"), "service_usage": ("provider", "user"), "service_charges": ("provider", "user"),
    }  # fmt: skip
    found = {UNALLOCATED}
    for name, names in columns.items():
        for column in names if name in tables else ():
            named = set(tables[name].column(column).unique().to_pylist())
            if EXTERNAL in named and (name, column) not in _OF_CUSTOMERS:
                todo = f"{EXTERNAL} stands for customers: the user in service_usage, the receiver in reallocation."
                raise FleetError(f"{column} {EXTERNAL} is no service", where=name, todo=todo)
            found |= named
    return tuple(sorted(found - {"", EXTERNAL}))


def _owners(machines: pa.Table, services: Names) -> Integers:
    index = {name: at for at, name in enumerate(services)}
    owners = np.full(machines.num_rows, MISSING, np.int64)
    pairs = zip(_words(machines, "class"), _words(machines, "owner"), strict=True)
    for at, (kind, owner) in enumerate(pairs):
        if kind not in ("shared", "dedicated") or (kind == "dedicated") != bool(owner):
            todo = "class is shared, or dedicated with an owner."
            raise FleetError(f"class {kind!r} with owner {owner!r}", where=f"machines, row {at + 1}", todo=todo)
        owners[at] = index[owner] if owner else MISSING
    return owners


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A table of what services hold, and the table of what a unit of it weighs."""

    held: str
    kind: str  # column of both
    weights: str
    weight: str
    todo: str


_RESERVED = _Weighed("allocations", "resource", "unit_watts", "watts", "Give the watts per unit that is reserved.")
_ACTIVE = _Weighed("activity", "metric", "unit_energy", "energy", "Give the Wh per unit of each metric.")


def _scores(tables: Tables, clusters: Mapping[str, int], services: Names, of: _Weighed) -> Integers:
    """Σ weight × amount by cluster and service, as shares of 2^40."""
    scores = np.zeros((len(clusters), len(services)), np.int64)
    if of.held not in tables:
        return scores
    if of.weights not in tables:
        raise FleetError("there is no table of it", where=of.weights, todo=of.todo)
    _once(_words(tables[of.weights], of.kind), of.kind, of.weights)
    columns = (tables[of.weights].column(each).to_pylist() for each in (of.kind, of.weight))
    weights = dict(zip(*columns, strict=True))
    index = {name: at for at, name in enumerate(services)}
    sums: dict[int, dict[int, int]] = {}
    for row in tables[of.held].to_pylist():
        weight = _known(row[of.kind], weights, of.kind, of.held)
        by_service = sums.setdefault(_known(row["cluster"], clusters, "cluster", of.held), {})
        at = index[row["service"]]
        by_service[at] = by_service.get(at, 0) + weight * row["amount"]
    for cluster, found in sums.items():
        for at, part in split(ONE if any(found.values()) else 0, found).items():
            scores[cluster, at] = part
    return scores


def _facility(table: pa.Table, rooms: Mapping[tuple[str, str], int]) -> tuple[int, Integers]:
    """First hour, and µWh by room and hour."""
    hours = _integers(table, "hour")
    if not len(hours):
        raise FleetError("this table has no rows", where="facility_hours", todo="Give what the meters show.")
    if table.column("energy").to_numpy().astype(np.float64).sum() >= _MOST:
        raise FleetError("more energy than can be counted", where="facility_hours", todo="Check the unit.")
    first, last = _period(int(hours.min()), int(hours.max()))
    room = np.array([rooms[each] for each in zip(_words(table, "cluster"), _words(table, "sector"), strict=True)])
    slots = room * (last - first + 1) + hours - first
    _once_each(slots, table, "facility_hours", "cluster")
    facility = np.full((len(rooms), last - first + 1), MISSING, np.int64)
    facility.reshape(-1)[slots] = _integers(table, "energy")
    return first, facility


def _period(first: int, last: int) -> tuple[int, int]:
    """First and last hour, checked to lie in one month."""
    todo = "Allocate one month at a time: instants of one UTC month, or hours 0 to 743."
    instants = first >= _FIRST_INSTANT
    if (instants and Month.of(first * 3600) != Month.of(last * 3600)) or (not instants and last >= 744):
        raise FleetError(f"hours {first} to {last} are not of one month", where="facility_hours", todo=todo)
    return first, last


def _once_each(slots: Integers, table: pa.Table, where: str, column: str) -> None:
    """Refuses a second row of the same key; ``slots`` are the keys as numbers."""
    kept = np.unique(slots, return_index=True)[1]
    if len(kept) != len(slots):
        again = int(np.setdiff1d(np.arange(len(slots)), kept)[0])
        row = table.slice(again, 1).to_pylist()[0]
        raise FleetError(
            f"{column} {row[column]!r}, hour {row['hour']} stands in two rows", where=f"{where}, row {again + 1}",
            todo="A meter or machine has one row an hour.",
        )  # fmt: skip


def _intensities(
    tables: Tables, clusters: Names, first: int, hours: int, missing_hours: str
) -> tuple[Integers, NDArray[np.bool_]]:
    zones = dict(zip(clusters, _words(tables["regions"], "zone"), strict=True))
    intensity = np.full((len(clusters), hours), MISSING, np.int64)
    if "carbon_intensity" in tables:
        _fill(intensity, tables["carbon_intensity"], clusters, zones, first)
    annual = intensity == MISSING
    if missing_hours == "annual":
        if "annual_intensity" not in tables:
            raise MissingIntensity(
                "there is no table of them", where="annual_intensity", todo="Give annual_intensity.csv."
            )
        yearly = np.full((len(clusters), 1), MISSING, np.int64)
        _fill(yearly, tables["annual_intensity"], clusters, zones, 0)
        intensity = np.where(annual, yearly, intensity)
    elif missing_hours != "refuse":
        raise FleetError(f"{missing_hours!r} is neither refuse nor annual", where="missing_hours")
    return intensity, annual & (intensity != MISSING)


def _fill(found: Integers, table: pa.Table, clusters: Names, zones: Mapping[str, str], first: int) -> None:
    """Writes a table of intensities, by cluster or by zone, into (C, H)."""
    name = "carbon_intensity" if "hour" in table.column_names else "annual_intensity"
    by_place: dict[str, list[int]] = {}
    for at, cluster in enumerate(clusters):
        by_place.setdefault(f"cluster {cluster}", []).append(at)
        by_place.setdefault(f"zone {zones[cluster]}", []).append(at)
    hours = table.column("hour").to_pylist() if "hour" in table.column_names else [first] * table.num_rows
    if hours and (min(hours) >= _FIRST_INSTANT) != (first >= _FIRST_INSTANT):
        todo = "Give instants in both tables, or hours of the month in both."
        raise FleetError("its hours are of another clock than those of facility_hours", where=name, todo=todo)
    cells = zip(
        _words(table, "cluster"), _words(table, "zone"), hours, table.column("intensity").to_pylist(), strict=True
    )
    for row, (cluster, zone, hour, value) in enumerate(cells, start=1):
        if bool(cluster) == bool(zone):
            raise FleetError("give the cluster or the zone", where=f"{name}, row {row}", todo="One of the two columns.")
        if cluster and cluster not in clusters:
            raise FleetError(f"cluster {cluster!r} is unknown", where=f"{name}, row {row}", todo="See regions.")
        for at in by_place.get(f"cluster {cluster}" if cluster else f"zone {zone}", []):
            if 0 <= hour - first < found.shape[1]:
                if found[at, hour - first] != MISSING:
                    what = f"hour {hour} of {cluster or zone!r} stands twice"
                    raise FleetError(what, where=f"{name}, row {row}", todo="Give each hour once.")
                found[at, hour - first] = value
