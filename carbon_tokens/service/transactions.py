"""The part of the API that prepares transactions for wallets, and says where a sent one stands."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from carbon_tokens.errors import Reverted
from carbon_tokens.ledger.allocating import TenantProof
from carbon_tokens.ledger.chain import Chain
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, answers, batches, prepare
from carbon_tokens.service import answers_transactions as forms
from carbon_tokens.service import signers as signing
from carbon_tokens.service.answers_facilities import MonthQuery
from carbon_tokens.service.api import NOT_FOUND, Here
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.node import Node
from carbon_tokens.service.prepare import Prepared
from carbon_tokens.service.reading import LIMIT
from carbon_tokens.service.refusals import Conflict
from carbon_tokens.service.writing import KEYED, Key, Refused, Repeatable, on_chain, only, repeatable
from carbon_tokens.statements.certificate_table import CertificateRow
from carbon_tokens.statements.certificate_table import read as read_certificates

router = APIRouter(prefix="/api/v1/chains/{chain}", tags=["transactions"])
_ANSWER: dict[str, Any] = {"status_code": 201, "response_model": forms.PreparedAnswer, "responses": KEYED}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a transaction of which chain; whether the node is to send it; and the key that makes it once."""

    request: Request
    by: Principal
    chain: int
    send: bool
    key: str


def asked(
    request: Request, by: Key, chain: answers.ChainNumber,
    send: Annotated[bool, Query(description="Let the node's own signer send it; it needs an Idempotency-Key.")] = False,
    key: Repeatable = "",
) -> Asked:  # fmt: skip
    """What every route of these begins with."""
    return Asked(request, by, chain, send, key)


Asking = Annotated[Asked, Depends(asked)]


@router.post("/transactions/facility", **_ANSWER)
def facility(asking: Asking, body: forms.FacilityBody) -> Any:
    """Registers a facility of the wallet. An operator's."""
    metadata = hashlib.sha256(body.description.encode()).digest()
    return _prepared(asking, body, ("operator",), lambda views: prepare.facility(
        views, body.sender, body.grid_region, body.market_zone, metadata))  # fmt: skip


@router.post("/transactions/source", **_ANSWER)
def source(asking: Asking, body: forms.SourceBody) -> Any:
    """Registers a device or project whose certificates the wallet will issue. An issuer's."""
    return _prepared(asking, body, ("issuer",), lambda views: prepare.source(
        views, body.sender, body.token_class, body.registry, body.device, body.market_zone,
        grid_region=body.grid_region, technology=body.technology))  # fmt: skip


@router.post("/transactions/issue", **_ANSWER)
def issue(asking: Asking, body: forms.IssueBody) -> Any:
    """Issues the batches of a table of certificates, as `issue` reads it. An issuer's."""
    rows = certificates(body.table)
    return _prepared(asking, body, ("issuer",), lambda views: prepare.issue(views, body.sender, rows, body.to))


@router.post("/transactions/transfer", **_ANSWER)
def transfer(asking: Asking, body: forms.TransferBody) -> Any:
    """Transfers RECs or offsets of the wallet. An issuer's or operator's."""
    tokens = [int(each, 16) for each in body.tokens]
    return _prepared(asking, body, ("issuer", "operator"), lambda views: prepare.transfer(
        views, body.sender, body.to, tokens, body.amounts))  # fmt: skip


@router.post("/transactions/retire", **_ANSWER)
def retire(asking: Asking, body: forms.RetireBody) -> Any:
    """Retires RECs or offsets of the wallet into a facility-month, for ever; with the totals before and after."""
    tokens = [int(each, 16) for each in body.tokens]
    return _prepared(asking, body, ("operator",), lambda views: prepare.retire(
        views, body.sender, int(body.facility, 16), Month.parse(body.month), tokens, body.amounts,
        beneficiary=body.beneficiary, purpose=body.purpose))  # fmt: skip


@router.post("/transactions/claim", **_ANSWER)
def claim(asking: Asking, body: forms.ClaimBody) -> Any:
    """Claims months, or renews their certificate. An operator's."""
    last = Month.parse(body.last) if body.last else None
    return _prepared(asking, body, ("operator",), lambda views: prepare.claim(
        views, body.sender, int(body.facility, 16), Month.parse(body.first), last, body.basis))  # fmt: skip


@router.post("/transactions/close", **_ANSWER)
def close(asking: Asking, body: forms.CloseBody) -> Any:
    """Declares a month complete as it stands. An auditor's."""
    return _prepared(asking, body, ("auditor",), lambda views: prepare.close(
        views, body.sender, int(body.facility, 16), Month.parse(body.month)))  # fmt: skip


@router.post("/transactions/share", **_ANSWER)
def share(asking: Asking, body: forms.ShareBody) -> Any:
    """Claims a tenant's share into scope 3 of its own account. A customer's."""
    proof = TenantProof.from_json(body.proof)
    return _prepared(asking, body, ("customer",), lambda views: prepare.share(views, body.sender, proof))


@router.get("/transactions/{hash_}", response_model=forms.StateAnswer, responses=NOT_FOUND)
def state(node: Here, chain: answers.ChainNumber, hash_: forms.TransactionHash) -> Any:
    """Where a transaction stands now; of a failed one what the contract says to it."""
    with on_chain(node, chain) as follower:
        return _state(follower.views, hash_)


