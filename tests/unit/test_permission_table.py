"""docs/permissions.md against the contracts and against the tests that its sentences name."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts import compile as compile_

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "permissions.md"
TESTS = ROOT / "tests" / "contracts" / "test_permissions.py"
CONTRACTS = ("CarbonTokens", "NetEmissions", "EmissionFactors")


class Row(NamedTuple):
    sentence: str
    functions: list[str]
    error: str
    test: str


def rows() -> list[Row]:
    """The rows of all tables that begin with "Only"."""
    found = []
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("| Only "):
            sentence, functions, error, test = (cell.strip() for cell in line.strip("|").split("|"))
            found.append(Row(sentence, re.findall(r"`(\w+)`", functions), error.strip("`"), test.strip("`")))
    return found


def entries() -> list[dict[str, Any]]:
    folder = ROOT / "carbon_tokens" / "artifacts"
    return [entry for name in CONTRACTS for entry in json.loads((folder / f"{name}.json").read_text("utf-8"))["abi"]]


def writing_functions() -> set[str]:
    return {
        each["name"]
        for each in entries()
        if each["type"] == "function" and each["stateMutability"] not in ("view", "pure")
    }


def test_every_sentence_has_exactly_one_test_and_every_test_its_sentence() -> None:
    tests = [node for node in ast.parse(TESTS.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    written = [node.name for node in tests if node.name.startswith("test_")]
    named = [row.test for row in rows()]
    assert len(named) == len(set(named)) >= 35
    assert sorted(named) == sorted(written)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.test)
def test_a_test_is_named_after_its_sentence(row: Row) -> None:
    words = re.sub(r"[^a-z0-9]+", "_", row.sentence.lower().replace("'", ""))
    assert row.test == f"test_{words}"


def test_every_function_and_error_of_the_table_exists() -> None:
    functions, errors = writing_functions(), {each["name"] for each in entries() if each["type"] == "error"}
    for row in rows():
        assert row.functions and set(row.functions) <= functions, row.sentence
        assert row.error in errors, row.sentence


def test_every_error_of_the_table_is_asserted_by_its_test() -> None:
    source = TESTS.read_text("utf-8")
    bodies = dict(re.findall(r"^def (test_\w+)\((.*?)(?=^def |^@|\Z)", source, flags=re.M | re.S))
    shorthand = {"AccessControlUnauthorizedAccount": ("without_role(", "not_admin()", "Unauthorized")}
    for row in rows():
        assert any(each in bodies[row.test] for each in shorthand.get(row.error, (f'"{row.error}"',))), row.test
        assert any(f".{name}(" in bodies[row.test] or name in bodies[row.test] or "act." in bodies[row.test]
                   for name in row.functions), row.test  # fmt: skip


def test_every_function_that_writes_stands_in_the_table_or_is_open_to_anyone() -> None:
    anyone = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^.*[Aa]nyone may.*$", TABLE.read_text("utf-8"), re.M))))
    assert writing_functions() - {name for row in rows() for name in row.functions} == anyone - {
        "claim",
        "setApprovalForAll",
    }


def test_the_mocks_of_the_contract_tests_are_no_artifacts() -> None:
    assert not [name for name in compile_.sources() if "test" in Path(name).parts]
    assert {path.stem for path in (ROOT / "contracts" / "test" / "mocks").glob("*.sol")}.isdisjoint(
        path.stem for path in compile_.ARTIFACTS.glob("*.json")
    )
