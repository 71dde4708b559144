"""How long the Merkle-sum tree of an account's tenants takes, with every keccak-256 that is installed.

Seconds are CPU time of one core, from ready shares to the root (checks, sums and index by tenant included), the median
of the runs. ``x hashes`` compares with 2N bare hashes of 101 bytes in a loop, fewer than which no tree of N leaves has.
Peak memory is that of a process which reads the shares one by one, interpreter included. Exits 1 below a goal.

    python benchmarks/merkle.py [--runs 3] [--sizes 10000 100000 1000000] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from carbon_tokens.allocation.shares import Allocation, Amounts, Share
from carbon_tokens.allocation.shares.keccak import Keccak, installed

SIZES = (10_000, 100_000, 1_000_000)
MILLION = 1_000_000
GOALS = {"pycryptodome": 10.0, "tiny-keccak": 3.0}  # seconds at a million shares
PROOF = 1_000  # bytes at a million shares
BARE = 50_000  # hashes in the bare loop


def shares(count: int) -> Iterator[Share]:
    """Shares of 1,000 kWh and more, in no order of tenants."""
    for number in range(count):
        energy = 1_000_000 + number
        tenant, salt = (hashlib.sha256(b"%s %d" % (name, number)).digest() for name in (b"tenant", b"salt"))
        yield Share(tenant, energy, energy * 455 // 1_000, energy // 3, salt)


def totals(count: int) -> Amounts:
    """What they add up to."""
    energies = range(1_000_000, 1_000_000 + count)
    return Amounts(sum(energies), sum(each * 455 // 1_000 for each in energies), sum(each // 3 for each in energies))


def bare(keccak: Keccak) -> float:
    """Seconds of one hash of 101 bytes."""
    data = bytes(range(101))
    start = time.process_time()
    for _ in range(BARE):
        keccak(data)
    return (time.process_time() - start) / BARE


def built(ready: list[Share], total: Amounts, keccak: Keccak) -> tuple[float, Allocation]:
    """Seconds of a build, and what was built."""
    start = time.process_time()
    made = Allocation(ready, total, keccak=keccak)
    return time.process_time() - start, made


def measure(count: int, runs: int) -> dict[str, dict[str, Any]]:
    """Figures of a size by library, taken in turn; every tree has the same root and proves its last share."""
    ready, total, libraries = list(shares(count)), totals(count), installed()
    seconds: dict[str, list[float]] = {name: [] for name in libraries}
    ratios: dict[str, list[float]] = {name: [] for name in libraries}
    roots, proof = set(), b""
    for _ in range(runs):
        for name, keccak in libraries.items():
            each = bare(keccak)
            taken, made = built(ready, total, keccak)
            seconds[name].append(taken)
            ratios[name].append(taken / (2 * count * each))
            roots.add(made.root(1, 1))
            proof = made.prove(count - 1).siblings
            made.prove(count - 1).verify(made.root(1, 1), 1, 1)
            del made
    if len(roots) != 1:
        raise SystemExit("the libraries do not give one root")
    medians = {name: (statistics.median(seconds[name]), statistics.median(ratios[name])) for name in libraries}
    return {name: {"seconds": s, "x_hashes": r, "proof_bytes": len(proof)} for name, (s, r) in medians.items()}


def peak_mb(count: int) -> float:
    """Peak memory of a process of its own that builds the tree from an iterator."""
    done = subprocess.run(
        [sys.executable, __file__, "--peak-of", str(count)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def peak_of(count: int) -> None:
    """Builds and prints the peak memory of this process in MB."""
    Allocation(shares(count), totals(count))
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def missed(result: dict[str, dict[str, Any]]) -> list[str]:
    """What is below its goal; goals are for a million shares."""
    rows = result.get(str(MILLION), {}).get("libraries", {})
    slow = [f"{name}: {row['seconds']:.1f} s, not {GOALS[name]:.0f}" for name, row in rows.items()
            if row["seconds"] > GOALS[name]]  # fmt: skip
    return slow + [f"{name}: proofs" for name, row in rows.items() if row["proof_bytes"] != PROOF]


def show(result: dict[str, dict[str, Any]]) -> None:
    """The table."""
    print(f"{'shares':>9} {'keccak':12} {'seconds':>8} {'x hashes':>8} {'proof B':>8} {'peak MB':>8}")
    for size, row in result.items():
        for name, each in row["libraries"].items():
            figures = f"{each['seconds']:8.3f} {each['x_hashes']:8.2f} {each['proof_bytes']:8,d} {row['peak_mb']:8.0f}"
            print(f"{int(size):9,d} {name:12} {figures}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of is not None:
        return peak_of(options.peak_of)
    # Peaks first: on Linux a process starts with the peak of the one that forked it.
    peaks = {size: peak_mb(size) for size in options.sizes}
    result = {str(size): {"libraries": measure(size, options.runs), "peak_mb": peaks[size]} for size in options.sizes}
    if options.json:
        print(json.dumps(result))
    else:
        show(result)
    below = missed(result)
    raise SystemExit(f"below the goal: {'; '.join(below)}" if below else 0)


if __name__ == "__main__":
    main()
