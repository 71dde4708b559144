"""Evidence in the API: keys to seal to, uploads, sealed files for those who may read them, retention.

A body is sealed as it arrives, to the organisation's key and the auditor's, and stands nowhere in plain text; or it
comes sealed, with its commitment, and then the node never sees the file. A node has no key to open any of it.
"""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from carbon_tokens.errors import EvidenceError, EvidenceRefused
from carbon_tokens.evidence import Store, cid_of, sealing
from carbon_tokens.service import answers_evidence as forms
from carbon_tokens.service import keeping, quotas
from carbon_tokens.service.answers import Limit, Problem
from carbon_tokens.service.answers_facilities import AfterNumber, FileName
from carbon_tokens.service.api import Here
from carbon_tokens.service.facilities import Content
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.writing import KEYED, Key, Repeatable, only, repeatable

router = APIRouter(prefix="/api/v1")
KEPT: dict[int | str, dict[str, Any]] = {**KEYED, 502: {"model": Problem, "description": "Missing or altered."}}
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "description": "The file, or sealed bytes (age).", "content": _BYTES}}
_SEALED: dict[int | str, dict[str, Any]] = {**KEPT, 200: {"content": _BYTES, "description": "The sealed bytes."}}


class Sealed(Response):
    """Bytes of an age file."""

    media_type = "application/octet-stream"


@router.put("/evidence-keys", response_model=forms.EvidenceKeyAnswer, responses=KEYED, tags=["evidence"])
def register(node: Here, by: Key, body: forms.EvidenceKey) -> Any:
    """Registers the organisation's age public key, for what is sealed from now on. An operator or auditor."""
    only(by, "operator", "auditor")
    by.require_all()
    with node.engine.begin() as connection:
        return keeping.register(connection, by, body.public_key)


@router.get("/evidence-keys", response_model=list[forms.EvidenceKeyAnswer], responses=KEYED, tags=["evidence"])
def readers(node: Here, by: Key) -> Any:
    """The public keys of the own organisation and of auditors, to whom files can be sealed. An operator or auditor."""
    only(by, "operator", "auditor")
    by.require_all()
    with node.reader.engine.begin() as connection:
        return keeping.readers(connection, by)


@router.post(
    "/evidence", status_code=201, response_model=forms.EvidenceAnswer, responses=KEPT, tags=["evidence"],
    openapi_extra=_BODY,
)  # fmt: skip
def upload(
    request: Request, node: Here, by: Key, content: Content, name: FileName = "evidence", auditor: forms.Auditor = "",
    days: forms.Days = 3650, commitment: forms.Commitment = "", key: Repeatable = "",
) -> Any:  # fmt: skip
    """Keeps a file, sealed to the organisation's key and the auditor's; or sealed bytes, as they are, with their
    commitment. Only an operator."""
    only(by, "operator")
    by.require_all()
    row: dict[str, Any] = {"kept_until": keeping.until(days), "replaces": "", "by_node": not commitment}
    with node.reader.engine.begin() as connection:
        number, readers = _to(connection, by, auditor)
        readers = [*readers, keeping.own_key(connection, by)] if row["by_node"] else []
    if row["by_node"]:
        file = sealing.new(content, name)
        row |= {"auditor": number, "commitment": "0x" + file.commitment.hex()}
        said = [name, auditor, days, _mac(request, content)]
        return _keep(request, node, by, row, sealing.seal(file, readers), said, key)
    row |= {"auditor": number, "commitment": commitment}
    return _keep(request, node, by, row, _sealed(content), [auditor, days, commitment, cid_of(content)], key)


@router.post(
    "/evidence/{cid}/copies", status_code=201, response_model=forms.EvidenceAnswer, responses=KEPT, tags=["evidence"],
    openapi_extra=_BODY,
)  # fmt: skip
def copy(
    request: Request, node: Here, by: Key, cid: forms.Cid, content: Content, auditor: forms.NewAuditor,
    key: Repeatable = "",
) -> Any:  # fmt: skip
    """Keeps the same file sealed again, to another auditor: it has the same commitment and date. Only its operator,
    who opens and seals it (`evidence reencrypt`): the node cannot."""
    only(by, "operator")
    by.require_all()
    with node.reader.engine.begin() as connection:
        before = keeping.found(connection, by, cid)
        number, _ = keeping.auditor(connection, by, auditor)
    row = {"kept_until": before["kept_until"], "replaces": cid, "by_node": False, "auditor": number,
           "commitment": before["commitment"]}  # fmt: skip
    return _keep(request, node, by, row, _sealed(content), [auditor, cid_of(content)], key)


