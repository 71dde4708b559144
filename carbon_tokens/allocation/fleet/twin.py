"""The twin: the fleet's month from the same tables by an independent second implementation, to the same digest.

``relations`` is the method as one Ibis expression, run by DuckDB here and by Spark or another engine where people have
one. The driver gives it small tables only: reservations, meters, intensities, where a unit of each shared service ends,
and the published totals of regions, which come from meters and intensities and not from what was allocated.

In service mode the factors of a SKU are fractions of any length, so ``modes`` makes them from the twin's own totals of
services, and the expression is run in two parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon_tokens.allocation.fleet import reallocation, relations, tables
from carbon_tokens.allocation.fleet.columns import PARTITIONED
from carbon_tokens.allocation.fleet.inputs import Inputs
from carbon_tokens.allocation.fleet.market import market_based
from carbon_tokens.allocation.fleet.model import Fleet
from carbon_tokens.allocation.fleet.modes import by_mode
from carbon_tokens.allocation.fleet.non_electric import worldwide
from carbon_tokens.allocation.fleet.relations import KEYS, QUANTITIES, REGIONAL, WORLDWIDE
from carbon_tokens.allocation.fleet.result import Options, Region
from carbon_tokens.errors import FleetError, MissingIntensity, NotConserved

_UG = 10**6  # in a gram
_FG = 10**15  # µWh × ng/Wh in a gram
_FAULT = "Report this: it is a fault of carbon-tokens."

SCHEMA = pa.schema(
    [(name, pa.string()) for name in KEYS] + [(name, pa.int64()) for name in (*QUANTITIES, "energy_uwh", "location_ug")]
)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What the driver makes once: tables for the expression by name, totals of regions, whole grams worldwide."""

    given: dict[str, Any]
    regions: tuple[Region, ...]
    worldwide: dict[str, int]
    inputs: Inputs


def allocate(source: Path | str | Mapping[str, Any], options: Options = Options(), *, backend: Any = None) -> pa.Table:
    """The rows of ``footprint.allocate``: KEYS, QUANTITIES, energy_uwh, location_ug, sorted by region and customer.

    Args:
        source: folder of tables, or tables by name, which ``footprint.allocate`` accepts.
        backend: of Ibis; None is a DuckDB in memory.

    Raises:
        FleetError, MissingIntensity, ClosedLoop: as ``footprint.allocate`` for the small tables. The large ones are not
            examined; what is wrong with them comes out as NotConserved, or as the kernel's error.
        NotConserved: parts that are not the whole, or a largest remainder of less than 0 or more than its rows.
    """
    inputs = Inputs.of(source)
    prepared = prepare(inputs, options)
    return run(prepared, large(inputs), options, backend)


def run(prepared: Prepared, heavy: Mapping[str, Any], options: Options = Options(), backend: Any = None) -> pa.Table:
    """The same from Ibis tables of machine-hours and CPU time with the columns inside, which may be out of core."""
    connection = ibis.duckdb.connect() if backend is None else backend
    try:
        found = connection.to_pyarrow(expression(prepared, heavy, options, connection))
    finally:
        if backend is None:
            connection.disconnect()
    check(found, prepared)
    return found.select(SCHEMA.names).cast(SCHEMA)


def expression(prepared: Prepared, heavy: Mapping[str, Any], options: Options, backend: Any) -> Any:
    """The expression of ``relations.published``; in service mode the totals are run first."""
    given = {**prepared.given, **heavy}
    final = relations.totals(given)
    if options.sku_mode == "regional":
        tables = {region.region: {name: getattr(region, name) for name in REGIONAL} for region in prepared.regions}
    else:
        names = {"service": pa.string(), "region": pa.string(), "energy": pa.int64(), "location": pa.int64()}
        made = backend.to_pyarrow(final).select(list(names)).cast(pa.schema(names))
        moved, of_regions, _ = by_mode(options.sku_mode, made, prepared.regions, prepared.inputs.tables)
        final = _memtable(moved)
        tables = {row["region"]: row for row in of_regions.to_pylist()}
    columns = {f"{name}_total": [row[name] for row in tables.values()] for name in REGIONAL}
    columns |= {f"{name}_total": [total] * len(tables) for name, total in prepared.worldwide.items()}
    return relations.published({**given, "published": _memtable(pa.table({"region": list(tables), **columns}))}, final)


def large(inputs: Inputs) -> dict[str, Any]:
    """Machine-hours and CPU time of all partitions as Ibis tables, in memory."""
    parts = [part.read() for part in inputs.parts] or [tuple(map(tables.empty, PARTITIONED))]
    power, usage = (pa.concat_tables([_plain(each[at]) for each in parts]) for at in (0, 1))
    return {"machine_hours": _memtable(power), "cpu_usage": _memtable(usage)}


def prepare(inputs: Inputs, options: Options = Options()) -> Prepared:
    """The small tables of the expression. Raises FleetError, MissingIntensity, ClosedLoop."""
    tables = inputs.tables
    fleet = Fleet.of(tables, missing_hours=options.missing_hours)
    passing = reallocation.build(reallocation.fractions(tables), fleet.services, options.rounds)
    usage = tables["customer_usage"]
    _countable(tables["skus"], usage)
    given = {
        "machines": tables["machines"].select(["machine", "cluster", "idle", "owner", "sector"]),
        "meters": tables["facility_hours"].select(["cluster", "sector", "hour", "energy"]),
        "places": tables["regions"].select(["cluster", "region"]),
        "skus": tables["skus"].select(["sku", "service", "price"]),
        "customer_usage": usage.select(["customer", "project", "sku", "region", "amount"]),
        "known": pa.table({"service": list(fleet.services)}),
        "scores": _entries(fleet.scores, {"cluster": fleet.clusters, "service": fleet.services}, "score"),
        "activity": _entries(fleet.activity, {"cluster": fleet.clusters, "service": fleet.services}, "score"),
        "intensity": _intensity(fleet),
        "ends": _ends(fleet, passing),
    }
    memtables = {name: _memtable(table) for name, table in given.items()}
    return Prepared(memtables, _regions(fleet, tables), worldwide(tables, fleet.month).grams, inputs)


