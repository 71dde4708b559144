"""Judges a run of halmos by its JSON report: which checks ran, and whether each was proven for all its paths.

halmos itself exits 0 when it finds no check, and only warns where a loop bound cut paths off. Here a run fails if no
check ran, if one failed, timed out or got stuck, or if one was explored in part only.

    halmos --json-output build/halmos/report.json ... | tee build/halmos/log
    python scripts/halmos_report.py build/halmos
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# exit codes of one check in halmos's report
OUTCOMES = {0: "proven", 1: "FAILED", 2: "TIMED OUT", 3: "STUCK", 4: "REVERTED ON ALL PATHS", 5: "EXCEPTION"}
PARTLY = "fully explored"  # of the warning that a bound cut off paths


def checks(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for results in report.get("test_results", {}).values() for check in results]


def outcome(check: dict[str, Any]) -> str:
    bounded = check.get("num_bounded_loops") or 0
    if check["exitcode"] == 0 and bounded:
        return f"PROVEN IN PART ONLY ({bounded} loops cut off)"
    return OUTCOMES.get(check["exitcode"], f"EXIT CODE {check['exitcode']}")


def main(folder: Path) -> int:
    try:
        report = json.loads((folder / "report.json").read_text())
    except FileNotFoundError:
        sys.exit("halmos: no report was written; the contracts did not compile, or no check was found")
    found = checks(report)
    for check in found:
        seconds = (check.get("time") or [0.0])[0]
        print(f"{outcome(check):10} {check['name'].split('(')[0]} ({check['num_paths'][0]} paths, {seconds:.1f} s)")
    proven = sum(outcome(check) == "proven" for check in found)
    print(f"halmos: {proven} of {len(found)} checks proven")
    log = " ".join((folder / "log").read_text().split())
    if "Compiler run failed" in log:  # forge's npm launcher exits 0 all the same, and halmos takes an older build
        sys.exit("halmos: the contracts did not compile")
    partly = PARTLY in log
    if partly:
        print("halmos: a bound cut off paths of a check (see the warning above): bound its loops in the check")
    return 0 if found and proven == len(found) and not partly else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
