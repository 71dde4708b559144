"""The demonstration as the tests run it, its numbers by hand, and verification as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from carbon_tokens.demo import Demo
from carbon_tokens.ledger import Chain

ROOT = Path(__file__).resolve().parents[2]

# Typed by hand from data/demo/README.md. Energy: 47,704,844 Wh of the half-year x 30/181 days. Factor: 1,003.054 lb/MWh
# x 453.59237 g/lb = 454,977.64…, rounded up 454,978 g/MWh. Gross: scope 1 + scope 2 + scope 3. Each line: energy_wh,
# covered_wh, gross location-based, gross market-based, offsets_g, net_g.
_LOCATION = (102_427 + 3_597_457 + 1_400_000, 102_427 + 3_777_330 + 2_000_000)
_MARKET = (102_427 + 0 + 1_400_000, 102_427 + 137_506 + 2_000_000)
BY_HAND = {
    "claimed": (7_906_880, 7_906_880, _LOCATION[0], _MARKET[0], 2_000_000, -497_573),
    "restated": (8_302_224, 8_000_000, _LOCATION[1], _MARKET[1], 2_000_000, 239_933),
    "renewed": (8_302_224, 8_000_000, _LOCATION[1], _MARKET[1], 3_000_000, -760_067),
}
FIELDS = ("energy_wh", "covered_wh", "gross_location_g", "gross_market_g", "offsets_g", "net_g")

Json = dict[str, Any]


def run_demo(chain: Chain, options: Sequence[str], out: Path) -> Json:
    """The demonstration on a chain; ``options`` say how ``verify`` reaches it."""
    out.mkdir(parents=True, exist_ok=True)
    return Demo(chain, options, out, lambda _: None).run()


def command(*arguments: object, cwd: Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """``carbon-tokens`` as a process with nothing of ours but the package: its own folder and an empty home."""
    environment = {"HOME": str(home or cwd), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "carbon_tokens.cli", *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def answered(done: subprocess.CompletedProcess[str]) -> Json:
    """The one JSON object on stdout."""
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    found: Json = json.loads(done.stdout)
    return found
