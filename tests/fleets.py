"""Small fleets for tests: tables as rows of text, random ones that touch every rule of the method, and one by hand.

A fleet is a dict from the name of a table to its rows; a row is a dict from column to text. ``tables`` makes the Arrow
tables of text that ``allocate`` reads, as if they were CSV.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from hypothesis import strategies as st

from carbon_tokens.allocation.fleet import Footprint, Options, allocate, in_process
from carbon_tokens.allocation.fleet.cells import Cells
from carbon_tokens.allocation.fleet.inputs import Part
from carbon_tokens.allocation.fleet.model import Fleet as Model

Row = dict[str, str]
Fleet = dict[str, list[Row]]

COLUMNS = {
    "regions": ("cluster", "region", "zone", "market_factor"),
    "machines": ("machine", "cluster", "sector", "idle_w", "class", "owner"),
    "machine_hours": ("machine", "hour", "energy_wh", "on_s"),
    "cpu_usage": ("machine", "hour", "service", "cpu_s"),
    "allocations": ("cluster", "service", "resource", "amount"),
    "unit_watts": ("resource", "watts_per_unit"),
    "facility_hours": ("cluster", "sector", "hour", "facility_wh"),
    "carbon_intensity": ("cluster", "zone", "hour", "g_per_kwh"),
    "annual_intensity": ("zone", "g_per_kwh"),
    "reallocation": ("from", "to", "fraction"),
    "service_usage": ("provider", "user", "amount"),
    "service_charges": ("provider", "user", "usd"),
    "service_costs": ("service", "usd"),
    "skus": ("sku", "service", "list_price_usd"),
    "customer_usage": ("customer", "project", "sku", "region", "amount"),
    "instruments": ("instrument", "region", "energy_wh", "g_per_kwh"),
    "residual_mix": ("region", "g_per_kwh"),
    "activity": ("cluster", "service", "metric", "amount"),
    "unit_energy": ("metric", "wh_per_unit"),
    "nonelectric": ("scope", "g"),
    "bills": ("meter", "cluster", "region", "from", "thru", "kwh"),
    "sources": ("table", "cluster", "dataset", "release", "grade", "uncertainty"),
}
REQUIRED = {"regions", "machines", "machine_hours", "cpu_usage", "facility_hours", "skus", "customer_usage"}


def rows(text: str) -> list[Row]:
    """Rows of a table of a few lines: words, the first line names the columns."""
    header, *lines = (line.split(",") for line in text.split())
    return [dict(zip(header, line, strict=True)) for line in lines]


def table(cells: list[Row], columns: tuple[str, ...]) -> pa.Table:
    """Cells as an Arrow table of text; a table without rows has ``columns``."""
    names = tuple(cells[0]) if cells else columns
    return pa.table({name: pa.array([row[name] for row in cells], pa.string()) for name in names})


def tables(fleet: Mapping[str, list[Row]]) -> dict[str, pa.Table]:
    """What ``allocate`` takes; tables without rows are left out if they may be."""
    given = {name: cells for name, cells in fleet.items() if cells or name in REQUIRED}
    return {name: table(cells, COLUMNS.get(name, ())) for name, cells in given.items()}


def written_by_hour(fleet: Mapping[str, list[Row]], folder: Path) -> Path:
    """The fleet in Parquet files, its machine-hours and CPU time in a folder of a file an hour."""
    for name, each in tables(fleet).items():
        if name not in ("machine_hours", "cpu_usage"):
            pyarrow.parquet.write_table(each, folder / f"{name}.parquet")
            continue
        (folder / name).mkdir()
        for hour in sorted(set(each.column("hour").to_pylist())):
            of_hour = each.filter(pc.equal(each.column("hour"), hour))
            pyarrow.parquet.write_table(of_hour, folder / name / f"{hour}.parquet")
    return folder


def footprint(fleet: Mapping[str, list[Row]], **options: str) -> Footprint:
    """The engine's answer; hours without an intensity have the annual one."""
    return allocate(tables(fleet), Options(missing_hours="annual", **options))  # type: ignore[arg-type]


