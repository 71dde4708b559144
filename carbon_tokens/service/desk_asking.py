"""How an operator asks for an audit at the desk: with statements in files, or with those that the node keeps."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy import Connection, Row, select

from carbon_tokens.errors import StatementError
from carbon_tokens.nesting import loads
from carbon_tokens.periods import Month
from carbon_tokens.service import audits, operating, schema
from carbon_tokens.service.desk_seat import At, By, ChainForm, FacilityForm, Seat, moved, router, shown
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import described
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only, repeatable
from carbon_tokens.statements import Restatement

Once = Annotated[str, Form(pattern="^[0-9a-f-]{36}$")]
_FILES, _KEPT = 100, 200  # files of a form, and the latest statements that it offers
_TABLE = schema.statement
routes = router()


@routes.get("/desk/audits/new")
def new(request: Request, node: Here, seat: At) -> Response:
    """Where statement documents are put in, and those that are kept here."""
    only(seat.by, "operator")
    return shown(request, "desk_audit_new.html", seat, chains=node.reader.chains(), once=str(uuid.uuid4()),
                 kept=_kept(node, seat))  # fmt: skip


@routes.post("/desk/audits/new")
def of_files(
    request: Request, node: Here, seat: By, chain: ChainForm, documents: Annotated[list[UploadFile], File()], once: Once
) -> Response:
    """Asks for an audit of documents in files; sent twice, the form asks once."""
    only(seat.by, "operator")
    if len(documents) > _FILES:
        raise StatementError(f"{len(documents)} files", where="documents", todo=f"Put in {_FILES} at most.")
    return _asked(request, node, seat, chain, [_document(each) for each in documents], once)


@routes.post("/desk/audits/kept")
def of_kept(
    request: Request, node: Here, seat: By, chain: ChainForm, facility: FacilityForm,
    month: Annotated[str, Form(pattern="^[0-9]{4}-[0-9]{2}$")], once: Once,
) -> Response:  # fmt: skip
    """Asks for an audit of what is stated of a month here and was not audited yet."""
    only(seat.by, "operator")
    number = Month.parse(month, where="month").number
    with node.reader.engine.begin() as connection:
        operating.require(connection, seat.by, chain, facility)
    waiting = [
        each for each in _waiting(node, seat) if (each.chain, each.facility, each.month) == (chain, facility, number)
    ]
    documents = [json.loads(each.document) for each in waiting]
    if not documents:
        raise StatementError(f"nothing of {month} waits for an audit", where="month", todo="State it first.")
    return _asked(request, node, seat, chain, documents, once)


def _asked(
    request: Request, node: Node, seat: Seat, chain: int, documents: Sequence[dict[str, Any]], once: str
) -> Response:
    row: dict[str, Any] = {}

    def do(connection: Connection) -> Any:
        return {"id": audits.put(connection, seat.by, row)["id"]}

    def first() -> None:
        with on_chain(node, chain) as follower:
            row.update(audits.asked(seat.by, chain, follower.views, documents))

    answer = repeatable(request, node, seat.by, once, [chain, documents], do, first)
    return moved(f"/desk/audits/{json.loads(bytes(answer.body))['id']}")


def _kept(node: Node, seat: Seat) -> list[dict[str, Any]]:
    """Facility-months with statements that are kept here and wait for an audit, the latest month first."""
    counts = Counter((each.month, each.chain, each.facility) for each in _waiting(node, seat))
    with node.reader.engine.begin() as connection:
        return [{"chain": chain, "facility": facility, "month": str(Month(month)), "count": count,
                 **described(connection, chain, [facility])[facility]}
                for (month, chain, facility), count in sorted(counts.items(), reverse=True)]  # fmt: skip


def _waiting(node: Node, seat: Seat) -> list[Row[Any]]:
    """The organisation's latest statements whose evidence no account has; restatements go another way (Auditors)."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.organisation == seat.by.organisation, seat.by.scoped(_TABLE))
        .order_by(_TABLE.c.id.desc())
        .limit(_KEPT)
    )
    with node.reader.engine.begin() as connection:
        rows = connection.execute(query).all()
    rows = [each for each in rows[::-1] if json.loads(each.document)["type"] != Restatement.TYPE]
    found = list[Row[Any]]()
    for chain in sorted({each.chain for each in rows} & node.followers.keys()):
        here = [each for each in rows if each.chain == chain]
        with on_chain(node, chain) as follower:
            views = follower.views
            asked = [views.contracts["CarbonTokens"].encode("accountOfEvidence", (bytes.fromhex(each.evidence[2:]),))
                     for each in here]  # fmt: skip
            used = views.chain.calls(views.address("CarbonTokens"), asked)
        found += [
            each for each, answer in zip(here, used, strict=True) if isinstance(answer, bytes) and not any(answer)
        ]
    return found


def _document(file: UploadFile) -> dict[str, Any]:
    try:
        found = loads(file.file.read())
    except ValueError as error:
        raise StatementError(f"this is no JSON ({error})", where=file.filename or "documents") from error
    if not isinstance(found, dict):
        raise StatementError("this is no statement", where=file.filename or "documents")
    return found
