"""An admin's desk: keys are added and revoked, and the log of actions is read, with whether it holds together."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Form, Query, Request, Response
from sqlalchemy import select

from carbon_tokens.errors import LedgerError
from carbon_tokens.service import actions, keys, schema
from carbon_tokens.service.desk_seat import At, By, Seat, moved, router, shown
from carbon_tokens.service.node import Node
from carbon_tokens.service.refusals import NotAcceptable
from carbon_tokens.service.rendering import Here, short
from carbon_tokens.service.writing import only

_ROWS = 100
_LONG = re.compile(r"0x[0-9a-fA-F]{40,}")
routes = router()
_LAST = 2**31 - 1  # id that a row of the log can have


@routes.get("/desk/keys")
def listed(request: Request, node: Here, seat: At) -> Response:
    """Every key without its secret, and a form for a new one."""
    only(seat.by, "admin")
    return _keys(request, node, seat)


@routes.post("/desk/keys")
def add(
    request: Request, node: Here, seat: By, organisation: Annotated[str, Form()], role: Annotated[str, Form()],
    days: Annotated[int, Form(ge=1, le=3650)],
) -> Response:  # fmt: skip
    """A new key, shown on the answer to this form and never again: there is no page to go back to."""
    only(seat.by, "admin")
    try:
        with node.engine.begin() as connection:
            made = keys.add(connection, organisation, role, days, seat.by)
    except LedgerError as error:
        raise NotAcceptable(error.what, where="key", todo=error.todo) from error
    return _keys(request, node, seat, made)


@routes.post("/desk/keys/{prefix}/rotation")
def rotate(
    request: Request, node: Here, seat: By, prefix: str,
    overlap_hours: Annotated[int, Form(ge=0, le=keys.OVERLAP_HOURS)],
) -> Response:  # fmt: skip
    """A new key in the place of one, shown on the answer to this form and never again."""
    only(seat.by, "admin")
    with node.engine.begin() as connection:
        made, _ = keys.rotate(connection, prefix, overlap_hours, seat.by)
    return _keys(request, node, seat, made)


@routes.post("/desk/keys/{prefix}/revocation")
def revoke(node: Here, seat: By, prefix: str) -> Response:
    """Ends a key at once, and every session of it. The own one can be ended too."""
    only(seat.by, "admin")
    try:
        with node.engine.begin() as connection:
            keys.revoke(connection, prefix, seat.by)
    except LedgerError as error:
        raise NotAcceptable(error.what, where="key") from error
    return moved("/desk/keys")


@routes.get("/desk/actions")
def log(
    request: Request, node: Here, seat: At, before: Annotated[int, Query(ge=1, le=2**31 - 1)] = 2**31 - 1,
    check: bool = False,
) -> Response:  # fmt: skip
    """What was done on this node, the latest first; if it is asked, whether every row is as it was written."""
    only(seat.by, "admin")
    table = schema.action
    query = select(table).where(table.c.id < before).order_by(table.c.id.desc()).limit(_ROWS + 1)
    with node.reader.engine.begin() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        faults = actions.faults(connection) if check else None
    found = [{**row, "at": _time(row["at"]), "detail": _said(json.loads(row["detail"]))} for row in rows[:_ROWS]]
    last = found[-1]["id"] if len(rows) > _ROWS else None
    return shown(request, "desk_actions.html", seat, actions=found, faults=faults, older=last)


def _keys(request: Request, node: Node, seat: Seat, made: str = "") -> Response:
    now = time.time()
    with node.reader.engine.begin() as connection:
        rows = keys.listed(connection)
    found: list[dict[str, Any]] = []
    for row in rows:
        ended = "revoked" if row["revoked"] else "expired" if row["expires"] <= now else ""
        used = _time(row["used"]) if row["used"] else ""
        until = _time(row["expires"])
        found.append({**row, "ended": ended, "used": used, "until": until if row["replaced_by"] else until[:10]})
    return shown(request, "desk_keys.html", seat, keys=found, made=made, roles=keys.ROLES)


def _said(detail: dict[str, Any]) -> str:
    """A row's detail in words; what is long is recognised by its ends."""
    words = []
    for name, value in detail.items():
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        words.append(f"{'' if name == 'what' else name} {_LONG.sub(lambda found: short(found[0]), text)}".strip())
    return ", ".join(words)


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
