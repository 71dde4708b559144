"""The part of the work that public tools share with this one: a row's kWh × PUE × intensity, and nothing more.

Cloud Carbon Footprint and Impact Framework (npm) have no method for a shared fleet, so only the last multiplication can
be compared. All get the same rows and must come to the same sum of each region. They differ in what they start from and
leave behind, and the table says it: objects, arrays or a file. What is timed is the work, without start-up and without
making the objects; the median of the runs counts, the first of which warms the compiler.

    python benchmarks/peers.py [--rows 1e5 1e6] [--runs 5] [--folder build/peers] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from carbon_tokens.allocation.fleet.exact import mul_div
from carbon_tokens.allocation.fleet.rows import PIECE

PACKAGES = {"@cloud-carbon-footprint/core": "1.0.0", "@grnsft/if": "1.1.0"}
PUE = 1.25
INTENSITIES = {"r0": 0.412345, "r1": 0.087001, "r2": 0.655}  # kg CO2e/kWh
SAYS = {
    "ours": "carbon-tokens: integers, exact floors; arrays to arrays",
    "numpy": "numpy: the same in doubles; arrays to arrays",
    "duckdb": "DuckDB: Parquet file to a table of rows",
    "duckdb-days": "DuckDB: Parquet file to sums by region and day",
    "ccf": "Cloud Carbon Footprint: objects to objects",
    "ccf-days": "Cloud Carbon Footprint: objects to sums by region and day",
    "if": "Impact Framework, Coefficient and Multiply: objects to objects",
}
PEERS = ("ccf", "ccf-days", "if")
NEAR = 1e-10  # of a region's sum, and less than a µg a row, which is what floors take

Sums = dict[str, float]  # kg by region


class Rows:
    """The same rows as arrays, as a Parquet file, and as files of doubles for Node."""

    def __init__(self, folder: Path, number: int) -> None:
        chance = np.random.default_rng(20240701)
        self.folder = folder / str(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.region = chance.integers(0, len(INTENSITIES), number)
        self.hour = 474_792 + np.arange(number) % 720
        self.energy_wh = chance.integers(90, 340, number)
        self.file = self.folder / "rows.parquet"
        region = pa.DictionaryArray.from_arrays(pa.array(self.region.astype(np.int32)), pa.array(list(INTENSITIES)))
        table = pa.table({"region": region, "hour": self.hour, "energy_wh": self.energy_wh})
        pyarrow.parquet.write_table(table, self.file)
        for name, column in (("region", self.region), ("hour", self.hour), ("energy_kwh", self.energy_wh / 1000)):
            (self.folder / f"{name}.f64").write_bytes(column.astype("<f8").tobytes())
        (self.folder / "places.json").write_text(json.dumps({"pue": PUE, "intensities": INTENSITIES}))

    def by_region(self, kilograms: Any) -> Sums:
        return dict(zip(INTENSITIES, np.bincount(self.region, kilograms, len(INTENSITIES)).tolist(), strict=True))


def ours(rows: Rows) -> tuple[Callable[[], Any], Callable[[Any], Sums]]:
    """The kernel's two products: energy with overhead (µWh), and emissions (µg) by ng/Wh."""
    energy, hundredths = rows.energy_wh * 10**6, np.array(round(PUE * 100))
    intensity = np.array([round(each * 10**9) for each in INTENSITIES.values()])

    def run() -> tuple[Any, Any]:
        used, emitted = np.empty_like(energy), np.empty_like(energy)
        for at in range(0, len(energy), PIECE):
            piece = slice(at, at + PIECE)
            used[piece] = mul_div(energy[piece], hundredths, 100)
            emitted[piece] = mul_div(used[piece], intensity.take(rows.region[piece]), 10**9)
        return used, emitted

    return run, lambda found: rows.by_region(found[1] / 1e9)


