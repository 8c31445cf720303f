"""What the last purge saw of the clocks, and why the next one waits."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """No purge is known, and none waits."""
    purges = op.create_table(
        "purges",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime),
        sa.Column("boot", sa.Text),
        sa.Column("uptime_s", sa.Float),
        sa.Column("held_at", sa.DateTime),
        sa.Column("reason", sa.Text),
        sa.Column("visits", sa.Integer),
        sa.Column("of_visits", sa.Integer),
        sa.Column("counts", sa.JSON),
        sa.Column("newest", sa.Integer),
        sa.Column("approved_by", sa.Text),
    )
    op.bulk_insert(purges, [{"id": 1}])


def downgrade() -> None:
    """Then no purge waits."""
    op.drop_table("purges")
