"""Which of several nodes at one database indexes a chain: the one that holds its lease.

A lease is a row that names its holder and its end. The holder renews it; any other takes it when it has ended, or at
once where it sees, on the same machine, that the holder's process is gone. What the holder last reached stands in the
row too, so that the others know how old the index is. Events are written once even if two index at the same time (a
portion is written onto the block before it, or not at all): the lease spares the work of reading everything as often as
there are nodes.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass

from sqlalchemy import Connection, update

from carbon_tokens.service import database, schema


@dataclass(frozen=True, slots=True)
class State:
    """How far the index of a chain is: its block, when it was last at the head (ms since 1970), why it fails."""

    block: int
    synced_ms: int
    failure: str


def holder() -> str:
    """A name for a node in this process: machine, process and a number of its own."""
    return f"{_machine()}:{os.getpid()}:{secrets.token_hex(4)}"


def take(connection: Connection, chain: int, holder: str, length_s: float) -> bool:
    """Takes or renews the lease of a chain for some seconds; False if another holds it."""
    table, now = schema.lease, _now_ms()
    database.alone(connection, f"lease {chain}")
    row = connection.execute(table.select().where(table.c.chain == chain)).first()
    if row is None:
        connection.execute(table.insert().values(chain=chain, holder="", until=0, block=-1, synced=0, failure=""))
    elif row.holder != holder and row.until >= now and not _gone(row.holder):
        return False
    values = {"holder": holder, "until": now + int(1000 * length_s)}
    connection.execute(update(table).where(table.c.chain == chain).values(**values))
    return True


def reached(connection: Connection, chain: int, holder: str, block: int) -> None:
    """The holder says that the index is at the head of the chain."""
    mine = (schema.lease.c.chain == chain) & (schema.lease.c.holder == holder)
    connection.execute(update(schema.lease).where(mine).values(block=block, synced=_now_ms(), failure=""))


def given_up(connection: Connection, chain: int, holder: str, failure: str) -> None:
    """The holder ends its lease, so that another may try: "" when it stops, else why it cannot go on."""
    mine = (schema.lease.c.chain == chain) & (schema.lease.c.holder == holder)
    values = {"until": 0} | ({"failure": failure} if failure else {})
    connection.execute(update(schema.lease).where(mine).values(**values))


def state(connection: Connection, chain: int) -> State:
    """What the holder, whoever it is, last said."""
    row = connection.execute(schema.lease.select().where(schema.lease.c.chain == chain)).first()
    return State(row.block, row.synced, row.failure) if row else State(-1, 0, "")


def _now_ms() -> int:
    return int(1000 * time.time())


def _machine() -> str:
    return socket.gethostname().replace(":", "-")[:40]


def _gone(holder: str) -> bool:
    """Whether a holder on this machine has died. Machines of one name are told apart by nothing: then two may index."""
    machine, _, rest = holder.partition(":")
    process = rest.partition(":")[0]
    if machine != _machine() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
