"""Sessions of people in a browser: a key that is pasted once, and a cookie after that.

A session is 256 random bits, made anew at each sign-in and never taken from a request, so that nobody can be given one
beforehand; kept is its sha-256. It lasts 12 hours, and no longer than its key: each use asks the key's row again. The
token that every form carries is an HMAC of a purpose under the session's bits: bound to the session, kept nowhere, and
of no use to find the session (OWASP Session Management and CSRF Prevention cheat sheets).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time

from sqlalchemy import Connection, delete, select

from carbon_tokens.service import actions, keys, schema
from carbon_tokens.service.keys import Principal

LASTS_S = 12 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def begin(connection: Connection, key: str) -> str | None:
    """A new session of whose key this is, which is kept nowhere itself; None for a key that is none or has ended."""
    by = keys.principal(connection, key)
    if by is None:
        return None
    table, now, token = schema.session, int(time.time()), random_token()
    connection.execute(delete(table).where(table.c.expires <= now))
    of = schema.api_key
    number = connection.scalar(select(of.c.id).where(of.c.prefix == by.prefix))
    connection.execute(table.insert().values(digest=_digest(token), api_key=number, created=now, expires=now + LASTS_S))
    actions.append(connection, by, "signed in", by.prefix, {})
    return token


def found(connection: Connection, token: str) -> Principal | None:
    """Whose session this is; None once it, or its key, has ended."""
    if not _TOKEN.fullmatch(token):
        return None
    table, key, of = schema.session, schema.api_key, schema.organisation
    now = int(time.time())
    good = (table.c.expires > now) & (key.c.expires > now) & key.c.revoked.is_(None)
    query = select(key.c.organisation, of.c.name, key.c.role, key.c.prefix, key.c.scope).select_from(table)
    query = query.join(key, key.c.id == table.c.api_key).join(of, of.c.id == key.c.organisation)
    row = connection.execute(query.where((table.c.digest == _digest(token)) & good)).first()
    return Principal(*row[:4], tuple(json.loads(row.scope))) if row else None


def end(connection: Connection, token: str, by: Principal) -> None:
    """Ends a session at once, wherever its cookie still is."""
    table = schema.session
    connection.execute(delete(table).where(table.c.digest == _digest(token)))
    actions.append(connection, by, "signed out", by.prefix, {})


def random_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def form_token(token: str) -> str:
    """What the forms of a session carry: 64 hex digits."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_token(token: str, given: str) -> bool:
    """Whether a form is of this session."""
    return hmac.compare_digest(form_token(token).encode(), given.encode("utf-8", "replace"))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
