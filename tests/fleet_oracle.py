"""A fleet's footprint in exact fractions, out of the functions of ``carbon_tokens.allocation.method``: slow and plain.

It is what the engine must come to but for the engine's floors, and ``slack`` bounds these. In one cluster-hour of S
services, R rooms, n machines and rows of CPU time, and p the greatest PUE of its rooms, all in µWh:

    p n            each row of CPU time and each idle part of a machine is floored once, before overhead
    2 R S          overhead is floored once for each room and service, on shared machines and on dedicated ones
    S              so is the pool, whose rest is given to one service
    pool S / 2^40  scores of reservations are whole numbers of 2^-40

What a floor takes from one service another one gets, so no service is wrong by more than their sum d. Where nobody
reserves, the pool follows dynamic energy that itself is wrong by d: pool min(1, 2 d / (dynamic − d)) more. Emissions
are wrong by the intensity times as much, and by a floor an hour. Over its hours a cluster's errors add up.

Reallocation moves errors without making them greater, counts them twice at most (what lacks here is too much there),
and adds a floor and a rest for each pair of services, S^2, and its matrix: fractions are whole numbers of 2^-40, 7 of
them are rounded for each of at most 10 visits on a way that loses a tenth at each: total 80 / 2^40.
Last, a customer's row is floored: 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as F

from carbon_tokens.allocation.method import (
    ClusterHour,
    Footprint,
    Line,
    MachineHour,
    RetiredInstrument,
    ServiceMonth,
    Usage,
    closure,
    cluster_hour,
    footprints,
    fractions_by_cost,
    fractions_by_usage,
    location_based,
    market_based,
    regional_factors,
    total_by,
    usage_by_sku,
    with_overhead,
)
from tests.fleets import Fleet, Row

ByService = dict[str, F]
Table = dict[str, dict[str, F]]


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact kWh and g by customer, project, service and region, those of regions, and how far a row may be from it.

    ``rows`` holds what nobody bought under the customer ``_unsold``, by service. ``regions`` is kWh, location-based g,
    market-based g; ``slack`` is µWh and µg of one row.
    """

    rows: Mapping[Line, Footprint]
    regions: Mapping[str, tuple[F, F, F]]
    slack: Mapping[str, tuple[F, F]]


def exact_footprint(fleet: Fleet) -> Exact:
    """The footprint of a fleet of ``tests.fleets``; hours without an intensity have the annual one of their zone."""
    clusters = {row["cluster"]: _Cluster(fleet, row) for row in fleet["regions"]}
    names = _services(fleet)
    passed = {name: _passed_on(fleet, each, len(names)) for name, each in clusters.items()}
    by_region = {row["region"]: [passed[r["cluster"]] for r in _of(fleet["regions"], region=row["region"])]
                 for row in fleet["regions"]}  # fmt: skip
    regions = {name: _totals(fleet, name, parts) for name, parts in by_region.items()}
    slack = {
        name: (sum((p.uwh for p in parts), F(1)), sum((p.ug for p in parts), F(1))) for name, parts in by_region.items()
    }
    return Exact(_customers(fleet, by_region, names), regions, slack)


@dataclass(frozen=True, slots=True)
class _Passed:
    """A cluster's kWh and g by service after reallocation, its location-based g times its factor, its slack."""

    energy: ByService
    grams: ByService
    scaled: F
    uwh: F
    ug: F


