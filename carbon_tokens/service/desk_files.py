"""Sealed files at the desk: an auditor's of the requests that it took, and an operator's own, see ``keeping``.

The node cannot open them: they leave it sealed (age), and whoever has the secret key opens them at home.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from carbon_tokens.service import keeping
from carbon_tokens.service.answers_evidence import Cid
from carbon_tokens.service.desk_queue import day
from carbon_tokens.service.desk_seat import At, Seat, router
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import only

routes = router()


@routes.get("/desk/evidence/{cid}")
def sealed(request: Request, node: Here, seat: At, cid: Cid) -> Response:
    """The sealed bytes, checked against their CID, as a file."""
    only(seat.by, "operator", "auditor")
    with node.reader.engine.begin() as connection:
        keeping.found(connection, seat.by, cid)
    with keeping.answering(request.app.state.evidence) as store:
        headers = {"Content-Disposition": f'attachment; filename="{cid}.age"'}
        return Response(store.get(cid), media_type="application/octet-stream", headers=headers)


def sealed_of(node: Node, seat: Seat, organisation: int) -> list[dict[str, Any]]:
    """The sealed files of an operator that one may read, the latest first."""
    if seat.by.role not in ("operator", "auditor"):
        return []
    with node.reader.engine.begin() as connection:
        rows = [row for row in keeping.listed(connection, seat.by, 0, LIMIT) if row["organisation"] == organisation]
    return [row | {"kept": day(row["kept_until"]), "came": day(row["created"])} for row in rows[::-1]]
