"""Tables of the node's database, for SQLite and PostgreSQL.

Amounts and totals have less than 48 bits on chain (AmountTooLarge), so they are integers here, where they add up
exactly. Ids, hashes and addresses are 0x and lower-case hex digits.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s",
    }
)

chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("chain_id", String(78), nullable=False),
    Column("genesis", String(66), nullable=False, unique=True),
    Column("contracts", Text, nullable=False),  # addresses by name, JSON: another deployment is another index
)

block = Table(  # the latest ones each, older ones where a portion of the backfill ended
    "block",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hash", String(66), nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("block", BigInteger, primary_key=True),
    Column("log", Integer, primary_key=True),
    Column("tx", String(66), nullable=False),
    Column("contract", String(32), nullable=False),
    Column("name", String(32), nullable=False),
    Column("facility", String(66)),
    Column("month", Integer),
    Column("args", Text, nullable=False),  # JSON; numbers of more than 53 bits are text
    sqlite_with_rowid=False,
)
# Issued certificates and transfers are most of the events and are about no facility: no index is kept of them.
_ABOUT, _REGISTERED = event.c.facility.is_not(None), event.c.name == "FacilityRegistered"
Index("ix_event_facility", event.c.chain, event.c.facility, event.c.month, sqlite_where=_ABOUT, postgresql_where=_ABOUT)
Index("ix_event_registered", event.c.chain, event.c.facility, sqlite_where=_REGISTERED, postgresql_where=_REGISTERED)

balance = Table(
    "balance",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("token", String(66), primary_key=True),
    Column("holder", String(42), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

TOTALS = ("energy", "scope1", "scope2_location", "scope2_residual", "scope3", "recs", "offsets",
          "allocated_location", "allocated_market")  # fmt: skip

account = Table(
    "account",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("facility", String(66), primary_key=True),
    Column("month", Integer, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in TOTALS),
    Column("version", Integer, nullable=False),
    Column("shares", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("created", Integer, nullable=False),  # UTC seconds, as all times here
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("prefix", String(12), nullable=False, unique=True),  # what is shown of it later
    Column("digest", String(64), nullable=False),  # sha-256 of the secret, which has 256 random bits
    Column("created", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("revoked", Integer),
)

action = Table(  # append-only: each row holds the hash of the one before
    "action",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("organisation", String(100), nullable=False),
    Column("key", String(12), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("target", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("organisation", ForeignKey("organisation.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),  # sha-256 of method, path and body
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Integer, nullable=False),
)

audit_request = Table(
    "audit_request",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("chain", ForeignKey("chain.id"), nullable=False),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("auditor", ForeignKey("organisation.id")),  # who took it
    Column("facility", String(66), nullable=False),
    Column("month", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),  # of this row: a change names the one that it saw
    Column("deadline", Integer, nullable=False),
    Column("documents", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("signatures", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Index("ix_audit_request_state", "state", "created"),
)
