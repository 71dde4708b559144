"""What a key is limited to."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("api_key", Column("scope", Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.drop_column("scope")
