"""People and their faces, the gallery's generation, visits and stored answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "people",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "faces",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("crop", sa.Text, nullable=False),
        sa.Column("quality", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_faces_person_id", "faces", ["person_id"])
    op.create_table(
        "embeddings",
        sa.Column("face_id", sa.Text, sa.ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("embedder", sa.Text, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    gallery = op.create_table(
        "gallery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.bulk_insert(gallery, [{"id": 1, "generation": 0}])
    op.create_table(
        "visits",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="SET NULL")),
        sa.Column("score", sa.Float),
        sa.Column("face", sa.JSON),
        sa.Column("photo", sa.Text, nullable=False),
        sa.Column("took_ms", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_visits_person_id", "visits", ["person_id"])
    op.create_table(
        "answers",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_answers_visit_id", "answers", ["visit_id"])
    op.create_index("ix_answers_at", "answers", ["at"])


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("answers", "visits", "gallery", "embeddings", "faces", "people"):
        op.drop_table(table)
