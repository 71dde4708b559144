"""What every call of the API rests on that needs a key.

Every change is in one transaction with its row of the log. A POST with an ``Idempotency-Key`` is answered again, not
done again, if it is repeated within a day; the same key for something else is refused. A change names the version of
what it saw (``If-Match``), so that nobody writes over what somebody else did.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection, select

from carbon_tokens.service import answers, database, keys, schema
from carbon_tokens.service.api import Here
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Follower, Node
from carbon_tokens.service.reading import Unknown

REPEATED_S = 86_400
_NUMBER = re.compile("[1-9][0-9]{0,9}")
_BEARER = HTTPBearer(auto_error=False, description="An API key: ck_…")
KEYED: dict[int | str, dict[str, Any]] = {
    code: {"model": answers.Problem} for code in (400, 401, 403, 404, 409, 411, 413, 429, 503)
}


class Refused(Exception):
    """A request that is not answered: status, what, and headers."""

    def __init__(self, status: int, what: str, **headers: str) -> None:
        super().__init__(what)
        self.status, self.what, self.headers = status, what, headers


def who(
    request: Request, node: Here, given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
) -> Principal:
    """Whose key came with a request. Refuses none, a wrong one, and too many requests."""
    address = request.client.host if request.client else ""
    key = given.credentials if given else ""
    with node.reader.engine.begin() as connection:
        found = keys.principal(connection, key)
    wait = request.app.state.limiter.wait_s(found.prefix if found else f"stranger {address}")
    if wait:
        raise Refused(429, "too many requests", **{"Retry-After": str(int(wait) + 1)})
    if found is None:
        raise Refused(401, "a valid API key is needed", **{"WWW-Authenticate": "Bearer"})
    request.app.state.uses.note(found.prefix)
    request.state.principal = found  # for the log
    chain, facility = (str(request.path_params.get(name, "")) for name in ("chain", "facility"))
    if facility:
        if not _NUMBER.fullmatch(chain):  # "1.0" would be 1 to the route
            raise Unknown(f"chain {chain}")
        found.require(int(chain), facility)
    return found


Key = Annotated[Principal, Depends(who)]
Repeatable = Annotated[str, Header(alias="Idempotency-Key", pattern="^[A-Za-z0-9_-]{0,64}$")]
Seen = Annotated[
    int, Header(alias="If-Match", ge=1, le=2**31 - 1, description="The version of the request that was seen.")
]


def only(by: Principal, *roles: str) -> None:
    """Refuses a key of another role."""
    if by.role not in roles:
        raise Refused(403, f"only a key of an {' or '.join(roles)} may do this")


def repeatable(
    request: Request, node: Node, by: Principal, key: str, body: Any, do: Callable[[Connection], Any],
    first: Callable[[], None] | None = None,
) -> Response:  # fmt: skip
    """Does something once for an idempotency key, and gives its answer again when it is asked again.

    Args:
        first: what asks a chain before, so that no writing transaction, of which there is one, waits for it.
    """
    said = json.dumps([request.method, request.url.path, body, by.role, by.scope], sort_keys=True)
    digest, table = hashlib.sha256(said.encode()).hexdigest(), schema.idempotency
    if first:
        with node.reader.engine.begin() as connection:
            known = _answered(connection, by, key, digest)
        if known:
            return known
        first()
    with node.engine.begin() as connection:
        if key:
            database.alone(connection, f"idempotency {by.organisation} {key}")
            of = (table.c.organisation == by.organisation) & (table.c.key == key)
            connection.execute(table.delete().where(of & (table.c.at < time.time() - REPEATED_S)))
        known = _answered(connection, by, key, digest)
        if known:
            return known
        content = do(connection)
        if key:
            values = {"organisation": by.organisation, "key": key, "request": digest, "status": 201}
            connection.execute(table.insert().values(**values, body=json.dumps(content), at=int(time.time())))
    return JSONResponse(content, 201)


def _answered(connection: Connection, by: Principal, key: str, digest: str) -> Response | None:
    """What was answered to this idempotency key within a day. Refuses one that was used for something else."""
    table = schema.idempotency
    of = (table.c.organisation == by.organisation) & (table.c.key == key)
    kept = connection.execute(select(table).where(of & (table.c.at >= time.time() - REPEATED_S))).first()
    if not key or kept is None:
        return None
    if kept.request != digest:
        raise Refused(409, "this Idempotency-Key was used for something else")
    return JSONResponse(json.loads(kept.body), kept.status, {"Idempotent-Replayed": "true"})


@contextmanager
def on_chain(node: Node, chain: int) -> Iterator[Follower]:
    """A chain that this node follows, for one caller at a time."""
    follower = node.follower(chain)
    with follower.lock:
        yield follower
