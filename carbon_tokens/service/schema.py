"""Tables of the node's database, for SQLite and PostgreSQL.

Amounts and totals have less than 48 bits on chain (AmountTooLarge), so they are integers here, where they add up
exactly. Ids, hashes and addresses are 0x and lower-case hex digits.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("genesis", String(66), nullable=False),
    Column("contracts", Text, nullable=False),  # addresses by name, JSON: another deployment is another index
    UniqueConstraint("genesis", "chain_id", name="uq_chain_genesis"),  # chains that split have one genesis
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
    Column("scope", Text, nullable=False, server_default="[]"),  # JSON: chains "1" and facilities "1/0x…"; none: all
    Column("used", Integer),  # last, to the minute
    Column("replaced_by", String(12)),  # prefix of the key that it was changed for
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

# ---------------------------------------------------------------- facilities of organisations, their energy and shares
node_identity = Table(  # one row: what challenges name, so that a signature for one node is of no use to another
    "node_identity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(32), nullable=False),
)

facility_record = Table(  # a description whose hash is the facility's metadata on chain
    "facility_record",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("facility", String(66), primary_key=True),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),  # who brought it
    Column("name", String(200), nullable=False),
    Column("city", String(200), nullable=False),
    Column("document", Text, nullable=False),  # as it was hashed
    Column("created", Integer, nullable=False),
)

control_challenge = Table(
    "control_challenge",
    metadata,
    Column("nonce", String(32), primary_key=True),
    Column("chain", ForeignKey("chain.id"), nullable=False),
    Column("facility", String(66), nullable=False),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("message", Text, nullable=False),
    Column("expires", Integer, nullable=False),
    Index("ix_control_challenge_organisation", "organisation", "chain", "facility"),
)

facility_control = Table(  # an owner's signature made an organisation the operator
    "facility_control",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("facility", String(66), primary_key=True),
    Column("organisation", ForeignKey("organisation.id"), primary_key=True),
    Column("owner", String(42), nullable=False),
    Column("message", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Index("ix_facility_control_organisation", "organisation", "chain", "facility"),
)

energy_source = Table(
    "energy_source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain", ForeignKey("chain.id"), nullable=False),
    Column("facility", String(66), nullable=False),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("utility", String(100), nullable=False),
    Column("meter", String(100), nullable=False),
    Column("meter_id", String(66), nullable=False),
    Column("terms", Text, nullable=False),  # what a log does not say of itself, JSON
    Column("version", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("retired", Integer),
    Index("ix_energy_source_facility", "organisation", "chain", "facility"),
)

energy_upload = Table(  # what a file says of a source's month; the file itself is not kept here
    "energy_upload",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", ForeignKey("energy_source.id"), nullable=False),
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
    Column("readings", Text, nullable=False),  # bills and hours, JSON
    Column("created", Integer, nullable=False),
    Index("ix_energy_upload_source", "source", "month", "sha256", unique=True),
)

statement = Table(
    "statement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("chain", ForeignKey("chain.id"), nullable=False),
    Column("facility", String(66), nullable=False),
    Column("month", Integer, nullable=False),
    Column("evidence", String(66), nullable=False),
    Column("document", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Index("ix_statement_evidence", "organisation", "chain", "evidence", unique=True),
    Index("ix_statement_facility", "organisation", "chain", "facility", "month"),
)

tenant_customer = Table(  # which organisation sees the shares of a tenant
    "tenant_customer",
    metadata,
    Column("organisation", ForeignKey("organisation.id"), primary_key=True),  # the operator
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("facility", String(66), primary_key=True),
    Column("tenant", String(66), primary_key=True),
    Column("customer", ForeignKey("organisation.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Index("ix_tenant_customer_customer", "customer"),
)

share = Table(  # verified against the root on chain before it is kept; holds the tenant's salt, in its proof
    "share",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("chain", ForeignKey("chain.id"), nullable=False),
    Column("facility", String(66), nullable=False),
    Column("month", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),  # of the account's totals
    Column("tenant", String(66), nullable=False),
    Column("proof", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Index("ix_share_tenant", "organisation", "chain", "facility", "tenant", "month", "version", unique=True),
)

# ---------------------------------------------------------------- sessions of people in a browser
session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha-256 of the cookie, which has 256 random bits
    Column("api_key", ForeignKey("api_key.id"), nullable=False),  # whose end is the session's
    Column("created", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
)

# ---------------------------------------------------------------- which of several nodes indexes a chain
lease = Table(
    "lease",
    metadata,
    Column("chain", ForeignKey("chain.id"), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", BigInteger, nullable=False),  # ms since 1970, as `synced`
    Column("block", BigInteger, nullable=False),
    Column("synced", BigInteger, nullable=False),  # when the index was last at the head
    Column("failure", Text, nullable=False),
)

# ---------------------------------------------------------------- evidence: sealed files, which stand in a store
evidence_key = Table(  # the age public key to which an organisation wants its files sealed
    "evidence_key",
    metadata,
    Column("organisation", ForeignKey("organisation.id"), primary_key=True),
    Column("public_key", String(62), nullable=False),
    Column("changed", Integer, nullable=False),
)

evidence = Table(  # never a name, a salt or a plain hash of a file
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cid", String(59), nullable=False, unique=True),
    Column("organisation", ForeignKey("organisation.id"), nullable=False),
    Column("auditor", ForeignKey("organisation.id")),  # who it is sealed to besides
    Column("commitment", String(66), nullable=False),
    Column("size", Integer, nullable=False),
    Column("by_node", Boolean, nullable=False),  # sealed by the node, else it came sealed
    Column("kept_until", BigInteger, nullable=False),
    Column("replaces", String(59), nullable=False),
    Column("created", Integer, nullable=False),
    Column("deleted", Integer),
    Index("ix_evidence_organisation", "organisation"),
    Index("ix_evidence_auditor", "auditor"),
)
