"""The tables of a fleet and their columns, as data: names, units, and what each is counted in inside.

Inside, energy is in µWh, CPU time in ms, emissions per energy in ng/Wh (10^-6 g/kWh), money in 10^-12 USD and other
amounts in millionths, all as 64-bit integers. A column says its unit in its name; where several are known, a table has
one of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name inside, and how it may be called in a file with how many base units one of it is.

    No cell is more than ``most`` base units. ``kind`` is "name" (text), "hour", "amount" (a number not below 0, rounded
    to base units) or "whole" (an amount that is not rounded). A column that is not required has a default.
    """

    name: str
    kind: str
    units: dict[str, int]
    default: int | str | None = None
    required: bool = True
    most: int = 2**62


def name(column: str, default: str | None = None) -> Column:
    return Column(column, "name", {column: 1}, default, default is None)


def amount(column: str, units: dict[str, int], default: int | None = None, most: int = 2**62) -> Column:
    return Column(column, "amount", units, default, default is None, most)


def count(column: str, default: int | None = None) -> Column:
    return Column(column, "whole", {column: 1}, default, default is None)


HOUR = Column("hour", "hour", {"hour": 1})
ENERGY = {"energy_kwh": 10**9, "energy_wh": 10**6, "energy_uwh": 1}
MILLIONTHS = 10**6

TABLES: dict[str, tuple[Column, ...]] = {
    # which cluster lies in which region; its grid zone, building sector and market-based factor of the year before
    "regions": (
        name("cluster"), name("region"), name("zone", ""), amount("market_factor", {"market_factor": MILLIONTHS}, -1),
    ),
    # machines: shared ones pool their idle energy, dedicated ones give it to their owner
    "machines": (
        name("machine"), name("cluster"), amount("idle", {"idle_kw": 10**9, "idle_w": 10**6, "idle_uw": 1}),
        name("class", "shared"), name("owner", ""), name("sector", ""),
    ),
    "machine_hours": (name("machine"), HOUR, amount("energy", ENERGY), amount("on", {"on_s": 1}, 3600, 3600)),
    "cpu_usage": (
        name("machine"), HOUR, name("service"),
        amount("cpu", {"core_hours": 3_600_000, "cpu_h": 3_600_000, "cpu_s": 1000, "cpu_ms": 1}),
    ),
    # reservations or purchases of resources, not their use
    "allocations": (name("cluster"), name("service"), name("resource"), amount("amount", {"amount": MILLIONTHS})),
    "unit_watts": (name("resource"), amount("watts", {"watts_per_unit": MILLIONTHS})),
    # everything behind the meter of a cluster, or of a building sector of it, with the machines
    "facility_hours": (
        name("cluster"), name("sector", ""), HOUR,
        amount("energy", {"facility_kwh": 10**9, "facility_wh": 10**6, "facility_uwh": 1}),
    ),
    "carbon_intensity": (name("cluster", ""), name("zone", ""), HOUR, amount("intensity", {"g_per_kwh": 10**6})),
    "annual_intensity": (name("cluster", ""), name("zone", ""), amount("intensity", {"g_per_kwh": 10**6})),
    # shared services: fractions, or what the fractions come from
    "reallocation": (name("from"), name("to"), amount("fraction", {"fraction": 10**12})),
    "service_usage": (name("provider"), name("user"), amount("amount", {"amount": MILLIONTHS})),
    "service_charges": (name("provider"), name("user"), amount("amount", {"usd": MILLIONTHS})),
    "service_costs": (name("service"), amount("amount", {"usd": MILLIONTHS})),
    "skus": (name("sku"), name("service"), amount("price", {"list_price_usd": 10**12})),
    "customer_usage": (
        name("customer"), name("project", ""), name("sku"), name("region"), amount("amount", {"amount": MILLIONTHS}),
    ),
    # retired for the period itself: market-based emissions of the region, instead of last year's factor
    "instruments": (
        name("instrument"), name("region"), amount("energy", ENERGY), amount("intensity", {"g_per_kwh": 10**6}, 0),
    ),
    "residual_mix": (name("region"), amount("intensity", {"g_per_kwh": 10**6})),
    # where there is no machine data: what services hold or move in a cluster, and the energy of a unit of it
    "activity": (name("cluster"), name("service"), name("metric"), amount("amount", {"amount": MILLIONTHS})),
    "unit_energy": (name("metric"), amount("energy", {"wh_per_unit": MILLIONTHS})),
    # scope 1 and 3 of the month, worldwide: as they are, or what they follow from
    "nonelectric": (name("scope"), amount("mass", {"kg": 10**9, "g": 10**6})),
    "cohorts": (
        name("cohort"), count("count"), amount("mass", {"kg_each": 10**9}), name("in_service"),
        count("months", 48),
    ),
    "buildings": (
        name("building"), amount("mass", {"kg": 10**9}), name("in_service"), count("months", 240),
    ),
    "fuel": (count("year"), amount("mass", {"kg": 10**9})),
    "travel": (
        count("year"), amount("mass", {"kg": 10**9}), count("staff"),
        count("employees"),
    ),
    # what the meters' energy is compared with (C3); dates as on the bill, both inclusive
    "bills": (
        name("meter"), name("utility", ""), name("cluster", ""), name("region", ""), name("from"), name("thru"),
        amount("energy", {"kwh": 10**9}),
    ),
    # where a table, or its rows of a cluster, comes from: grade A to D, relative uncertainty
    "sources": (
        name("table"), name("cluster", ""), name("dataset"), name("release"), name("url", ""), name("grade"),
        name("uncertainty", ""),
    ),
}  # fmt: skip

REQUIRED = ("regions", "machines", "machine_hours", "cpu_usage", "facility_hours", "skus", "customer_usage")
BY_MACHINE = ("machines", "machine_hours", "cpu_usage")  # a fleet that gives activity may have none of them
PARTITIONED = ("machine_hours", "cpu_usage")  # may be a folder of Parquet files, one of a region and day each
