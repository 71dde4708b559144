"""Requests for audits, from an operator's documents to signatures that anyone can send to the chain.

    requested → taken by an auditor → signed, or refused with a reason; taken back by the operator before it is signed

The node signs nothing: it gives the EIP-712 typed data that the auditor's wallet signs, checks that the signature is
of an auditor's account on the chain, and prepares the call that a wallet sends. What was audited then is what the chain
says: a request whose evidence stands in an account is "audited".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_keys.datatypes import Signature
from eth_utils.address import to_checksum_address
from sqlalchemy import Connection, select, update

from carbon_tokens.errors import StatementError
from carbon_tokens.ledger import signing
from carbon_tokens.ledger.documents import audit_of
from carbon_tokens.ledger.records import SignedMessage
from carbon_tokens.ledger.typed_data import TypedData
from carbon_tokens.ledger.views import LedgerViews
from carbon_tokens.periods import Month
from carbon_tokens.service import actions, schema
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict, NotAcceptable
from carbon_tokens.statements import Restatement, read_auditable

REQUESTED, TAKEN, SIGNED, REFUSED, WITHDRAWN, AUDITED = (
    "requested",
    "taken",
    "signed",
    "refused",
    "withdrawn",
    "audited",
)
OPEN = (REQUESTED, TAKEN)
_DAY = 86_400
_DAYS = 30


def request(
    connection: Connection, by: Principal, chain: int, views: LedgerViews, documents: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Puts documents of one facility-month into the queue, at the account's present version. Raises as ``asked``."""
    return put(connection, by, asked(by, chain, views, documents))


