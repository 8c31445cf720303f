"""What can be taken back for a while: how rows were before somebody changed them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """What was done before is not to be taken back."""
    op.create_table(
        "changes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("deed", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_table(
        "change_names",
        sa.Column("change_id", sa.Text, sa.ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
    )
    op.create_index("ix_change_names_name", "change_names", ["name"])


def downgrade() -> None:
    """Nothing can be taken back then; crops that nothing names are removed by purge."""
    op.drop_table("change_names")
    op.drop_table("changes")
