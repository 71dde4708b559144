"""Organisations with their keys, the log of what they did, answers to repeat, and requests for audits."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, String, Text

revision = "0002"
down_revision = "0001"


def _of(table: str, name: str, target: str, *, nullable: bool = False, primary_key: bool = False) -> "Column[int]":
    key = ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return Column(name, Integer, key, nullable=nullable, primary_key=primary_key)


def upgrade() -> None:
    op.create_table(
        "organisation",
        Column("id", Integer, primary_key=True),
        Column("name", String(100), nullable=False, unique=True),
        Column("created", Integer, nullable=False),
    )
    op.create_table(
        "api_key",
        Column("id", Integer, primary_key=True),
        _of("api_key", "organisation", "organisation"),
        Column("role", String(16), nullable=False),
        Column("prefix", String(12), nullable=False, unique=True),
        Column("digest", String(64), nullable=False),
        Column("created", Integer, nullable=False),
        Column("expires", Integer, nullable=False),
        Column("revoked", Integer),
    )
    op.create_table(
        "action",
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
    op.create_table(
        "idempotency",
        _of("idempotency", "organisation", "organisation", primary_key=True),
        Column("key", String(64), primary_key=True),
        Column("request", String(64), nullable=False),
        Column("status", Integer, nullable=False),
        Column("body", Text, nullable=False),
        Column("at", Integer, nullable=False),
    )
    op.create_table(
        "audit_request",
        Column("id", String(36), primary_key=True),
        _of("audit_request", "chain", "chain"),
        _of("audit_request", "organisation", "organisation"),
        _of("audit_request", "auditor", "organisation", nullable=True),
        Column("facility", String(66), nullable=False),
        Column("month", Integer, nullable=False),
        Column("state", String(16), nullable=False),
        Column("version", Integer, nullable=False),
        Column("deadline", Integer, nullable=False),
        Column("documents", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("signatures", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("created", Integer, nullable=False),
        Column("changed", Integer, nullable=False),
    )
    op.create_index("ix_audit_request_state", "audit_request", ["state", "created"])


def downgrade() -> None:
    for table in ("audit_request", "idempotency", "action", "api_key", "organisation"):
        op.drop_table(table)
