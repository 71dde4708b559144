"""The mutants of the contracts: one small change each, by slither's mutators and by operators that replace each other.

slither-mutate itself is not used: it rewrites the working tree, has no sample and no seed, trusts forge's exit code,
and leaves contracts out whose name is not that of their file.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slither import Slither
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

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
    mutator = kind(unit, 0, "", "", contract, None, False, Path(), [])
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