def _countable(skus: pa.Table, usage: pa.Table) -> None:
    """Refuses list values whose sum, in 10^-9 USD, an engine's 64-bit integers do not hold; the kernel has 128 bits."""
    sku = pc.index_in(_text(usage.column("sku")), _text(skus.column("sku")))
    amount, price = (column.to_numpy().astype(np.float64) for column in (usage.column("amount"), skus.column("price")))
    value = amount * np.append(price, 0)[pc.fill_null(sku, skus.num_rows).to_numpy()] / 10**9
    if value.sum() >= 2.0**62:
        what = f"a list value of {value.sum() / 10**9:.3g} USD is more than can be counted in the twin"
        todo = "Give all prices in a larger unit of money; only their proportions count."
        raise FleetError(what, where="skus, customer_usage", todo=todo)


def _text(names: Any) -> pa.Array:
    return pc.cast(names, pa.string()).combine_chunks()


def _memtable(table: pa.Table) -> Any:
    return ibis.memtable(_plain(table))


def _plain(table: pa.Table) -> pa.Table:
    """Names as text: dictionaries differ from partition to partition, and not every engine has them."""
    types = [(each.name, pa.string() if pa.types.is_dictionary(each.type) else each.type) for each in table.schema]
    return table.cast(pa.schema(types))


def _entries(matrix: Any, names: Mapping[str, tuple[str, ...]], value: str) -> pa.Table:
    """The entries of a matrix above 0, with the names of their rows and columns."""
    at = np.argwhere(matrix > 0)
    columns = {
        column: pa.array([of[i] for i in at[:, axis]], pa.string()) for axis, (column, of) in enumerate(names.items())
    }
    return pa.table({**columns, value: pa.array(matrix[tuple(at.T)], pa.int64())})


def _ends(fleet: Fleet, passing: reallocation.Reallocation) -> pa.Table:
    shared = tuple(fleet.services[at] for at in passing.passing)
    return _entries(passing.ends, {"service": shared, "receiver": fleet.services}, "part")


def _intensity(fleet: Fleet) -> pa.Table:
    """cluster, hour, intensity, as they are after annual ones stood in."""
    at = np.argwhere(fleet.intensity >= 0)
    clusters = pa.array([fleet.clusters[i] for i in at[:, 0]], pa.string())
    return pa.table({"cluster": clusters, "hour": at[:, 1] + fleet.first, "intensity": fleet.intensity[tuple(at.T)]})


def _regions(fleet: Fleet, tables: Mapping[str, pa.Table]) -> tuple[Region, ...]:
    """Totals of regions straight from meters and intensities. Raises MissingIntensity."""
    used, exact = dict.fromkeys(fleet.clusters, 0), dict.fromkeys(fleet.clusters, Fraction(0))
    for room, hour in np.argwhere(fleet.facility > 0):
        cluster, energy = fleet.cluster[room], int(fleet.facility[room, hour])
        if (intensity := int(fleet.intensity[cluster, hour])) < 0:
            what, where = "energy without an intensity", f"{fleet.clusters[cluster]}, hour {hour + fleet.first}"
            raise MissingIntensity(what, where=where, todo='Give it in carbon_intensity, or missing_hours="annual".')
        used[fleet.clusters[cluster]] += energy
        exact[fleet.clusters[cluster]] += Fraction(energy * intensity, _FG)
    regions = []
    for at, name in enumerate(fleet.regions):
        own = [cluster for cluster, region in zip(fleet.clusters, fleet.region, strict=True) if region == at]
        energy = sum(used[each] for each in own)
        market, provisional = market_based(name, energy, {each: exact[each] for each in own}, tables)
        regions.append(Region(name, energy, sum((exact[each] for each in own), Fraction(0)), market, provisional))
    return tuple(regions)


def check(found: pa.Table, prepared: Prepared) -> None:
    """0 ≤ rest ≤ n of every largest remainder, all metered energy allocated, and rows that add up to what is published.

    Raises:
        NotConserved: C2, C9 or C11.
    """
    metered = sum(region.energy_uwh for region in prepared.regions)
    if found.num_rows and pc.max(found["allocated"]).as_py() != metered:
        what = f"{pc.max(found['allocated']).as_py()} µWh of {metered} are allocated"
        raise NotConserved(what, where="twin", todo=_FAULT, check="C2")
    for name in QUANTITIES:
        left, rows = found[f"{name}_left"], found["rows_region" if name in REGIONAL else "rows_world"]
        outside = pc.or_(pc.less(left, 0), pc.greater(pc.cast(left, pa.int64()), rows))
        if pc.any(outside, min_count=0).as_py():
            at = found.slice(pc.index(outside, True).as_py(), 1).to_pylist()[0]
            what = f"a rest of {at[f'{name}_left']} for the rows of {at['region']}"
            raise NotConserved(what, where=f"twin: {name}", todo=_FAULT, check="C9")
        whole = wanted(name, prepared)
        if (total := sum(found[name].to_pylist())) != whole:
            raise NotConserved(f"rows add up to {total}, not {whole}", where=f"twin: {name}", todo=_FAULT, check="C11")


def wanted(name: str, prepared: Prepared) -> int:
    """What all rows must add up to: whole Wh or grams worldwide, the sum over regions of what is published there."""
    return prepared.worldwide[name] if name in WORLDWIDE else sum(getattr(each, name) for each in prepared.regions)
