"""Keys and the log of actions in the API: whose key this is, and what an admin does with keys."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select

from carbon_tokens.errors import LedgerError
from carbon_tokens.service import answers, keys, schema
from carbon_tokens.service.api import Here
from carbon_tokens.service.reading import LIMIT, Unknown
from carbon_tokens.service.refusals import NotAcceptable
from carbon_tokens.service.writing import KEYED, Key, only

router = APIRouter(prefix="/api/v1")


@router.get("/me", response_model=answers.Me, responses=KEYED, tags=["keys"])
def me(by: Key) -> Any:
    """Whose key this is."""
    return {"organisation": by.name, "role": by.role, "key": by.prefix, "scope": list(by.scope)}


@router.get("/keys", response_model=list[answers.KeyAnswer], responses=KEYED, tags=["keys"])
def listed(node: Here, by: Key) -> Any:
    """Every key, without its secret. Only an admin."""
    only(by, "admin")
    with node.reader.engine.begin() as connection:
        return keys.listed(connection)


@router.post("/keys", status_code=201, response_model=answers.NewKey, responses=KEYED, tags=["keys"])
def add(request: Request, node: Here, by: Key, body: answers.KeyRequest) -> Any:
    """A new key, which is shown this once. Only an admin."""
    only(by, "admin")
    try:
        with node.engine.begin() as connection:
            made = keys.add(connection, body.organisation, body.role, body.days, by, body.scope)
    except LedgerError as error:
        raise NotAcceptable(error.what, where=error.where, todo=error.todo) from error
    return JSONResponse({"key": made}, 201, {"Cache-Control": "no-store"})


@router.post(
    "/keys/{prefix}/rotation", status_code=201, response_model=answers.RotatedKey, responses=KEYED, tags=["keys"]
)
def rotate(node: Here, by: Key, prefix: answers.Prefix, body: answers.Rotation) -> Any:
    """A new key in the place of one, shown this once; for the overlap both are good. Only an admin."""
    only(by, "admin")
    with node.engine.begin() as connection:
        made, until = keys.rotate(connection, prefix, body.overlap_hours, by)
    return JSONResponse({"key": made, "old_until": until}, 201, {"Cache-Control": "no-store"})


@router.delete("/keys/{prefix}", status_code=204, response_class=Response, responses=KEYED, tags=["keys"])
def revoke(node: Here, by: Key, prefix: answers.Prefix) -> None:
    """Ends a key at once. Only an admin."""
    only(by, "admin")
    with node.engine.begin() as connection:
        if not any(each["prefix"] == prefix and each["revoked"] is None for each in keys.listed(connection)):
            raise Unknown(f"key {prefix}")
        keys.revoke(connection, prefix, by)


@router.get("/actions", response_model=list[answers.ActionAnswer], responses=KEYED, tags=["keys"])
def log(node: Here, by: Key, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0, limit: answers.Limit = LIMIT) -> Any:
    """What was done on this node, in order. Only an admin."""
    only(by, "admin")
    table = schema.action
    query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
    with node.reader.engine.begin() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]
