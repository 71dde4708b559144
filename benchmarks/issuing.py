"""How many RECs a second are issued: one transaction each, or 100 in a transaction, beside the naive web3.py loop.

Starts its own Anvil nodes (from node_modules) on free ports and stops them. Every run is a whole ``Ledger.issue``:
check what stands on the chain, sign, journal to the disk, send, mine, read all receipts.

    python benchmarks/issuing.py [--runs 3] [--single 2000] [--batched 10000] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from web3 import HTTPProvider, Web3

from carbon_tokens.errors import LedgerError
from carbon_tokens.ledger import Batch, Chain, Ledger, account
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.ledger.ids import REC, note
from carbon_tokens.periods import Month

ROOT = Path(__file__).resolve().parents[1]
ANVIL = ROOT / "node_modules" / ".bin" / "anvil"
NAIVE = 100  # tokens of the naive loop
GOALS = {"single": 1_000.0, "batched": 2_500.0}  # tokens/s


@contextmanager
def node(folder: Path, *options: str) -> Iterator[str]:
    """An Anvil node with Shanghai rules; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # --prune-history: without it Anvil writes every historical state into its home.
    command = [str(ANVIL), "--silent", "--prune-history", "--hardfork", "shanghai", "--port", str(port), *options]
    process = subprocess.Popen(command, env=os.environ | {"HOME": str(folder)}, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def ready(url: str) -> Chain:
    """The chain, as soon as the node answers."""
    for _ in range(200):
        try:
            return Chain.connect(url)
        except LedgerError:
            time.sleep(0.05)
    raise SystemExit(f"anvil does not answer at {url}")


def issuer(url: str, folder: Path) -> tuple[Ledger, int]:
    """A fresh deployment with an issuer and its source of RECs."""
    chain = ready(url)
    admin, signer = account("dev:admin", chain), account("dev:rec-issuer", chain)
    ledger = Ledger.deploy(chain, admin, deployments=folder, home=folder)
    ledger.grant_role("CarbonTokens", "REC_ISSUER_ROLE", signer.address)
    mine = ledger.using(signer)
    source = mine.add_source(REC, "NAR", note("W1"), "US", grid_region="CAMX", technology="wind").id
    assert source
    return mine, source


def batches(count: int) -> list[Batch]:
    """RECs of one serial each."""
    month = Month.parse("2024-03")
    hashes = (hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(1, count + 1))
    return [Batch(each, 1_000_000, number, number, month.start, month.end) for number, each in enumerate(hashes, 1)]


def pipelined(count: int, per_transaction: int, *options: str) -> float:
    """Tokens/s of one issuing run on a fresh node."""
    with tempfile.TemporaryDirectory() as name, node(Path(name), *options) as url:
        ledger, source = issuer(url, Path(name))
        what = batches(count)
        start = time.perf_counter()
        report = ledger.issue(source, what, per_transaction=per_transaction)
        seconds = time.perf_counter() - start
        ledger.close_files()
        if report.issued != count:
            raise SystemExit(f"{report.issued} of {count} tokens were issued")
        return count / seconds


def naive() -> float:
    """Tokens/s of what a tutorial writes: transact, wait for the receipt, next."""
    with tempfile.TemporaryDirectory() as name, node(Path(name)) as url:
        ledger, source = issuer(url, Path(name))
        w3 = Web3(HTTPProvider(url))
        contract = w3.eth.contract(ledger.address("CarbonTokens"), abi=Contract.load("CarbonTokens").abi)
        who = ledger.signer.address if ledger.signer else ""
        start = time.perf_counter()
        for batch in batches(NAIVE):
            sent = contract.functions.issue(source, who, astuple(batch)).transact({"from": who})
            w3.eth.wait_for_transaction_receipt(sent)
        seconds = time.perf_counter() - start
        ledger.close_files()
        return NAIVE / seconds


def measure(runs: int, single: int, batched: int) -> dict[str, dict[str, float]]:
    """Median, least and greatest tokens/s of each way over the runs, taken in turn."""
    ways: dict[str, Callable[[], float]] = {
        "naive": naive,
        "single": lambda: pipelined(single, 1, "--no-mining"),
        "single_automine": lambda: pipelined(min(single, 1_000), 1),
        "batched": lambda: pipelined(batched, 100, "--no-mining"),
        "batched_automine": lambda: pipelined(batched, 100),
    }
    samples: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, run in ways.items():
            samples[way].append(run())
    return {way: {"median": statistics.median(s), "min": min(s), "max": max(s)} for way, s in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--single", type=int, default=2_000, help="tokens of a run with one transaction each")
    parser.add_argument("--batched", type=int, default=10_000, help="tokens of a run with 100 in a transaction")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rates = measure(options.runs, options.single, options.batched)
    base = rates["naive"]["median"]
    result = {way: {**rate, "ratio": rate["median"] / base, "goal": GOALS.get(way)} for way, rate in rates.items()}
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{'way':18} {'tokens/s':>9} {'min':>8} {'max':>8} {'x naive':>8} {'goal':>7}")
        for way, row in result.items():
            numbers = f"{row['median']:9,.0f} {row['min']:8,.0f} {row['max']:8,.0f} {row['ratio']:8.1f}"
            print(f"{way:18} {numbers} {row['goal'] or '':>7}")
    missed = [way for way, goal in GOALS.items() if rates[way]["median"] < goal]
    raise SystemExit(f"below the goal: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
