"""What signs is apart from what the database has: salts of tokens, digests of photos, times of heartbeats."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Tokens that are there stay; nobody can make them again, so their doors sign no requests."""
    op.add_column("devices", sa.Column("salt", sa.LargeBinary))
    op.add_column("devices", sa.Column("reported_at", sa.DateTime))
    op.add_column("answers", sa.Column("digests", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("answers", "digests")
    op.drop_column("devices", "reported_at")
    op.drop_column("devices", "salt")