class _Cluster:
    """The cluster-hours of one cluster, and the greatest error of the engine in them."""

    def __init__(self, fleet: Fleet, place: Row) -> None:
        self.fleet, self.name, self.zone = fleet, place["cluster"], place["zone"]
        self.factor = F(place.get("market_factor", 1))
        self.machines = {row["machine"]: row for row in _of(fleet["machines"], cluster=self.name)}
        self.meters = _of(fleet["facility_hours"], cluster=self.name)
        self.reserved = self._held("allocations", "resource")
        self.watts = {row["resource"]: F(row["watts_per_unit"]) for row in fleet["unit_watts"]}
        self.active = self._held("activity", "metric")
        self.units = {row["metric"]: F(row["wh_per_unit"]) for row in fleet.get("unit_energy", [])}
        self.services = len(_services(fleet))
        self.energy: dict[str, dict[int, F]] = {}  # kWh
        self.uwh = self.ug = F(0)
        self.intensity, self.annual = self._intensities()
        for hour in sorted({row["hour"] for row in self.meters}, key=int):
            self._hour(hour)

    def _held(self, name: str, kind: str) -> Table:
        held: Table = {}
        for row in _of(self.fleet.get(name, []), cluster=self.name):
            held.setdefault(row["service"], {})[row[kind]] = F(row["amount"])
        return held

    def _shares(self, machines: bool) -> tuple[Table, dict[str, F]]:
        """What the pool of an hour follows: activity where there is no machine data, reservations otherwise."""
        found = any(self.units[kind] * amount for of in self.active.values() for kind, amount in of.items())
        return (self.active, self.units) if found and not machines else (self.reserved, self.watts)

    def _intensities(self) -> tuple[dict[int, F], F]:
        own = [row for row in self.fleet["carbon_intensity"] if self._here(row)]
        annual = next(F(row["g_per_kwh"]) for row in self.fleet["annual_intensity"] if row["zone"] == self.zone)
        return {int(row["hour"]) * 3600: F(row["g_per_kwh"]) for row in own}, annual

    def _here(self, row: Row) -> bool:
        return row.get("cluster") == self.name or row.get("zone") == self.zone

    def _hour(self, hour: str) -> None:
        given = [row for row in _of(self.fleet["machine_hours"], hour=hour) if row["machine"] in self.machines]
        meters = {row["sector"]: F(row["facility_wh"]) for row in _of(self.meters, hour=hour)}
        meters |= {row["sector"]: F(0) for row in self.machines.values() if row["sector"] not in meters}
        carrying = with_overhead([self._machine(row) for row in given], meters)
        cpu: Table = {}
        for row in _of(self.fleet["cpu_usage"], hour=hour):
            if row["machine"] in self.machines:
                of = cpu.setdefault(row["machine"], {})
                of[row["service"]] = of.get(row["service"], F(0)) + F(row["cpu_s"])
        stray = carrying.overhead_without_it
        held, weights = self._shares(bool(given))
        done = cluster_hour(carrying.machines, cpu, held, weights, overhead_without_it=stray)
        assert done.total == sum(meters.values())
        for service, energy in done.energy.items():
            self.energy.setdefault(service, {})[int(hour) * 3600] = energy / 1000
        rows = sum(row["machine"] in self.machines for row in _of(self.fleet["cpu_usage"], hour=hour))
        early = (rows + len(given)) * max(carrying.pue.values(), default=F(1))
        busy = {name for name, of in cpu.items() if any(of.values())}
        shared = [each for each in carrying.machines if each.dedicated_to is None and each.machine in busy]
        followed = sum((each.parts()[0] for each in shared), F(0)) * 10**6
        self._slack(int(hour) * 3600, done, early + 2 * len(meters) * self.services, followed)

    def _machine(self, row: Row) -> MachineHour:
        of = self.machines[row["machine"]]
        on, owner = F(row["on_s"]) / 3600, of["owner"] or None
        return MachineHour(row["machine"], F(row["energy_wh"]), F(of["idle_w"]), on, owner, of["sector"])

    def _slack(self, hour: int, done: ClusterHour, wrong: F, followed: F) -> None:
        pool = sum(done.idle.values(), F(0)) * 10**6
        wrong += self.services + pool * F(self.services, 2**40)
        if "idle_by_dynamic" in done.flags:
            sure = followed - wrong  # of the dynamic energy that the engine divides by
            wrong += pool * (min(F(1), 2 * wrong / sure) if sure > 0 else 1)
        self.uwh += wrong
        self.ug += wrong * self.intensity.get(hour, self.annual) / 1000 + 1


