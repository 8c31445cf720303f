"""What photos are held against: what each was, and whether the folder is the one that had them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Of photos that are kept nothing is known yet, and the folder has no marker."""
    op.add_column("visits", sa.Column("photo_sha256", sa.Text))
    op.add_column("faces", sa.Column("crop_sha256", sa.Text))
    op.create_table("photo_folder", sa.Column("marked_at", sa.DateTime, primary_key=True, nullable=False))


def downgrade() -> None:
    """Then nothing is held against anything."""
    op.drop_table("photo_folder")
    op.drop_column("faces", "crop_sha256")
    op.drop_column("visits", "photo_sha256")
