"""The permission table of docs/security.md against the contracts and against the tests that its sentences name."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts import compile as compile_

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "security.md"
TESTS = sorted((ROOT / "tests" / "contracts").glob("test_permissions*.py"))
CONTRACTS = ("CarbonTokens", "Auditors", "Allocations", "HourlyMatching", "NetEmissions", "EmissionFactors")


class Row(NamedTuple):
    sentence: str
    functions: list[str]
    error: str
    test: str
    heading: str


def sections() -> dict[str, str]:
    """Text under each heading."""
    parts = re.split(r"^## (.*)$", TABLE.read_text("utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows() -> list[Row]:
    """The rows of all tables that begin with "Only"."""
    found = []
    for heading, text in sections().items():
        for line in text.splitlines():
            if line.startswith("| Only "):
                sentence, functions, error, test = (cell.strip() for cell in line.strip("|").split("|"))
                names = re.findall(r"`(\w+)`", functions)
                found.append(Row(sentence, names, error.strip("`"), test.strip("`"), heading))
    return found


def entries(contract: str) -> list[dict[str, Any]]:
    artifact = ROOT / "carbon_tokens" / "artifacts" / f"{contract}.json"
    return list(json.loads(artifact.read_text("utf-8"))["abi"])


def of_contract(heading: str) -> list[str]:
    """The contracts that a heading names."""
    return [name for name in CONTRACTS if re.search(rf"\b{name}\b", heading)]


def writing_functions(contract: str) -> set[str]:
    return {
        each["name"]
        for each in entries(contract)
        if each["type"] == "function" and each["stateMutability"] not in ("view", "pure")
    }


def test_every_sentence_has_exactly_one_test_and_every_test_its_sentence() -> None:
    trees = [node for path in TESTS for node in ast.parse(path.read_text("utf-8")).body]
    written = [node.name for node in trees if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    named = [row.test for row in rows()]
    assert len(named) == len(set(named)) >= 55
    assert sorted(named) == sorted(written)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.test)
def test_a_test_is_named_after_its_sentence(row: Row) -> None:
    words = re.sub(r"[^a-z0-9]+", "_", row.sentence.lower().replace("'", ""))
    assert row.test == f"test_{words}"


def test_every_function_and_error_of_the_table_exists_in_its_contracts() -> None:
    """An error may come from the ledger, where a rule calls it."""
    errors = {each["name"] for name in CONTRACTS for each in entries(name) if each["type"] == "error"}
    for row in rows():
        assert row.error in errors, row.sentence
        for contract in of_contract(row.heading):
            assert row.functions and set(row.functions) <= writing_functions(contract), (row.sentence, contract)


def test_every_error_of_the_table_is_asserted_by_its_test() -> None:
    source = "\n".join(path.read_text("utf-8") for path in TESTS)
    bodies = dict(re.findall(r"^def (test_\w+)\((.*?)(?=^def |^@|^# |\Z)", source, flags=re.M | re.S))
    shorthand = {
        "AccessControlUnauthorizedAccount": ("without_role(", "not_admin()", "Unauthorized"),
        "QuorumMissing": ("enough(",),
    }
    for row in rows():
        assert any(each in bodies[row.test] for each in shorthand.get(row.error, (f'"{row.error}"',))), row.test
        assert any(f".{name}(" in bodies[row.test] or name in bodies[row.test] or "act." in bodies[row.test]
                   for name in row.functions), row.test  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_function_that_writes_stands_in_the_table_or_is_open_to_anyone(contract: str) -> None:
    text = "".join(part for heading, part in sections().items() if contract in of_contract(heading))
    anyone = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^.*[Aa]nyone may.*$", text, re.M))))
    ruled = {name for row in rows() if contract in of_contract(row.heading) for name in row.functions}
    assert writing_functions(contract) == ruled | anyone


def test_the_mocks_of_the_contract_tests_are_no_artifacts() -> None:
    assert not [name for name in compile_.sources() if "test" in Path(name).parts]
    assert {path.stem for path in (ROOT / "contracts" / "test" / "mocks").glob("*.sol")}.isdisjoint(
        path.stem for path in compile_.ARTIFACTS.glob("*.json")
    )
