"""How many events a second the index reads from a node, beside the bare fetch of their logs and web3.py's way.

Issues RECs on an Anvil node of its own, then indexes all events into fresh databases, and verifies every count.

    python benchmarks/indexing.py [--events 100000] [--runs 3] [--postgres URL] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from operator import truediv
from pathlib import Path

from sqlalchemy import func, select
from web3 import HTTPProvider, Web3

from benchmarks.issuing import batches, issuer, node
from carbon_tokens.ledger import Ledger
from carbon_tokens.ledger.contracts import Contract
from carbon_tokens.service import database, schema
from carbon_tokens.service.indexer import Indexer

GOAL_OF_FETCH, GOAL_OF_WEB3 = 0.4, 15.0  # SCALE.md
WEB3_EVENTS = 2_000  # that web3.py reads
SPAN = 100  # blocks a request of the bare fetch: about 10,000 events


def fetched(ledger: Ledger, url: str) -> float:
    """Events/s of the logs' bytes alone."""
    import requests

    session, head, found = requests.Session(), ledger.chain.block_number(), 0
    addresses = [each.address for each in ledger.deployments.values()]
    start = time.perf_counter()
    for first in range(0, head + 1, SPAN):
        query = {"address": addresses, "fromBlock": hex(first), "toBlock": hex(min(head, first + SPAN - 1))}
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [query]}
        found += session.post(url, json=body).content.count(b'"logIndex"')
    return found / (time.perf_counter() - start)


def indexed(ledger: Ledger, url: str) -> float:
    """Events/s of an index from the first block to the head."""
    engine = database.connect(url)
    index = Indexer(engine, ledger.chain, ledger.deployments)
    start = time.perf_counter()
    added = index.sync().added
    rate = added / (time.perf_counter() - start)
    with engine.begin() as connection:
        counted = connection.scalar(select(func.count()).select_from(schema.event))
    if counted != added:
        raise SystemExit(f"{counted} events of {added} are in the database")
    schema.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()
    return rate


def by_web3(ledger: Ledger, url: str) -> float:
    """Events/s of contract.events.Issued.get_logs over as many blocks as hold some thousands."""
    w3 = Web3(HTTPProvider(url))
    contract = w3.eth.contract(ledger.address("CarbonTokens"), abi=Contract.load("CarbonTokens").abi)
    first = next(iter(ledger.events("CarbonTokens", ["Issued"]))).block
    last = first
    while True:  # as many blocks as hold some thousands of events
        start = time.perf_counter()
        found = contract.events.Issued().get_logs(from_block=first, to_block=last)
        seconds = time.perf_counter() - start
        if len(found) >= WEB3_EVENTS or last >= ledger.chain.block_number():
            return len(found) / seconds
        last += 1 + last - first


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--postgres", default="", help="URL of an empty database to index into as well")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, node(Path(name)) as url:
        ledger, source = issuer(url, Path(name))
        ledger.issue(source, batches(options.events))
        ways: dict[str, Callable[[], float]] = {
            "fetch": lambda: fetched(ledger, url),
            "sqlite": lambda: indexed(ledger, f"sqlite:///{name}/node.db"),
            "web3": lambda: by_web3(ledger, url),
        }
        if options.postgres:
            ways["postgresql"] = lambda: indexed(ledger, options.postgres)
        samples: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(options.runs):  # in turn, so that what else the machine does falls on all of them
            for way, run in ways.items():
                samples[way].append(run())
        ledger.close_files()
    rates = {way: statistics.median(each) for way, each in samples.items()}
    ratios = {
        f"of_{way}": statistics.median(map(truediv, samples["sqlite"], samples[way])) for way in ("fetch", "web3")
    }
    if options.json:
        print(json.dumps({"events_per_s": rates, **ratios}))
    else:
        for way, rate in rates.items():
            print(f"{way:12} {rate:10,.0f} events/s ({min(samples[way]):,.0f} to {max(samples[way]):,.0f})")
        print(f"sqlite is {ratios['of_fetch']:.2f} of the bare fetch (goal {GOAL_OF_FETCH}) and "
              f"{ratios['of_web3']:.1f} x web3.py (goal {GOAL_OF_WEB3})")  # fmt: skip


if __name__ == "__main__":
    main()
