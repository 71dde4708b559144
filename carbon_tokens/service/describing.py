"""A facility's description: the document whose sha-256 the chain holds as the facility's metadata, and nothing else."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import rfc8785
from sqlalchemy import Connection, select

from carbon_tokens import nesting
from carbon_tokens.service import actions, database, schema
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.refusals import NotAcceptable

LONGEST = 100_000  # bytes
_SHOWN = ("name", "city")


def record(
    connection: Connection, by: Principal, chain: int, facility: Mapping[str, Any], content: bytes
) -> dict[str, Any]:
    """Keeps a description, of whatever form of JSON the hash on chain is of: these bytes, or their canonical form.

    Args:
        facility: as ``reading.Reader.facility`` gives it.

    Raises:
        NotAcceptable: no JSON object, one that is too long, or one of another hash than the chain's.
    """
    document = _hashed(content, facility["metadata"])
    said = nesting.loads(document)
    database.alone(connection, f"record {chain} {facility['id']}")
    table = schema.facility_record
    of = (table.c.chain == chain) & (table.c.facility == facility["id"])
    if connection.scalar(select(table.c.created).where(of)) is None:
        shown = {name: _text(said.get(name)) for name in _SHOWN}
        values = {"organisation": by.organisation, "document": document.decode(), "created": int(time.time())}
        connection.execute(table.insert().values(chain=chain, facility=facility["id"], **shown, **values))
        actions.append(connection, by, "facility described", facility["id"], {"chain": chain})
    return {"chain": chain, "facility": facility["id"], "metadata": facility["metadata"], "description": said}


def _hashed(content: bytes, metadata: str) -> bytes:
    """The bytes of the description that have the hash of the chain."""
    if len(content) > LONGEST:
        raise NotAcceptable(f"a description has {LONGEST:,} bytes at most", where="body")
    try:
        value = nesting.loads(content.decode())
        forms = [content, rfc8785.dumps(value)] if isinstance(value, dict) else []
    except (ValueError, TypeError) as error:  # of rfc8785 too: what no JSON can hold
        raise NotAcceptable(f"this is no JSON ({error})", where="body") from error
    found = next((each for each in forms if "0x" + hashlib.sha256(each).hexdigest() == metadata), None)
    if found is None:
        raise NotAcceptable(
            f"neither these bytes nor their canonical form have the sha-256 {metadata}, the facility's metadata",
            where="body", todo="Send the description that the facility was registered with, unchanged.",
        )  # fmt: skip
    return found


def _text(value: object) -> str:
    """Of a value what a database and a page can hold: a text's first 200 characters, those that can be printed."""
    return "".join(each for each in value if each.isprintable())[:200] if isinstance(value, str) else ""
