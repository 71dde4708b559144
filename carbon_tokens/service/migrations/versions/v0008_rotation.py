"""When a key was last used, and which one replaced it."""

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("api_key", Column("used", Integer))
    op.add_column("api_key", Column("replaced_by", String(12)))


def downgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.drop_column("replaced_by")
        table.drop_column("used")
