"""Uploaded evidence, which stands sealed in a store."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String

revision = "0003"
down_revision = "0002"


def _of(table: str, name: str, *, nullable: bool = False, primary_key: bool = False) -> "Column[int]":
    named = ForeignKey("organisation.id", name=f"fk_{table}_{name}")
    return Column(name, Integer, named, nullable=nullable, primary_key=primary_key)


def upgrade() -> None:
    op.create_table(
        "evidence_key",
        _of("evidence_key", "organisation", primary_key=True),
        Column("public_key", String(62), nullable=False),
        Column("changed", Integer, nullable=False),
    )
    op.create_table(
        "evidence",
        Column("id", Integer, primary_key=True),
        Column("cid", String(59), nullable=False, unique=True),
        _of("evidence", "organisation"),
        _of("evidence", "auditor", nullable=True),
        Column("commitment", String(66), nullable=False),
        Column("size", Integer, nullable=False),
        Column("by_node", Boolean, nullable=False),
        Column("kept_until", BigInteger, nullable=False),
        Column("replaces", String(59), nullable=False),
        Column("created", Integer, nullable=False),
        Column("deleted", Integer),
    )
    op.create_index("ix_evidence_organisation", "evidence", ["organisation"])
    op.create_index("ix_evidence_auditor", "evidence", ["auditor"])


def downgrade() -> None:
    op.drop_table("evidence")
    op.drop_table("evidence_key")
