"""Tests that the documents name exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def written() -> frozenset[str]:
    """Names of all tests: Python, forge and halmos."""
    trees = (ast.parse(path.read_text("utf-8")) for path in (ROOT / "tests").rglob("test_*.py"))
    found = (node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    texts = (path.read_text("utf-8") for path in (ROOT / "contracts" / "test").glob("*.sol"))
    solidity = (name for text in texts for name in re.findall(r"function ((?:test|check|invariant)\w+)", text))
    return frozenset(name for name in found if name.startswith("test_")).union(solidity)


@pytest.mark.parametrize(
    "document, least", [("standards.md", 20), ("lessons.md", 35), ("security.md", 80), ("lifecycle.md", 15)]
)
def test_every_test_that_a_document_names_exists(document: str, least: int) -> None:
    named = set(re.findall(r"`((?:test|check|invariant)\w+)`", (ROOT / "docs" / document).read_text("utf-8")))
    assert len(named) >= least
    assert named <= written(), sorted(named - written())
