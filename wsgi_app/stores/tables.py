"""The tables, as the newest migration leaves them."""

import sqlalchemy as sa

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.doors import DoorKind, DoorState
from wsgi_app.base.faces import MeasuredFace, Quality
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.purges import HoldReason
from wsgi_app.base.vitals import Vitals
from wsgi_app.stores.columns import EnumText, TypedJson, UtcDateTime
from wsgi_app.stores.earlier import face_with_names, vitals_with_queue

UNREADABLE = ("?",)  # in place of hours that are no list of texts: whoever reads these refuses them

metadata = sa.MetaData()

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("valid_from", UtcDateTime),
    sa.Column("valid_until", UtcDateTime),
    sa.Column("hours", TypedJson(tuple[str, ...], UNREADABLE), nullable=False, server_default="[]"),
)

# A negative face is kept because it is not that person's; ``visit_id`` names the visit it was taken from,
# and ``shows_id`` whom that showed, once the visit is gone. ``unlike`` is how like a face was to the person's
# others, while somebody has to look whether it is theirs.
faces = sa.Table(
    "faces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column(
        "person_id", sa.Text, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("crop", sa.Text, nullable=False),
    sa.Column("quality", TypedJson(Quality), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("negative", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("visit_id", sa.Text, index=True),
    sa.Column("shows_id", sa.Text, index=True),
    sa.Column("unlike", sa.Float),
    sa.Column("crop_sha256", sa.Text),
)

# One row for each embedder that has seen the face, so that a change of models can be taken back.
embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("face_id", sa.Text, sa.ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("embedder", sa.Text, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

# One row, counted up in the same transaction as every change of the gallery.
gallery = sa.Table(
    "gallery",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
)

# A visit without a ``photo``, which is "" then, came when its door had sent more that day than is kept.
visits = sa.Table(
    "visits",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("outcome", EnumText(Outcome, Outcome.UNKNOWN), nullable=False, index=True),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
    sa.Column("score", sa.Float),
    sa.Column("face", TypedJson(MeasuredFace, upgrade=face_with_names)),
    sa.Column("photo", sa.Text, nullable=False),
    sa.Column("took_ms", sa.Float, nullable=False),
    sa.Column("reason", EnumText(Reason)),
    sa.Column("door_kind", EnumText(DoorKind, DoorKind.ADDRESS), nullable=False, server_default="address"),
    sa.Column("photo_sha256", sa.Text),
    sa.Index("ix_visits_door", "door_kind", "door"),
    sa.Index("ix_visits_door_at", "door_kind", "door", "at", "outcome", "reason"),
    sqlite_autoincrement=True,
)

# What the embedder made of a visit's face, where it was compared.
probes = sa.Table(
    "probes",
    metadata,
    sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("embedder", sa.Text, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

# What a person said of a visit, beside its verdict: who it was, that it was nobody known, or to leave it.
corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("verdict", EnumText(CorrectionVerdict, CorrectionVerdict.IGNORED), nullable=False),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="CASCADE"), index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

# What somebody did by hand and can take back for a while: how the rows were before, and what they are now.
changes = sa.Table(
    "changes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("deed", EnumText(Deed, Deed.CORRECTED), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("rows", sa.LargeBinary, nullable=False),
)

# The ids of people and visits in these rows, and the crops that stay on disk for them: whoever forgets a
# person or a visit forgets the changes that tell of them.
change_names = sa.Table(
    "change_names",
    metadata,
    sa.Column("change_id", sa.Text, sa.ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True, index=True),
)

# Doors at which somebody was refused again and again of late.
tried_doors = sa.Table(
    "tried_doors",
    metadata,
    sa.Column("door_kind", EnumText(DoorKind, DoorKind.ADDRESS), primary_key=True),
    sa.Column("door", sa.Text, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
)

# What a door, or all doors without a token, sent on the last day of the house on which they sent anything.
door_days = sa.Table(
    "door_days",
    metadata,
    sa.Column("door", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("visits", sa.Integer, nullable=False),
    sa.Column("photo_bytes", sa.BigInteger, nullable=False),
    sa.Column("unkept", sa.Integer, nullable=False),
)

# What happened, in the order of happening: written in the same transaction as what it tells. The live feed
# tails it, and the rows that have a ``by`` are the audit log.
events = sa.Table(
    "events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("by", sa.Text),
    sa.Column("details", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

# Who may sign in. Passwords are in here as argon2 makes of them, keys of sessions and links as their SHA-256.
accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),
    sa.Column(
        "account_id", sa.Text, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

# One-time links: to make an account with a role, or to give one that is there a new password.
invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

# Sign-ins that failed of late, by address and by account.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
)

# Keys that all processes share, made at random when first asked for.
secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

# What a device was told, by its idempotency key, for as long as a retry may ask again; and of which
# photos, by the SHA-256 of each.
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("door_kind", EnumText(DoorKind, DoorKind.ADDRESS), primary_key=True),
    sa.Column("door", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column(
        "visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("digests", sa.Text, nullable=False, server_default=""),
)

# The doors. A token is in here as its SHA-256, which signs nothing, and as the salt from which the server's
# secret, which is not in here, makes it again; tokens of earlier releases have none. ``reported_at`` is the
# device's own time of its last heartbeat that was signed.
devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("boot", sa.Text),
    sa.Column("pressed_ms", sa.BigInteger),
    sa.Column("pressed_at", UtcDateTime),
    sa.Column("vitals", TypedJson(Vitals, upgrade=vitals_with_queue)),
    sa.Column("heard_at", UtcDateTime),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("told_state", EnumText(DoorState)),
    sa.Column("salt", sa.LargeBinary),
    sa.Column("reported_at", UtcDateTime),
)

# A row once the folder of the photos has its marker: from then on one without it is another folder.
photo_folder = sa.Table(
    "photo_folder", metadata, sa.Column("marked_at", UtcDateTime, primary_key=True, nullable=False)
)

# Each boot of a device of which a press was judged, and when that was the first time.
boots = sa.Table(
    "boots",
    metadata,
    sa.Column("device_id", sa.Text, sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("boot", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
)

# One row: both clocks as the last purge saw them, and why the next one waits; see ``stores/purges.py``.
purges = sa.Table(
    "purges",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("boot", sa.Text),
    sa.Column("uptime_s", sa.Float),
    sa.Column("held_at", UtcDateTime),
    sa.Column("reason", EnumText(HoldReason, HoldReason.MOST_VISITS)),
    sa.Column("visits", sa.Integer),
    sa.Column("of_visits", sa.Integer),
    sa.Column("counts", TypedJson(dict[str, int], {})),
    sa.Column("newest", sa.Integer),
    sa.Column("approved_by", sa.Text),
)