def _passed_on(fleet: Fleet, cluster: _Cluster, services: int) -> _Passed:
    based = location_based(cluster.energy, cluster.intensity, cluster.annual)
    energy = {service: sum(hours.values(), F(0)) for service, hours in cluster.energy.items()}
    matrix, whole, grams = _fractions(fleet), sum(energy.values(), F(0)), sum(based.total.values(), F(0))
    final = [closure(amounts, matrix).final for amounts in (energy, based.total)]
    uwh, ug = (
        2 * wrong + services**2 + 80 * total / 2**40
        for wrong, total in ((cluster.uwh, whole * 10**9), (cluster.ug, grams * 10**6))
    )
    return _Passed(dict(final[0]), dict(final[1]), grams * cluster.factor, uwh, ug)


def _fractions(fleet: Fleet) -> Table:
    direct, usage, charges = (
        _matrix(fleet, name, *columns)
        for name, *columns in (
            ("reallocation", "from", "to", "fraction"),
            ("service_usage", "provider", "user", "amount"),
            ("service_charges", "provider", "user", "usd"),
        )
    )
    costs = {row["service"]: F(row["usd"]) for row in fleet["service_costs"]}
    return {**direct, **fractions_by_usage(usage), **fractions_by_cost(charges, costs)}


def _matrix(fleet: Fleet, name: str, provider: str, user: str, amount: str) -> Table:
    found: Table = {}
    for row in fleet[name]:
        found.setdefault(row[provider], {})[row[user]] = F(row[amount])
    return found


def _totals(fleet: Fleet, region: str, parts: list[_Passed]) -> tuple[F, F, F]:
    """kWh, location-based and market-based g."""
    kwh, grams = (
        sum((sum(of.values(), F(0)) for of in each), F(0))
        for each in zip(*((p.energy, p.grams) for p in parts), strict=True)
    )
    if not (residual := _of(fleet["residual_mix"], region=region)):
        return kwh, grams, sum((part.scaled for part in parts), F(0))
    retired = [
        RetiredInstrument(str(at), region, 2024, F(row["energy_wh"]) / 1000, F(row["g_per_kwh"]))
        for at, row in enumerate(_of(fleet["instruments"], region=region))
    ]
    factor = F(residual[0]["g_per_kwh"])
    return kwh, grams, market_based(kwh, retired, factor, market_zone=region, year=2024).grams


def _customers(fleet: Fleet, by_region: Mapping[str, list[_Passed]], services: list[str]) -> dict[Line, Footprint]:
    used = [Usage(r["customer"], r["project"], r["sku"], r["region"], F(r["amount"])) for r in fleet["customer_usage"]]
    units = usage_by_sku(used)
    products = {}
    for service in services:
        prices = {row["sku"]: F(row["list_price_usd"]) for row in _of(fleet["skus"], service=service)}
        energy, grams = (
            {name: sum((getattr(p, of).get(service, F(0)) for p in parts), F(0)) for name, parts in by_region.items()}
            for of in ("energy", "grams")
        )
        sold = {key: amount for key, amount in units.items() if key[0] in prices}
        products[service] = regional_factors(ServiceMonth(prices, sold, energy, grams))
    lines = footprints(used, products)
    charged = {key[0]: sums.energy for key, sums in total_by(lines, "region").items()}
    drawn = {name: sum((sum(p.energy.values(), F(0)) for p in parts), F(0)) for name, parts in by_region.items()}
    assert {name: kwh for name, kwh in charged.items() if kwh} == {name: kwh for name, kwh in drawn.items() if kwh}
    return lines


def _services(fleet: Fleet) -> list[str]:
    columns = {
        "allocations": "service", "activity": "service", "cpu_usage": "service", "machines": "owner", "skus": "service",
        "service_usage": "user", "service_charges": "user", "reallocation": "to",
    }  # fmt: skip
    named = {row[column] for name, column in columns.items() for row in fleet.get(name, [])}
    providers = {
        row.get("provider") or row["from"]
        for name in ("reallocation", "service_usage", "service_charges")
        for row in fleet[name]
    }
    return sorted({"_unallocated", *named, *providers} - {""})


def _of(cells: list[Row], **wanted: str) -> list[Row]:
    return [row for row in cells if all(row[column] == value for column, value in wanted.items())]
