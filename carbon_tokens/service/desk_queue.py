"""The queue of requests for audits at the desk: those that wait, the oldest first, and the latest that have ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection, select

from carbon_tokens.periods import Month
from carbon_tokens.service import audits, schema
from carbon_tokens.service.desk_seat import At, router, shown
from carbon_tokens.service.languages import later
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import described
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only

Row = dict[str, Any]
_READ, _ROWS = 1000, 100  # requests of a state that are read, and of a part of the page that are shown
_ENDED = (audits.REFUSED, audits.WITHDRAWN, audits.AUDITED)
routes = router()


@routes.get("/desk/audits")
def queue(request: Request, node: Here, seat: At) -> Response:
    """The requests that one may see."""
    only(seat.by, "auditor", "operator", "admin")
    with node.reader.engine.begin() as connection:
        rows = [row for state in (*audits.OPEN, audits.REFUSED, audits.WITHDRAWN)
                for row in audits.listed(connection, seat.by, state, _READ)]  # fmt: skip
        signed = audits.listed(connection, seat.by, audits.SIGNED, _READ)
        names = names_of(connection)
    rows += [_audited(node, row) for row in signed[-_ROWS:]]
    ended = sorted((row for row in rows if row["state"] in _ENDED), key=lambda row: -row["changed"])
    waits = [row for row in rows if row["state"] not in _ENDED]
    parts = [(later("Waiting"), waits), (later("Ended"), ended)]
    if seat.by.role == "auditor":
        sides = [[row for row in waits if (row["auditor"] is None) is open_] for open_ in (True, False)]
        parts = [(later("Open"), sides[0]), (later("Mine"), sides[1]), (later("Ended"), ended)]
    lines = [(heading, len(part), _lines(node, part[:_ROWS], names)) for heading, part in parts]
    return shown(request, "desk_queue.html", seat, parts=lines)


def names_of(connection: Connection) -> dict[int, str]:
    """The organisations' names by their numbers."""
    table = schema.organisation
    return {row.id: row.name for row in connection.execute(select(table.c.id, table.c.name))}


def day(seconds: int) -> str:
    """A UTC day."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _audited(node: Node, row: Row) -> Row:
    """A signed request, as "audited" if the chain has its evidence."""
    with on_chain(node, row["chain"]) as follower:
        return row | {"state": audits.shown(row, {}, follower.views)["state"]}


def _lines(node: Node, rows: list[Row], names: dict[int, str]) -> list[Row]:
    """What the page shows of each request."""
    found = []
    with node.reader.engine.begin() as connection:
        for row in rows:
            about = described(connection, row["chain"], [row["facility"]])[row["facility"]]
            found.append({
                "id": row["id"], "month": str(Month(row["month"])), "facility": row["facility"], "name": about["name"],
                "organisation": names.get(row["organisation"], ""), "auditor": names.get(row["auditor"], ""),
                "state": row["state"], "documents": len(json.loads(row["documents"])), "created": day(row["created"]),
                "until": day(row["deadline"]),
            })  # fmt: skip
    return found