def numpy(rows: Rows) -> tuple[Callable[[], Any], Callable[[Any], Sums]]:
    energy, intensity = rows.energy_wh / 1000, np.array(list(INTENSITIES.values()))

    def run() -> tuple[Any, Any]:
        used = energy * PUE
        return used, used * intensity.take(rows.region)

    return run, lambda found: rows.by_region(found[1])


_EACH = """
select r.region, hour, energy_wh / 1000 * {pue} as kwh, energy_wh / 1000 * {pue} * intensity as kg
from read_parquet('{file}') r join intensities using (region)
"""


def duckdb_rows(rows: Rows, query: str = "{each}") -> tuple[Callable[[], Any], Callable[[Any], Sums]]:
    connection = duckdb.connect()
    places = pa.table({"region": list(INTENSITIES), "intensity": list(INTENSITIES.values())})
    connection.register("intensities", places)
    text = query.format(each=_EACH.format(pue=f"{PUE}::double", file=rows.file))

    def run() -> str:
        connection.execute(f"create or replace table found as {text}")
        return "select region, sum(kg) from found group by region"

    return run, lambda found: dict(connection.execute(found).fetchall())


def duckdb_days(rows: Rows) -> tuple[Callable[[], Any], Callable[[Any], Sums]]:
    return duckdb_rows(
        rows, "select region, hour // 24 as day, sum(kwh) as kwh, sum(kg) as kg from ({each}) group by all"
    )


HERE = {"ours": ours, "numpy": numpy, "duckdb": duckdb_rows, "duckdb-days": duckdb_days}


def installed(folder: Path) -> str | None:
    """Installs the peers, pinned; None, or why not."""
    if not (node := shutil.which("node")) or not (npm := shutil.which("npm")):
        return "Node is not installed"
    manifest = folder / "package.json"
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})
    if manifest.exists() and manifest.read_text() == wanted and (folder / "node_modules/@grnsft/if").is_dir():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    manifest.write_text(wanted)
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        manifest.unlink()
        return f"npm install failed: {(done.stderr.strip().splitlines() or ['?'])[-1]} ({node})"
    return None


def measured(engine: str, rows: Rows, runs: int) -> dict[str, Any]:
    """Median seconds, and kg by region."""
    if engine in PEERS:
        script = Path(__file__).with_name("peers.mjs")
        command = ["node", "--max-old-space-size=8192", str(script), engine, str(rows.folder.resolve()), str(runs)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        return {"seconds": statistics.median(found["seconds"]), "sums": found["sums"]}
    run, sums = HERE[engine](rows)
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        made = run()
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "sums": sums(made)}


def compared(folder: Path, number: int, runs: int) -> dict[str, dict[str, Any]]:
    """All engines at one size. Raises SystemExit if one of them has come to other sums."""
    rows, without = Rows(folder, number), installed(folder)
    found = {engine: measured(engine, rows, runs) for engine in SAYS if engine not in PEERS or not without}
    for engine, each in found.items():
        each["rows_a_second"] = number / each["seconds"]
        for region, sum_ in each.pop("sums").items():
            first = found["ours"].setdefault("kg", {}).setdefault(region, sum_)
            if not math.isclose(sum_, first, rel_tol=NEAR, abs_tol=number * 2e-9):
                sys.exit(f"{engine} has {sum_} kg in {region}, the first engine {first}: not the same work")
    return found | ({"not run": {"why": without}} if without else {})


def table(number: int, found: dict[str, dict[str, Any]]) -> str:
    lines = [f"{number:,} rows: kWh × PUE × intensity", f"{'engine':64} {'seconds':>9} {'M rows/s':>9}"]
    for engine, each in found.items():
        if engine in SAYS:
            lines.append(f"{SAYS[engine]:64} {each['seconds']:9.4f} {each['rows_a_second'] / 1e6:9.2f}")
        else:
            lines.append(f"the peers are not run: {each['why']}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e5, 1e6])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/peers"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {rows: compared(options.folder, rows, options.runs) for rows in map(int, options.rows)}
    print(json.dumps(found) if options.json else "\n\n".join(table(*each) for each in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
