"""Sessions of people in a browser."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "session",
        Column("digest", String(64), primary_key=True),
        Column("api_key", Integer, ForeignKey("api_key.id", name="fk_session_api_key"), nullable=False),
        Column("created", Integer, nullable=False),
        Column("expires", Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("session")
