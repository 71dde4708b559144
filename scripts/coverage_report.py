"""Lines and branches of contracts/ that the forge tests reach, from forge's lcov file.

    python scripts/coverage_report.py build/coverage/lcov.info --lines 98 --branches 95 > build/coverage.txt

Exits with 1 if either share over all files is below its goal, or if no line was measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Covered:
    """One source file: hits by line, and by (line, block, branch)."""

    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def missed(self) -> str:
        lines = {line for line, hits in self.lines.items() if not hits}
        lines |= {line for (line, _, _), hits in self.branches.items() if not hits}
        return ", ".join(map(str, sorted(lines)))


def read(text: str) -> dict[str, Covered]:
    """lcov by file: SF names it, DA is `line,hits`, BRDA `line,block,branch,hits` (`-`: the line was never reached)."""
    files: dict[str, Covered] = {}
    for record in text.splitlines():
        tag, _, value = record.partition(":")
        if tag == "SF":
            current = files.setdefault(value, Covered())
        elif tag == "DA":
            line, hits = value.split(",")[:2]
            current.lines[int(line)] = max(int(hits), current.lines.get(int(line), 0))
        elif tag == "BRDA":
            line, block, branch, hits = value.split(",")
            current.branches[int(line), block, branch] = 0 if hits == "-" else int(hits)
    return files


def share(hits: Iterable[int]) -> tuple[int, int, float]:
    """Reached, all, and percent; 100 percent of nothing."""
    counted = [bool(each) for each in hits]
    return sum(counted), len(counted), 100 * sum(counted) / len(counted) if counted else 100.0


def row(name: str, lines: Iterable[int], branches: Iterable[int], missed: str = "") -> str:
    (line, all_lines, line_share), (branch, all_branches, branch_share) = share(lines), share(branches)
    text = f"{name:42} {line:4} /{all_lines:4} {line_share:6.2f} %  {branch:4} /{all_branches:4} {branch_share:6.2f} %"
    return f"{text}  {missed}".rstrip()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("lcov", type=Path)
    parser.add_argument("--lines", type=float, required=True, help="percent of lines that must be reached")
    parser.add_argument("--branches", type=float, required=True, help="percent of branches that must be reached")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    files = {
        name: covered
        for name, covered in sorted(read(options.lcov.read_text()).items())
        if name.startswith("contracts/") and not name.startswith("contracts/test/") and covered.lines
    }
    lines = [hits for covered in files.values() for hits in covered.lines.values()]
    branches = [hits for covered in files.values() for hits in covered.branches.values()]
    print(f"{'file':42} {'lines':>20} {'branches':>22}  not reached: lines")
    for name, covered in files.items():
        print(row(name, covered.lines.values(), covered.branches.values(), covered.missed()))
    print(row("all", lines, branches))
    print(f"goals: {options.lines:g} % of lines, {options.branches:g} % of branches")
    reached = share(lines)[2] >= options.lines and share(branches)[2] >= options.branches
    return 0 if lines and reached else 1


if __name__ == "__main__":
    sys.exit(main())
