"""The database: its connections, its transactions, and what it does when it cannot be used."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from wsgi_app.base.errors import ConfigError, DatabaseTrouble
from wsgi_app.stores.columns import read_json
from wsgi_app.stores.database_file import FileIds, database_path, file_id, is_read_only, set_aside
from wsgi_app.stores.patience import COMMANDS, MOMENT_S, Patience, Places
from wsgi_app.stores.schema import SCHEMA_REVISION, revision_of, upgrade
from wsgi_app.stores.troubles import ERRORS, LASTING, Trouble, TroubleFile, TroubleLog, trouble_of

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
        self._wake, self._patience, self._shared = wake, patience, shared
        self.path = database_path(url)
        # Values stay out of error messages, and so out of the log: names are private, hashes are keys.
        self.engine = sa.create_engine(url, hide_parameters=True, json_deserializer=read_json)
        sa.event.listen(self.engine, "connect", self._prepare_connection)
        sa.event.listen(self.engine, "begin", self._begin)
        self._writer = self.engine.execution_options(write=True)
        self._thread = threading.local()
        self._log = TroubleLog()
        self._files: FileIds | None = None  # of the latest connection
        self._lasting: Trouble | None = None
        self._is_stuck = False  # whether waiting for others was in vain of late

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
            self._refuse_moved(connection.info)
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
            self._refuse_read_only()
            if self._is_stuck:
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
            self._refuse_moved(connection.info)
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
            suppress(DatabaseTrouble),
            self._answering(),
            closing(self.engine.raw_connection()) as connection,
        ):
            self._refuse_moved(connection.info)
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {WIPE_TIMEOUT_MS}")
            try:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {self._wait_ms}")
            return not busy
        return False

    def migrate(self) -> None:
        """Bring the schema up to date; many processes may call it at once.

        Raises:
            ConfigError: a newer release wrote this database, or it cannot be opened.
        """
        try:
            with self.engine.begin() as connection:
                if revision_of(connection) == SCHEMA_REVISION:
                    return
            with self._writer.execution_options(upgrades=True).begin() as connection:
                upgrade(connection)
        except sa.exc.DatabaseError as error:
            if trouble_of(error) in LASTING and self._shared:
                self._shared.write(Trouble.DAMAGED)
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

    @property
    def _wait_ms(self) -> int:
        return round(1000 * self._patience.wait_s)

    @contextmanager
    def _writing_connection(self) -> Iterator[sa.Connection]:
        with self._answering():
            self._refuse_read_only()
            with self._writer.begin() as connection:
                files = connection.info
                self._refuse_moved(files)
                yield connection
            self._refuse_moved(files)  # what was kept in a file that went meanwhile is told to nobody
            self._log.end()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Refuse a database that is not to be trusted, and say what is wrong where it fails inside."""
        if self._unit is None:
            self._refuse_known()
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, sa.exc.NoResultFound) as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            cause = getattr(error, "orig", None) or error
            raise self._found(trouble, f"{type(cause).__name__}: {cause}") from error

    def _refuse_known(self) -> None:
        if self._files and self._files.is_main_moved(self.path):
            raise self._moved(self._files)
        if self._shared is not None and (told := self._shared.read()):
            raise self._found(told, "a process of this server found it")
        if self._lasting:
            raise self._found(self._lasting, "it was found before")

    def _refuse_moved(self, kept: MutableMapping[Any, Any]) -> None:
        files: FileIds = kept[FILES]
        if files.are_moved(self.path):
            raise self._moved(files)

    def _moved(self, files: FileIds) -> DatabaseTrouble:
        if file_id(self.path) not in (None, files.main):
            set_aside(self.path, files)
        return self._found(Trouble.REPLACED, f"{self.path} or its log is not the file that was opened")

    def _refuse_read_only(self) -> None:
        if is_read_only(self.path):
            raise self._found(Trouble.READ_ONLY, f"{self.path} may not be written to")

    def _found(self, trouble: Trouble, why: str) -> DatabaseTrouble:
        self._log.tell(trouble, why)
        if trouble in LASTING and trouble != self._lasting:
            self._lasting = trouble
            if self._shared is not None and self._shared.read() is None:
                self._shared.write(trouble)
        return ERRORS[trouble]()

    def _prepare_connection(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        if self._files and self._files.is_main_moved(self.path):
            raise self._moved(self._files)
        connection.isolation_level = None  # sqlite3 begins no transaction by itself: _begin does
        connection.execute(f"PRAGMA busy_timeout = {self._wait_ms}")
        for pragma in SQLITE_PRAGMAS:
            self._execute_when_free(connection, f"PRAGMA {pragma}")
        self._files = entry.info[FILES] = FileIds.of(self.path)

    def _execute_when_free(self, connection: Any, statement: str) -> None:
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

    def _begin(self, connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("write", False):
            connection.exec_driver_sql("BEGIN")
        elif options.get("upgrades", False):
            self._begin_within(connection, UPGRADE_S)
        elif self._patience.places is None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            self._begin_in_place(connection, self._patience.places)

    def _begin_in_place(self, connection: sa.Connection, places: Places) -> None:
        """Take turns with other writers for a moment, and wait longer only where a place to wait is free."""
        was_stuck, self._is_stuck = self._is_stuck, True
        try:
            self._begin_within(connection, MOMENT_S)
        except sa.exc.OperationalError as error:
            if was_stuck or trouble_of(error) is not Trouble.LOCKED:
                raise
            with places.one() as has_place:
                if not has_place:
                    raise
                self._begin_within(connection, self._patience.wait_s - MOMENT_S)
        self._is_stuck = False

    def _begin_within(self, connection: sa.Connection, seconds: float) -> None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {self._wait_ms}")


def open_database(
    url: str,
    wake: Callable[[], None] = lambda: None,
    patience: Patience = COMMANDS,
    shared: TroubleFile | None = None,
) -> Database:
    """Open a database, made and brought up to date where needed; see ``Database`` and its ``migrate``."""
    try:
        database_path(url).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PORTEIRO_DATABASE_URL: the database cannot be opened: {error}") from error
    database = Database(url, wake, patience, shared)
    database.migrate()
    return database
