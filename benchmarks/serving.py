"""How a node answers under load: a real `carbon-tokens serve`, its chain on Anvil, and wrk that asks without a pause.

wrk and not locust: it costs a tenth of the processor for a request, so that on two cores the server is measured and not
the one who asks. It has no pause between requests: latencies are those of a server that is fully busy, and requests/s
are what it can do. First each kind alone, then the mix; memory is read before and after. Debian: apt install wrk.

    python -m benchmarks.serving [--seconds 30] [--minutes 10] [--connections 16] [--workers 1] [--database URL]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.issuing import node as anvil
from carbon_tokens.ledger import Chain, Ledger
from carbon_tokens.ledger.ids import release_id
from carbon_tokens.service import database, keys

KEYS = 400  # of operators: a key has 20 requests a second
DOCUMENTS = 200  # different statements
SHARES = {"page": 30, "read": 45, "verify": 5, "keyed read": 10, "write": 10}  # percent of the mix
ALONE_S = 5


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests a second, milliseconds below which half and 99 % were answered, share of errors."""

    rate: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    requests: int
    errors: float


@contextmanager
def served(folder: Path, rpc: str, options: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """A server: its URL, process id, and the seconds until it was ready."""
    port = _free_port()
    command = [sys.executable, "-m", "carbon_tokens.cli", "serve", "--rpc", rpc, "--deployment",
               str(folder / "deployments"), "--port", str(port), *options]  # fmt: skip
    start = time.perf_counter()
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        while not _ready(url):
            if process.poll() is not None or time.perf_counter() - start > 120:
                raise SystemExit(f"the server does not start:\n{(folder / 'server.log').read_text()}")
            time.sleep(0.02)
        yield url, process.pid, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/ready", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mb(pid: int) -> float:
    """Resident memory of a process and of those that it started."""
    listed = subprocess.run(["ps", "-o", "rss=", "--pid", str(pid), "--ppid", str(pid)], capture_output=True, text=True)
    return sum(map(int, listed.stdout.split())) / 1024


def asked(url: str, folder: Path, given: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The requests by kind."""
    base = f"{url}/api/v1"
    (chain,) = requests.get(f"{base}/chains", timeout=10).json()
    at = f"/api/v1/chains/{chain['id']}"
    facility = requests.get(f"{url}{at}/facilities", timeout=10).json()["items"][0]["id"]
    proof = (folder / "proof.json").read_text()
    kinds: dict[str, list[dict[str, Any]]] = {
        "page": [_get(f"/chains/{chain['id']}/facilities/{facility}"), _get("/")],
        "read": [_get(f"{at}/facilities/{facility}{each}") for each in ("/months", "/events", "/claims", "")]
        + [_get(f"{at}/facilities"), _get("/api/v1/chains")],
        "verify": [_post("/api/v1/verify", proof)],
        "keyed read": [_get("/api/v1/me", key) for key in given],
    }
    bodies = [json.dumps({"documents": [each]}) for each in _documents(folder, facility)]
    kinds["write"] = [_post(f"{at}/audits", bodies[number % len(bodies)], key) for number, key in enumerate(given)]
    return kinds


def _get(path: str, key: str = "") -> dict[str, Any]:
    return {"method": "GET", "path": path, "key": key, "body": ""}


def _post(path: str, body: str, key: str = "") -> dict[str, Any]:
    return {"method": "POST", "path": path, "key": key, "body": body}


def _documents(folder: Path, facility: str) -> list[dict[str, Any]]:
    """Statements of one facility-month that were not audited."""
    import hashlib

    from carbon_tokens.energy.site import Reading
    from carbon_tokens.periods import Month
    from carbon_tokens.statements import FactorReference, MethodReference, build

    month = Month.parse("2024-03")
    factor = FactorReference("eGRID", 2023, "rev1", "US", "CAMX", "0x" + release_id("eGRID", 2023, "rev1").hex(),
                             "0x" + "11" * 32, "225000", 225_000, False, "", 225_000)  # fmt: skip
    found = []
    for number in range(DOCUMENTS):
        file = hashlib.sha256(str(number).encode()).hexdigest()
        reading = Reading("PG&E", str(number), month.start, month.end, 1_000_000, "hourly", "hours.csv", file, (2, 745),
                          "A")  # fmt: skip
        found.append(build(reading, factor, facility=int(facility, 16), method=MethodReference.shipped()).to_json())
    return found


LUA = """
local kinds = {%s}
local shares = {%s}
local threads, count, id = {}, 0, 0
function setup(thread) thread:set("id", #threads) table.insert(threads, thread) end
function init(args)
  math.randomseed(id + 1)
  for _, kind in ipairs(kinds) do
    for _, each in ipairs(kind) do
      local headers = {["Content-Type"] = "application/json"}
      if each.key ~= "" then headers["Authorization"] = "Bearer " .. each.key end
      each.headers = headers
      if not (each.key ~= "" and each.method == "POST") then
        each.ready = wrk.format(each.method, each.path, headers, each.body ~= "" and each.body or nil)
      end
    end
  end
end
function request()
  local at, share = 1, math.random(100)
  while share > shares[at] do share = share - shares[at]; at = at + 1 end
  local each = kinds[at][math.random(#kinds[at])]
  if each.ready then return each.ready end
  count = count + 1
  each.headers["Idempotency-Key"] = "%s-" .. id .. "-" .. count
  return wrk.format(each.method, each.path, each.headers, each.body)
end
function done(summary, latency, rates)
  local e = summary.errors
  io.write(string.format("FOUND %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
"""


def load(url: str, folder: Path, kinds: dict[str, list[dict[str, Any]]], mix: dict[str, int], seconds: int,
         connections: int) -> Load:  # fmt: skip
    """Asks a mix of kinds for some seconds."""
    tables = ",".join("{" + ",".join(_lua(each) for each in kinds[kind]) + "}" for kind in mix)
    script = folder / "load.lua"
    script.write_text(LUA % (tables, ",".join(map(str, mix.values())), str(time.time_ns())))
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"FOUND (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", told)
    if not match:
        raise SystemExit(f"wrk said nothing:\n{told}")
    count, micros, errors, half, most, longest = map(int, match.groups())
    return Load(count / (micros / 1e6), half / 1e3, most / 1e3, longest / 1e3, count, errors / max(1, count))


def _lua(each: dict[str, Any]) -> str:
    return "{" + ",".join(f"{name}={_text(each[name])}" for name in ("method", "path", "key", "body")) + "}"


def _text(text: str) -> str:
    return f"[=====[{text}]=====]"


def _watch(pid: int, stop: threading.Event, found: list[tuple[float, float]]) -> None:
    start = time.monotonic()
    while not stop.wait(15):
        found.append((round(time.monotonic() - start), round(memory_mb(pid), 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30, help="of the mix")
    parser.add_argument("--minutes", type=int, default=0, help="of the mix, instead of seconds")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", default="", help="URL; SQLite in the server's folder without it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian: apt install wrk)")
    with tempfile.TemporaryDirectory() as name, anvil(Path(name)) as rpc:
        folder = Path(name) / "node"
        demo(rpc, folder)
        db = options.database or f"sqlite:///{folder / 'node.db'}"
        with database.connect(db).begin() as connection:
            given = [keys.add(connection, "Load", "operator", 1) for _ in range(KEYS)]
        result = measured(folder, rpc, db, given, options)
    if options.json:
        print(json.dumps(result))
    else:
        shown(result)


def demo(rpc: str, folder: Path) -> None:
    """The demonstration's facility-month on the chain, with its proofs, in a folder."""
    for _ in range(200):
        try:
            Chain.connect(rpc)
            break
        except Exception:
            time.sleep(0.05)
    command = [sys.executable, "-m", "carbon_tokens.cli", "demo", "--rpc", rpc, "--out", str(folder), "--json"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder.parent)
    assert Ledger.connect(Chain.connect(rpc), deployments=folder / "deployments").deployments


def measured(folder: Path, rpc: str, db: str, given: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    words = ["--database", db, "--workers", str(options.workers)]
    with served(folder, rpc, words) as (url, pid, start):
        kinds = asked(url, folder, given)
        first = memory_mb(pid)
        alone = {kind: load(url, folder, kinds, {kind: 100}, ALONE_S, options.connections) for kind in kinds}
        stop, memory = threading.Event(), list[tuple[float, float]]()
        watcher = threading.Thread(target=_watch, args=(pid, stop, memory), daemon=True)
        begun, busy = memory_mb(pid), os.getloadavg()
        watcher.start()
        mix = load(url, folder, kinds, SHARES, options.minutes * 60 or options.seconds, options.connections)
        stop.set()
        end = memory_mb(pid)
        statuses = Counter[str]()  # as the server counted them, or one of its workers
        for status, count in re.findall(r'requests_total\{[^}]*status="(\d+)"\} (\S+)',
                                        requests.get(f"{url}/metrics", timeout=10).text):  # fmt: skip
            statuses[status] += int(float(count))
    return {
        "seconds_to_ready": round(start, 2), "alone": {kind: asdict(each) for kind, each in alone.items()},
        "mix": asdict(mix), "memory_mb": {"at_start": first, "before_mix": begun, "after_mix": end, "during": memory},
        "load_before": busy, "load_after": os.getloadavg(), "statuses": statuses,
        "workers": options.workers, "database": db.split(":")[0], "connections": options.connections,
    }  # fmt: skip


def shown(result: dict[str, Any]) -> None:
    """For people."""
    busy = f"load {result['load_before'][0]:.1f} to {result['load_after'][0]:.1f}"
    print(f"ready after {result['seconds_to_ready']} s; {result['workers']} workers, {result['database']}, "
          f"{result['connections']} connections, {busy}")  # fmt: skip
    print(f"{'':12} {'requests/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'errors':>8}")
    for kind, each in (*result["alone"].items(), ("the mix", result["mix"])):
        print(f"{kind:12} {each['rate']:10.0f} {each['p50_ms']:8.1f} {each['p99_ms']:8.1f} {each['longest_ms']:8.0f} "
              f"{each['errors']:8.2%}")  # fmt: skip
    memory = result["memory_mb"]
    print(f"memory {memory['at_start']:.0f} MB at the start, {memory['before_mix']:.0f} before and "
          f"{memory['after_mix']:.0f} after the mix")  # fmt: skip


if __name__ == "__main__":
    main()
