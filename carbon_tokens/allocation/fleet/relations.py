"""The method as ONE relational expression in Ibis: joins, group-bys and windows, for any backend that knows decimals.

It follows the floors that ``kernel``, ``reallocation`` and ``customers`` write down, and shares no code with them. Only
what DuckDB and Spark both do is used: windows are whole groups, column names are lower-case (``w`` beside ``W`` gave
wrong sums without a word), and products of integers fit decimal(38, 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis

Table = Any  # of Ibis, whose expressions have no types of their own

KEYS = ("customer", "project", "service", "region")
REGIONAL = {"energy_wh": "energy_uwh", "scope2_location_g": "scope2_weight", "scope2_market_g": "scope2_weight"}
WORLDWIDE = {"scope1_g": "energy_uwh", "scope3_g": "energy_uwh"}
QUANTITIES = (*REGIONAL, *WORLDWIDE)

_UNALLOCATED, _UNSOLD = "_unallocated", "_unsold"
_NANO_USD = 10**9  # a price in 10^-12 USD times an amount in millionths, in units of 10^-9 USD
_UG = 10**9  # µWh × ng/Wh in a µg
_SORTED = ("region", "customer", "project", "service")
_CELL = ("cluster", "hour", "service")


def divided(table: Table, **of: tuple[str, str, str | int]) -> Table:
    """The table with columns ``name`` = floor(a × b ÷ c) and ``name``_over = a × b − c × floor, exactly, of (a, b, c).

    a, b are columns of integers from 0 to 2^63 − 1, c a column or number from 1 on, and the quotient is below 2^62.
    The product is below 2^126, so decimal(38, 0) holds it, and its remainder modulo c is exact. A double gives the
    quotient but for 2^-50 of it; what it misses of a × b − remainder is a small multiple of c, and a double says which.
    """
    near, done = {}, {}
    for name, (a, b, c) in of.items():
        by = ibis.literal(c, "int64") if isinstance(c, int) else table[c]
        near[f"{name}_near"] = _floor(_double(table[a]) * _double(table[b]) / _double(by))
        near[f"{name}_over"] = _whole(table[a]) * _whole(table[b]) % _whole(by)
    first = table.mutate(**near)
    for name, (a, b, c) in of.items():
        by = ibis.literal(c, "int64") if isinstance(c, int) else first[c]
        whole = _whole(first[a]) * _whole(first[b]) - first[f"{name}_over"]
        missed = whole - _whole(first[f"{name}_near"]) * _whole(by)
        done[name] = first[f"{name}_near"] + (_double(missed) / _double(by)).round().cast("int64")
    return first.mutate(**done).drop(*(f"{name}_near" for name in of))


def _double(column: Any) -> Any:
    return column.cast("float64")


def _whole(column: Any) -> Any:
    return column.cast("decimal(38, 0)")


def _floor(column: Any) -> Any:
    return column.floor().cast("int64")


def _one_if(condition: Any) -> Any:
    return ibis.ifelse(condition, ibis.literal(1, "int64"), ibis.literal(0, "int64"))


def shared_out(table: Table, weight: str, by: Sequence[str], ties: Sequence[str], **of: str) -> Table:
    """The table with columns ``name``, by weight, of a total that is the same in all rows of a group.

    Floors, and what they leave to the greatest weight; of equal ones to the first by ``ties``. No group weighs 0.
    """
    weighed = table.mutate(whole=table[weight].sum().over(group_by=by))
    parts = divided(weighed, **{f"{name}_floor": (total, weight, "whole") for name, total in of.items()})
    place = ibis.row_number().over(group_by=by, order_by=[parts[weight].desc(), *ties])
    rest = {f"{name}_rest": parts[total] - parts[f"{name}_floor"].sum().over(group_by=by) for name, total in of.items()}
    ranked = parts.mutate(place=place, **rest)
    greatest = _one_if(ranked.place == 0)
    made = {name: (ranked[f"{name}_floor"] + greatest * ranked[f"{name}_rest"]).cast("int64") for name in of}
    return ranked.select(*table.columns, **made)


def sums(table: Table, by: Sequence[str], *columns: str) -> Table:
    """Σ of columns by group."""
    return table.group_by(list(by)).agg(**{name: table[name].sum() for name in columns})


def machine_energy(given: Mapping[str, Table]) -> Table:
    """Machine-hours with their place and owner, and their energy beyond idle: METHOD (a) 1."""
    joined = given["machine_hours"].join(given["machines"], "machine")
    idle = divided(joined, idle_energy=("idle", "on", 3600))
    dynamic = idle.mutate(dynamic=idle.energy - ibis.least(idle.energy, idle.idle_energy))
    return dynamic.select("machine", "hour", "cluster", "sector", "owner", "energy", "dynamic")


def machine_shares(machines: Table, usage: Table) -> Table:
    """Dynamic energy by CPU time, and what dedicated machines leave, which is their owner's: METHOD (a) 2 and 3.

    Returns: cluster, sector, hour, service, dedicated (1 if of dedicated machines, else 0), energy.
    """
    slot = ["machine", "hour"]
    whole = usage.group_by(slot).agg(total=usage.cpu.sum())
    rows = usage.join(whole.filter(whole.total > 0), slot).join(machines, slot)
    shares = divided(rows, share=("cpu", "dynamic", "total")).select(
        "machine", "cluster", "sector", "hour", "service", "owner", "share"
    )
    place = ["cluster", "sector", "hour"]
    computed = shares.select(*place, "service", dedicated=_one_if(shares.owner != ""), energy=shares.share)
    owned = machines.filter(machines.owner != "")
    given = shares.group_by(slot).agg(given=shares.share.sum())
    given = given.rename(given_machine="machine", given_hour="hour")
    kept = owned.left_join(given, [owned.machine == given.given_machine, owned.hour == given.given_hour])
    rest = kept.energy - kept.given.fill_null(0)
    left = kept.select(*place, service=kept.owner, dedicated=ibis.literal(1, "int64"), energy=rest)
    return sums(ibis.union(computed, left), [*place, "service", "dedicated"], "energy")


def with_overhead(shares: Table, machines: Table, meters: Table) -> Table:
    """The same with the room's overhead, by cluster, hour, service and whether dedicated: METHOD (b)."""
    room = ["cluster", "sector", "hour"]
    drawn = machines.group_by(room).agg(drawn=machines.energy.sum())
    metered = meters.select(*room, meter=meters.energy)
    rows = shares.join(drawn.filter(drawn.drawn > 0), room).join(metered, room)
    grown = divided(rows, grown=("energy", "meter", "drawn"))
    return grown.group_by([*_CELL, "dedicated"]).agg(energy=grown.grown.sum())