def asked(
    by: Principal, chain: int, views: LedgerViews, documents: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:  # fmt: skip
    """A request of documents of one facility-month, at the account's present version, that is not in the queue yet.

    Raises:
        StatementError: no documents, one that is none, a restatement, or documents of several facility-months.
        Unknown: a facility that the chain does not know.
        Conflict: evidence that was used.
    """
    read = [read_auditable(each) for each in documents]
    if not read or any(isinstance(each, Restatement) for each in read):
        raise StatementError("an audit is of one or more statements", where="documents")
    months = {(each.facility, each.month) for each in read}
    if len(months) != 1:
        raise StatementError("the documents are of several facility-months", where="documents")
    facility, month = months.pop()
    by.require(chain, facility)
    if int(views.call("CarbonTokens", "facilityOf", int(facility, 16))["owner"], 16) == 0:
        raise Unknown(f"facility {facility}")
    for each in read:
        if views.account_of_evidence(each.evidence):
            raise Conflict("this document was audited before: it counts once", where="0x" + each.evidence.hex())
    version = views.account(int(facility, 16), month).version
    now = int(time.time())
    deadline = (views.chain.time() // _DAY + _DAYS + 1) * _DAY
    message = signing.audits(*(audit_of(each, version + order) for order, each in enumerate(read, 1)))
    return {
        "id": str(uuid.uuid4()), "chain": chain, "organisation": by.organisation, "auditor": None,
        "facility": facility, "month": month.number, "state": REQUESTED, "version": 1, "deadline": deadline,
        "documents": json.dumps([each.to_json() for each in read]),
        "message": json.dumps(signing.to_json(SignedMessage(message, deadline, ()))), "signatures": "[]", "reason": "",
        "created": now, "changed": now,
    }  # fmt: skip


def put(connection: Connection, by: Principal, row: dict[str, Any]) -> dict[str, Any]:
    """Puts a request into the queue."""
    connection.execute(schema.audit_request.insert().values(**row))
    evidence = ["0x" + read_auditable(each).evidence.hex() for each in json.loads(row["documents"])]
    detail = {"facility": row["facility"], "evidence": evidence}
    actions.append(connection, by, "audit requested", str(row["id"]), detail)
    return row


def found(connection: Connection, by: Principal, number: str) -> dict[str, Any]:
    """A request that an organisation may see: its own, and as an auditor those that are open or its own.

    Raises:
        Unknown: there is none, or not for this organisation.
    """
    row = connection.execute(select(schema.audit_request).where(schema.audit_request.c.id == number)).mappings().first()
    if row is None or not _visible(by, dict(row)):
        raise Unknown(f"audit request {number}")
    return dict(row)


def listed(connection: Connection, by: Principal, state: str, limit: int) -> list[dict[str, Any]]:
    """The requests that an organisation may see, the oldest first."""
    table = schema.audit_request
    query = select(table).order_by(table.c.created, table.c.id)
    query = query.where(table.c.state == state) if state else query
    if by.role == "operator":
        query = query.where(table.c.organisation == by.organisation)
    elif by.role == "auditor":
        query = query.where((table.c.state == REQUESTED) | (table.c.auditor == by.organisation))
    return [dict(row) for row in connection.execute(query.where(by.scoped(table)).limit(limit)).mappings()]


def take(connection: Connection, by: Principal, row: Mapping[str, Any], seen: int) -> dict[str, Any]:
    """An auditor takes a request. Raises Conflict if it is not open, is another's, or changed since it was seen."""
    if row["organisation"] == by.organisation:
        raise Conflict("nobody audits what the own organisation states", where=row["id"])
    return _changed(connection, by, row, seen, (REQUESTED,), "audit taken", state=TAKEN, auditor=by.organisation)


def refuse(connection: Connection, by: Principal, row: Mapping[str, Any], seen: int, reason: str) -> dict[str, Any]:
    """Its auditor refuses it, and says why. Raises Conflict as ``take``."""
    _own(by, row)
    return _changed(connection, by, row, seen, (TAKEN,), "audit refused", state=REFUSED, reason=reason)


def withdraw(connection: Connection, by: Principal, row: Mapping[str, Any], seen: int) -> dict[str, Any]:
    """Its operator takes it back. Raises Conflict as ``take``."""
    return _changed(connection, by, row, seen, OPEN, "audit withdrawn", state=WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Given:
    """A signature that was compared with the chain: whose it is, and how many a request needs."""

    auditor: str
    signature: bytes
    quorum: int


def given(by: Principal, row: Mapping[str, Any], seen: int, signature: bytes, views: LedgerViews,
          account: str = "") -> Given:  # fmt: skip
    """A signature of the typed data by an auditor who may sign it, as the chain says now. It changes nothing.

    Args:
        account: whose signature it must be; "": any auditor's.

    Raises:
        Conflict: as ``require_taken``.
        NotAcceptable: a signature that is none, or of an account that is no auditor of the facility's market.
    """
    require_taken(by, row, seen)
    who = _signer(signature, typed(row, views).digest())
    if account and who != account:
        raise NotAcceptable(f"the signer gave a signature of {who}, not of {account}", where=row["id"])
    facility = views.facility(int(row["facility"], 16))
    if not views.has_role("CarbonTokens", "AUDITOR_ROLE", who, facility.market_zone) or who == facility.owner:
        todo = "Sign with the account that has the role on the chain."
        raise NotAcceptable(f"{who} is no auditor of market {facility.market_zone}", where=row["id"], todo=todo)
    panel = views.call("Auditors", "panelOf", int(row["facility"], 16))
    if panel["quorum"] and who not in panel["members"]:
        raise NotAcceptable(f"{who} is not in the facility's panel", where=row["id"])
    return Given(who, signature, max(1, panel["quorum"]))


def sign(connection: Connection, by: Principal, row: Mapping[str, Any], seen: int, signed: Given) -> dict[str, Any]:
    """Adds an auditor's signature; with enough of them for the facility the request is signed.

    Raises:
        Conflict: as ``take``: it may have changed since the signature was compared with the chain.
    """
    kept = [each for each in json.loads(row["signatures"]) if each["auditor"] != signed.auditor]
    kept.append({"auditor": signed.auditor, "signature": "0x" + signed.signature.hex()})
    state = SIGNED if len(kept) >= signed.quorum else TAKEN
    return _changed(connection, by, row, seen, (TAKEN,), "audit signed", state=state, signatures=json.dumps(kept))


def require_taken(by: Principal, row: Mapping[str, Any], seen: int) -> None:
    """Raises Conflict if an organisation cannot sign a request: another's, none taken, or changed since it was seen."""
    _own(by, row)
    _in(row, (TAKEN,))
    if row["version"] != seen:
        todo = "Read it again: somebody changed it."
        raise Conflict(f"the request is at version {row['version']}, not {seen}", where=row["id"], todo=todo)


def unsigned(row: Mapping[str, Any]) -> SignedMessage:
    """The message of a request, with the signatures that it has."""
    content = json.loads(row["message"]) | {"signatures": json.loads(row["signatures"])}
    return signing.merged(signing.from_json(content)) if content["signatures"] else signing.from_json(content)


def typed_data(row: Mapping[str, Any], views: LedgerViews) -> dict[str, Any]:
    """What an auditor's wallet signs (eth_signTypedData_v4)."""
    return typed(row, views).message()


def typed(row: Mapping[str, Any], views: LedgerViews) -> TypedData:
    """The same as typed data."""
    message = unsigned(row)
    return signing.typed_data(
        message.message, message.deadline, chain_id=views.chain.id, contract=views.address("Auditors")
    )


def transaction(row: Mapping[str, Any], views: LedgerViews) -> dict[str, Any]:
    """The call that submits a signed request, from whatever account. Raises Conflict if it is not signed."""
    if row["state"] != SIGNED:
        raise Conflict(f"the request is {row['state']}, not signed", where=row["id"])
    signed = unsigned(row)
    signatures = [(each.auditor, each.signature) for each in signed.signatures]
    data = views.contracts["Auditors"].encode("audit", (*signed.message.args, signed.deadline, signatures))
    return {"chain_id": views.chain.id, "to": views.address("Auditors"), "data": "0x" + data.hex(), "value": "0x0"}


def shown(
    row: Mapping[str, Any], names: Mapping[int, str], views: LedgerViews | None, operates: bool = False
) -> dict[str, Any]:
    """A request in the form of the API; "audited" once the chain has its evidence.

    Args:
        operates: whether the organisation that asks operates the facility, by its owner's signature.
    """
    documents = [read_auditable(each) for each in json.loads(row["documents"])]
    state = row["state"]
    if state == SIGNED and views and all(views.account_of_evidence(each.evidence) for each in documents):
        state = AUDITED
    return {
        "id": row["id"], "chain": row["chain"], "facility": row["facility"], "month": str(Month(row["month"])),
        "state": state, "version": row["version"], "organisation": names.get(row["organisation"], ""),
        "operates": operates, "auditor": names.get(row["auditor"], "") if row["auditor"] else "",
        "reason": row["reason"], "deadline": row["deadline"], "signatures": json.loads(row["signatures"]),
        "documents": [each.to_json() for each in documents],
        "evidence": ["0x" + each.evidence.hex() for each in documents],
    }  # fmt: skip


def _visible(by: Principal, row: Mapping[str, Any]) -> bool:
    if not by.within(row["chain"], row["facility"]):
        return False
    if by.role == "admin" or row["organisation"] == by.organisation:
        return True
    return by.role == "auditor" and (row["state"] == REQUESTED or row["auditor"] == by.organisation)


def _own(by: Principal, row: Mapping[str, Any]) -> None:
    if row["auditor"] != by.organisation:
        raise Conflict("another organisation audits this, or none yet", where=row["id"], todo="Take it first.")


def _in(row: Mapping[str, Any], states: tuple[str, ...]) -> None:
    if row["state"] not in states:
        raise Conflict(f"the request is {row['state']}", where=row["id"])


def _changed(
    connection: Connection, by: Principal, row: Mapping[str, Any], seen: int, states: tuple[str, ...], verb: str,
    **values: Any,
) -> dict[str, Any]:  # fmt: skip
    """Changes a row that is in one of some states and at the version that was seen, and logs it."""
    table = schema.audit_request
    _in(row, states)
    made = {**values, "version": row["version"] + 1, "changed": int(time.time())}
    wanted = (table.c.id == row["id"]) & (table.c.version == seen) & table.c.state.in_(states)
    if connection.execute(update(table).where(wanted).values(**made)).rowcount != 1:
        todo = "Read it again: somebody changed it."
        raise Conflict(f"the request is at version {row['version']}, not {seen}", where=row["id"], todo=todo)
    detail = {name: value for name, value in made.items() if name in ("state", "reason", "version")}
    actions.append(connection, by, verb, row["id"], detail)
    return {**row, **made}


def _signer(signature: bytes, digest: bytes) -> str:
    try:
        recovered = signature[64] - 27 if signature[64] >= 27 else signature[64]
        key = Signature(signature[:64] + bytes([recovered])).recover_public_key_from_msg_hash(digest)
    except Exception as error:  # eth-keys raises several kinds for what is no point of the curve
        raise NotAcceptable(
            "this is no signature of the typed data", where="signature", todo="Sign it again."
        ) from error
    return to_checksum_address(key.to_canonical_address())
