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
