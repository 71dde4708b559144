"""An issuing run of 300 batches is killed at ten random points and resumed: exactly 300 are issued, none twice."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from carbon_tokens.ledger import Chain, Ledger, account
from carbon_tokens.ledger.ids import REC, batch_id, note
from carbon_tokens.ledger.journal import MINED, REPLACED, Journal

ROOT = Path(__file__).resolve().parents[2]
COUNT, KILLS, SEED = 300, 10, 20240301

# The child kills itself with SIGKILL: at the n-th executed line of the modules that journal, send and settle, so that
# every gap between two steps can be hit, or just before or just after the node took the n-th portion. Small portions
# give many steps.
RUN = """
import hashlib, json, os, signal, sys
from pathlib import Path
from carbon_tokens.ledger import Batch, Chain, Ledger, account
from carbon_tokens.ledger import journal, pipeline, rpc, settle, writer
url, folder, source, count, size, where, kill = json.loads(sys.argv[1])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
pipeline.BATCH_CALLS = 10 if size == 1 else 2
folder = Path(folder)
chain = Chain.connect(url, state=folder / "chain.db")
ledger = Ledger.connect(chain, account("dev:rec-issuer", chain), deployments=folder, home=folder)
digest = lambda n: hashlib.sha256(f"document {n}".encode()).digest()
batches = [Batch(digest(n), 1_000_000, n, n, 1_709_251_200, 1_711_929_600) for n in range(1, count + 1)]
watched = {module.__file__ for module in (journal, pipeline, settle)}
lines = sent = 0
forward = chain.rpc.batch
def batch(calls):
    global sent
    sending = bool(calls) and calls[0][0] == "eth_sendRawTransaction"
    sent += sending
    if sending and where == "unsent" and sent == kill:
        die()
    answers = forward(calls)
    if sending and where == "sent" and sent == kill:
        die()
    return answers
chain.rpc.batch = batch
def local(frame, event, arg):
    global lines
    lines += event == "line"
    if lines == kill:
        die()
    return local
if where == "line":
    sys.settrace(lambda frame, event, arg: local if frame.f_code.co_filename in watched else None)
report = ledger.issue(source, batches, per_transaction=size, journal=folder / "run.db")
sys.settrace(None)
print(json.dumps([report.issued, report.skipped]))
"""


def run(
    url: str | None, folder: Path, source: int, size: int, where: str = "", kill: int = 0
) -> subprocess.CompletedProcess[str]:
    args = json.dumps([url, str(folder), source, COUNT, size, where, kill])
    return subprocess.run([sys.executable, "-c", RUN, args], cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("embedded", 7),
        pytest.param("anvil", 1, marks=pytest.mark.anvil),
        pytest.param("anvil", 7, marks=pytest.mark.anvil),
    ],
)
def test_a_run_killed_at_ten_random_points_issues_every_batch_exactly_once(
    kind: str, size: int, request: pytest.FixtureRequest, deploy: Callable[..., Ledger], tmp_path: Path
) -> None:
    folder = tmp_path / "first"
    url = None if kind == "embedded" else request.getfixturevalue(kind)
    chain = Chain.connect(url, state=folder / "chain.db")
    ledger = deploy(chain)
    source = ledger.using(account("dev:rec-issuer", chain)).add_source(REC, "NAR", note("W1"), "US").id or 0
    chain.close()

    dice, killed = random.Random(SEED + size), 0
    while killed < KILLS:
        # A portion takes about 150 lines (of ten) or 50 (of two): most lives end within the first three.
        where = ("line", "sent", "line", "unsent")[killed % 4]
        life = run(
            url, folder, source, size, where, dice.randint(1, (450 if size == 1 else 150) if where == "line" else 2)
        )
        assert life.returncode in (-9, 0), life.stderr
        if life.returncode == 0:
            break
        killed += 1
    last = run(url, folder, source, size)
    assert last.returncode == 0, last.stderr
    issued, skipped = json.loads(last.stdout)
    assert issued + skipped == COUNT
    assert killed == KILLS

    chain = Chain.connect(url, state=folder / "chain.db")
    ledger = Ledger.connect(chain, deployments=folder)
    digests = [hashlib.sha256(f"document {n}".encode()).digest() for n in range(1, COUNT + 1)]
    expected = {batch_id(REC, "NAR", digest) for digest in digests}
    events = list(ledger.events("CarbonTokens", ["Issued"]))
    assert len(events) == COUNT
    assert {event.args["id"] for event in events} == expected
    issuer = account("dev:rec-issuer", chain).address
    assert all(ledger.balance(issuer, number) == 1_000_000 for number in list(expected)[:20])
    binding = {"chain": str(chain.id), "contract": ledger.address("CarbonTokens")}
    with Journal(folder / "run.db", binding, exclusive=True) as journal:
        states = {tx: outcome.state for tx, outcome in journal.outcomes().items()}
        mined = Counter(item for entry in journal.entries() if states[entry.hash] == MINED for item in entry.items)
        assert journal.open_entries() == []
    assert mined == Counter(expected)
    assert set(states.values()) <= {MINED, REPLACED}
    assert {tx for tx, state in states.items() if state == MINED} == {event.tx for event in events}
    chain.close()
