"""The database: its connections, its transactions, and what it does when it cannot be used."""

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
from sqlalchemy.pool import ConnectionPoolEntry

from wsgi_app.base.errors import ConfigError, StorageTrouble
from wsgi_app.stores.columns import read_json
from wsgi_app.stores.guard import DatabaseGuard
from wsgi_app.stores.patience import COMMANDS, Patience, Turns
from wsgi_app.stores.schema import SCHEMA_REVISION, bring_up_to_date, revision_of
from wsgi_app.stores.schema_snapshots import remove_snapshots, snapshots_of
from wsgi_app.stores.troubles import TroubleFile

UPGRADE_S = 60.0  # for which processes that start together wait for the one that brings the schema up to date
WIPE_TIMEOUT_MS = 50  # a press may wait for as long
FILES = "files"  # in what is kept of a connection: those that it opened

# WAL lets the pages be read while a visit is written; FULL puts each commit on disk before it returns.
# What is deleted is overwritten, so that nobody who is forgotten stays in the file.
SQLITE_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")


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

    Nothing is kept in a file that is not in its place any more, or that was found damaged: once that is so,
    every transaction is refused until another process opens the database.

    Args:
        url: of the database.
        wake: called after each change, when it is on disk.
        patience: how long to wait for others.
        shared: what other processes of the same server found wrong.
    """

    def __init__(
        self,
        url: str,
        wake: Callable[[], None] = lambda: None,
        patience: Patience = COMMANDS,
        shared: TroubleFile | None = None,
    ):
        self._wake, self._patience, self._turns = wake, patience, Turns(patience)
        # Values stay out of error messages, and so out of the log: names are private, hashes are keys.
        self.engine = sa.create_engine(url, hide_parameters=True, json_deserializer=read_json)
        self.path = Path(str(self.engine.url.database))
        self._guard = DatabaseGuard(self.path, shared)
        sa.event.listen(self.engine, "connect", self._prepare_connection)
        sa.event.listen(self.engine, "begin", self._begin)
        self._writer = self.engine.execution_options(write=True)
        self._thread = threading.local()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment of the database.

        Raises:
            Unavailable: the database does not answer, or is not to be trusted.
        """
        if self._unit is not None:
            yield self._unit.connection
            return
        with self._answering(), self.engine.begin() as connection:
            self._guard.refuse_moved(connection.info[FILES])
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start; committed to disk when it ends well.

        One inside of another is committed with that one; where it fails, it alone is as if it had not been.

        Raises:
            Unavailable: the database does not answer, is not to be trusted, may not be written to, or others
                kept it locked too long.
        """
        if self._unit is not None:
            with self._unit.connection.begin_nested():
                yield self._unit.connection
            return
        kept: list[Callable[[], object]] = []
        lost: list[Callable[[], object]] = []
        try:
            with self._writing_connection() as connection:
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

    def expect_write(self) -> None:
        """Refuse early what would end in a change, where none can be kept now.

        Others are waited for only where that was in vain of late: this tells when it is over, in a moment.

        Raises:
            Unavailable: as ``write``.
        """
        with self._answering():
            self._guard.refuse_read_only()
            if self._turns.are_stuck:
                self.try_writing()

    def try_writing(self) -> None:
        """See whether a change could be kept now: get the write lock, and let it go.

        Raises:
            Unavailable: as ``write``.
        """
        with self._writing_connection():
            pass

    def once_kept(self, act: Callable[[], object]) -> None:
        """Have something done when the transaction that this thread writes in is on disk."""
        self._writing.kept.append(act)

    def unless_kept(self, act: Callable[[], object]) -> None:
        """Have something done if that transaction fails."""
        self._writing.lost.append(act)

    def value(self, statement: str) -> Any:
        """The one value that a constant statement gives, without a transaction: for what every photo asks.

        Raises:
            Unavailable: as ``read``.
        """
        if self._unit is not None:
            return self._unit.connection.exec_driver_sql(statement).scalar_one()
        with self._answering(), closing(self.engine.raw_connection()) as connection:
            self._guard.refuse_moved(connection.info[FILES])
            row = connection.cursor().execute(statement).fetchone()
            if row is None:
                raise sa.exc.NoResultFound
            return row[0]

    def wipe(self) -> bool:
        """Have nothing on disk any more of what was deleted; whether that was done.

        It is not where others read or write just now. Until it is, the write-ahead log has the pages as they
        were before.
        """
        with (
            suppress(StorageTrouble),
            self._answering(),
            closing(self.engine.raw_connection()) as connection,
        ):
            self._guard.refuse_moved(connection.info[FILES])
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {WIPE_TIMEOUT_MS}")
            try:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {self._patience.wait_ms}")
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
                if revision_of(connection) == SCHEMA_REVISION:
                    return
            with self._writer.execution_options(upgrades=True).begin() as connection:
                bring_up_to_date(connection, self.path, keeps_snapshot=keeps_snapshot)
        except sa.exc.DatabaseError as error:
            self._guard.tell_damage(error)
            raise ConfigError(
                f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error.orig}"
            ) from error

    def count_snapshots(self, before: datetime) -> int:
        """How many copies from before a change of the schema were made before a moment."""
        return sum(snapshot.at < before for snapshot in snapshots_of(self.path))

    def remove_snapshots(self, before: datetime | None = None) -> int:
        """Remove these, or all of them; gives how many."""
        return remove_snapshots(self.path, before)

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

    @contextmanager
    def _writing_connection(self) -> Iterator[sa.Connection]:
        with self._answering():
            self._guard.refuse_read_only()
            with self._writer.begin() as connection:
                files = connection.info[FILES]
                self._guard.refuse_moved(files)
                yield connection
            self._guard.refuse_moved(files)  # what was kept in a file that went meanwhile is told to nobody
            self._guard.kept()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if self._unit is None:
            self._guard.refuse_known()
        with self._guard.answering():
            yield

    def _prepare_connection(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        self._guard.refuse_other_file()  # which would be read together with the log of the one before
        connection.isolation_level = None  # sqlite3 begins no transaction by itself: _begin does
        connection.execute(f"PRAGMA busy_timeout = {self._patience.wait_ms}")
        for pragma in SQLITE_PRAGMAS:
            _execute_when_free(connection, f"PRAGMA {pragma}")
        entry.info[FILES] = self._guard.opened()

    def _begin(self, connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("write", False):
            connection.exec_driver_sql("BEGIN")
        elif options.get("upgrades", False):
            self._turns.begin_within(connection, UPGRADE_S)
        else:
            self._turns.begin(connection)


def open_database(
    url: str,
    wake: Callable[[], None] = lambda: None,
    patience: Patience = COMMANDS,
    shared: TroubleFile | None = None,
) -> Database:
    """Open a database, made and brought up to date where needed; see ``Database`` and its ``migrate``."""
    database = Database(url, wake, patience, shared)
    try:
        database.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error}") from error
    try:
        database.migrate()
    except BaseException:
        database.close()  # whoever rolls it back needs it alone
        raise
    return database


def _execute_when_free(connection: Any, statement: str) -> None:
    # SQLite itself does not wait when several processes turn one new database to WAL at the same moment.
    deadline = time.monotonic() + COMMANDS.wait_s
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
