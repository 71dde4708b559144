"""The log of what was done on a node: rows are added and never changed, and each holds the hash of the one before.

    hash = sha-256 of the canonical JSON of (previous, id, at, organisation, key, verb, target, detail)

Who keeps the last hash elsewhere notices any change of what came before it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import rfc8785
from sqlalchemy import Connection, select

from carbon_tokens.service import database, schema

if TYPE_CHECKING:
    from carbon_tokens.service.keys import Principal

FIRST = "0" * 64
_HASHED = ("previous", "id", "at", "organisation", "key", "verb", "target", "detail")


def append(connection: Connection, by: Principal | None, verb: str, target: str, detail: Mapping[str, Any]) -> None:
    """Adds an action in the caller's transaction, so that it stands if and only if what it says was done."""
    table = schema.action
    database.alone(connection, "actions")  # two at once would both follow the same row
    last = connection.execute(select(table.c.id, table.c.hash).order_by(table.c.id.desc()).limit(1)).first()
    row: dict[str, Any] = {
        "id": last.id + 1 if last else 1, "at": int(time.time()), "organisation": by.name if by else "the node",
        "key": by.prefix if by else "", "verb": verb, "target": target,
        "detail": json.dumps(detail, sort_keys=True), "previous": last.hash if last else FIRST,
    }  # fmt: skip
    connection.execute(table.insert().values(**row, hash=_hash(row)))


def faults(connection: Connection) -> list[str]:
    """What is wrong with the log, as sentences; none if every row is as it was written, and none is missing between."""
    found, previous, expected = list[str](), FIRST, 1
    for row in connection.execute(select(schema.action).order_by(schema.action.c.id)).mappings():
        if row["id"] != expected:
            found.append(f"action {expected} is missing")
        if row["previous"] != previous or row["hash"] != _hash(dict(row)):
            found.append(f"action {row['id']} was changed, or what came before it")
        previous, expected = row["hash"], row["id"] + 1
    return found


def _hash(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps([row[name] for name in _HASHED])).hexdigest()
