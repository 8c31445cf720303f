"""The database: its connections, and bringing its schema up to date."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from wsgi_app.base.errors import ConfigError, Unavailable
from wsgi_app.stores.columns import read_json

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest migration's: each file's name begins with its own.
SCHEMA_REVISION = max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
BUSY_TIMEOUT_MS = 10_000
WIPE_TIMEOUT_MS = 50  # a press may wait for as long

# WAL lets the pages be read while a visit is written; FULL puts each commit on disk before it returns.
# What is deleted is overwritten, so that nobody who is forgotten stays in the file.
SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
)


@dataclass
class _Unit:
    """A writing transaction that this thread is in, and what is to be done with files at its end."""

    connection: sa.Connection
    kept: list[Callable[[], object]]
    lost: list[Callable[[], object]]


class Database:
    """Connections to one database; safe to share between threads, not between processes.

    Whoever reads or writes while the same thread writes takes part in that one transaction: several changes
    are made together by opening ``write`` around them.

    Args:
        url: of the database.
        wake: called after each change, when it is on disk.
    """

    def __init__(self, url: str, wake: Callable[[], None] = lambda: None):
        self._wake = wake
        # Values stay out of error messages, and so out of the log: names are private, hashes are keys.
        self.engine = sa.create_engine(url, hide_parameters=True, json_deserializer=read_json)
        sa.event.listen(self.engine, "connect", _prepare_connection)
        sa.event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(write=True)
        self._thread = threading.local()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment of the database.

        Raises:
            Unavailable: the database does not answer.
        """
        if self._unit is not None:
            yield self._unit.connection
            return
        with _answering(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start; committed to disk when it ends well.

        One inside of another is committed with that one; where it fails, it alone is as if it had not been.

        Raises:
            Unavailable: the database does not answer, or others kept it locked too long.
        """
        if self._unit is not None:
            with self._unit.connection.begin_nested():
                yield self._unit.connection
            return
        kept: list[Callable[[], object]] = []
        lost: list[Callable[[], object]] = []
        try:
            with _answering(), self._writer.begin() as connection:
                self._thread.unit = _Unit(connection, kept, lost)
                try:
                    yield connection
                finally:
                    self._thread.unit = None
        except BaseException:
            for act in lost:
                act()
            raise
        for act in kept:
            act()
        self._wake()

    def once_kept(self, act: Callable[[], object]) -> None:
        """Have something done when the transaction that this thread writes in is on disk."""
        self._writing.kept.append(act)

    def unless_kept(self, act: Callable[[], object]) -> None:
        """Have something done if that transaction fails."""
        self._writing.lost.append(act)

    def value(self, statement: str) -> Any:
        """The one value that a constant statement gives, without a transaction: for what every photo asks.

        Raises:
            Unavailable: the database does not answer.
        """
        if self._unit is not None:
            return self._unit.connection.exec_driver_sql(statement).scalar_one()
        with _answering(), closing(self.engine.raw_connection()) as connection:
            return connection.cursor().execute(statement).fetchone()[0]

    def wipe(self) -> bool:
        """Have nothing on disk any more of what was deleted; whether that was done.

        It is not where others read or write just now. Until it is, the write-ahead log has the pages as they
        were before.
        """
        with suppress(sqlite3.OperationalError), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {WIPE_TIMEOUT_MS}")
            try:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            return not busy
        return False

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

    @property
    def _unit(self) -> _Unit | None:
        unit: _Unit | None = getattr(self._thread, "unit", None)
        return unit

    @property
    def _writing(self) -> _Unit:
        if self._unit is None:
            raise RuntimeError("this thread writes nothing now")
        return self._unit


def open_database(url: str, wake: Callable[[], None] = lambda: None) -> Database:
    """Open a database, made and brought up to date where needed; see ``Database`` and its ``migrate``."""
    folder = Path(str(sa.make_url(url).database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error}") from error
    database = Database(url, wake)
    database.migrate()
    return database


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        raise Unavailable("unavailable:database") from error


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
    revisions = {
        script.revision for script in alembic.script.ScriptDirectory.from_config(settings).walk_revisions()
    }
    revision = _revision(connection)
    if revision is not None and revision not in revisions:
        raise ConfigError(
            f"The database's schema {revision} is newer than this release's {SCHEMA_REVISION}; "
            "install the release that wrote it."
        )
    alembic.command.upgrade(settings, "head")