@router.get("/evidence", response_model=forms.EvidencePage, responses=KEYED, tags=["evidence"])
def listed(node: Here, by: Key, after: AfterNumber = 0, limit: Limit = LIMIT) -> Any:
    """The sealed files that one may read: an operator's own, and an auditor's of requests that it took."""
    only(by, "operator", "auditor")
    by.require_all()
    with node.reader.engine.begin() as connection:
        rows = keeping.listed(connection, by, after, limit + 1)
        items = keeping.shown(connection, rows[:limit])
    return {"items": items, "next": rows[limit - 1]["id"] if len(rows) > limit else None}


@router.get("/evidence-quota", response_model=forms.QuotaAnswer, responses=KEYED, tags=["evidence"])
def quota(request: Request, node: Here, by: Key) -> Any:
    """What the organisation keeps of evidence, of what it may keep. Only an operator."""
    only(by, "operator")
    by.require_all()
    with node.reader.engine.begin() as connection:
        used = quotas.used(connection, by.organisation)
    limit: quotas.Amount = request.app.state.quota
    return {"bytes": limit.bytes, "files": limit.files, "bytes_used": used.bytes, "files_used": used.files}


@router.get("/evidence/{cid}", response_class=Sealed, responses=_SEALED, tags=["evidence"])
def sealed(request: Request, node: Here, by: Key, cid: forms.Cid) -> Any:
    """The sealed bytes, checked against the CID. Its operator, and the auditor whom it is sealed to and who took one of
    the operator's requests; 502 names what is missing or altered."""
    only(by, "operator", "auditor")
    by.require_all()
    with node.reader.engine.begin() as connection:
        keeping.found(connection, by, cid)
    with keeping.answering(_store(request)) as store:
        return Sealed(store.get(cid), headers={"Cache-Control": "no-store"})


@router.delete("/evidence/{cid}", status_code=204, response_class=Response, responses=KEPT, tags=["evidence"])
def delete(request: Request, node: Here, by: Key, cid: forms.Cid) -> None:
    """Deletes an own file after its date; may be repeated. Only an operator."""
    only(by, "operator")
    by.require_all()
    with node.engine.begin() as connection:
        keeping.end(connection, by, cid)
    with keeping.answering(_store(request)) as store:
        store.delete(cid)


def _store(request: Request) -> Store | None:
    found: Store | None = request.app.state.evidence
    return found


def _to(connection: Connection, by: Principal, auditor: str) -> tuple[int | None, list[str]]:
    """The auditor's number and key; none without one."""
    if not auditor:
        return None, []
    number, public_key = keeping.auditor(connection, by, auditor)
    return number, [public_key]


def _sealed(content: bytes) -> bytes:
    if not sealing.is_sealed(content):
        raise EvidenceRefused("the body is not sealed", where="body", todo="Send an age file, or no commitment.")
    return content


def _mac(request: Request, content: bytes) -> str:
    """What tells a repeated file from another. Its plain hash in the database would confirm guesses: the key that the
    request came with, which the node does not keep, hides it."""
    return hmac.new(request.headers["authorization"].encode(), content, "sha256").hexdigest()


def _keep(
    request: Request, node: Node, by: Principal, row: dict[str, Any], content: bytes, said: list[Any], key: str
) -> Response:
    """Puts bytes into the store and then a row into the database, once for an idempotency key."""
    row |= {"cid": cid_of(content), "size": len(content)}
    put, recorded, quota = False, False, request.app.state.quota

    def first() -> None:
        nonlocal put
        with node.reader.engine.begin() as connection:
            keeping.refuse_known(connection, row["cid"])
            quotas.require(connection, quota, by, row["size"])
        with keeping.answering(_store(request)) as store:
            store.put(content)
        put = True

    def do(connection: Connection) -> Any:
        nonlocal recorded
        answer = keeping.keep(connection, by, row, quota)
        recorded = True
        return answer

    try:
        return repeatable(request, node, by, key, said, do, first)
    finally:
        if put and not recorded and row["by_node"]:  # bytes of this request only: nobody else has the same
            _discard(request, row["cid"])


def _discard(request: Request, cid: str) -> None:
    try:
        with keeping.answering(_store(request)) as store:
            store.delete(cid)
    except EvidenceError:
        return  # it stays as what nobody can open and no row names
