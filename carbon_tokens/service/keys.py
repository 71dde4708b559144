"""API keys: an organisation's right to act on a node in one role, until a day or until it is revoked.

A key is ``ck_PREFIX_SECRET`` with 256 random bits. It is shown once; kept are the prefix and the sha-256 of the secret,
which is as good as a slow hash for a secret that nobody can guess. It gives no right on a chain: there wallets sign.
It is changed for a new one by ``rotate``, and for the overlap both are good, so that nothing stops meanwhile.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select, true, update

from carbon_tokens.errors import LedgerError
from carbon_tokens.service import actions, database, schema
from carbon_tokens.service.reading import Unknown
from carbon_tokens.service.refusals import Conflict

ROLES = ("admin", "operator", "auditor", "issuer", "customer")
OVERLAP_HOURS = 720  # at most, of an old key and the one that it was changed for
_DAY = 86_400
_KEY = re.compile(r"ck_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_SCOPE = re.compile(r"[1-9][0-9]{0,8}(/0x[0-9a-f]{54})?")
_MOST = 100  # entries of a scope


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key it is, and the ``scope`` that it is limited to: chains "1" and facilities "1/0x…"; none: everything."""

    organisation: int
    name: str
    role: str
    prefix: str
    scope: tuple[str, ...] = ()

    def within(self, chain: int, facility: str = "") -> bool:
        """Whether a facility is in the scope; without one, whether all of its chain is."""
        return not self.scope or str(chain) in self.scope or f"{chain}/{facility}" in self.scope

    def require(self, chain: int, facility: str = "") -> None:
        """Raises Unknown for what is not in the scope: a key does not even learn that it exists."""
        if not self.within(chain, facility):
            raise Unknown(f"{f'facility {facility}' if facility else f'chain {chain} as a whole'} in this key's scope")

    def require_all(self) -> None:
        """Raises Unknown for a key with a scope where something belongs to the whole organisation."""
        if self.scope:
            raise Unknown("such a thing in this key's scope: it is the whole organisation's")

    def scoped(self, table: Table) -> ColumnElement[bool]:
        """The rows of a table with chain and facility that are in the scope."""
        if not self.scope:
            return true()
        pairs = [each.partition("/") for each in self.scope]
        return or_(*((table.c.chain == int(chain)) & ((table.c.facility == facility) if facility else true())
                     for chain, _, facility in pairs))  # fmt: skip


def add(
    connection: Connection, organisation: str, role: str, days: int, by: Principal | None = None,
    scope: Sequence[str] = (),
) -> str:  # fmt: skip
    """A new key of an organisation, which is made if there is none of that name. Gives the key, which is kept nowhere.

    Args:
        scope: chains "1" (numbers of this node) and facilities "1/0x…" that it is limited to; none: everything.

    Raises:
        LedgerError: a name, role, time or scope that is none.
    """
    name = organisation.strip()
    if not _NAME.fullmatch(name) or role not in ROLES or not 1 <= days <= 3650:
        todo = f"A name of 1 to 100 characters; one of {', '.join(ROLES)}; 1 to 3650 days."
        raise LedgerError(f"{organisation!r} as {role!r} for {days} days is no key", todo=todo)
    _check_scope(role, scope)
    table, now = schema.organisation, int(time.time())
    found = connection.scalar(select(table.c.id).where(table.c.name == name))
    if found is None:
        found = connection.execute(table.insert().values(name=name, created=now)).inserted_primary_key[0]  # type: ignore[index]
    limits = sorted(set(scope))
    prefix, key = _inserted(connection, int(found), role, days * _DAY, json.dumps(limits))
    detail = {"organisation": name, "role": role, "days": days, "scope": limits}
    actions.append(connection, by, "key added", prefix, detail)
    return key


