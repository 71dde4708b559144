"""The documents that an auditor can confirm, read by the type that they state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carbon_tokens.errors import StatementError
from carbon_tokens.statements.document import parse
from carbon_tokens.statements.fleet import FleetStatement
from carbon_tokens.statements.restatement import Restatement
from carbon_tokens.statements.statement import Statement

Auditable = Statement | FleetStatement | Restatement
_KINDS: dict[str, type[Auditable]] = {each.TYPE: each for each in (Statement, FleetStatement, Restatement)}


def is_auditable(value: object) -> bool:
    """Whether a parsed JSON value states the type of such a document."""
    return isinstance(value, dict) and value.get("type") in tuple(_KINDS)  # a list is no key


def read_auditable(content: str | bytes | Mapping[str, Any]) -> Auditable:
    """The document in a JSON text or a parsed one. Raises StatementError if it is none of them."""
    value = parse(content) if isinstance(content, (str, bytes)) else dict(content)
    if not is_auditable(value):
        raise StatementError(f"this is no document of type {', '.join(_KINDS)}", where="type")
    return _KINDS[value["type"]].from_json(value)
