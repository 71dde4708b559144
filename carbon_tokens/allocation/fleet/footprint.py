"""A fleet's month from tables to customers: METHOD (a) to (h) in order, and the numbers that are published.

    kernel, by partition     energy and location-based emissions by cluster, day and service        (a) (b) (d)
    reallocation             shared services to those who use them, on the sums of the month         (c)
    totals of a region       exact, straight from meters and intensities; market-based               (e)
    customers                by list value of their SKUs, whole Wh and grams by largest remainder    (f) (g) (h)

Gross totals are rounded up once a region. The rows below them are integers that add up to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet import customers, kernel, reallocation, tables
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.columns import PARTITIONED
from carbon_tokens.allocation.fleet.exact import Integers
from carbon_tokens.allocation.fleet.inputs import Inputs
from carbon_tokens.allocation.fleet.market import market_based
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.allocation.fleet.modes import by_mode
from carbon_tokens.allocation.fleet.reallocation import Reallocation
from carbon_tokens.allocation.fleet.runners import Runner, in_process
from carbon_tokens.allocation.method.boundaries import Boundary
from carbon_tokens.errors import FleetError, NotConserved
from carbon_tokens.units import ceil

PUBLISHED = (*customers.KEYS, *customers.REGIONAL, *customers.WORLDWIDE)  # columns of a row that is published

Progress = Callable[[int, int], None]

_UWH = 10**6  # in a Wh
_FG = 10**15  # µWh × ng/Wh in a gram
_SCOPES = {"scope1": "scope1_g", "scope3": "scope3_g"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller chose; written into the result.

    Attributes:
        sku_mode: "regional" keeps the total of each region, "service" one factor a SKU and intensity everywhere.
        missing_hours: "refuse", or "annual": hours without an intensity have the annual one.
        rounds: of passing on the energy of shared services; None is all of them.
        boundary: id of the list of what is counted.
    """

    sku_mode: str = "regional"
    missing_hours: str = "refuse"
    rounds: int | None = None
    boundary: str = "google-2024"


@dataclass(frozen=True, slots=True)
class Region:
    """Totals of a region: exact, and as published (gross rounded up)."""

    region: str
    energy_uwh: int
    location: Fraction  # scope 2, g
    market: Fraction  # scope 2, g
    provisional: bool  # market-based by the factor of the year before

    @property
    def energy_wh(self) -> int:
        return ceil(Fraction(self.energy_uwh, _UWH))

    @property
    def scope2_location_g(self) -> int:
        return ceil(self.location)

    @property
    def scope2_market_g(self) -> int:
        return ceil(self.market)


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """A fleet's month, allocated.

    Attributes:
        rows: customer, project, service, region, energy_wh, scope2_location_g, scope2_market_g, scope1_g, scope3_g, and
            energy_uwh and location_ug, from which they come.
        unsold: service, region, energy_uwh, location_ug of services that nobody bought there.
        bare: service, region of sales where the service has no energy.
        hours: by cluster and hour, as ``kernel.Cells.hours``; days: by cluster, day and service, before reallocation.
        residual: by region, g of the rows minus g of the region (service mode; else 0).
        inputs: sha-256 of each file by its name; ignored: tables in the folder that are no table of a fleet.
        undelivered_uwh: energy that has not reached an end user (with rounds).
    """

    regions: tuple[Region, ...]
    rows: pa.Table
    unsold: pa.Table
    bare: pa.Table
    hours: pa.Table
    days: pa.Table
    residual: dict[str, int]
    scope1_g: int
    scope3_g: int
    undelivered_uwh: int
    options: Options
    boundary: Boundary
    inputs: dict[str, str]
    ignored: tuple[str, ...]
    month: str | None

    @property
    def energy_wh(self) -> int:
        return sum(each.energy_wh for each in self.regions)

    @property
    def statement_g(self) -> int:
        """Scope 2 location-based as published: the sum over regions of what is rounded up there."""
        return sum(each.scope2_location_g for each in self.regions)

    @property
    def digest(self) -> str:
        """``digest`` of the rows."""
        return digest(self.rows)


