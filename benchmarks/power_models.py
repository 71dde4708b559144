"""How wrong power models are: against SPECpower's tables and against measured GPU power.

Four questions, each against measurements:

    linear      between idle and full load, at the 10 to 90 % points of real systems' tables (data/power/specpower.csv)
    table       between fewer points: 0, 50, 100 %; each second one; every one but the point itself (leave one out)
    threads     published coefficients × hardware threads, against active idle and 100 % of SPECpower's table of results
    gpu         models fitted to the first half of a node's hours, against the measured energy of the second half

Errors are of power (or energy) as a share of the measured. The last two need the shared data beside the repository.

    python benchmarks/power_models.py [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from carbon_tokens.energy import coefficients, servers, utilisation  # noqa: E402
from carbon_tokens.energy.servers import SPECPOWER_LOADS, Linear, PowerModel, Table  # noqa: E402

SHARED = Path(os.environ.get("CARBON_TOKENS_SHARED", ROOT.parent / "shared")) / "data"
INNER = SPECPOWER_LOADS[1:-1]
FAMILIES = (
    (r"EPYC 7\d\d1", "EPYC 1st Gen"), (r"EPYC 7\w\w2", "EPYC 2nd Gen"), (r"EPYC 7\w\w3", "EPYC 3rd Gen"),
    (r"(Platinum|Gold|Silver) [3-9]1\d\d", "Skylake"), (r"(Platinum|Gold|Silver) [3-9]2\d\d", "Cascade Lake"),
    (r"(Platinum|Gold|Silver) [3-9]3\d\d", "Ice Lake"), (r"E5-\d{4}L? v4", "Broadwell"), (r"E5-\d{4}L? v3", "Haswell"),
    (r"E5-\d{4}L?$", "Sandy Bridge"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    found = {"specpower": tables(), "threads": threads(), "gpu": gpus()}
    if given.json:
        print(json.dumps(found))
        return
    for name, rows in found.items():
        print(f"\n{name}" if rows else f"\n{name}: no shared data, set CARBON_TOKENS_SHARED")
        for row in rows:
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))


def tables() -> list[dict[str, object]]:
    """Linear and coarser tables against eleven points of each system."""
    systems = [coefficients.system(name) for name in coefficients.names("specpower")]
    halves, fifths = (Fraction(0), Fraction(1, 2), Fraction(1)), SPECPOWER_LOADS[::2]
    return [
        _inner("linear, idle to full load", systems, lambda real: Linear(real.power_w(0), real.power_w(1))),
        _inner("table of 3 points", systems, lambda real: _coarse(real, halves)),
        _inner("table of 6 points", systems, lambda real: _coarse(real, fifths)),
        _left_out("table without the point itself", systems),
        _inner("Teads' shares of TDP at full load × 1/1.02", systems,
               lambda real: servers.of_tdp(real.power_w(1) / Fraction("1.02"))),
    ]  # fmt: skip


def threads() -> list[dict[str, object]]:
    """Published W of a thread × threads, against SPECpower's results by microarchitecture."""
    path = SHARED / "server_power" / "specpower_ssj2008_published_to_2021.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["Total Threads"] or 0) >= 2]
    found = []
    for pattern, family in FAMILIES:
        systems = [row for row in rows if re.search(pattern, row["CPU Description"].strip())]
        models = [coefficients.threads(family, int(float(row["Total Threads"]))) for row in systems]
        idle = [
            (model.idle_w, _cell(row, "avg. watts @ active idle")) for model, row in zip(models, systems, strict=True)
        ]
        full = [(model.max_w, _cell(row, "avg. watts @ 100%")) for model, row in zip(models, systems, strict=True)]
        if systems:
            found.append({"family": family, "systems": len(systems), "idle": _spread(idle), "full load": _spread(full)})
    return found


