"""The part of the API that needs a key: keys, the log of actions, and the queue of audits.

Every change is in one transaction with its row of the log. A POST with an ``Idempotency-Key`` is answered again, not
done again, if it is repeated within a day; the same key for something else is refused. A change names the version of
what it saw (``If-Match``), so that nobody writes over what somebody else did.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection, select

from carbon_tokens.errors import LedgerError
from carbon_tokens.service import actions, answers, audits, database, keys, operating, schema
from carbon_tokens.service.api import Here
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Follower, Node
from carbon_tokens.service.reading import LIMIT, Unknown

router = APIRouter(prefix="/api/v1")
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
    limiter: keys.Limiter = request.app.state.limiter
    wait = limiter.wait_s(found.prefix if found else f"stranger {address}")
    if wait:
        raise Refused(429, "too many requests", **{"Retry-After": str(int(wait) + 1)})
    if found is None:
        raise Refused(401, "a valid API key is needed", **{"WWW-Authenticate": "Bearer"})
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
        raise audits.NotAcceptable(error.what, where=error.where, todo=error.todo) from error
    return JSONResponse({"key": made}, 201, {"Cache-Control": "no-store"})


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


@router.post(
    "/chains/{chain}/audits", status_code=201, response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"]
)
def request_audit(
    request: Request, node: Here, by: Key, chain: answers.ChainNumber, body: answers.AuditRequest, key: Repeatable = ""
) -> Any:
    """Asks for an audit of documents of one facility-month. Only an operator."""
    only(by, "operator")
    row: dict[str, Any] = {}
    with on_chain(node, chain) as follower:

        def do(connection: Connection) -> Any:
            audits.put(connection, by, row)
            operates = operating.operates(connection, by.organisation, chain, row["facility"])
            return audits.shown(row, {by.organisation: by.name}, follower.views, operates)

        def first() -> None:
            row.update(audits.asked(by, chain, follower.views, body.documents))

        return repeatable(request, node, by, key, body.model_dump(), do, first)


@router.get("/audits", response_model=list[answers.AuditAnswer], responses=KEYED, tags=["audits"])
def queue(node: Here, by: Key, state: answers.State = "", limit: answers.Limit = LIMIT) -> Any:
    """The requests that one may see: an operator's own; for auditors those that are open and their own."""
    with node.reader.engine.begin() as connection:
        rows = audits.listed(connection, by, state, limit)
    return _all_shown(node, rows)


@router.get("/audits/{number}", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def audit(node: Here, by: Key, number: answers.RequestId) -> Any:
    """A request with its documents."""
    return _shown(node, _found(node, by, number))


@router.get("/audits/{number}/typed-data", response_model=dict[str, Any], responses=KEYED, tags=["audits"])
def typed_data(node: Here, by: Key, number: answers.RequestId) -> Any:
    """What the auditor's wallet signs: EIP-712, for eth_signTypedData_v4."""
    row = _found(node, by, number)
    with on_chain(node, row["chain"]) as follower:
        return audits.typed_data(row, follower.views)


@router.get("/audits/{number}/transaction", response_model=answers.Transaction, responses=KEYED, tags=["audits"])
def transaction(node: Here, by: Key, number: answers.RequestId) -> Any:
    """The call that submits a signed request; anyone's wallet may send it."""
    row = _found(node, by, number)
    with on_chain(node, row["chain"]) as follower:
        return audits.transaction(row, follower.views)


@router.post("/audits/{number}/take", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def take(node: Here, by: Key, number: answers.RequestId, seen: Seen) -> Any:
    """Takes an open request. Only an auditor, and not of the own organisation's."""
    only(by, "auditor")
    return _change(node, by, number, lambda connection, row: audits.take(connection, by, row, seen))


@router.post("/audits/{number}/refusal", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def refuse(node: Here, by: Key, number: answers.RequestId, seen: Seen, body: answers.Refusal) -> Any:
    """Refuses a request with a reason. Only the auditor who took it."""
    only(by, "auditor")
    return _change(node, by, number, lambda connection, row: audits.refuse(connection, by, row, seen, body.reason))


@router.post("/audits/{number}/withdrawal", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def withdraw(node: Here, by: Key, number: answers.RequestId, seen: Seen) -> Any:
    """Takes a request back that is not signed yet. Only its operator."""
    only(by, "operator")
    return _change(node, by, number, lambda connection, row: audits.withdraw(connection, by, row, seen))


@router.post("/audits/{number}/signature", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def sign(node: Here, by: Key, number: answers.RequestId, seen: Seen, body: answers.SignatureAnswer) -> Any:
    """Adds the signature of the typed data, of an account that is auditor on the chain. Only who took the request."""
    only(by, "auditor")
    row = _found(node, by, number)
    with on_chain(node, row["chain"]) as follower:
        views, signature = follower.views, bytes.fromhex(body.signature[2:])
        with node.engine.begin() as connection:
            changed = audits.sign(connection, by, row, seen, signature, views)
    return _shown(node, changed)


@router.post("/audits/{number}/signing", response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"])
def sign_here(request: Request, node: Here, by: Key, number: answers.RequestId, seen: Seen) -> Any:
    """Signs by the node's own signer of the organisation, where it has one. Only who took the request."""
    only(by, "auditor")
    row = _found(node, by, number)
    audits.require_taken(by, row, seen)
    signer = request.app.state.signers.of(by)
    with node.engine.begin() as connection:  # by itself, and first: no signature is in no log
        actions.append(connection, by, "signed by the node", row["id"], {"account": signer.address})
    with on_chain(node, row["chain"]) as follower:
        views = follower.views
        signature = signer.sign_typed(audits.typed(row, views))
        with node.engine.begin() as connection:
            changed = audits.sign(connection, by, row, seen, signature, views, signer.address)
    return _shown(node, changed)


def _found(node: Node, by: Principal, number: str) -> dict[str, Any]:
    with node.reader.engine.begin() as connection:
        return audits.found(connection, by, number)


def _change(
    node: Node, by: Principal, number: str, do: Callable[[Connection, dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    with node.engine.begin() as connection:
        changed = do(connection, audits.found(connection, by, number))
    return _shown(node, changed)


def _shown(node: Node, row: dict[str, Any]) -> dict[str, Any]:
    (shown,) = _all_shown(node, [row])
    return shown


def _all_shown(node: Node, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests in the form of the API; a chain is asked only for what is signed, which it may have by now."""
    table = schema.organisation
    with node.reader.engine.begin() as connection:
        names = {each.id: each.name for each in connection.execute(select(table.c.id, table.c.name))}
        operates = [operating.operates(connection, row["organisation"], row["chain"], row["facility"]) for row in rows]
    found = []
    for row, operated in zip(rows, operates, strict=True):
        if row["state"] == audits.SIGNED:
            with on_chain(node, row["chain"]) as follower:
                found.append(audits.shown(row, names, follower.views, operated))
        else:
            found.append(audits.shown(row, names, None, operated))
    return found
