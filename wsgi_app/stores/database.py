"""The database: its tables, its connections, and bringing its schema up to date."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from wsgi_app.errors import ConfigError, Unavailable

SCHEMA_REVISION = "0002"
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000

# WAL lets the pages be read while a visit is written; FULL puts each commit on disk before it returns.
SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time, kept as naive UTC because SQLite knows no zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = sa.MetaData()

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

faces = sa.Table(
    "faces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column(
        "person_id", sa.Text, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("crop", sa.Text, nullable=False),
    sa.Column("quality", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
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

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
    sa.Column("score", sa.Float),
    sa.Column("face", sa.JSON),
    sa.Column("photo", sa.Text, nullable=False),
    sa.Column("took_ms", sa.Float, nullable=False),
    sqlite_autoincrement=True,
)

# What a device was told, by its idempotency key, for as long as a retry may ask again.
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column(
        "visit_id", sa.Text, sa.ForeignKey("visits.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# The doors. A token is in here as its SHA-256 alone, which is also the key that signs answers to the device.
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
    sa.Column("vitals", sa.JSON),
    sa.Column("heard_at", UtcDateTime),
    sa.Column("missed", sa.Integer, nullable=False),
)


class Database:
    """Connections to one database; safe to share between threads, not between processes."""

    def __init__(self, url: str):
        # Values stay out of error messages, and so out of the log: names are private, hashes are keys.
        self.engine = sa.create_engine(url, hide_parameters=True)
        sa.event.listen(self.engine, "connect", _prepare_connection)
        sa.event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(write=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment of the database.

        Raises:
            Unavailable: the database does not answer.
        """
        with _answering(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start; committed to disk when it ends well.

        Raises:
            Unavailable: the database does not answer, or others kept it locked too long.
        """
        with _answering(), self._writer.begin() as connection:
            yield connection

    def value(self, statement: str) -> Any:
        """The one value that a constant statement gives, without a transaction: for what every photo asks.

        Raises:
            Unavailable: the database does not answer.
        """
        with _answering(), closing(self.engine.raw_connection()) as connection:
            return connection.cursor().execute(statement).fetchone()[0]

    def migrate(self) -> None:
        """Bring the schema up to date; many processes may call it at once.

        Raises:
            ConfigError: a newer release wrote this database, or it cannot be opened.
        """
        try:
            with self.engine.begin() as connection:
                if _revision(connection) == SCHEMA_REVISION:
                    return
            with self._writer.begin() as connection:
                _upgrade(connection)
        except sa.exc.DatabaseError as error:
            raise ConfigError(
                f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error.orig}"
            ) from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database, made and brought up to date where needed; see ``Database.migrate``."""
    folder = Path(str(sa.make_url(url).database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error}") from error
    database = Database(url)
    database.migrate()
    return database


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        raise Unavailable("The database does not answer; try again.") from error


def _prepare_connection(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ARG001
    connection.isolation_level = None  # sqlite3 begins no transaction by itself: _begin does
    for pragma in SQLITE_PRAGMAS:
        _execute_when_free(connection, f"PRAGMA {pragma}")


def _execute_when_free(connection: Any, statement: str) -> None:
    # SQLite itself does not wait when several processes turn one new database to WAL at the same moment.
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: sa.Connection) -> None:
    # Imported here: a worker that finds its database up to date starts without it.
    import alembic.command  # noqa: PLC0415
    import alembic.config  # noqa: PLC0415
    import alembic.script  # noqa: PLC0415

    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    known = {
        script.revision for script in alembic.script.ScriptDirectory.from_config(settings).walk_revisions()
    }
    found = _revision(connection)
    if found is not None and found not in known:
        raise ConfigError(
            f"The database's schema {found} is newer than this release's {SCHEMA_REVISION}; "
            "install the release that wrote it."
        )
    alembic.command.upgrade(settings, "head")
