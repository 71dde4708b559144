"""A file of brackets is refused, however far libraries raised the interpreter's recursion limit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from carbon_tokens.claims.verifying import trust_check
from carbon_tokens.cli.panels import read_signed
from carbon_tokens.errors import CarbonTokensError, StatementError
from carbon_tokens.ledger.accounts import keystore
from carbon_tokens.ledger.deployments import deployment_file
from carbon_tokens.ledger.hours import GranularCertificate
from carbon_tokens.nesting import LIMIT, too_deep
from carbon_tokens.statements.document import parse


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, b"[" * 100_000, '["' + "[" * 200 + '",' + "[" * 200]
)
def test_a_text_that_nests_too_deep_is_refused_and_the_process_lives(text: str | bytes) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 100_000))
    try:
        with pytest.raises(StatementError, match="nests too deep"):
            parse(text)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_texts_and_beside_each_other_are_no_depth() -> None:
    for value in (["[" * 500, '"' + "{" * 500], [[]] * 500, [{"a": []}] * 500):
        assert not too_deep(json.dumps(value)) and parse(json.dumps(value)) == value


def test_the_limit_is_the_deepest_level_that_is_read() -> None:
    assert not too_deep("[" * LIMIT + "]" * LIMIT) and too_deep("[" * (LIMIT + 1))


READERS: dict[str, Callable[[Path], object]] = {
    "a signed message": lambda path: read_signed(path),
    "a granular certificate": GranularCertificate.read,
    "a keystore": lambda path: keystore(path, lambda: "secret"),
    "deployments": lambda path: trust_check(SimpleNamespace(chain=SimpleNamespace(id=1)), path.parent),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_no_file_that_a_command_reads_may_nest_too_deep(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = deployment_file(tmp_path, 1)
    path.write_text("[" * 100_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 100_000))
    try:
        with pytest.raises(CarbonTokensError):
            read(path)
    finally:
        sys.setrecursionlimit(limit)
