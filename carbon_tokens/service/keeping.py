"""Evidence that a node keeps for organisations: who may read it, and until when it is kept.

    operator's upload → sealed to the operator's and an auditor's key → store, by CID; here only the row of it

The sealed bytes go to the organisation that brought them and to the auditor organisation that they are sealed to, once
that took one of its audit requests; for everybody else they do not exist. Nobody deletes before the date: that a copy
which a client sealed holds the same file is something that the node cannot check.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, exists, select, update

from carbon_tokens.errors import EvidenceError, EvidenceRefused
from carbon_tokens.evidence import Store, open_store, sealing
from carbon_tokens.service import actions, database, quotas, schema
from carbon_tokens.service.keys import Principal
from carbon_tokens.service.quotas import QUOTA, Amount
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict

_TABLE, _KEYS, _DAY = schema.evidence, schema.evidence_key, 86_400


def store_for(engine: Engine, uri: str = "") -> Store | None:
    """The store at an address, or a folder beside the file of the database; None where there is neither.

    Raises:
        EvidenceRefused: an address that is none.
    """
    if uri:
        return open_store(uri)
    file = engine.url.database
    beside = engine.dialect.name == "sqlite" and file and file != ":memory:"
    return open_store(str(Path(file).parent / "evidence")) if beside and file else None


@contextmanager
def answering(store: Store | None) -> Iterator[Store]:
    """The store; its errors leave without its address, which is nobody's business outside of the node.

    Raises:
        EvidenceError: there is no store, or as it raises.
    """
    if store is None:
        raise EvidenceError("this node keeps no evidence", todo="Start it with --evidence.")
    try:
        yield store
    except EvidenceRefused:
        raise
    except EvidenceError as error:
        raise type(error)(error.what, where="the node's store of evidence", todo=error.todo) from error


def register(connection: Connection, by: Principal, public_key: str) -> dict[str, Any]:
    """Takes an organisation's key for what is sealed from now on. Raises EvidenceRefused for one that is none."""
    sealing.check_recipient(public_key)
    row = (by.organisation, public_key, int(time.time()))
    database.insert(connection, _KEYS, [row], replace=("public_key", "changed"))
    actions.append(connection, by, "evidence key registered", public_key, {})
    return {"organisation": by.name, "public_key": public_key, "changed": row[2]}


def readers(connection: Connection, by: Principal) -> list[dict[str, Any]]:
    """The public keys of the own organisation and of auditors', by name."""
    of = schema.organisation
    query = select(of.c.name, _KEYS.c.public_key, _KEYS.c.changed).join(of, of.c.id == _KEYS.c.organisation)
    query = query.where((of.c.id == by.organisation) | _audits(of.c.id)).order_by(of.c.name)
    return [{"organisation": row.name, "public_key": row.public_key, "changed": row.changed}
            for row in connection.execute(query)]  # fmt: skip


def auditor(connection: Connection, by: Principal, name: str) -> tuple[int, str]:
    """The number and public key of an auditor organisation.

    Raises:
        EvidenceRefused: the own one, one that is no auditor here, or has registered no key.
    """
    of = schema.organisation
    query = select(of.c.id, _KEYS.c.public_key).join(_KEYS, _KEYS.c.organisation == of.c.id)
    row = connection.execute(query.where((of.c.name == name) & _audits(of.c.id))).first()
    if row is None or row.id == by.organisation:
        todo = "See GET /api/v1/evidence-keys; an auditor registers its key itself."
        raise EvidenceRefused(f"{name!r} is no other organisation of auditors with a key", where="auditor", todo=todo)
    return int(row.id), str(row.public_key)


def own_key(connection: Connection, by: Principal) -> str:
    """The public key of an organisation. Raises Conflict if it has registered none."""
    found = connection.scalar(select(_KEYS.c.public_key).where(_KEYS.c.organisation == by.organisation))
    if found is None:
        raise Conflict("the organisation has registered no key", todo="PUT /api/v1/evidence-keys first.")
    return str(found)


