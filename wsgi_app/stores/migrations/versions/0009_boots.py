"""Every boot of a door that a press was judged of: one that was followed by another never comes back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """The last boot of each door is known."""
    op.create_table(
        "boots",
        sa.Column("device_id", sa.Text, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("boot", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
    )
    op.execute(
        "INSERT INTO boots (device_id, boot, at) "
        "SELECT id, boot, pressed_at FROM devices WHERE boot IS NOT NULL AND pressed_at IS NOT NULL"
    )


def downgrade() -> None:
    """Then the time of day alone tells boots apart."""
    op.drop_table("boots")