def digest(rows: pa.Table) -> str:
    """sha-256 of published rows, column by column: the same on every engine, machine and version."""
    found = hashlib.sha256()
    for name in PUBLISHED:
        found.update(f"{name}\n".encode())
        column = rows.column(name)
        if name in customers.KEYS:
            texts = column.cast(pa.large_string()).combine_chunks()
            found.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            found.update("".join(texts.to_pylist()).encode())
        else:
            found.update(column.to_numpy().astype("<i8").tobytes())
    return found.hexdigest()


def allocate(
    source: Path | str | Mapping[str, Any],
    options: Options = Options(),
    *,
    runner: Runner = in_process,
    progress: Progress | None = None,
) -> Footprint:
    """Allocates a fleet's month to its customers.

    Args:
        source: folder of tables, or tables by name (paths, pyarrow, pandas): see ``columns.TABLES``.
        runner: who runs the kernel over the partitions: see ``runners``.
        progress: called with the partitions done and all of them.

    Raises:
        FleetError: tables that do not fit together, or a cell that cannot be used, by file:row.
        MeterBelowMachines, MissingIntensity, ClosedLoop: as the steps of the method say.
        NotConserved: a step lost or invented energy or emissions (C1 … C12).
    """
    inputs, boundary = Inputs.of(source), Boundary.shipped(options.boundary)
    fleet = Fleet.of(inputs.tables, missing_hours=options.missing_hours)
    cells = _covered(fleet, list(_counted(runner(fleet, inputs.parts), len(inputs.parts), progress)))
    days, hours = (
        pa.concat_tables([getattr(each, name) for each in cells]).unify_dictionaries() for name in ("services", "hours")
    )
    services, energy, location = _summed(fleet, days)
    passing = reallocation.build(reallocation.fractions(inputs.tables), services, options.rounds)
    regions = _regions(fleet, hours, inputs.tables)
    _within(regions, fleet, location, len(hours) * len(services))
    totals = _by_region(fleet, services, passing, energy, location)
    totals, published, residual = by_mode(options.sku_mode, totals, regions, inputs.tables)
    worldwide = _non_electric(inputs.tables)
    split = customers.split(totals, published, worldwide, inputs.tables["skus"], inputs.tables["customer_usage"])
    return Footprint(
        regions, split.rows, split.unsold, split.bare, hours, days, residual, **worldwide,
        undelivered_uwh=int(passing.left(energy).sum()), options=options, boundary=boundary, inputs=inputs.sha256,
        ignored=inputs.ignored, month=str(fleet.month) if fleet.month else None,
    )  # fmt: skip


def _counted(cells: Iterator[Cells], number: int, progress: Progress | None) -> Iterator[Cells]:
    for done, each in enumerate(cells, start=1):
        if progress:
            progress(done, number)
        yield each


def _covered(fleet: Fleet, cells: list[Cells]) -> list[Cells]:
    """Cells of all cluster-hours with energy: those without a machine's row have overhead only.

    Raises:
        FleetError: a cluster-hour in two partitions.
    """
    seen = np.zeros((len(fleet.clusters), fleet.facility.shape[1]), np.int64)
    index = {name: at for at, name in enumerate(fleet.clusters)}
    for each in cells:
        cluster = np.array([index[name] for name in each.hours.column("cluster").to_pylist()], np.int64)
        np.add.at(seen, (cluster, each.hours.column("hour").to_numpy() - fleet.first), 1)
    if (seen > 1).any():
        cluster, hour = np.argwhere(seen > 1)[0]
        what = f"cluster {fleet.clusters[cluster]}, hour {hour + fleet.first} is in two partitions"
        raise FleetError(what, where="machine_hours", todo="Keep all machines of a cluster-hour in one file.")
    drawing = np.zeros(seen.shape, np.int64)
    np.add.at(drawing, fleet.cluster, np.maximum(fleet.facility, 0))
    left = (drawing > 0) & (seen == 0)
    if not left.any():
        return cells
    power, usage = map(tables.empty, PARTITIONED)
    return [*cells, kernel.allocate(fleet, power, usage, "facility_hours", left)]


