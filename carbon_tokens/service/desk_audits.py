"""A request for an audit at the desk: its numbers beside their evidence, and what its operator and auditor do.

An auditor signs in the browser's wallet or anywhere else: the page holds the typed data as text, and a form for the
signature that came of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Form, Request, Response
from sqlalchemy import Connection

from carbon_tokens.ledger.ids import AUDITOR_ROLE, role_id
from carbon_tokens.periods import Month
from carbon_tokens.service import audits, desk_evidence, operating
from carbon_tokens.service.answers import RequestId
from carbon_tokens.service.audits_api import added
from carbon_tokens.service.desk_evidence import Place
from carbon_tokens.service.desk_files import sealed_of
from carbon_tokens.service.desk_queue import day, names_of
from carbon_tokens.service.desk_seat import At, By, Seat, moved, router, shown
from carbon_tokens.service.node import Follower, Node
from carbon_tokens.service.rendering import Here
from carbon_tokens.service.writing import on_chain, only
from carbon_tokens.statements import read_auditable

Version = Annotated[int, Form(ge=1, le=2**31 - 1)]
Row = dict[str, Any]
_MONTHS = 24  # that the page of a request shows of what was audited before
routes = router()


@routes.get("/desk/audits/{number}")
def audit(request: Request, node: Here, seat: At, number: RequestId) -> Response:
    """A request: the numbers beside their evidence, and what may be done with it."""
    only(seat.by, "auditor", "operator", "admin")
    row = _found(node, seat, number)
    with on_chain(node, row["chain"]) as follower:
        content = _content(node, follower, row)
    content["audit"] = _shown(node, row)
    if content["audit"]["state"] == audits.AUDITED:
        content["stops"] = []
    mine = seat.by.role == "auditor" and row["auditor"] == seat.by.organisation
    files = sealed_of(node, seat, row["organisation"])
    return shown(request, "desk_audit.html", seat, mine=mine, until=day(row["deadline"]), files=files, **content)


@routes.post("/desk/audits/{number}/take")
def take(node: Here, seat: By, number: RequestId, version: Version) -> Response:
    """An auditor takes a request."""
    only(seat.by, "auditor")
    return _change(node, seat, number, lambda connection, row: audits.take(connection, seat.by, row, version))


@routes.post("/desk/audits/{number}/refusal")
def refuse(
    node: Here, seat: By, number: RequestId, version: Version,
    reason: Annotated[str, Form(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")],
) -> Response:  # fmt: skip
    """Its auditor refuses it, with a reason."""
    only(seat.by, "auditor")
    return _change(node, seat, number, lambda connection, row: audits.refuse(connection, seat.by, row, version, reason))


@routes.post("/desk/audits/{number}/withdrawal")
def withdraw(node: Here, seat: By, number: RequestId, version: Version) -> Response:
    """Its operator takes it back."""
    only(seat.by, "operator")
    return _change(node, seat, number, lambda connection, row: audits.withdraw(connection, seat.by, row, version))


@routes.post("/desk/audits/{number}/signature")
def sign(
    node: Here, seat: By, number: RequestId, version: Version,
    signature: Annotated[str, Form(pattern="^0x[0-9a-fA-F]{130}$")],
) -> Response:  # fmt: skip
    """Adds the signature that a wallet made of the typed data."""
    only(seat.by, "auditor")
    added(node, seat.by, _found(node, seat, number), version, bytes.fromhex(signature[2:]))
    return moved(f"/desk/audits/{number}")


def _content(node: Node, follower: Follower, row: Row) -> dict[str, Any]:
    """What the page of a request shows, but for the request itself."""
    views, about = follower.views, int(row["facility"], 16)
    month, message = Month(row["month"]), audits.unsigned(row)
    documents = [read_auditable(each) for each in json.loads(row["documents"])]
    place = Place(views, views.facility(about), views.account(about, month))
    before = [each for each in node.reader.months(row["chain"], row["facility"]) if each["month"] <= str(month)]
    papers = desk_evidence.papers(documents, place)
    energy = sum(each.energy_wh for each in documents)
    first: Any = message.message.args[0]
    signing = {
        "chain_id": views.chain.id, "zone": place.facility.market_zone, "quorum": _quorum(follower, about),
        "check": _auditor_check(place, row),
        "typed": json.dumps(audits.typed_data(row, views), indent=1) if row["state"] == audits.TAKEN else "",
        "call": json.dumps(audits.transaction(row, views)) if row["state"] == audits.SIGNED else "",
    }  # fmt: skip
    return {
        "papers": papers, "before": before[-_MONTHS:], "account": place.account, "signing": signing,
        "facility": node.reader.facility(row["chain"], row["facility"]),
        "stops": desk_evidence.account_stops(place, first[0].version, month),
        "looks": desk_evidence.history_looks(energy, month, before),
    }  # fmt: skip


def _auditor_check(place: Place, row: Row) -> dict[str, str]:
    """What the wallet's script asks the chain of an account before it signs: hasRole, less the account."""
    views, zone = place.views, place.facility.market_zone
    call = views.contracts["CarbonTokens"].encode("hasRole", (role_id(AUDITOR_ROLE, zone), "0x" + 40 * "0"))
    signed = " ".join(each["auditor"] for each in json.loads(row["signatures"]))
    return {"role": "0x" + call[:-32].hex(), "contract": views.address("CarbonTokens"), "owner": place.facility.owner,
            "signed": signed}  # fmt: skip


def _quorum(follower: Follower, facility: int) -> int:
    return int(max(1, follower.views.call("Auditors", "panelOf", facility)["quorum"]))


def _found(node: Node, seat: Seat, number: str) -> Row:
    with node.reader.engine.begin() as connection:
        return audits.found(connection, seat.by, number)


def _change(node: Node, seat: Seat, number: str, do: Callable[[Connection, Row], Row]) -> Response:
    with node.engine.begin() as connection:
        do(connection, audits.found(connection, seat.by, number))
    return moved(f"/desk/audits/{number}")


def _shown(node: Node, row: Row) -> Row:
    with node.reader.engine.begin() as connection:
        names = names_of(connection)
        operates = operating.operates(connection, row["organisation"], row["chain"], row["facility"])
    with on_chain(node, row["chain"]) as follower:
        return audits.shown(row, names, follower.views, operates)
