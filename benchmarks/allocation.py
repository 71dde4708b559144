"""How long a fleet's month takes, on each engine, against the least that can be done with the same files.

Every engine runs in a process of its own; the median of the runs counts. ``cpu`` is user and system time of all its
threads and children without imports, ``peak`` the largest process. The limit is DuckDB reading the columns of CPU
time and adding them up. Exits 1 if digests differ, or if a goal is missed at the size it is stated for.

    python benchmarks/allocation.py [--rows 1e7 ...] [--runs 3] [--only scan kernel ...] [--folder build/fleets]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fleets

ENGINES = ("scan", "group", "stage1", "kernel", "kernel2", "ibis", "pandas")
SAYS = {
    "scan": "LIMIT: DuckDB sum() of the columns of CPU time",
    "group": "LIMIT: DuckDB group by hour and service, no shares",
    "stage1": "numpy kernel, machine-hours to services, 1 process",
    "kernel": "whole method to customers, 1 process",
    "kernel2": "whole method to customers, 2 processes",
    "ibis": "whole method, the twin: Ibis on DuckDB",
    "pandas": "plain pandas, machine-hours to services, floats",
}
# ratio: (numerator, denominator, quantity, at most, stated from this number of rows)
GOALS = (
    ("stage1", "scan", "cpu", 4.5, 10**8),
    ("kernel2", "scan", "wall", 6.0, 10**8),
    ("stage1", "pandas", "cpu", 0.25, 10**7),
    ("kernel", "ibis", "wall", 1 / 3, 10**8),
)
PEAK_MB = 600  # of a worker, whatever the rows


def scan(folder: Path) -> str:
    import duckdb

    files = f"read_parquet('{folder}/cpu_usage/*.parquet')"
    columns = "sum(strlen(machine)), sum(hour), sum(strlen(service)), sum(cpu_ms)"
    return str(duckdb.sql(f"select {columns} from {files}").fetchall())


def group(folder: Path) -> str:
    import duckdb

    files = f"read_parquet('{folder}/cpu_usage/*.parquet')"
    query = f"select count(*), sum(c) from (select hour, service, sum(cpu_ms) as c from {files} group by all)"
    return str(duckdb.sql(query).fetchall())


def stage1(folder: Path) -> str:
    from carbon_tokens.allocation.fleet import in_process
    from carbon_tokens.allocation.fleet.inputs import Inputs
    from carbon_tokens.allocation.fleet.model import Fleet

    inputs = Inputs.of(folder)
    fleet = Fleet.of(inputs.tables)
    return str(sum(each.services.num_rows for each in in_process(fleet, inputs.parts)))


def kernel(folder: Path, workers: int = 1) -> str:
    from carbon_tokens.allocation import fleet

    return fleet.allocate(folder, runner=fleet.Processes(workers) if workers > 1 else fleet.in_process).digest


def kernel2(folder: Path) -> str:
    return kernel(folder, 2)


def ibis(folder: Path) -> str:
    from carbon_tokens.allocation.fleet import twin
    from carbon_tokens.allocation.fleet.footprint import digest

    return digest(twin.allocate(folder))


def pandas(folder: Path) -> str:
    """Stage 1 as people write it: join, group, divide."""
    import pandas as pd

    machines = pd.read_parquet(folder / "machines.parquet").set_index("machine")
    power = pd.read_parquet(folder / "machine_hours").join(machines, on="machine")
    power["dynamic"] = (power.energy_wh - power.idle_w).clip(lower=0)
    usage = pd.read_parquet(folder / "cpu_usage").merge(power[["machine", "hour", "cluster", "dynamic"]])
    total = usage.groupby(["machine", "hour"]).cpu_ms.transform("sum")
    usage["share"] = usage.dynamic * usage.cpu_ms / total
    return str(len(usage.groupby(["cluster", "hour", "service"]).share.sum()))


def measured(engine: str, folder: Path) -> dict[str, Any]:
    """One run in this process: seconds, peak memory and digest."""
    run: Callable[[Path], str] = globals()[engine]
    _imported(engine)
    before, start = _cpu(), time.perf_counter()
    digest = run(folder)
    seconds = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    return {"wall": seconds, "cpu": _cpu() - before, "peak": peak, "digest": digest}


def _imported(engine: str) -> None:
    import duckdb  # noqa: F401
    import pandas  # noqa: F401 - pyarrow takes it in with its first array

    if engine in ("stage1", "kernel", "kernel2", "ibis"):
        import carbon_tokens.allocation.fleet
    if engine == "ibis":
        import carbon_tokens.allocation.fleet.twin  # noqa: F401


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def medians(engine: str, folder: Path, runs: int) -> dict[str, Any]:
    found = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--one", engine, "--folder", str(folder)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    if len({each["digest"] for each in found}) > 1:
        sys.exit(f"{engine}: two runs gave two digests")
    return {name: statistics.median(each[name] for each in found) for name in ("wall", "cpu", "peak")} | {
        "digest": found[0]["digest"]
    }


def table(rows: int, found: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"{rows:,} rows of CPU time",
        f"{'engine':55} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'cpu/scan':>9} {'M rows/cpu s':>13}",
    ]
    for engine, each in found.items():
        ratio = f"{each['cpu'] / found['scan']['cpu']:9.1f}" if "scan" in found else f"{'':9}"
        rate = rows / each["cpu"] / 1e6
        lines.append(
            f"{SAYS[engine]:55} {each['wall']:8.2f} {each['cpu']:8.2f} {each['peak']:8.0f} {ratio} {rate:13.1f}"
        )
    return "\n".join(lines)


def missed(rows: int, found: dict[str, dict[str, Any]]) -> list[str]:
    """What is not as it must be: digests, and goals that are stated for this size."""
    digests = {found[each]["digest"] for each in ("kernel", "kernel2", "ibis") if each in found}
    faults = ["the engines' digests differ"] if len(digests) > 1 else []
    for over, under, quantity, most, least_rows in GOALS:
        if over not in found or under not in found or rows < least_rows:
            continue
        if (ratio := found[over][quantity] / found[under][quantity]) > most:
            faults.append(f"{over}/{under} {quantity} is {ratio:.2f}, the goal {most:.2f}")
    for engine in ("stage1", "kernel2"):
        if engine in found and found[engine]["peak"] > PEAK_MB:
            faults.append(f"{engine} takes {found[engine]['peak']:.0f} MB, the goal {PEAK_MB}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--folder", type=Path, default=Path("build/fleets"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.folder)))
        return 0
    faults, all_found = [], {}
    for rows in map(int, options.rows):
        folder = fleets.make(options.folder / str(rows), rows)
        found = {engine: medians(engine, folder, options.runs) for engine in options.only}
        faults += [f"{rows:,} rows: {each}" for each in missed(rows, found)]
        all_found[rows] = found
        if not options.json:
            print(table(rows, found), end="\n\n", flush=True)
    if options.json:
        print(json.dumps({"rows": all_found, "missed": faults}))
    else:
        print("\n".join(faults) or "every goal that is stated for these sizes is met")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