def gpus() -> list[dict[str, object]]:
    """Models fitted to the first half of the hours of each node, against the second half."""
    found: list[dict[str, object]] = []
    for name in ("cbsugpu08", "cbsugpu09"):
        path = SHARED / "server_utilisation" / f"cornell_biohpc_{name}_hourly.tsv"
        if path.exists():
            log = utilisation.read_gpu_log(path, ZoneInfo("America/New_York"))
            uses = sorted(log.uses, key=lambda use: use.at)
            half = len(uses) // 2
            for what, make in (("linear, mean idle to 99th percentile", _linear), ("table of 10 bins", _binned)):
                found.append(_compared(f"{name}: {what}", make(_pairs(uses[:half])), _pairs(uses[half:])))
                found.append(_compared(f"{name}: {what}, same hours", make(_pairs(uses)), _pairs(uses)))
    return found


def _inner(what: str, systems: Sequence[Table], make: Callable[[Table], PowerModel]) -> dict[str, object]:
    errors = [(make(real).power_w(load), real.power_w(load)) for real in systems for load in INNER]
    return {"model": what, "points": len(errors), **_figures(errors)}


def _left_out(what: str, systems: Sequence[Table]) -> dict[str, object]:
    errors = []
    for real in systems:
        for at in range(1, len(SPECPOWER_LOADS) - 1):
            kept = real.points[:at] + real.points[at + 1 :]
            errors.append((Table(kept).power_w(SPECPOWER_LOADS[at]), real.power_w(SPECPOWER_LOADS[at])))
    return {"model": what, "points": len(errors), **_figures(errors)}


def _coarse(real: Table, loads: Iterable[Fraction]) -> Table:
    return Table(tuple((load, real.power_w(load)) for load in loads))


def _pairs(uses: Iterable[utilisation.Use]) -> list[tuple[Fraction, Fraction]]:
    return [(use.utilisation, use.watts) for use in uses if use.utilisation is not None and use.watts is not None]


def _linear(pairs: Sequence[tuple[Fraction, Fraction]]) -> Linear:
    idle = statistics.fmean(watts for used, watts in pairs if used < Fraction("0.02"))
    full = sorted(watts for _, watts in pairs)[int(0.99 * len(pairs))]
    return Linear(Fraction(round(idle, 3)).limit_denominator(1000), full)


def _binned(pairs: Sequence[tuple[Fraction, Fraction]]) -> Table:
    """Mean power around 0, 10 … 100 %, not falling; a bin without hours takes the one below."""
    points: list[tuple[Fraction, Fraction]] = []
    for load in SPECPOWER_LOADS:
        near = [watts for used, watts in pairs if abs(used - load) <= Fraction(1, 20)]
        below = points[-1][1] if points else Fraction(0)
        points.append((load, max(below, sum(near, Fraction(0)) / len(near)) if near else below))
    return Table(tuple(points))


def _compared(what: str, model: PowerModel, pairs: Sequence[tuple[Fraction, Fraction]]) -> dict[str, object]:
    said = [(model.power_w(used), watts) for used, watts in pairs]
    measured = sum((watts for _, watts in said), Fraction(0))
    absolute = sum((abs(power - watts) for power, watts in said), Fraction(0))
    whole = sum((power for power, _ in said), Fraction(0))
    return {
        "model": what, "hours": len(said), "measured": f"{float(measured) / 1000:,.1f} kWh",
        "energy": f"{float(whole / measured - 1):+.1%}", "hourly": f"{float(absolute / measured):.1%} mean abs",
    }  # fmt: skip


def _figures(errors: Sequence[tuple[Fraction, Fraction]]) -> dict[str, object]:
    """Mean, mean absolute and largest error, as shares of the measured."""
    shares = [float(said / real - 1) for said, real in errors]
    absolute = [abs(each) for each in shares]
    return {
        "mean": f"{statistics.fmean(shares):+.1%}", "mean abs": f"{statistics.fmean(absolute):.1%}",
        "p95 abs": f"{sorted(absolute)[int(0.95 * len(absolute))]:.1%}", "largest": f"{max(shares, key=abs):+.1%}",
    }  # fmt: skip


def _spread(errors: Sequence[tuple[Fraction, Fraction]]) -> str:
    shares = sorted(float(said / real - 1) for said, real in errors)
    absolute = statistics.median(abs(each) for each in shares)
    return f"median {statistics.median(shares):+.0%} (abs {absolute:.0%}, {shares[0]:+.0%} to {shares[-1]:+.0%})"


def _cell(row: dict[str, str], column: str) -> Fraction:
    return Fraction(row[column])


if __name__ == "__main__":
    main()
