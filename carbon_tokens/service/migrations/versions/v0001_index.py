"""The index: chains, blocks, events, balances and accounts."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Text, text

revision = "0001"
down_revision = None

_TOTALS = ("energy", "scope1", "scope2_location", "scope2_residual", "scope3", "recs", "offsets",
           "allocated_location", "allocated_market")  # fmt: skip


def _chain(table: str) -> "Column[int]":
    return Column("chain", Integer, ForeignKey("chain.id", name=f"fk_{table}_chain"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "chain",
        Column("id", Integer, primary_key=True),
        Column("name", String(64), nullable=False),
        Column("chain_id", String(78), nullable=False),
        Column("genesis", String(66), nullable=False, unique=True),
        Column("contracts", Text, nullable=False),
    )
    op.create_table(
        "block",
        _chain("block"),
        Column("number", BigInteger, primary_key=True),
        Column("hash", String(66), nullable=False),
    )
    op.create_table(
        "event",
        _chain("event"),
        Column("block", BigInteger, primary_key=True),
        Column("log", Integer, primary_key=True),
        Column("tx", String(66), nullable=False),
        Column("contract", String(32), nullable=False),
        Column("name", String(32), nullable=False),
        Column("facility", String(66)),
        Column("month", Integer),
        Column("args", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    about, registered = text("facility IS NOT NULL"), text("name = 'FacilityRegistered'")
    columns = ["chain", "facility", "month"]
    op.create_index("ix_event_facility", "event", columns, sqlite_where=about, postgresql_where=about)
    op.create_index(
        "ix_event_registered", "event", ["chain", "facility"], sqlite_where=registered, postgresql_where=registered
    )
    op.create_table(
        "balance",
        _chain("balance"),
        Column("token", String(66), primary_key=True),
        Column("holder", String(42), primary_key=True),
        Column("amount", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account",
        _chain("account"),
        Column("facility", String(66), primary_key=True),
        Column("month", Integer, primary_key=True),
        *(Column(name, BigInteger, nullable=False) for name in _TOTALS),
        Column("version", Integer, nullable=False),
        Column("shares", Integer, nullable=False),
        Column("closed", Boolean, nullable=False),
    )


def downgrade() -> None:
    for table in ("account", "balance", "event", "block", "chain"):
        op.drop_table(table)
