"""Which of several nodes indexes a chain; chains are told apart by genesis and id, as those that split need it."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Text

revision = "0006"
down_revision = "0005"


_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}


def upgrade() -> None:
    old = "chain_genesis_key" if op.get_bind().dialect.name == "postgresql" else "uq_chain_genesis"
    with op.batch_alter_table("chain", naming_convention=_NAMES) as chain:
        chain.drop_constraint(old, type_="unique")
        chain.create_unique_constraint("uq_chain_genesis", ["genesis", "chain_id"])
    op.create_table(
        "lease",
        Column("chain", Integer, ForeignKey("chain.id", name="fk_lease_chain"), primary_key=True),
        Column("holder", String(64), nullable=False),
        Column("until", BigInteger, nullable=False),
        Column("block", BigInteger, nullable=False),
        Column("synced", BigInteger, nullable=False),
        Column("failure", Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lease")
    with op.batch_alter_table("chain") as chain:
        chain.drop_constraint("uq_chain_genesis", type_="unique")
        chain.create_unique_constraint("chain_genesis_key", ["genesis"])
