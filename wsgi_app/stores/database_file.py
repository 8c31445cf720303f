"""The database's file as it is seen from outside: whether it can be used, and is the one that was opened."""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from wsgi_app.base.errors import ConfigError
from wsgi_app.stores.schema import refuse_newer

MAGIC = b"SQLite format 3\0"
WRITERS = 0o222  # permissions
COMPANIONS = ("-wal", "-shm")  # the write-ahead log and its index, which all connections share

FileId = tuple[int, int]  # device and inode: another file in its place has another one


@dataclass(frozen=True)
class FileIds:
    """The files that a connection opened.

    Attributes:
        main: the database.
        companions: those beside it, by their endings, as far as they were there.
    """

    main: FileId | None
    companions: dict[str, FileId]

    @classmethod
    def of(cls, path: Path) -> "FileIds":
        """What lies at a path now."""
        ids = cls(file_id(path), {})
        ids.are_moved(path)
        return ids

    def are_moved(self, path: Path) -> bool:
        """Whether one of them is not at its place any more, so that what is written there would be lost.

        Companions that are made only now are known from now on.
        """
        for ending in COMPANIONS:
            one = file_id(beside(path, ending))
            if one is not None:
                self.companions.setdefault(ending, one)
            if one != self.companions.get(ending):
                return True
        return self.is_main_moved(path)

    def is_main_moved(self, path: Path) -> bool:
        """Whether the database itself is not at its place any more."""
        return file_id(path) != self.main


def beside(path: Path, ending: str) -> str:
    """The file beside a database with an ending of ``COMPANIONS``."""
    return f"{path}{ending}"


def file_id(path: Path | str) -> FileId | None:
    """Which file lies at a path; ``None`` for none."""
    try:
        status = os.stat(path)  # noqa: PTH116  # each transaction asks several times
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_read_only(path: Path) -> bool:
    """Whether nobody may write to a file, or this process may not: its disk may be mounted so.

    Who is root may write whatever the permissions say; where they let nobody, somebody meant that.
    """
    try:
        return not os.stat(path).st_mode & WRITERS or not os.access(path, os.W_OK)  # noqa: PTH116  # likewise
    except OSError:
        return False


def read_only_connection(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    """A connection that changes nothing, its own file's write-ahead log neither.

    Args:
        path: of the database.
        alone: reads the file by itself, as if there were no log beside it.
    """
    query = "mode=ro&immutable=1" if alone else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True, timeout=1.0)


def set_aside(path: Path, ids: FileIds) -> list[Path]:
    """Put away the log of a database in whose place another one lies, which it would be read into.

    Args:
        path: of the database.
        ids: of the earlier files; what lies there and is none of these stays.

    Returns:
        Where they are now.
    """
    moved = []
    for ending, one in ids.companions.items():
        companion = beside(path, ending)
        if file_id(companion) == one:
            aside = Path(f"{companion}.replaced-{one[1]}")
            with suppress(OSError):
                Path(companion).replace(aside)
                moved.append(aside)
    return moved


def refuse_unusable(path: Path) -> None:
    """Refuse a database that a server could not open, or that a newer release wrote; nothing is written.

    Raises:
        ConfigError: it says why.
    """
    if why := _why_unusable(path):
        raise ConfigError(f"PORTEIRO_DATABASE_URL: the database cannot be opened: {why}")
    if revision := _revision(path):
        refuse_newer(revision, path)


def why_not_made(folder: Path) -> str:
    """Why nothing can be made in a folder, or not the folder itself; ``""`` where it can be."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"this user may not write to {there}"


def _why_unusable(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return f"{path} is no file"
        if is_read_only(path):
            return f"{path} may not be written to"
        with path.open("rb") as file:
            if status.st_size and file.read(len(MAGIC)) != MAGIC:
                return f"{path} is no database"
    except (FileNotFoundError, NotADirectoryError):
        return why_not_made(path.parent)
    except OSError as error:
        return f"{error.strerror}: {path}"
    return ""


def _revision(path: Path) -> str:
    """The schema's revision; ``""`` where that cannot be told just now: whoever opens it will say more."""
    with suppress(sqlite3.Error), closing(read_only_connection(path, alone=True)) as connection:
        for (revision,) in connection.execute("SELECT version_num FROM alembic_version"):
            return str(revision)
    return ""
