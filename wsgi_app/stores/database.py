"""The database: its connections, and bringing its schema up to date."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.pool import ConnectionPoolEntry

from wsgi_app.base.errors import BackupError, ConfigError, Unavailable
from wsgi_app.base.sources import utc_now
from wsgi_app.stores.columns import read_json
from wsgi_app.stores.schema_snapshots import keep_snapshot, remove_snapshots, snapshots_of

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest migration's: each file's name begins with its own.
REVISIONS = {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
SCHEMA_REVISION = max(REVISIONS)
BUSY_TIMEOUT_MS = 10_000
WIPE_TIMEOUT_MS = 50  # a press may wait for as long

log = structlog.get_logger("porteiro")

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

    def migrate(self, *, keeps_snapshot: bool = True) -> None:
        """Bring the schema up to date; many processes may call it at once.

        Args:
            keeps_snapshot: whether a database that is changed is copied first, so that there is a way back.

        Raises:
            ConfigError: a newer release wrote this database, it cannot be opened, or there is no room for
                the copy.
        """
        try:
            with self.engine.begin() as connection:
                if _revision(connection) == SCHEMA_REVISION:
                    return
            with self._writer.begin() as connection:
                self._bring_up_to_date(connection, keeps_snapshot=keeps_snapshot)
        except sa.exc.DatabaseError as error:
            raise ConfigError(
                f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error.orig}"
            ) from error

    def count_snapshots(self, before: datetime) -> int:
        """How many copies from before a change of the schema were made before a moment."""
        return sum(snapshot.at < before for snapshot in snapshots_of(self.file))

    def remove_snapshots(self, before: datetime | None = None) -> int:
        """Remove these, or all of them; gives how many."""
        return remove_snapshots(self.file, before)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @property
    def file(self) -> Path:
        """Where it is."""
        return Path(str(self.engine.url.database))

    def _bring_up_to_date(self, connection: sa.Connection, *, keeps_snapshot: bool) -> None:
        before = _revision(connection)
        if before == SCHEMA_REVISION:  # another process was faster
            return
        if before is not None:
            _refuse_newer(before, self.file)
            if keeps_snapshot:
                self._keep_snapshot(before)
        _upgrade(connection)

    def _keep_snapshot(self, revision: str) -> None:
        try:
            path = keep_snapshot(self.engine, self.file, revision, utc_now())
        except (OSError, BackupError) as error:
            why = error.values["why"] if isinstance(error, BackupError) else error
            raise ConfigError(
                f"The database's schema {revision} has to become {SCHEMA_REVISION}, and the copy that is "
                f"made before that cannot be put beside {self.file}: {why}"
            ) from error
        log.warning("the schema is changed", before=revision, after=SCHEMA_REVISION, copy=str(path))

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
    try:
        database.migrate()
    except BaseException:
        database.close()  # whoever rolls it back needs it alone
        raise
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


def _refuse_newer(revision: str, file: Path) -> None:
    if revision in REVISIONS:
        return
    back = "restore a backup that it made: porteiro restore DIR --to FOLDER"
    if older := [kept for kept in snapshots_of(file) if kept.revision in REVISIONS]:
        back = (
            f"stop the server and type: porteiro roll-back. That puts {older[0].path} in the database's "
            f"place, of {older[0].at:%Y-%m-%d %H:%M:%S} UTC; what happened since is lost"
        )
    raise ConfigError(
        f"The database's schema {revision} is newer than this release's {SCHEMA_REVISION}. Install the "
        f"release that wrote it; or, to go on with this one, {back}."
    )


def _upgrade(connection: sa.Connection) -> None:
    # Imported here: a worker that finds its database up to date starts without it.
    import alembic.command  # noqa: PLC0415
    import alembic.config  # noqa: PLC0415

    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    alembic.command.upgrade(settings, "head")
