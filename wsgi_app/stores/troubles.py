"""What can be wrong with the database while it is served: for clients, for all processes, and for the log."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
import structlog

from wsgi_app.base.errors import DatabaseTrouble, StorageFull, StorageTrouble
from wsgi_app.base.seldom import Seldom

ROOM = 32  # bytes of the file that tells it: whole from its start, so that it can be told on a full disk

PRIMARY = 0xFF  # the part of SQLite's extended error codes that tells the kind
# Kinds of errors that are the statement's own, and no trouble of the database.
OF_STATEMENTS = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)

log = structlog.get_logger("porteiro")


class Trouble(StrEnum):
    """What is wrong."""

    DAMAGED = "damaged"
    """What the file holds is no whole database."""
    REPLACED = "replaced"
    """Another file is in its place, or an earlier state in it; what was written would be lost."""
    SPOILT = "spoilt"
    """One row holds what cannot be read; all others are what they were."""
    READ_ONLY = "read_only"
    """Nobody may write to it, or to its disk."""
    LOCKED = "locked"
    """Somebody else writes, and for long."""
    FULL = "full"
    """Its disk has no room for a change; it can be read."""
    SILENT = "silent"
    """It does not answer, for any other reason."""


# These end with the server: what it knows in memory may not be so any more.
LASTING = (Trouble.DAMAGED, Trouble.REPLACED)

ERRORS: dict[Trouble, Callable[[], StorageTrouble]] = {
    Trouble.DAMAGED: lambda: DatabaseTrouble("unavailable:database_damaged"),
    Trouble.REPLACED: lambda: DatabaseTrouble("unavailable:database_replaced"),
    Trouble.SPOILT: lambda: DatabaseTrouble("unavailable:database_damaged"),
    Trouble.READ_ONLY: lambda: DatabaseTrouble("unavailable:database_read_only"),
    Trouble.LOCKED: lambda: DatabaseTrouble("unavailable:database_locked"),
    Trouble.FULL: lambda: StorageFull("storage_full"),
    Trouble.SILENT: lambda: DatabaseTrouble("unavailable:database"),
}

KINDS = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
}


def trouble_of(error: BaseException) -> Trouble | None:
    """What an error of SQLite's or SQLAlchemy's says of the database; ``None`` for one of a statement."""
    if isinstance(error, sa.exc.NoResultFound):  # a row that every database has
        return Trouble.DAMAGED
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, sqlite3.DatabaseError) or isinstance(cause, OF_STATEMENTS):
        return None
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:  # not SQLite's, but of who reads: text that is no UTF-8, a time that is none
        return Trouble.SPOILT
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return Trouble.REPLACED
    return KINDS.get(code & PRIMARY, Trouble.SILENT)


class TroubleFile:
    """What one process found wrong for good, for all of them: a word in a file, read where it changed.

    Args:
        path: of the file; without one nothing is wrong.
    """

    def __init__(self, path: Path):
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._trouble: Trouble | None = None

    def read(self) -> Trouble | None:
        """What is wrong; ``None`` for nothing."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
            if seen != self._seen:
                word = self._path.read_text(encoding="ascii").strip()
                self._seen, self._trouble = seen, Trouble(word) if word else None
        except (OSError, ValueError):  # gone, or half a word: the next look will do
            return self._trouble
        return self._trouble

    def write(self, trouble: Trouble | None) -> None:
        """Tell it; ``None`` for nothing. Where the file cannot be written, the others find out themselves."""
        word = (trouble or "").ljust(ROOM).encode("ascii")
        with suppress(OSError):
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(number, word, 0)
            finally:
                os.close(number)


class TroubleLog:
    """Tells the log what is wrong when it begins, seldom again, and when it is over; never of each request.

    Args:
        database: its file, which the lines name.
        clock: monotonic seconds.
    """

    def __init__(self, database: Path, clock: Callable[[], float] = time.monotonic):
        self._database, self._seldom = str(database), Seldom(clock)

    def tell(self, trouble: Trouble, why: str) -> None:
        """Something is wrong."""
        if self._seldom.is_due(trouble):
            log.error("the database cannot be used", database=self._database, trouble=str(trouble), why=why)

    def end(self) -> None:
        """A change was kept, so nothing is."""
        if self._seldom.end():
            log.info("the database takes changes again", database=self._database)