def rotate(connection: Connection, prefix: str, overlap_hours: int, by: Principal | None = None) -> tuple[str, int]:
    """A new key in the place of one: of its organisation, role, scope and length. Gives it, and when the old one ends.

    Args:
        overlap_hours: that both are good, 0 to 720; it never makes the old one last longer.

    Raises:
        LedgerError: an overlap that is none.
        Unknown: there is no key of this prefix.
        Conflict: it has ended, or was rotated before.
    """
    if not 0 <= overlap_hours <= OVERLAP_HOURS:
        raise LedgerError(f"{overlap_hours} hours are no overlap", where="overlap", todo=f"0 to {OVERLAP_HOURS}.")
    database.alone(connection, f"key {prefix}")
    table, now = schema.api_key, int(time.time())
    old = connection.execute(select(table).where(table.c.prefix == prefix)).first()
    if old is None:
        raise Unknown(f"key {prefix}")
    ended = old.revoked is not None or old.expires <= now
    if ended or old.replaced_by:
        what = (
            f"key {prefix} was rotated before, to {old.replaced_by}" if old.replaced_by else f"key {prefix} has ended"
        )
        raise Conflict(what, where=prefix, todo="See key list; a new one is made by key add.")
    new, key = _inserted(connection, old.organisation, old.role, old.expires - old.created, old.scope)
    until = min(old.expires, now + 3600 * overlap_hours)
    connection.execute(update(table).where(table.c.prefix == prefix).values(expires=until, replaced_by=new))
    actions.append(connection, by, "key rotated", prefix, {"replaced_by": new, "overlap_hours": overlap_hours})
    return key, until


def _inserted(connection: Connection, organisation: int, role: str, lasts_s: int, scope: str) -> tuple[str, str]:
    """A new key's prefix, and the key, which is kept nowhere."""
    prefix, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), int(time.time())
    stated = {"organisation": organisation, "role": role, "prefix": prefix, "digest": _digest(secret), "created": now}
    connection.execute(schema.api_key.insert().values(**stated, expires=now + lasts_s, scope=scope))
    return prefix, f"ck_{prefix}_{secret}"


def _check_scope(role: str, scope: Sequence[str]) -> None:
    wrong = next((each for each in scope if not _SCOPE.fullmatch(each)), None)
    if wrong is not None or len(scope) > _MOST or (scope and role == "admin"):
        what = "an admin's key has no scope" if role == "admin" else f"{wrong!r} is no chain or facility"
        raise LedgerError(what, where="scope", todo=f"At most {_MOST} of the form 1 (a chain) or 1/0x… (a facility).")


def revoke(connection: Connection, prefix: str, by: Principal | None = None) -> None:
    """Ends a key at once. Raises LedgerError if there is none of this prefix that is not revoked."""
    table = schema.api_key
    ended = connection.execute(
        update(table).where(table.c.prefix == prefix, table.c.revoked.is_(None)).values(revoked=int(time.time()))
    )
    if not ended.rowcount:
        raise LedgerError(f"no key {prefix!r} that is not revoked", todo="See key list.")
    actions.append(connection, by, "key revoked", prefix, {})


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every key without its secret, the latest first."""
    table, of = schema.api_key, schema.organisation
    names = ("created", "expires", "revoked", "scope", "used", "replaced_by")
    columns = (table.c.prefix, of.c.name.label("organisation"), table.c.role, *(table.c[name] for name in names))
    query = select(*columns).join(of, of.c.id == table.c.organisation).order_by(table.c.id.desc())
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row | {"scope": json.loads(row["scope"])} for row in rows]


def principal(connection: Connection, key: str) -> Principal | None:
    """Whose key this is; None for one that is none, has expired or was revoked."""
    match = _KEY.fullmatch(key)
    if not match:
        return None
    table, of = schema.api_key, schema.organisation
    query = select(table, of.c.name.label("named")).join(of, of.c.id == table.c.organisation)
    row = connection.execute(query.where(table.c.prefix == match[1])).first()
    right = hmac.compare_digest(_digest(match[2]), row.digest if row else "0" * 64)
    if row is None or not right or row.revoked is not None or row.expires <= time.time():
        return None
    return Principal(row.organisation, row.named, row.role, row.prefix, tuple(json.loads(row.scope)))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
