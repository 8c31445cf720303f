"""What each door sent in a day."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing was counted up to now."""
    op.create_table(
        "door_days",
        sa.Column("door", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("photo_bytes", sa.BigInteger, nullable=False),
        sa.Column("unkept", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Then nothing is."""
    op.drop_table("door_days")