def pooled(direct: Table, machines: Table, given: Mapping[str, Table]) -> Table:
    """The energy of a cluster-hour that is nobody's yet, by reservation: METHOD (a) 3; without machines by activity.

    Where nobody reserves by dynamic energy of shared machines, and where there is none to ``_unallocated``.
    """
    at = ["cluster", "hour"]
    every = _pool(direct, given["meters"])
    bare = every.anti_join(machines.select(*at).distinct(), at)
    by_activity = bare.join(given["activity"], "cluster").select(*_CELL, "pool", weight=ibis._.score, late=0)
    pool = every.anti_join(by_activity.select(*at).distinct(), at)
    reserving = given["scores"].select("cluster").distinct()
    by_score = pool.join(given["scores"], "cluster").select(*_CELL, "pool", weight=ibis._.score, late=0)
    open_pool = pool.anti_join(reserving, "cluster")
    known, used = given["known"].rename(known="service"), direct.filter(direct.energy > 0, direct.dedicated == 0)
    named = used.left_join(known, used.service == known.known)
    named = named.select(*_CELL, "energy", late=_one_if(named.known.isnull()))
    by_energy = open_pool.join(named, at).select(*_CELL, "pool", "late", weight=ibis._.energy)
    nobody = open_pool.filter(open_pool.dynamic == 0)
    unallocated = nobody.select(*at, "pool", service=ibis.literal(_UNALLOCATED), weight=1, late=0)
    weighed = ibis.union(*(_typed(each) for each in (by_activity, by_score, by_energy, unallocated)))
    # where dynamic energies tie, services of the fleet's tables go before those that only computed
    shared = shared_out(weighed, "weight", at, ["late", "service"], energy="pool")
    return shared.select(*_CELL, "energy")


def _pool(direct: Table, meters: Table) -> Table:
    """cluster, hour, dynamic (energy of shared machines by use), pool (what the meters show beyond all use)."""
    metered = meters.group_by(["cluster", "hour"]).agg(meter=meters.energy.sum())
    dynamic = (direct.energy * (1 - direct.dedicated)).sum()
    used = direct.group_by(["cluster", "hour"]).agg(used=direct.energy.sum(), dynamic=dynamic)
    used = used.rename(used_cluster="cluster", used_hour="hour")
    both = metered.left_join(used, [metered.cluster == used.used_cluster, metered.hour == used.used_hour])
    pool = both.meter - both.used.fill_null(0)
    return both.select("cluster", "hour", dynamic=both.dynamic.fill_null(0), pool=pool)


def _typed(weighed: Table) -> Table:
    integers = {name: weighed[name].cast("int64") for name in ("pool", "weight", "late")}
    return weighed.select("cluster", "hour", service=weighed.service.cast("string"), **integers)


def month(given: Mapping[str, Table]) -> Table:
    """Energy (µWh) and location (µg) of the month by cluster and service: METHOD (a), (b), (d)."""
    machines = machine_energy(given)
    shares = machine_shares(machines, given["cpu_usage"])
    direct = with_overhead(shares, machines, given["meters"])
    energy = sums(ibis.union(direct.select(*_CELL, "energy"), pooled(direct, machines, given)), _CELL, "energy")
    hourly = energy.filter(energy.energy > 0).join(given["intensity"], ["cluster", "hour"])
    carbon = divided(hourly, location=("energy", "intensity", _UG))
    return sums(carbon, ["cluster", "service"], "energy", "location")