@router.get(
    "/facilities/{facility}/status", response_model=forms.StatusAnswer, responses=NOT_FOUND, tags=["facilities"]
)
def status(node: Here, chain: answers.ChainNumber, facility: answers.FacilityId, month: MonthQuery) -> Any:
    """A facility-month as the contracts have it now, and what is missing until it can be claimed."""
    node.reader.facility(chain, facility)
    with on_chain(node, chain) as follower:
        found = prepare.account_totals(follower.views.account(int(facility, 16), Month.parse(month)))
    return {"month": month, **found, "missing": missing(found)}


@router.get("/issuers/{issuer}/batches", response_model=forms.Batches, responses=NOT_FOUND, tags=["tokens"])
def of_issuer(
    node: Here, chain: answers.ChainNumber, issuer: forms.Issuer, after: answers.AfterEvent = "",
    limit: answers.Limit = LIMIT,
) -> Any:  # fmt: skip
    """What an issuer issued, and how much of it is retired."""
    page = batches.of_issuer(node.reader, chain, issuer, after, limit)
    return {"items": page.items, "next": page.next}


def missing(month: dict[str, Any]) -> dict[str, Any]:
    """What it takes until a month can be claimed: Wh without RECs, g above zero, an audit, its closing."""
    uncovered = max(0, month["energy_wh"] - month["recs_wh"])
    done = {"audit": not month["version"], "close": bool(month["version"]) and not month["closed"]}
    return {**done, "uncovered_wh": uncovered, "offsets_g": max(0, month["net_g"])}


def certificates(table: str) -> list[CertificateRow]:
    """The batches of a table. Raises EnergyError or StatementError by row, as ``certificate_table.read``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificates.csv"
        path.write_text(table, encoding="utf-8", newline="")
        return read_certificates(path)


def _prepared(
    asking: Asked, body: forms.Sent, roles: tuple[str, ...], make: Callable[[LedgerViews], Prepared]
) -> Response:
    """Prepares, logs for whom, and gives the same answer to the same Idempotency-Key.

    What the node itself is to send is signed and kept first and sent then: whoever asks again with the same key sends
    the very same transactions again, which the chain takes once. The signer is asked while no chain is held, and has
    its turn until they are sent, so that the next request's nonce comes after them.
    """
    by, chain, key, node = asking.by, asking.chain, asking.key, asking.request.app.state.node
    only(by, *roles)
    by.require(chain, getattr(body, "facility", ""))
    made, answer = list[Prepared](), dict[str, Any]()
    with ExitStack() as turn:

        def first() -> None:
            with on_chain(node, chain) as follower:
                made.append(make(follower.views))
                answer.update(made[0].to_json(follower.chain.id))
            if asking.send:
                signer = _signer(asking, made[0])
                turn.enter_context(signer.turn())
                answer["sent"] = signing.signed(lambda: _chain(node, chain), signer, made[0].calls)

        def do(connection: Connection) -> Any:
            verb = "transaction signed" if asking.send else "transaction prepared"
            hashes = {"hashes": [each["hash"] for each in answer.get("sent", ())]}
            said = {"chain": chain, "what": made[0].summary, **hashes}
            actions.append(connection, by, verb, made[0].sender, said)
            return answer

        said = [body.model_dump(by_alias=True), asking.send]
        given = repeatable(asking.request, node, by, key, said, do, first)
        if asking.send:
            with _chain(node, chain) as there:
                signing.send(there, signing.transactions_of(bytes(given.body)))
        return given


@contextmanager
def _chain(node: Node, number: int) -> Iterator[Chain]:
    """A chain while it may be asked."""
    with on_chain(node, number) as follower:
        yield follower.chain


def _signer(asking: Asked, made: Prepared) -> signing.Held:
    """Who signs what the node is to send. Raises Conflict or Refused where that cannot be."""
    signers: signing.Signers = asking.request.app.state.signers
    signer = signers.of(asking.by)
    if not asking.key:
        raise Refused(400, "what the node sends needs an Idempotency-Key: it must not be sent twice")
    if signer.address != made.sender:
        what = f"this node signs as {signer.address} for {asking.by.name}, not as {made.sender}"
        raise Conflict(what, where="from")
    return signer


def _state(views: LedgerViews, number: str) -> dict[str, Any]:
    chain = views.chain
    sent = chain.rpc.request("eth_getTransactionByHash", [number])
    if sent is None:
        return {"state": "unknown"}
    (receipt,) = chain.receipts([number])
    if receipt is None:
        return {"state": "pending"}
    block = int(receipt["blockNumber"], 16)
    found = {"block": block, "confirmations": chain.block_number() - block + 1, "gas_used": int(receipt["gasUsed"], 16)}
    if int(receipt["status"], 16):
        return {"state": "mined", **found}
    return {"state": "failed", **found, "reason": _reason(views, sent)}


def _reason(views: LedgerViews, sent: dict[str, Any]) -> str:
    """What the contract says to the same call now."""
    try:
        data = bytes.fromhex(str(sent.get("input") or sent.get("data"))[2:])
        views.chain.call(str(sent["to"]), data, sender=str(sent["from"]))
    except Reverted as error:
        return str(error)
    return "it failed when it was mined, and would succeed now"
