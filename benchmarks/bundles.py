"""How large a bundle is and how long it takes, with a share among a million tenants and with a long chain of headers.

The demonstration's month on an embedded chain (one process, no network): its account is split among so many
tenants, the split is committed, and the first tenant's share stands in the bundle. Seconds are wall time, the median of
the runs. ``write`` reads the blocks and encodes them again; ``verify`` is offline, against one block hash;
``recompute`` takes the statements from the bundle's own files, too.

    python benchmarks/bundles.py [--runs 5] [--tenants 3 1000000] [--headers 4096] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_tokens import data_files
from carbon_tokens.allocation.shares import Allocation, shares_of, tenant_of_name
from carbon_tokens.claims import bundling, verify
from carbon_tokens.claims import proof as proofs
from carbon_tokens.claims.proof import Proof
from carbon_tokens.demo import Demo
from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.ids import audited_id
from carbon_tokens.periods import Month

_MINED_BEFORE = 27  # blocks of the demonstration, about


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim on a chain of its own, its proof, and the account's operator."""

    ledger: Ledger
    proof: Proof
    facility: int
    month: Month


def claimed(folder: Path) -> Claimed:
    """The demonstration's claim on a new embedded chain."""
    chain = Chain.connect(state=folder / "chain.db")
    found = Demo(chain, ["--state", str(folder / "chain.db")], folder, lambda _: None).run()
    ledger = Ledger.connect(
        chain, account("dev:operator", chain), deployments=folder / "deployments", home=folder / "operator"
    )
    month = Month.parse(str(found["month"]))
    return Claimed(ledger, proofs.read(str(found["proof"])), int(str(found["facility"]), 16), month)


def share_of(made: Claimed, tenants: int) -> tuple[TenantProof, float]:
    """The first tenant's file of a split among so many, committed; and the seconds of its tree."""
    totals = made.ledger.totals_to_split(made.facility, made.month)
    ready = list(shares_of(totals.amounts, {tenant_of_name(f"tenant {n}"): n + 1 for n in range(tenants)}))
    start = time.perf_counter()
    allocation = Allocation(ready, totals.amounts)
    taken = time.perf_counter() - start
    made.ledger.commit(made.facility, made.month, allocation, totals)
    chain, contract = made.ledger.chain, made.ledger.address("Allocations")
    root = allocation.root(audited_id(made.facility, made.month.number), totals.version)
    place = chain.id, chain.genesis, contract, made.facility, made.month, totals.version, root
    return TenantProof(*place, allocation.prove(0)), taken


def median(runs: int, run: Callable[[], object]) -> float:
    """Seconds of the middle run."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def figures(made: Claimed, path: Path, runs: int, **options: Any) -> dict[str, Any]:
    """Size and seconds of a bundle; every bundle must verify."""
    inputs = data_files.path("demo", "electricity.csv").parent
    write = median(runs, lambda: bundling.bundle(made.ledger, made.proof, path, inputs=inputs, **options))
    ((_, block),) = verify(path).blocks
    hashes = [block]
    found = verify(path, block_hashes=hashes, recompute=True)
    if not found.verified:
        raise SystemExit(f"the bundle does not verify: {found.reasons}")
    return {
        "bytes": path.stat().st_size,
        "headers": len(json.loads(path.read_text())["headers"]),
        "write_s": round(write, 3),
        "verify_s": round(median(runs, lambda: verify(path, block_hashes=hashes)), 3),
        "recompute_s": round(median(runs, lambda: verify(path, block_hashes=hashes, recompute=True)), 3),
    }


def measure(tenants: int, runs: int) -> dict[str, Any]:
    """Figures of a bundle with one share among so many tenants."""
    with tempfile.TemporaryDirectory() as name:
        made = claimed(Path(name))
        share, tree = share_of(made, tenants)
        share.write(Path(name) / "share.json")
        size = (Path(name) / "share.json").stat().st_size
        found = figures(made, Path(name) / "bundle.json", runs, shares=[share])
        made.ledger.close_files()
        made.ledger.chain.close()
    return {"tenants": tenants, "tree_s": round(tree, 2), "share_bytes": size, **found}


def measure_headers(headers: int, runs: int) -> dict[str, Any]:
    """Figures of a bundle whose blocks are followed by empty ones up to so many headers."""
    with tempfile.TemporaryDirectory() as name:
        made = claimed(Path(name))
        head = made.proof.facility.at.block + headers - 1
        while made.ledger.chain.block_number() < head:
            made.ledger.chain.rpc.request("evm_mine")
        found = figures(made, Path(name) / "bundle.json", runs, head=head)
        made.ledger.close_files()
        made.ledger.chain.close()
    return {"tenants": 0, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tenants", type=int, nargs="*", default=[3, 1_000_000])
    parser.add_argument("--headers", type=int, default=bundling.MOST_HEADERS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [measure(tenants, given.runs) for tenants in given.tenants]
    if given.headers > _MINED_BEFORE:
        rows.append(measure_headers(given.headers, given.runs))
    for row in rows:
        print(json.dumps(row) if given.json else "  ".join(f"{name} {value:,}" for name, value in row.items()))


if __name__ == "__main__":
    main()
