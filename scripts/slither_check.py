"""Runs slither on the contracts and compares its findings with those that docs/slither.md explains.

Fails on a finding without an explanation, on an explanation without a finding, and if no contract was analysed
(slither exits 0 then). What is analysed stands in slither.config.json.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXPLAINED = ROOT / "docs" / "slither.md"
Key = tuple[str, str]  # detector, place: Contract.function, or Contract.variable


def analyse() -> tuple[list[dict[str, Any]], int]:
    """Findings, and the number of contracts, libraries and interfaces that were analysed.

    Raises SystemExit with slither's own output if it does not end well."""
    report = ROOT / "build" / "slither" / "report.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [str(Path(sys.executable).with_name("slither")), ".", "--json", str(report), "--fail-none"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    counted = re.search(r"analyzed \((\d+) contracts", run.stderr + run.stdout)
    if run.returncode != 0 or counted is None or not report.exists():
        sys.exit(f"slither: did not end well\n{run.stdout}{run.stderr}")
    content = json.loads(report.read_text())
    if not content["success"]:
        sys.exit(f"slither: {content['error']}")
    return content["results"].get("detectors", []), int(counted[1])


def key(finding: dict[str, Any]) -> Key:
    element = finding["elements"][0]
    names = [element["name"]]
    while (parent := element.get("type_specific_fields", {}).get("parent")) and parent["type"] != "file":
        element = parent
        names.append(element["name"])
    return finding["check"], ".".join(reversed(names[-2:]))


def explanations(text: str) -> set[Key]:
    """(detector, place) of each row of the table that says why: `| detector | place | why |`."""
    rows = re.findall(r"^\| *([a-z0-9-]+) *\| *`([\w.]+)` *\| *\S.* *\|$", text, flags=re.MULTILINE)
    return set(rows)


def main() -> int:
    findings, contracts = analyse()
    known = explanations(EXPLAINED.read_text())
    found = {key(finding): finding for finding in findings}
    unexplained = [finding for each, finding in found.items() if each not in known]
    for finding in unexplained:
        print(f"{finding['impact']}: {key(finding)}\n{finding['description']}")
    for detector, place in sorted(known - set(found)):
        print(f"docs/slither.md explains {detector} in {place}, which slither does not find: remove the row")
    print(f"slither: {contracts} contracts, {len(findings)} findings, {len(unexplained)} of them not explained")
    return 0 if contracts > 0 and not unexplained and not known - set(found) else 1


if __name__ == "__main__":
    sys.exit(main())
