"""How much evidence an organisation may keep on a node: bytes as they are sealed, and files; what was deleted is free.

The sum is taken of the rows at each upload, in the transaction that adds the next one and while no other of the same
organisation goes on: two uploads at once cannot both have the last of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from carbon_tokens.errors import EvidenceFull
from carbon_tokens.service import schema
from carbon_tokens.service.keys import Principal


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes and files."""

    bytes: int
    files: int


QUOTA = Amount(10_000_000_000, 10_000)


def used(connection: Connection, organisation: int) -> Amount:
    """What an organisation keeps now."""
    table = schema.evidence
    query = select(func.coalesce(func.sum(table.c.size), 0), func.count())
    size, files = connection.execute(query.where(table.c.organisation == organisation, table.c.deleted.is_(None))).one()
    return Amount(int(size), int(files))


def require(connection: Connection, quota: Amount, by: Principal, size: int) -> None:
    """Raises EvidenceFull if a file of some bytes more is more than the organisation may keep."""
    now = used(connection, by.organisation)
    todo = "Delete what is past its date, or ask who runs the node for more."
    if now.bytes + size > quota.bytes:
        what = f"{by.name} keeps {now.bytes:,} of {quota.bytes:,} bytes of evidence here, and this has {size:,}"
        raise EvidenceFull(what, where="quota", todo=todo)
    if now.files >= quota.files:
        what = f"{by.name} keeps {now.files:,} files of evidence here, of {quota.files:,} at most"
        raise EvidenceFull(what, where="quota", todo=todo)