def _summed(fleet: Fleet, days: pa.Table) -> tuple[tuple[str, ...], Integers, Integers]:
    """Services, energy (µWh) and location (µg) of the month, (clusters, services)."""
    sums = days.group_by(["cluster", "service"]).aggregate([("energy", "sum"), ("location", "sum")])
    services = tuple(sorted({*fleet.services, *sums.column("service").to_pylist()}))
    shape = (len(fleet.clusters), len(services))
    at = tuple(
        np.array([names.index(name) for name in sums.column(column).to_pylist()], np.int64)
        for column, names in (("cluster", fleet.clusters), ("service", services))
    )
    energy, location = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    energy[at], location[at] = (sums.column(f"{name}_sum").to_numpy() for name in ("energy", "location"))
    return services, energy, location


def _regions(fleet: Fleet, hours: pa.Table, given: Mapping[str, pa.Table]) -> tuple[Region, ...]:
    """Totals straight from meters and intensities, not from the parts that were allocated."""
    energy, exact = dict.fromkeys(fleet.clusters, 0), dict.fromkeys(fleet.clusters, 0)
    columns = (hours.column(name).to_pylist() for name in ("cluster", "energy", "intensity"))
    for cluster, used, intensity in zip(*columns, strict=True):
        energy[cluster] += used
        exact[cluster] += used * intensity if used else 0
    location = {cluster: Fraction(grams, _FG) for cluster, grams in exact.items()}
    regions = []
    for at, name in enumerate(fleet.regions):
        own = [cluster for cluster, region in zip(fleet.clusters, fleet.region, strict=True) if region == at]
        used, place = sum(energy[each] for each in own), sum((location[each] for each in own), Fraction(0))
        market, provisional = market_based(name, used, {each: location[each] for each in own}, given)
        regions.append(Region(name, used, place, market, provisional))
    return tuple(regions)


def _within(regions: Sequence[Region], fleet: Fleet, location: Integers, cells: int) -> None:
    """C5: what the kernel gave is the exact total but for its floors, less than a µg a cell."""
    exact = sum((each.location for each in regions), Fraction(0)) * _UWH
    lost = exact - sum(map(int, location.ravel()))
    if not 0 <= lost <= cells:
        raise NotConserved(f"services have {float(lost)} µg less than the meters", where="location", check="C5")


def _by_region(
    fleet: Fleet, services: Sequence[str], passing: Reallocation, energy: Integers, location: Integers
) -> pa.Table:
    """service, region, energy, location after reallocation. Raises NotConserved: C4."""
    final = [passing(each) for each in (energy, location)]
    for before, after in zip((energy, location), final, strict=True):
        if not np.array_equal(before.sum(1), after.sum(1)):
            raise NotConserved("reallocation lost or invented energy", where="reallocation", check="C4")
    sums = [np.zeros((len(fleet.regions), len(services)), np.int64) for _ in final]
    for into, of in zip(sums, final, strict=True):
        np.add.at(into, fleet.region, of)
    at = np.argwhere((sums[0] > 0) | (sums[1] > 0))
    names = {"service": [services[s] for _, s in at], "region": [fleet.regions[r] for r, _ in at]}
    return pa.table({**names, "energy": sums[0][tuple(at.T)], "location": sums[1][tuple(at.T)]})


def _non_electric(given: Mapping[str, pa.Table]) -> dict[str, int]:
    """Scope 1 and 3 of the month in whole grams, rounded up."""
    masses = dict.fromkeys(_SCOPES.values(), 0)
    for row in given["nonelectric"].to_pylist() if "nonelectric" in given else []:
        if row["scope"] not in _SCOPES:
            todo = "Scopes: scope1, scope3; scope 2 is what this allocates."
            raise FleetError(f"scope {row['scope']!r} is unknown", where="nonelectric", todo=todo)
        masses[_SCOPES[row["scope"]]] += row["mass"]
    return {name: ceil(Fraction(mass, _UWH)) for name, mass in masses.items()}
