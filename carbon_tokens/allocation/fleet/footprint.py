"""A fleet's month from tables to customers: METHOD (a) to (h) in order, and the numbers that are published.

    kernel, by partition     energy and location-based emissions by cluster, day and service        (a) (b) (d)
    reallocation             shared services to those who use them, on the sums of the month         (c)
    totals of a region       exact, straight from meters and intensities; market-based               (e)
    customers                by list value of their SKUs, whole Wh and grams by largest remainder    (f) (g) (h)

Gross totals are rounded up once a region. The rows below them are integers that add up to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from carbon_tokens.allocation.fleet import checks, customers, kernel, reallocation, tables
from carbon_tokens.allocation.fleet.billed import compare
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.columns import PARTITIONED
from carbon_tokens.allocation.fleet.exact import Integers
from carbon_tokens.allocation.fleet.inputs import Inputs
from carbon_tokens.allocation.fleet.market import market_based
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.allocation.fleet.modes import by_mode
from carbon_tokens.allocation.fleet.non_electric import worldwide
from carbon_tokens.allocation.fleet.quality import assess
from carbon_tokens.allocation.fleet.reallocation import Reallocation
from carbon_tokens.allocation.fleet.result import Footprint, Options, Region
from carbon_tokens.allocation.fleet.runners import Runner, in_process
from carbon_tokens.allocation.fleet.store import Store
from carbon_tokens.allocation.method.boundaries import Boundary
from carbon_tokens.errors import FleetError, NotConserved

Progress = Callable[[int, int], None]

_UWH = 10**6  # in a Wh
_FG = 10**15  # µWh × ng/Wh in a gram


def allocate(
    source: Path | str | Store | Mapping[str, Any],
    options: Options = Options(),
    *,
    runner: Runner = in_process,
    progress: Progress | None = None,
) -> Footprint:
    """Allocates a fleet's month to its customers.

    Args:
        source: folder of tables (a path, a URI, a ``store.Store``), or tables by name: see ``columns.TABLES``.
        runner: who runs the kernel over the partitions: see ``runners``.
        progress: called with the partitions done and all of them.

    Raises:
        FleetError: tables that do not fit together, or a cell that cannot be used, by file:row.
        MeterBelowMachines, MissingIntensity, ClosedLoop: as the steps of the method say.
        NotReconciled: meters and bills differ by more than the tolerance (C3).
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
    other = worldwide(inputs.tables, fleet.month)
    split = customers.split(totals, published, other.grams, inputs.tables["skus"], inputs.tables["customer_usage"])
    found = Footprint(
        regions, split.rows, split.unsold, split.bare, hours, days, residual, scope1_g=other.scope1_g,
        scope3_g=other.scope3_g, non_electric=other,
        undelivered_uwh=int(passing.left(energy).sum()), options=options, boundary=boundary, inputs=inputs.sha256,
        ignored=inputs.ignored, month=str(fleet.month) if fleet.month else None,
        quality=assess(inputs.tables, hours),
        billed=compare(inputs.tables, hours, fleet.month, options.bill_tolerance),
    )  # fmt: skip
    instruments = inputs.tables["instruments"].to_pylist() if "instruments" in inputs.tables else []
    return replace(found, checks=checks.evaluated(found, checks.Beside(totals, published, instruments)))


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
    if not cells and not left.any():
        raise FleetError("no meter shows any energy", where="facility_hours", todo="There is nothing to allocate.")
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
    residual = given["residual_mix"].to_pylist() if "residual_mix" in given else []
    mixes = {row["region"]: row["intensity"] for row in residual}
    regions = []
    for at, name in enumerate(fleet.regions):
        own = [cluster for cluster, region in zip(fleet.clusters, fleet.region, strict=True) if region == at]
        used, place = sum(energy[each] for each in own), sum((location[each] for each in own), Fraction(0))
        market, provisional = market_based(name, used, {each: location[each] for each in own}, given)
        regions.append(Region(name, used, place, market, provisional, tuple(sorted(own)), mixes.get(name)))
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
