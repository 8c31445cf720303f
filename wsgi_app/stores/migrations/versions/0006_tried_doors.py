"""Doors at which somebody was refused again and again of late, and a way to find the latest visits of one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """No door was tried yet."""
    op.create_table(
        "tried_doors",
        sa.Column("door_kind", sa.Text, primary_key=True),
        sa.Column("door", sa.Text, primary_key=True),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_index("ix_visits_door_at", "visits", ["door_kind", "door", "at", "outcome", "reason"])


def downgrade() -> None:
    """Forget which were."""
    op.drop_index("ix_visits_door_at", "visits")
    op.drop_table("tried_doors")
