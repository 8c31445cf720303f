"""A door is a kind and a name: two columns in place of one text."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

VISITS = sa.table("visits", sa.column("door_kind", sa.Text), sa.column("door", sa.Text))
DEVICE, ADDRESS = "device:", "address:"
Expression = sa.ColumnElement[Any]

KEPT = ("key", "visit_id", "at", "status", "body")  # of an answer, beside its door


def upgrade() -> None:
    """Take each door's text apart."""
    op.drop_index("ix_visits_device", "visits")
    op.execute("ALTER TABLE visits RENAME COLUMN device TO door")
    op.add_column("visits", sa.Column("door_kind", sa.Text, nullable=False, server_default="address"))
    door = sa.column("door", sa.Text)
    op.execute(VISITS.update().values(door_kind=_kind(door), door=_name(door)))
    op.create_index("ix_visits_door", "visits", ["door_kind", "door"])
    device = sa.column("device", sa.Text)
    _make_answers_anew({"door_kind": _kind(device), "door": _name(device)})


def downgrade() -> None:
    """Put them together again."""
    text = sa.column("door_kind", sa.Text) + ":" + sa.column("door", sa.Text)
    op.drop_index("ix_visits_door", "visits")
    op.execute(VISITS.update().values(door=text))
    op.drop_column("visits", "door_kind")
    op.execute("ALTER TABLE visits RENAME COLUMN door TO device")
    op.create_index("ix_visits_device", "visits", ["device"])
    _make_answers_anew({"device": text})


def _kind(text: Expression) -> Expression:
    return sa.case((_has(text, DEVICE), "device"), else_="address")


def _name(text: Expression) -> Expression:
    # A text without a kind, or with nothing after it, is the name of an address as a whole.
    cut = [(_has(text, start), sa.func.substr(text, len(start) + 1)) for start in (DEVICE, ADDRESS)]
    return sa.case(*cut, else_=text)


def _has(text: Expression, start: str) -> Expression:
    return sa.and_(sa.func.substr(text, 1, len(start)) == start, sa.func.length(text) > len(start))


def _make_answers_anew(door: dict[str, Expression]) -> None:
    # Their door is a part of their primary key, which SQLite changes in no table that is there.
    for column in ("visit_id", "at"):
        op.drop_index(f"ix_answers_{column}", "answers")
    op.rename_table("answers", "former_answers")
    answers = op.create_table(
        "answers",
        *(sa.Column(name, sa.Text, primary_key=True) for name in door),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    kept = [sa.column(name, answers.c[name].type) for name in KEPT]
    former = sa.select(*door.values(), *kept).select_from(sa.table("former_answers"))
    op.execute(answers.insert().from_select([*door, *KEPT], former))
    op.drop_table("former_answers")
    for column in ("visit_id", "at"):
        op.create_index(f"ix_answers_{column}", "answers", [column])
