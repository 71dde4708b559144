"""The queue of audits in the API, see ``audits``: asked for, taken, signed or refused.

A signature is compared with the chain before the transaction that adds it, so that no writing transaction waits for a
chain or a signer; the version that was seen is compared within it, so that nothing is added to what changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection, select

from carbon_tokens.service import actions, answers, audits, operating, schema
from carbon_tokens.service.api import Here
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Node
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.writing import KEYED, Key, Repeatable, Seen, on_chain, only, repeatable

router = APIRouter(prefix="/api/v1")


@router.post(
    "/chains/{chain}/audits", status_code=201, response_model=answers.AuditAnswer, responses=KEYED, tags=["audits"]
)
def request_audit(
    request: Request, node: Here, by: Key, chain: answers.ChainNumber, body: answers.AuditRequest, key: Repeatable = ""
) -> Any:
    """Asks for an audit of documents of one facility-month. Only an operator."""
    only(by, "operator")
    row: dict[str, Any] = {}

    def first() -> None:
        with on_chain(node, chain) as follower:
            row.update(audits.asked(by, chain, follower.views, body.documents))

    def do(connection: Connection) -> Any:
        audits.put(connection, by, row)
        operates = operating.operates(connection, by.organisation, chain, row["facility"])
        return audits.shown(row, {by.organisation: by.name}, None, operates)

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
    return _shown(node, added(node, by, _found(node, by, number), seen, bytes.fromhex(body.signature[2:])))


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
        data = audits.typed(row, follower.views)
    signature = signer.sign_typed(data)
    return _shown(node, added(node, by, row, seen, signature, signer.address))


def added(
    node: Node, by: Principal, row: dict[str, Any], seen: int, signature: bytes, account: str = ""
) -> dict[str, Any]:
    """A request with a signature more. Raises as ``audits.given`` and ``audits.sign``."""
    with on_chain(node, row["chain"]) as follower:
        signed = audits.given(by, row, seen, signature, follower.views, account)
    with node.engine.begin() as connection:
        return audits.sign(connection, by, row, seen, signed)


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
