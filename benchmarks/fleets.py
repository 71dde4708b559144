"""Makes a fleet of any size for benchmarks: Parquet day files of machine-hours and CPU time, and the small tables.

Ten clusters in three regions, 40 shared services of 200 that pass energy on to 30 others each, 800 SKUs, about eight
services a machine; one machine-hour in a hundred has no CPU time. Seeded: the same size gives the same files.
"""

from __future__ import annotations

import random
from pathlib import Path

import duckdb

CLUSTERS, REGIONS, SERVICES, SHARED, SKUS, DAYS, USES = 10, 3, 200, 40, 800, 30, 8
START = 474_792  # hours since 1970 of 2024-03-01T00Z


def make(folder: Path, rows: int, *, customers: int = 0) -> Path:
    """A fleet of about ``rows`` rows of CPU time over 30 days, into a folder that is made if it does not exist."""
    if (folder / "skus.csv").exists():
        return folder
    machines = max(CLUSTERS, round(rows / (DAYS * 24 * USES)))
    customers = customers or max(100, rows // 1000)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        _machines(connection, folder, machines)
        for day in range(DAYS):
            _day(connection, folder, machines, day)
        _customers(connection, folder, customers)
    _small(folder)
    return folder


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "(format parquet, compression zstd)" if path.suffix == ".parquet" else "(format csv, header)"
    connection.execute(f"copy ({query}) to '{path}' {kind}")


def _machines(connection: duckdb.DuckDBPyConnection, folder: Path, machines: int) -> None:
    query = f"""
    select 'm' || i as machine, 'c' || (i % {CLUSTERS}) as cluster, 80 + i % 60 as idle_w from range({machines}) t(i)
    """
    _copy(connection, query, folder / "machines.parquet")


def _day(connection: duckdb.DuckDBPyConnection, folder: Path, machines: int, day: int) -> None:
    hours = f"range({machines}) m(i), range({START + 24 * day}, {START + 24 * (day + 1)}) h(hour)"
    power = f"select 'm' || i as machine, hour, (90 + hash(i, hour) % 250)::bigint as energy_wh from {hours}"
    _copy(connection, power, folder / f"machine_hours/{day:02d}.parquet")
    usage = f"""
    select 'm' || i as machine, hour, 's' || ((i * 7 + k * 13 + k * k) % {SERVICES}) as service,
      (1000 + hash(i, hour, k) % 8000000)::bigint as cpu_ms
    from {hours}, range({USES}) u(k) where hash(i, hour, 1) % 100 > 0
    """
    _copy(connection, usage, folder / f"cpu_usage/{day:02d}.parquet")


def _customers(connection: duckdb.DuckDBPyConnection, folder: Path, customers: int) -> None:
    query = f"""
    select 'b' || i as customer, 'p' || (hash(i, k, 3) % 3) as project, 'k' || (hash(i, k) % {SKUS}) as sku,
      'r' || (hash(i, k, 2) % {REGIONS}) as region, 1 + hash(i, k, 4) % 10000 as amount
    from range({customers}) b(i), range(10) u(k)
    """
    _copy(connection, query, folder / "customer_usage.parquet")
    skus = f"""
    select 'k' || i as sku, 's' || (i % {SERVICES}) as service, (1 + i % 97) / 100 as list_price_usd
    from range({SKUS}) t(i)
    """
    _copy(connection, skus, folder / "skus.csv")


def _small(folder: Path) -> None:
    chance = random.Random("fleet")
    clusters = [f"c{i}" for i in range(CLUSTERS)]
    hours = range(START, START + 24 * DAYS)
    sums = _machine_sums(folder)
    tables = {
        "regions": [
            "cluster,region,market_factor",
            *(f"{c},r{i % REGIONS},0.{3 + i % 5}" for i, c in enumerate(clusters)),
        ],
        "unit_watts": ["resource,watts_per_unit", "cpu,2", "ram,0.392"],
        "allocations": ["cluster,service,resource,amount"]
        + [f"{c},s{s},{k},{chance.randint(1, 500)}" for c in clusters for s in range(SERVICES) for k in ("cpu", "ram")],
        "facility_hours": ["cluster,hour,facility_wh"]
        + [f"{c},{h},{round(sums[c, h] * chance.uniform(1.06, 1.6))}" for c in clusters for h in hours],
        "carbon_intensity": ["cluster,hour,g_per_kwh"]
        + [f"{c},{h},{chance.randint(40_000, 900_000) / 1000}" for c in clusters for h in hours],
        "service_usage": ["provider,user,amount", *_calls(chance)],
        "nonelectric": ["scope,kg", "scope1,3000", "scope3,120000"],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def _machine_sums(folder: Path) -> dict[tuple[str, int], int]:
    query = f"""
    select 'c' || (substr(machine, 2)::bigint % {CLUSTERS}), hour, sum(energy_wh)
    from '{folder}/machine_hours/*.parquet' group by all
    """
    return {(cluster, hour): int(energy) for cluster, hour, energy in duckdb.sql(query).fetchall()}


def _calls(chance: random.Random) -> list[str]:
    calls = []
    for shared in range(SHARED):
        users = chance.sample([each for each in range(SERVICES) if each != shared], 30)
        calls += [f"s{shared},s{user},{chance.randint(1, 1000)}" for user in users]
        calls.append(f"s{shared},_ext,{chance.randint(100, 5000)}")
    return calls
