"""A customer's desk: its shares of facility-months, each with its proof to keep, what it proves and what came of it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Path, Request, Response

from carbon_tokens.service import shares
from carbon_tokens.service.desk_seat import At, Seat, router, shown
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT, Unknown, described
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import only

_MOST = 10 * LIMIT  # shares of a page
routes = router()


@routes.get("/desk/shares")
def listed(request: Request, node: Here, seat: At) -> Response:
    """The shares of the organisation's tenants, the latest month first."""
    only(seat.by, "customer")
    rows = _rows(node, seat, 0, LIMIT)
    while len(rows) % LIMIT == 0 and 0 < len(rows) < _MOST:
        more = _rows(node, seat, rows[-1]["id"], LIMIT)
        rows += more
        if not more:
            break
    rows.sort(key=lambda row: (row["month"], row["version"]), reverse=True)
    return shown(request, "desk_shares.html", seat, shares=rows)


@routes.get("/desk/shares/{number}/proof")
def proof(node: Here, seat: At, number: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> Response:
    """A share's proof as a file, for `carbon-tokens share verify`."""
    only(seat.by, "customer")
    row = found(node, seat, number)
    name = f"share-{row['month']}-{number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(json.dumps(row["proof"], indent=1), media_type="application/json", headers=headers)


def found(node: Node, seat: Seat, number: int) -> dict[str, Any]:
    """A share that the organisation may see. Raises Unknown for any other."""
    row = next((each for each in _rows(node, seat, number - 1, 1) if each["id"] == number), None)
    if row is None:
        raise Unknown(f"share {number}")
    return row


def _rows(node: Node, seat: Seat, after: int, limit: int) -> list[dict[str, Any]]:
    with node.reader.engine.begin() as connection:
        rows = shares.listed(connection, seat.by, after, limit)
        for row in rows:
            row |= described(connection, row["chain"], [row["facility"]])[row["facility"]]
    return rows
