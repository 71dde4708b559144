"""Mutation testing of the contracts: the changes of mutants.py, judged by the forge tests in copies of the tree.

A mutant is one small change of one contract (an operator, a literal, a line left out, a revert). It is *killed* when a
test fails or the tests exceed their time, *survived* when all pass. It is not counted when it does not compile, or when
every contract compiles to the bytecode of the original (a change without meaning).

The campaign's result is a table and the list of survivors; docs/mutation.md keeps them, each with an explanation.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from mutants import Mutant, mutants, sample

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutation"
EXPLAINED = ROOT / "docs" / "mutation.md"
# A mutant meets few runs of most tests, few runs of those that take long even so, then the whole suite.
FEW = {"FOUNDRY_FUZZ_RUNS": "4", "FOUNDRY_INVARIANT_RUNS": "1"}
LONG = "CertificateImage|HandlerCoverage|Invariants"
STAGES = ((FEW, "--no-match-contract", LONG), (FEW, "--match-contract", LONG), ({},))
KILLED, SURVIVED, INVALID, EQUAL = "killed", "survived", "invalid", "equal"
IMPORT = re.compile(r"^(?:import|\}).*?\"([^\"]+)\"", flags=re.MULTILINE)


class Tree:
    """A copy of what forge needs, in which one mutant at a time is built and tested.

    Here the tests stand beside contracts/, not in it, and deploy contracts from their artifacts (forge's dynamic test
    linking). So a mutant recompiles the contracts that hold the change, and the tests that a library is compiled into.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self.threads = threads  # of the tests; 0 means all
        self.build, self.kept = path / "build/forge", path / "build/kept"
        self.baseline: dict[str, str] = {}
        self.seconds = 0.0

    def fill(self) -> Tree:
        """Copies contracts, tests and settings of the repository."""
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(ROOT / "contracts", self.path / "contracts", ignore=shutil.ignore_patterns("test"))
        shutil.copytree(ROOT / "contracts/test", self.path / "test", ignore=shutil.ignore_patterns("Symbolic*"))
        for file in (self.path / "test").rglob("*.sol"):
            out = '"' + "../" * len(file.relative_to(self.path / "test").parts)
            file.write_text(file.read_text().replace(out, out + "contracts/"))
        settings = (ROOT / "foundry.toml").read_text()
        moved = settings.replace('test = "contracts/test"', 'test = "test"\ndynamic_test_linking = true')
        (self.path / "foundry.toml").write_text(moved)
        for shared in ("node_modules", "tools"):
            (self.path / shared).symlink_to(ROOT / shared)
        return self

    def prepare(self) -> Tree:
        """Tests the unchanged contracts, with few runs and with all; keeps what was built, and how long the tests take.

        Raises SystemExit if a test fails or none ran: then no mutant could be judged."""
        shutil.rmtree(self.build, ignore_errors=True)
        for settings in (FEW, {}):
            started = time.monotonic()
            result = self.forge("test", timeout=1800, settings=settings)
            if result is None or not passed(result):
                said = (result.stdout + result.stderr)[-3000:] if result else ""
                sys.exit(f"mutation: the tests do not pass without a mutant\n{said}")
        self.seconds = time.monotonic() - started
        self.baseline = self.bytecodes()
        shutil.copytree(self.build, self.kept)
        return self

    def copy(self, path: Path, threads: int) -> Tree:
        """The same in another folder, built already."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.path, path, symlinks=True)
        other = Tree(path, threads)
        other.baseline, other.seconds = self.baseline, self.seconds
        return other

    def judge(self, mutant: Mutant) -> str:
        """Few runs first, for most mutants die of these; a survivor has passed the whole suite."""
        shutil.rmtree(self.build)
        shutil.copytree(self.kept, self.build)
        if not self.compiles(mutant):
            return INVALID
        if self.bytecodes() == self.baseline:
            return EQUAL
        # The build's notes on the original, whose source is back: forge takes the mutant's artifacts as they are.
        for notes in ("cache", "out/build-info"):
            shutil.copytree(self.kept / notes, self.build / notes, dirs_exist_ok=True)
        for settings, *tests in STAGES:
            # The time of the whole suite several times over, so that a slow machine kills nothing by itself.
            result = self.forge("test", "--fail-fast", *tests, timeout=120 + 6 * self.seconds, settings=settings)
            if result is not None and "No files changed" not in result.stdout:
                sys.exit(f"mutation: forge compiled again, so {mutant.key} was not tested\n{result.stdout[:500]}")
            if result is None or not passed(result):
                return KILLED
        return SURVIVED

    def compiles(self, mutant: Mutant) -> bool:
        """Builds a mutant and puts the original source back."""
        source = self.path / mutant.file
        original = source.read_bytes()
        source.write_bytes(mutant.apply(original))
        try:
            result = self.forge("build", "contracts", *self.users(mutant.file), timeout=600)
        finally:
            source.write_bytes(original)
        return result is not None and "Compiler run failed" not in result.stdout + result.stderr

    def users(self, file: str) -> list[str]:
        """The tests that a library is compiled into: they import it, if only through other tests and libraries.

        None for a contract: tests deploy those, and inherit from none of them."""
        if not file.startswith("contracts/libraries/"):
            return []
        files = [*(self.path / "test").rglob("*.sol"), *(self.path / "contracts/libraries").glob("*.sol")]
        imports = {
            each: {(each.parent / name).resolve() for name in IMPORT.findall(each.read_text())} for each in files
        }
        found = {self.path / file}
        while more := {each for each in files if each not in found and imports[each] & found}:
            found |= more
        names = sorted(each.relative_to(self.path).as_posix() for each in found)
        return [name for name in names if name.startswith("test/")]

    def forge(
        self, *arguments: str, timeout: float, settings: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str] | None:
        """Runs forge in the copy; None if it took longer than `timeout` seconds."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FOUNDRY_")}
        environment |= {"FOUNDRY_OFFLINE": "true"} | (settings or {})
        command = ["forge", *arguments, *(["--threads", str(self.threads)] if self.threads else [])]
        try:
            return subprocess.run(
                command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            return None

    def bytecodes(self) -> dict[str, str]:
        """Creation bytecode of every contract outside the tests, by artifact."""
        codes = {}
        for artifact in sorted((self.build / "out").rglob("*.json")):
            content = json.loads(artifact.read_text())
            target = content.get("metadata", {}).get("settings", {}).get("compilationTarget") or {}
            if any(name.startswith("contracts/") for name in target):
                codes[artifact.name] = content["bytecode"]["object"]
        return codes


def passed(result: subprocess.CompletedProcess[str]) -> bool:
    """Whether tests ran and none failed, by forge's last count: npm's launcher of forge 1.7.1 exits 0 always."""
    counts = re.findall(r"(\d+) tests? passed, (\d+) failed", result.stdout)
    return result.returncode == 0 and bool(counts) and int(counts[-1][0]) > 0 and int(counts[-1][1]) == 0


def campaign(chosen: list[Mutant], first: Tree, jobs: int, budget: float) -> dict[Mutant, str]:
    """Judges the mutants in `jobs` copies; those that the budget of seconds does not reach are left out, and said."""
    trees: queue.Queue[Tree] = queue.Queue()
    first.prepare()
    first.threads = max(1, (os.cpu_count() or 1) // jobs)
    trees.put(first)
    for number in range(1, jobs):
        trees.put(first.copy(WORK / f"tree-{number}", first.threads))
    end = time.monotonic() + budget if budget else float("inf")

    def judge(mutant: Mutant) -> str | None:
        if time.monotonic() > end:
            return None
        tree = trees.get()
        try:
            outcome = tree.judge(mutant)
        finally:
            trees.put(tree)
        print(f"{outcome:8} {mutant.key} {mutant.file}:{mutant.line}", flush=True)
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = dict(zip(chosen, pool.map(judge, chosen), strict=True))
    return {mutant: outcome for mutant, outcome in outcomes.items() if outcome is not None}


def explained(text: str) -> set[str]:
    """Keys of the survivors that docs/mutation.md explains: first column of a row whose last column is not empty."""
    rows = re.findall(r"^\| `([A-Za-z0-9]+-[A-Z]+-[0-9a-f]{8})` \|.*\| *([^|\n]+?) *\|$", text, flags=re.MULTILINE)
    return {key for key, why in rows if why not in ("", "?")}


def table(outcomes: dict[Mutant, str]) -> str:
    """The table of docs/mutation.md: mutants that count, killed, survived, by contract and in all."""
    counts: Counter[tuple[str, str]] = Counter((mutant.contract, outcome) for mutant, outcome in outcomes.items())
    names = sorted({mutant.contract for mutant in outcomes})
    rows = [(name, counts[name, KILLED], counts[name, SURVIVED]) for name in names]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    lines = ["| contract | mutants | killed | survived |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {killed + survived} | {killed} | {survived} |" for name, killed, survived in rows]
    return "\n".join(lines)


def survivors(outcomes: dict[Mutant, str], known: Iterable[str]) -> list[str]:
    """One row of docs/mutation.md for each survivor that is not explained there yet."""
    return [
        f"| `{mutant.key}` | {mutant.file} | `{one_line(mutant.old)}` | `{one_line(mutant.new)}` | ? |"
        for mutant, outcome in outcomes.items()
        if outcome == SURVIVED and mutant.key not in known
    ]


def one_line(code: str) -> str:
    return " ".join(code.split()).replace("|", "\\|")


def write(outcomes: dict[Mutant, str]) -> None:
    rows = [asdict(mutant) | {"key": mutant.key, "outcome": outcome} for mutant, outcome in outcomes.items()]
    (WORK / "results.json").write_text(json.dumps(rows, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sample", type=int, default=0, help="number of mutants, drawn with the seed (0: all)")
    parser.add_argument("--seed", default="carbon", help="seed of the sample")
    parser.add_argument("--contract", action="append", help="only mutants of this contract (may be repeated)")
    parser.add_argument("--mutant", action="append", help="only the mutant with this key (may be repeated)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies of the tree at work")
    parser.add_argument(
        "--budget", type=float, default=0, help="seconds after which no further mutant is begun (0: none)"
    )
    parser.add_argument("--list", action="store_true", help="count the mutants only")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    tree = Tree(WORK / "tree").fill()
    found = mutants(tree.path)
    found = [mutant for mutant in found if not options.contract or mutant.contract in options.contract]
    if not found:
        sys.exit("mutation: no mutant was made; are the names of --contract those of contracts/?")
    print(f"{len(found)} mutants:", ", ".join(f"{n} {c}" for n, c in Counter(m.contract for m in found).items()))
    if options.list:
        return 0
    chosen = sample(found, options.sample, options.seed)
    chosen = [mutant for mutant in chosen if not options.mutant or mutant.key in options.mutant]
    started = time.monotonic()
    outcomes = campaign(chosen, tree, max(1, min(options.jobs, len(chosen))), options.budget)
    seconds = time.monotonic() - started
    write(outcomes)
    counts = Counter(outcomes.values())
    print("", table(outcomes), "", sep="\n")
    print(f"not counted: {counts[INVALID]} do not compile, {counts[EQUAL]} compile to the same bytecode; ", end="")
    print(f"not begun within the budget: {len(chosen) - len(outcomes)}; {seconds:.0f} s in all")
    if counts[KILLED] == 0:
        sys.exit("mutation: no mutant was killed; the campaign proves nothing")
    unexplained = survivors(outcomes, explained(EXPLAINED.read_text()))
    if unexplained:
        print(f"{len(unexplained)} survivors without an explanation in docs/mutation.md:", *unexplained, sep="\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
