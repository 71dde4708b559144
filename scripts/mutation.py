"""Mutation testing of the contracts: slither's mutators, judged by the forge tests in copies of the tree.

A mutant is one small change of one contract (an operator, a literal, a line left out, a revert). It is *killed* when a
test fails or the tests exceed their time, *survived* when all pass. It is not counted when it does not compile, or when
every contract compiles to the bytecode of the original (a change without meaning).

slither-mutate itself is not used: it rewrites the working tree, has no sample and no seed, trusts forge's exit code,
and leaves contracts out whose name is not that of their file.

The campaign's result is a table and the list of survivors; docs/mutation.md keeps them, each with an explanation.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import inspect
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slither import Slither
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutation"
EXPLAINED = ROOT / "docs" / "mutation.md"
KILLED, SURVIVED, INVALID, EQUAL = "killed", "survived", "invalid", "equal"
# Operators that replace each other, under the names of slither's mutators, which take a whole node's text for that of
# one operation and fail on Yul.
OPERATORS = {
    "ROR": ("<", ">", "<=", ">=", "==", "!="),
    "AOR": ("+", "-", "*", "/", "%"),
    "BOR": ("&", "|", "^", "<<", ">>"),
    "LOR": ("&&", "||"),
}
TOKEN = re.compile(r"<<=|>>=|<<|>>|&&|\|\||\+\+|--|\*\*|=>|[-+*/%&|^<>=!]=|[-+*/%&|^<>]")
NO_CODE = re.compile(r"\"[^\"]*\"|'[^']*'|//[^\n]*|/\*.*?\*/", flags=re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """One change: bytes `start` to `end` of `file` (relative to the repository) become `new`."""

    contract: str
    mutator: str
    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    @property
    def key(self) -> str:
        """Name that stays when lines above change: contract, mutator and a hash of the change."""
        digest = hashlib.sha256(f"{self.old}\0{self.new}".encode()).hexdigest()[:8]
        return f"{self.contract}-{self.mutator}-{digest}"

    def apply(self, text: bytes) -> bytes:
        return text[: self.start] + self.new.encode() + text[self.end :]


def mutants(tree: Path) -> list[Mutant]:
    """All mutants of the contracts and libraries in contracts/, without interfaces and tests; sorted."""
    with contextlib.chdir(tree):  # the compiler's paths are looked up from the working directory first
        slither = Slither(".", disable_solc_warnings=True, foundry_compile_all=False)
    found: dict[tuple[str, int, int, str], Mutant] = {}
    for unit in slither.compilation_units:
        for contract in unit.contracts:
            file = Path(contract.source_mapping.filename.absolute)
            if contract.is_interface or not is_source(file, tree):
                continue
            name = file.relative_to(tree).as_posix()
            made = [mutant for mutator in mutators() for mutant in changes(mutator, unit, contract, name)]
            for mutant in made + list(operators(contract, name)):
                found.setdefault((mutant.file, mutant.start, mutant.end, mutant.new), mutant)
    return sorted(found.values(), key=lambda each: (each.file, each.start, each.end, each.mutator, each.new))


def is_source(file: Path, tree: Path) -> bool:
    sources = tree / "contracts"
    return file.is_relative_to(sources) and not file.is_relative_to(sources / "test")


def mutators() -> list[type[AbstractMutator]]:
    classes = [value for _, value in inspect.getmembers(all_mutators, inspect.isclass)]
    return [each for each in classes if issubclass(each, AbstractMutator) and each.NAME and each.NAME not in OPERATORS]


def changes(kind: type[AbstractMutator], unit: object, contract: object, file: str) -> Iterator[Mutant]:
    mutator = kind(unit, 0, "", "", contract, None, False, WORK, [])
    for patches in mutator._mutate().get("patches", {}).values():
        for patch in patches:
            old, new = patch["old_string"], patch["new_string"]
            if kind.NAME == "CR":  # slither's line comment ends with the line, whatever the statement's length is
                new = "/* " + old.replace("*/", "* /") + " */"
            if " ".join(old.split()) != " ".join(new.split()):
                yield Mutant(
                    contract.name, kind.NAME, file, patch["line_number"], patch["start"], patch["end"], old, new
                )


def operators(contract: Any, file: str) -> Iterator[Mutant]:
    """Every operator of every expression replaced by each other one of its kind."""
    for function in contract.functions_and_modifiers_declared:
        for node in function.nodes:
            if node.expression is None:
                continue
            source = node.expression.source_mapping
            code = NO_CODE.sub(lambda literal: " " * len(literal[0]), source.content)
            for token in TOKEN.finditer(code) if code.isascii() else ():
                for kind, other in others(token[0]):
                    old, end = source.content, source.start + source.length
                    new = old[: token.start()] + other + old[token.end() :]
                    yield Mutant(contract.name, kind, file, source.lines[0], source.start, end, old, new)


def others(operator: str) -> list[tuple[str, str]]:
    alike = [(kind, other) for kind, kin in OPERATORS.items() if operator in kin for other in kin]
    return [(kind, other) for kind, other in alike if other != operator]


def sample(all_mutants: list[Mutant], size: int, seed: str) -> list[Mutant]:
    """`size` mutants drawn with a fixed seed; 0 means all."""
    if size == 0 or size >= len(all_mutants):
        return all_mutants
    chosen = random.Random(seed).sample(range(len(all_mutants)), size)
    return [all_mutants[index] for index in sorted(chosen)]


class Tree:
    """A copy of what forge needs, in which one mutant at a time is built and tested."""

    def __init__(self, path: Path, origin: Path = ROOT) -> None:
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        shutil.copytree(origin / "contracts", path / "contracts", ignore=shutil.ignore_patterns("Symbolic*"))
        shutil.copy(origin / "foundry.toml", path)
        for shared in ("node_modules", "tools"):
            (path / shared).symlink_to(ROOT / shared)
        self.baseline: dict[str, str] = {}
        self.seconds = 0.0

    def prepare(self) -> Tree:
        """Tests the unchanged contracts; remembers their bytecode and how long the tests take.

        Raises SystemExit if a test fails or none ran: then no mutant could be judged."""
        started = time.monotonic()
        result = self.forge("test", timeout=1800)
        if result is None or not passed(result):
            said = (result.stdout + result.stderr)[-3000:] if result else ""
            sys.exit(f"mutation: the tests do not pass without a mutant\n{said}")
        self.seconds = time.monotonic() - started
        self.baseline = self.bytecodes()
        return self

    def judge(self, mutant: Mutant) -> str:
        source = self.path / mutant.file
        original = source.read_bytes()
        source.write_bytes(mutant.apply(original))
        try:
            # The time of the whole suite several times over, so that a slow machine kills nothing by itself.
            result = self.forge("test", "--fail-fast", timeout=60 + 3 * self.seconds)
            if result is not None and "Compiler run failed" in result.stdout + result.stderr:
                return INVALID
            if result is None or not passed(result):
                return KILLED
            return EQUAL if self.bytecodes() == self.baseline else SURVIVED
        finally:
            source.write_bytes(original)

    def forge(self, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str] | None:
        """Runs forge in the copy; None if it took longer than `timeout` seconds."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FOUNDRY_")}
        environment |= {"FOUNDRY_OFFLINE": "true", "FOUNDRY_FUZZ_FAILURE_PERSIST_DIR": str(self.path / "failures")}
        try:
            return subprocess.run(
                ["forge", *arguments], cwd=self.path, env=environment, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            return None

    def bytecodes(self) -> dict[str, str]:
        """Creation bytecode of every contract outside the tests, by artifact."""
        codes = {}
        for artifact in sorted((self.path / "build/forge/out").rglob("*.json")):
            content = json.loads(artifact.read_text())
            target = content.get("metadata", {}).get("settings", {}).get("compilationTarget") or {}
            if any(name.startswith("contracts/") and "/test/" not in name for name in target):
                codes[artifact.name] = content["bytecode"]["object"]
        return codes


def passed(result: subprocess.CompletedProcess[str]) -> bool:
    """Whether tests ran and none failed, by forge's last count: npm's launcher of forge 1.7.1 exits 0 always."""
    counts = re.findall(r"(\d+) tests? passed, (\d+) failed", result.stdout)
    return result.returncode == 0 and bool(counts) and int(counts[-1][0]) > 0 and int(counts[-1][1]) == 0


def campaign(chosen: list[Mutant], jobs: int, budget: float) -> dict[Mutant, str]:
    """Judges the mutants in `jobs` copies; those that the budget of seconds does not reach are left out, and said."""
    trees: queue.Queue[Tree] = queue.Queue()
    for number in range(jobs):
        trees.put(Tree(WORK / f"tree-{number}", WORK / "tree").prepare())
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
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies of the tree at work")
    parser.add_argument(
        "--budget", type=float, default=0, help="seconds after which no further mutant is begun (0: none)"
    )
    parser.add_argument("--list", action="store_true", help="count the mutants only")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    found = mutants(Tree(WORK / "tree").path)
    found = [mutant for mutant in found if not options.contract or mutant.contract in options.contract]
    if not found:
        sys.exit("mutation: no mutant was made; are the names of --contract those of contracts/?")
    print(f"{len(found)} mutants:", ", ".join(f"{n} {c}" for n, c in Counter(m.contract for m in found).items()))
    if options.list:
        return 0
    chosen = sample(found, options.sample, options.seed)
    outcomes = campaign(chosen, max(1, min(options.jobs, len(chosen))), options.budget)
    write(outcomes)
    counts = Counter(outcomes.values())
    print("", table(outcomes), "", sep="\n")
    print(f"not counted: {counts[INVALID]} do not compile, {counts[EQUAL]} compile to the same bytecode; ", end="")
    print(f"not begun within the budget: {len(chosen) - len(outcomes)}")
    if counts[KILLED] == 0:
        sys.exit("mutation: no mutant was killed; the campaign proves nothing")
    unexplained = survivors(outcomes, explained(EXPLAINED.read_text()))
    if unexplained:
        print(f"{len(unexplained)} survivors without an explanation in docs/mutation.md:", *unexplained, sep="\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