def totals(given: Mapping[str, Table]) -> Table:
    """service, region, energy (µWh), location (µg), after shared services were passed on: METHOD (c)."""
    before = month(given)
    passing = given["ends"].select("service").distinct()
    columns = ("cluster", "service", "energy", "location")
    stays = before.anti_join(passing, "service").select(*columns)
    rows = before.join(given["ends"], "service")
    by, names = ["cluster", "service"], {"passed_energy": "energy", "passed_location": "location"}
    rows = shared_out(rows, "part", by, ["receiver"], **names)
    moved = rows.select("cluster", service=rows.receiver, energy=rows.passed_energy, location=rows.passed_location)
    placed = ibis.union(stays, moved).join(given["places"], "cluster")
    found = sums(placed, ["service", "region"], "energy", "location")
    return found.filter((found.energy > 0) | (found.location > 0))


def customers(given: Mapping[str, Table], final: Table) -> Table:
    """Rows of customers and of what is unsold, in µWh and µg, by list value: METHOD (f), (g)."""
    place = ["service", "region"]
    priced = divided(given["customer_usage"].join(given["skus"], "sku"), value=("price", "amount", _NANO_USD))
    values = sums(priced, KEYS, "value")
    whole = values.group_by(place).agg(whole=values.value.sum())
    rows = values.join(whole.filter(whole.whole > 0), place).join(final, place)
    rows = divided(rows, energy_uwh=("energy", "value", "whole"), location_ug=("location", "value", "whole"))
    sold = rows.select(*KEYS, "energy_uwh", "location_ug")
    regions = sums(final, ["region"], "energy", "location")
    bare = regions.filter(regions.energy > 0).anti_join(
        sold.filter(sold.energy_uwh > 0).select("region").distinct(), "region"
    )
    names = {"customer": ibis.literal(_UNSOLD), "project": ibis.literal(""), "service": ibis.literal("")}
    unsold = bare.select(**names, region=bare.region, energy_uwh=bare.energy, location_ug=bare.location)
    return ibis.union(sold, unsold)


def published(given: Mapping[str, Table], final: Table) -> Table:
    """KEYS, QUANTITIES, energy_uwh, location_ug by largest remainder, and what the caller must look at.

    Column ``quantity``_left is how many rows get one more than their floor: the rule conserves only if it is between 0
    and the number of rows, ``rows_region`` or ``rows_world``, and nothing else shows it. ``allocated`` is Σ energy.
    """
    rows = customers(given, final).join(given["published"], "region")
    regional = rows.location_ug.sum().over(group_by="region")
    rows = rows.mutate(
        scope2_weight=ibis.ifelse(regional > 0, rows.location_ug, rows.energy_uwh),
        rows_region=rows.count().over(group_by="region"),
        rows_world=rows.count().over(ibis.window()),
    )
    rows = _apportioned(rows).cross_join(final.agg(allocated=final.energy.sum()))
    checks = [f"{name}_left" for name in QUANTITIES]
    columns = [*KEYS, *QUANTITIES, "energy_uwh", "location_ug", *checks, "rows_region", "rows_world", "allocated"]
    return rows.select(*columns).order_by(*_SORTED)


def _apportioned(rows: Table) -> Table:
    """Columns QUANTITIES and ``quantity``_left: floors, one more to the greatest rests, ties by region and keys."""
    by = {name: ["region"] if name in REGIONAL else None for name in QUANTITIES}
    weights = REGIONAL | WORLDWIDE
    wholes = {f"{name}_whole": rows[weights[name]].sum().over(ibis.window(group_by=by[name])) for name in QUANTITIES}
    weighed = rows.mutate(**wholes)
    weighed = weighed.mutate(**{name: ibis.greatest(weighed[name], 1) for name in wholes})
    floors = divided(
        weighed, **{f"{name}_floor": (f"{name}_total", weights[name], f"{name}_whole") for name in QUANTITIES}
    )
    ranks: dict[str, Any] = {}
    for name in QUANTITIES:
        order = ibis.window(group_by=by[name], order_by=[floors[f"{name}_floor_over"].desc(), *_SORTED])
        given = floors[f"{name}_floor"].sum().over(ibis.window(group_by=by[name]))
        ranks |= {f"{name}_left": floors[f"{name}_total"] - given, f"{name}_place": ibis.row_number().over(order)}
    ranked = floors.mutate(**ranks)
    more = {name: _one_if(ranked[f"{name}_place"] < ranked[f"{name}_left"]) for name in QUANTITIES}
    return ranked.mutate(**{name: ranked[f"{name}_floor"] + more[name] for name in QUANTITIES})
