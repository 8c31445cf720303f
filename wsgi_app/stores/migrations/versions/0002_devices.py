"""Door devices: the hash of each one's token, its last press, and how it last said it was."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "devices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("revoked_at", sa.DateTime),
        sa.Column("boot", sa.Text),
        sa.Column("pressed_ms", sa.BigInteger),
        sa.Column("pressed_at", sa.DateTime),
        sa.Column("vitals", sa.JSON),
        sa.Column("heard_at", sa.DateTime),
        sa.Column("missed", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop it, with what it holds."""
    op.drop_table("devices")
