"""Looking after the database's file from outside of all transactions: is it the same still, and whole?"""

import sqlite3
import struct
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import structlog

from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.stores.database_file import FileIds, beside, file_id, read_only_connection, set_aside
from wsgi_app.stores.troubles import LASTING, Trouble, TroubleFile, trouble_of

THOROUGH_BYTES = 64 * MEBIBYTE  # up to which indexes are held against their tables too
DAILY_S = 86_400.0
HEAD = struct.Struct(">16xH10xI")  # of a database's file: the bytes of a page, and how many pages there are
LARGEST_PAGE = 65_536  # which 1 stands for

# How long it is not looked through again, as a multiple of how long that took, and at least in seconds: where
# the database itself changed, which happens seldom, and where its write-ahead log did, as with each press.
PAUSES = {"database": (10.0, 1.0), "log": (100.0, 5.0)}

log = structlog.get_logger("porteiro")


class DatabaseWatch:
    """Finds out within seconds what transactions would meet late or never, and tells all processes.

    Args:
        path: of the database.
        shared: where it is told.
        clock: monotonic seconds.
    """

    def __init__(self, path: Path, shared: TroubleFile, clock: Callable[[], float] = time.monotonic):
        self._path, self._shared, self._clock = path, shared, clock
        self._files: FileIds | None = None
        self._looked: dict[str, tuple[int, ...] | None] = {}
        self._at, self._took_s, self._events, self._size = -DAILY_S, 0.0, 0, 0

    def look(self) -> None:
        """Look once: at the file's place always, and at what is in it where that is due."""
        if self._files is None or self._files.main is None:
            self._files = FileIds.of(self._path)
        main = file_id(self._path)
        if main != self._files.main:
            if main is not None:
                set_aside(self._path, self._files)
            self._tell(Trouble.REPLACED, "another file, or none, is in its place")
            return
        if self._shared.read() is not None:
            return
        self._files = FileIds.of(self._path)
        state = {"database": _state(self._path), "log": _state(beside(self._path, "-wal"))}
        size, before = _size(state["database"]), self._size
        self._size = size
        if size < before and size < own_size(self._path):
            self._tell(Trouble.DAMAGED, f"it was cut off: {size} bytes of {before}")
        elif main is not None and self._is_due(state):
            self._look_through(state)

    def _is_due(self, state: dict[str, tuple[int, ...] | None]) -> bool:
        since = self._clock() - self._at
        return since >= DAILY_S or any(
            state[part] != self._looked.get(part) and since >= max(least, times * self._took_s)
            for part, (times, least) in PAUSES.items()
        )

    def _look_through(self, state: dict[str, tuple[int, ...] | None]) -> None:
        began = self._clock()
        try:
            damage = damage_in(self._path, THOROUGH_BYTES)
            events = self._count()
        except (sqlite3.Error, OSError) as error:
            if trouble_of(error) not in LASTING:  # as where it is locked: the next look will do
                return
            damage, events = str(error), self._events
        self._at = self._clock()
        self._took_s, self._looked = self._at - began, state
        if damage:
            self._tell(Trouble.DAMAGED, damage)
        elif events < self._events:
            self._tell(Trouble.REPLACED, f"it knows of {events} events, and knew of {self._events}")
        self._events = max(self._events, events)

    def _count(self) -> int:
        """How many events there ever were, by the file alone: its log may be of what was there before."""
        try:
            with closing(read_only_connection(self._path, alone=True)) as connection:
                rows = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchall()
        except sqlite3.Error:  # somebody writes to it just now
            return self._events
        return int(rows[0][0]) if rows else self._events

    def _tell(self, trouble: Trouble, why: str) -> None:
        if self._shared.read() is None:
            log.error("the database cannot be used", database=str(self._path), trouble=str(trouble), why=why)
            self._shared.write(trouble)


def own_size(path: Path) -> int:
    """How many bytes a database has by its own word, its log left aside; 1 where it does not say."""
    head = b""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        return 1
    page_bytes, pages = HEAD.unpack(head)
    return pages * (LARGEST_PAGE if page_bytes == 1 else page_bytes) or 1


def damage_in(path: Path, thorough_bytes: int) -> str:
    """The first damage that SQLite finds in a database; ``""`` where it is whole.

    Args:
        path: of the database.
        thorough_bytes: up to which size indexes are held against their tables too, which takes longer.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    pragma = "integrity_check" if path.stat().st_size <= thorough_bytes else "quick_check"
    with closing(read_only_connection(path)) as connection:
        (said,) = connection.execute(f"PRAGMA {pragma}(1)").fetchone()
        if said != "ok":
            return str(said)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
        return "" if tables.fetchone()[0] else "it has no tables"


def _size(state: tuple[int, ...] | None) -> int:
    return state[0] if state else 0


def _state(path: Path | str) -> tuple[int, ...] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