def keep(connection: Connection, by: Principal, row: dict[str, Any], quota: Amount = QUOTA) -> dict[str, Any]:
    """Records what stands in the store. ``row``: cid, auditor, commitment, size, by_node, kept_until, replaces.

    Raises:
        Conflict: these sealed bytes were brought before.
        EvidenceFull: it is more than the organisation may keep.
    """
    database.alone(connection, f"evidence of {by.organisation}")
    quotas.require(connection, quota, by, row["size"])
    database.alone(connection, f"evidence {row['cid']}")
    refuse_known(connection, row["cid"])
    made = {**row, "organisation": by.organisation, "created": int(time.time())}
    connection.execute(_TABLE.insert().values(**made))
    detail = {name: row[name] for name in ("commitment", "size", "kept_until", "replaces")}
    actions.append(connection, by, "evidence kept", row["cid"], detail)
    return shown(connection, [made])[0]


def refuse_known(connection: Connection, cid: str) -> None:
    """Raises Conflict if these sealed bytes were brought before, by whomever, and if they were deleted since."""
    if connection.scalar(select(_TABLE.c.id).where(_TABLE.c.cid == cid)) is not None:
        raise Conflict("these sealed bytes were brought before", where=cid)


def found(connection: Connection, by: Principal, cid: str) -> dict[str, Any]:
    """A sealed file that this key may read. Raises Unknown if there is none, or not for it, or no longer."""
    query = select(_TABLE).where(_TABLE.c.cid == cid, _TABLE.c.deleted.is_(None), _readable(by))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise Unknown(f"evidence {cid}")
    return dict(row)


def listed(connection: Connection, by: Principal, after: int, limit: int) -> list[dict[str, Any]]:
    """The sealed files that this key may read, in the order in which they came."""
    query = select(_TABLE).where(_TABLE.c.deleted.is_(None), _readable(by), _TABLE.c.id > after)
    return [dict(row) for row in connection.execute(query.order_by(_TABLE.c.id).limit(limit)).mappings()]


def recorded(connection: Connection) -> list[str]:
    """The CIDs of all that the store of this node should hold."""
    return list(connection.scalars(select(_TABLE.c.cid).where(_TABLE.c.deleted.is_(None)).order_by(_TABLE.c.id)))


def end(connection: Connection, by: Principal, cid: str) -> None:
    """Records that an own file is deleted; again if it is already, so that the store can be asked again.

    Raises:
        Unknown: there is none of the organisation's.
        Conflict: before its date.
    """
    own = (_TABLE.c.cid == cid) & (_TABLE.c.organisation == by.organisation)
    row = connection.execute(select(_TABLE).where(own)).first()
    if row is None:
        raise Unknown(f"evidence {cid}")
    now = int(time.time())
    if now < row.kept_until:
        until = time.strftime("%Y-%m-%d", time.gmtime(row.kept_until))
        raise Conflict(f"it is kept until {until}", where=cid, todo="Delete it after that day.")
    if (
        row.deleted is None
        and connection.execute(update(_TABLE).where(own, _TABLE.c.deleted.is_(None)).values(deleted=now)).rowcount
    ):
        actions.append(connection, by, "evidence deleted", cid, {"commitment": row.commitment})


def shown(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the form of the API."""
    of = schema.organisation
    names = {each.id: each.name for each in connection.execute(select(of.c.id, of.c.name))}
    plain = ("cid", "commitment", "size", "kept_until", "replaces", "created")
    return [
        {name: row[name] for name in plain}
        | {"organisation": names[row["organisation"]], "auditor": names.get(row["auditor"], "")}
        | {"sealed_by": "node" if row["by_node"] else "client"}
        for row in rows
    ]


def until(days: int) -> int:
    """UTC seconds after some days from now."""
    return int(time.time()) + days * _DAY


def _audits(organisation: Any) -> ColumnElement[bool]:
    """Whether an organisation has a key of an auditor that is good."""
    table, now = schema.api_key, int(time.time())
    good = (table.c.role == "auditor") & table.c.revoked.is_(None) & (table.c.expires > now)
    return exists().where((table.c.organisation == organisation) & good)


def _readable(by: Principal) -> ColumnElement[bool]:
    if by.role == "operator":
        return _TABLE.c.organisation == by.organisation
    request = schema.audit_request
    taken = exists().where(request.c.auditor == by.organisation, request.c.organisation == _TABLE.c.organisation)
    return (_TABLE.c.auditor == by.organisation) & taken
