"""Facilities of organisations, their sources, statements and shares."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Text

revision = "0004"
down_revision = "0003"


def _of(table: str, name: str, target: str, *, primary_key: bool = False) -> "Column[int]":
    return Column(
        name, Integer, ForeignKey(f"{target}.id", name=f"fk_{table}_{name}"), nullable=False, primary_key=primary_key
    )


def _place(table: str, *, key: bool = False) -> "tuple[Column[int], Column[str]]":
    return _of(table, "chain", "chain", primary_key=key), Column(
        "facility", String(66), nullable=False, primary_key=key
    )


def upgrade() -> None:
    _control()
    _energy()
    _shares()


def _control() -> None:
    op.create_table(
        "node_identity",
        Column("id", Integer, primary_key=True),
        Column("name", String(32), nullable=False),
    )
    op.create_table(
        "facility_record",
        *_place("facility_record", key=True),
        _of("facility_record", "organisation", "organisation"),
        Column("name", String(200), nullable=False),
        Column("city", String(200), nullable=False),
        Column("document", Text, nullable=False),
        Column("created", Integer, nullable=False),
    )
    op.create_table(
        "control_challenge",
        Column("nonce", String(32), primary_key=True),
        *_place("control_challenge"),
        _of("control_challenge", "organisation", "organisation"),
        Column("message", Text, nullable=False),
        Column("expires", Integer, nullable=False),
    )
    columns = ["organisation", "chain", "facility"]
    op.create_index("ix_control_challenge_organisation", "control_challenge", columns)
    op.create_table(
        "facility_control",
        *_place("facility_control", key=True),
        _of("facility_control", "organisation", "organisation", primary_key=True),
        Column("owner", String(42), nullable=False),
        Column("message", Text, nullable=False),
        Column("signature", Text, nullable=False),
        Column("since", Integer, nullable=False),
    )
    op.create_index("ix_facility_control_organisation", "facility_control", columns)


def _energy() -> None:
    op.create_table(
        "energy_source",
        Column("id", Integer, primary_key=True),
        *_place("energy_source"),
        _of("energy_source", "organisation", "organisation"),
        Column("kind", String(16), nullable=False),
        Column("utility", String(100), nullable=False),
        Column("meter", String(100), nullable=False),
        Column("meter_id", String(66), nullable=False),
        Column("terms", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("created", Integer, nullable=False),
        Column("retired", Integer),
    )
    op.create_index("ix_energy_source_facility", "energy_source", ["organisation", "chain", "facility"])
    op.create_table(
        "energy_upload",
        Column("id", Integer, primary_key=True),
        _of("energy_upload", "source", "energy_source"),
        Column("month", Integer, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("name", String(100), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("rows", Integer, nullable=False),
        Column("hours", Integer, nullable=False),
        Column("energy_wh", BigInteger, nullable=False),
        Column("quality", String(1), nullable=False),
        Column("rejected", Text, nullable=False),
        Column("warnings", Text, nullable=False),
        Column("readings", Text, nullable=False),
        Column("created", Integer, nullable=False),
    )
    op.create_index("ix_energy_upload_source", "energy_upload", ["source", "month", "sha256"], unique=True)
    op.create_table(
        "statement",
        Column("id", Integer, primary_key=True),
        _of("statement", "organisation", "organisation"),
        *_place("statement"),
        Column("month", Integer, nullable=False),
        Column("evidence", String(66), nullable=False),
        Column("document", Text, nullable=False),
        Column("created", Integer, nullable=False),
    )
    op.create_index("ix_statement_evidence", "statement", ["organisation", "chain", "evidence"], unique=True)
    op.create_index("ix_statement_facility", "statement", ["organisation", "chain", "facility", "month"])


def _shares() -> None:
    op.create_table(
        "tenant_customer",
        _of("tenant_customer", "organisation", "organisation", primary_key=True),
        *_place("tenant_customer", key=True),
        Column("tenant", String(66), primary_key=True),
        _of("tenant_customer", "customer", "organisation"),
        Column("version", Integer, nullable=False),
        Column("created", Integer, nullable=False),
    )
    op.create_index("ix_tenant_customer_customer", "tenant_customer", ["customer"])
    op.create_table(
        "share",
        Column("id", Integer, primary_key=True),
        _of("share", "organisation", "organisation"),
        *_place("share"),
        Column("month", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("tenant", String(66), nullable=False),
        Column("proof", Text, nullable=False),
        Column("created", Integer, nullable=False),
    )
    columns = ["organisation", "chain", "facility", "tenant", "month", "version"]
    op.create_index("ix_share_tenant", "share", columns, unique=True)


def downgrade() -> None:
    for table in ("share", "tenant_customer", "statement", "energy_upload", "energy_source", "facility_control",
                  "control_challenge", "facility_record", "node_identity"):  # fmt: skip
        op.drop_table(table)
