"""Rules, negative faces, probes, corrections, events, and who may sign in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen what is there, then make the new tables."""
    _widen()
    _tell_of_visits()
    _tell_who_may_sign_in()


def _widen() -> None:
    op.add_column("people", sa.Column("valid_from", sa.DateTime))
    op.add_column("people", sa.Column("valid_until", sa.DateTime))
    op.add_column("people", sa.Column("hours", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("faces", sa.Column("negative", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("faces", sa.Column("visit_id", sa.Text))
    op.add_column("faces", sa.Column("shows_id", sa.Text))
    for column in ("visit_id", "shows_id"):
        op.create_index(f"ix_faces_{column}", "faces", [column])
    op.add_column("devices", sa.Column("told_state", sa.Text))
    op.add_column("visits", sa.Column("reason", sa.Text))
    for column in ("at", "device", "outcome"):
        op.create_index(f"ix_visits_{column}", "visits", [column])


def _tell_of_visits() -> None:
    op.create_table(
        "probes",
        sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "corrections",
        sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="CASCADE")),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_corrections_person_id", "corrections", ["person_id"])
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("details", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_at", "events", ["at"])
    op.create_index("ix_events_subject", "events", ["subject"])


def _tell_who_may_sign_in() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_table(
        "invitations",
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Take all of it back."""
    for table in (
        *("secrets", "attempts", "invitations", "sessions", "accounts"),
        *("events", "corrections", "probes"),
    ):
        op.drop_table(table)
    for column in ("at", "device", "outcome"):
        op.drop_index(f"ix_visits_{column}", "visits")
    op.drop_column("devices", "told_state")
    op.drop_column("visits", "reason")
    for column in ("visit_id", "shows_id"):
        op.drop_index(f"ix_faces_{column}", "faces")
    for table, columns in (
        ("faces", ("shows_id", "visit_id", "negative")),
        ("people", ("hours", "valid_until", "valid_from")),
    ):
        for column in columns:
            op.drop_column(table, column)