def changed(fleet: Fleet, name: str, change: Callable[[Row], Row]) -> Fleet:
    """The fleet with every row of one table changed."""
    return {**fleet, name: [change(row) for row in fleet[name]]}


def by_hour(model: Model, parts: Sequence[Part]) -> Iterator[Cells]:
    """The kernel over one partition an hour of the machine-hours."""
    power, usage = parts[0].power, parts[0].usage
    hours = sorted(set(power.column("hour").to_pylist()))
    cut = [[each.filter(pc.equal(each.column("hour"), hour)) for each in (power, usage)] for hour in hours]
    return in_process(model, [Part(hour, *each) for hour, each in zip(hours, cut, strict=True)])


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """1-3 regions, 1-4 clusters, 1-2 sectors, 1-6 machines, 1-4 hours, 1-6 services, SKUs and customers.

    A size and a seed: what fails shrinks to the smallest size, and in seconds, where single cells would take minutes.
    """
    size = draw(st.integers(1, 6))
    return _Making(random.Random(draw(st.integers(0, 2**32))), size).fleet()


def random_fleet(seed: int) -> Fleet:
    """One of ``fleets``, of the greatest size."""
    return _Making(random.Random(seed)).fleet()


class _Making:
    """One random fleet. Energies are even numbers of µWh, so that a machine can be cut in two."""

    def __init__(self, chance: random.Random, size: int = 6) -> None:
        self.chance, self.size = chance, size
        self.regions, self.clusters = self._named("r", 3), self._named("c", 4)
        self.sectors, self.services = ["", "s"][: chance.randint(1, 2)], self._named("v", 6)
        first = chance.choice([0, 22])  # hours 22 to 25 are of two days
        self.hours = [str(hour) for hour in range(first, first + chance.randint(1, min(4, size)))]
        self.places = self._regions()
        self.machines = [self._machine(name) for name in self._named("m", 6)]

    def fleet(self) -> Fleet:
        energy = [self._machine_hour(m, hour) for m in self.machines for hour in self.hours if self._often()]
        energy = energy or [self._machine_hour(self.machines[0], self.hours[0])]
        return {
            "regions": self.places,
            "machines": self.machines,
            "machine_hours": energy,
            "cpu_usage": [row for each in energy if self._often() for row in self._cpu(each)],
            "allocations": self._allocations(),
            "unit_watts": rows("resource,watts_per_unit cpu,1 ram,0.375"),
            "activity": self._activity(),
            "unit_energy": rows("metric,wh_per_unit u_rack_h,150 ssd_tb_h,1.2"),
            "facility_hours": self._meters(energy),
            "skus": (skus := [self._sku(name) for name in self._named("k", 6)]),
            "customer_usage": self._purchases(skus),
            **self._intensities(),
            **self._flows(),
            **self._contracts(),
            "nonelectric": rows(f"scope,g scope1,{self.chance.randint(0, 9)}.5 scope3,{self.chance.randint(0, 99)}"),
        }

    def _named(self, letter: str, most: int) -> list[str]:
        return [f"{letter}{number}" for number in range(self.chance.randint(1, min(most, self.size)))]

    def _often(self) -> bool:
        return self.chance.randint(0, 4) > 0

    def _wh(self, most: int) -> str:
        """An amount of energy: usually odd digits, sometimes round or none."""
        kind = self.chance.randint(0, 5)
        uwh = 0 if kind == 0 else self.chance.randint(0, most) * 10**6 if kind == 1 else self._digits(most)
        return f"{uwh // 10**6}.{uwh % 10**6:06d}"

    def _digits(self, most: int) -> int:
        return 2 * self.chance.randint(0, most * 10**6 // 2)

    def _regions(self) -> list[Row]:
        columns = COLUMNS["regions"][: self.chance.randint(3, 4)]
        factors = ["0", "0.25", "0.4", "1"]
        made = [(name, self.chance.choice(self.regions), f"z{at % 2}") for at, name in enumerate(self.clusters)]
        return [dict(zip(columns, (*each, self.chance.choice(factors)), strict=False)) for each in made]

    def _machine(self, name: str) -> Row:
        owner = self.chance.choice(self.services) if not self._often() else ""
        kind = "dedicated" if owner else "shared"
        cells = (name, self.chance.choice(self.clusters), self.chance.choice(self.sectors), self._wh(200), kind, owner)
        return dict(zip(COLUMNS["machines"], cells, strict=True))

    def _machine_hour(self, machine: Row, hour: str) -> Row:
        on = self.chance.choice(["0", "1234", "3600", "3600"])
        energy = self._wh(400) if on != "0" else "0"
        return dict(zip(COLUMNS["machine_hours"], (machine["machine"], hour, energy, on), strict=True))

    def _cpu(self, of: Row) -> list[Row]:
        services = [name for name in [*self.services, "guest"] if self.chance.randint(0, 2) == 0]
        used = [(name, self.chance.choice(["0", "1", "7.123", "86400"])) for name in services]
        return [{"machine": of["machine"], "hour": of["hour"], "service": name, "cpu_s": cpu} for name, cpu in used]

    def _allocations(self) -> list[Row]:
        places = [(c, v, k) for c in self.clusters if self._often() for v in self.services for k in ("cpu", "ram")]
        amounts = [(*place, str(self.chance.choice([0, 1, 3, 40]))) for place in places if self._often()]
        return [dict(zip(COLUMNS["allocations"], each, strict=True)) for each in amounts]

    def _activity(self) -> list[Row]:
        """In half of the clusters, of which some have hours without machines."""
        services = [*self.services, "tenant"]
        held = [(c, v, k) for c in self.clusters[::2] for v in services for k in ("u_rack_h", "ssd_tb_h")]
        amounts = [(*each, str(self.chance.choice([0, 2.5, 40]))) for each in held if not self._often()]
        return [dict(zip(COLUMNS["activity"], each, strict=True)) for each in amounts]

    def _meters(self, energy: list[Row]) -> list[Row]:
        """Meters of all rooms and hours: the machines and something more; a room that nothing draws may have none."""
        room = {each["machine"]: (each["cluster"], each["sector"]) for each in self.machines}
        drawn: dict[tuple[str, str, str], int] = {}
        for row in energy:
            key = (*room[row["machine"]], row["hour"])
            drawn[key] = drawn.get(key, 0) + round(float(row["energy_wh"]) * 10**6)
        made, least = [], (self.clusters[0], "", self.hours[0])  # a fleet that draws nothing cannot be shared
        for key in ((c, s, hour) for c in self.clusters for s in self.sectors for hour in self.hours):
            if drawn.get(key) or self._often() or key[:2] == least[:2]:
                uwh = drawn.get(key, 0) + self.chance.choice([0, 0, self._digits(100)]) + (key == least) * 10**6
                made.append((*key, f"{uwh // 10**6}.{uwh % 10**6:06d}"))
        return [dict(zip(COLUMNS["facility_hours"], each, strict=True)) for each in made]

    def _intensities(self) -> Fleet:
        by = self.chance.choice(["cluster", "zone"])
        places = self.clusters if by == "cluster" else ["z0", "z1"]
        cells = [{by: place, "hour": hour, "g_per_kwh": self._intensity()} for place in places for hour in self.hours]
        annual = [{"zone": zone, "g_per_kwh": self._intensity()} for zone in ("z0", "z1")]
        return {"carbon_intensity": [each for each in cells if self._often()], "annual_intensity": annual}

    def _intensity(self) -> str:
        return self.chance.choice(["0", "400", "99.123457", "1200.5"])

    def _flows(self) -> Fleet:
        """Who passes on how: by fractions (90 % at most, itself included), by usage, by charges, or not at all."""
        found: Fleet = {"reallocation": [], "service_usage": [], "service_charges": [], "service_costs": []}
        for name in self.services:
            users = self.chance.sample(self.services, self.chance.randint(0, min(3, len(self.services))))
            kind, parts = self.chance.randint(0, 3), [str(self.chance.choice([0, 10, 30])) for _ in users]
            if kind == 0:
                parts = [f"0.{part:>02}" for part in parts]
                found["reallocation"] += [
                    {"from": name, "to": u, "fraction": p} for u, p in zip(users, parts, strict=True)
                ]
            elif kind == 1:
                pairs = [*zip(users, parts, strict=True), ("_ext", "10")]
                found["service_usage"] += [{"provider": name, "user": user, "amount": part} for user, part in pairs]
            elif kind == 2:
                pairs = list(zip(users, parts, strict=True))
                found["service_charges"] += [{"provider": name, "user": user, "usd": part} for user, part in pairs]
                found["service_costs"].append({"service": name, "usd": "100"})
        return found

    def _sku(self, name: str) -> Row:
        price = self.chance.choice(["0", "0.05", "0.1", "1.25"])
        return {"sku": name, "service": self.chance.choice(self.services), "list_price_usd": price}

    def _purchases(self, skus: list[Row]) -> list[Row]:
        customers, regions = self._named("b", 6), sorted({place["region"] for place in self.places})
        used = [(b, p, sku["sku"], r) for b in customers for p in ("p", "q") for sku in skus for r in regions]
        chosen = [
            (*each, self.chance.choice(["0", "1", "2.5", "70"])) for each in self.chance.sample(used, min(8, len(used)))
        ]
        return [dict(zip(COLUMNS["customer_usage"], each, strict=True)) for each in chosen]

    def _contracts(self) -> Fleet:
        found: Fleet = {"instruments": [], "residual_mix": []}
        for region in sorted({place["region"] for place in self.places}):
            if self.chance.randint(0, 3) == 0:
                found["residual_mix"].append({"region": region, "g_per_kwh": self._intensity()})
                retired = [(region, self._wh(300), self._intensity()) for _ in range(self.chance.randint(0, 2))]
                found["instruments"] += [
                    dict(zip(COLUMNS["instruments"], (f"{region} {at}", *each), strict=True))
                    for at, each in enumerate(retired)
                ]
        return found


SMALL: Fleet = {
    "regions": rows("cluster,region,zone,market_factor A,r1,z1,0.5 B,r2,z2,1"),
    "machines": rows(
        "machine,cluster,sector,idle_w,class,owner a1,A,,100,shared, a2,A,,50,dedicated,db b1,B,,80,shared,"
    ),
    "machine_hours": rows(
        "machine,hour,energy_wh,on_s a1,0,300,3600 a2,0,100,3600 b1,0,200,3600 a1,1,250,3600 a2,1,50,1800 b1,1,90,3600"
    ),
    "cpu_usage": rows("machine,hour,service,cpu_s a1,0,web,3 a1,0,db,1 a2,0,db,5 b1,0,web,7 a1,1,web,2 b1,1,db,1"),
    "allocations": rows("cluster,service,resource,amount A,web,cpu,3 A,db,cpu,1"),
    "unit_watts": rows("resource,watts_per_unit cpu,1 ram,0.375"),
    "facility_hours": rows("cluster,sector,hour,facility_wh A,,0,500 A,,1,330 B,,0,260 B,,1,120"),
    "carbon_intensity": rows("cluster,hour,g_per_kwh A,0,400 A,1,380 B,0,120 B,1,100"),
    "skus": rows("sku,service,list_price_usd w,web,0.05 d,db,0.1"),
    "customer_usage": rows(
        "customer,project,sku,region,amount acme,p,w,r1,10 beta,q,d,r1,4 beta,q,w,r2,3 acme,p,d,r2,1"
    ),
}  # fmt: skip
