"""Faces that are unlike the person's others, until somebody looks whether they are theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nobody was asked about the faces that are there."""
    op.add_column("faces", sa.Column("unlike", sa.Float))


def downgrade() -> None:
    """Forget which are doubtful."""
    op.drop_column("faces", "unlike")
