"""Copies of a database: made while others write, and looked through before anybody relies on them."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from wsgi_app.base.errors import BackupError, Unavailable
from wsgi_app.stores.files import PRIVATE_FILE, flush

ANY_ERROR = (sa.exc.DatabaseError, sqlite3.DatabaseError)


class Counts(msgspec.Struct, frozen=True):
    """How much a database has of each."""

    people: int = 0
    faces: int = 0
    visits: int = 0
    devices: int = 0
    accounts: int = 0


def copy_database(engine: sa.Engine, target: Path) -> None:
    """Write one moment of a database into a new file, on the disk at return; writers do not wait for it.

    Raises:
        BackupError: the database cannot be read whole.
        OSError: the file cannot be made.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    try:
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        flush(target)
    except BaseException as error:
        target.unlink()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        if isinstance(error, ANY_ERROR):
            raise BackupError("backup:database", why=why_of(error)) from error
        raise


@contextmanager
def reading(file: Path, *, still: bool = True) -> Iterator[sa.Connection]:
    """A connection that can change nothing.

    Args:
        file: of the database.
        still: whether nobody writes to it meanwhile; nothing is put beside it then.
    """
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True),
        poolclass=NullPool,
        hide_parameters=True,
    )
    with engine.connect() as connection:
        yield connection


def examine(file: Path) -> tuple[str, Counts]:
    """Read a copy through: its schema's revision, and how much is in it.

    Raises:
        BackupError: it is damaged, or no database of a house.
    """
    try:
        with reading(file) as connection:
            (said, *_) = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalars().all()
            if said != "ok":
                raise BackupError("backup:database", why=said)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise BackupError("backup:database_torn")
            (revision,) = (
                connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
            )
            return str(revision), _counts(connection)
    except (*ANY_ERROR, ValueError) as error:  # a ValueError: not exactly one revision
        raise BackupError("backup:database", why=why_of(error)) from error


def why_of(error: Exception) -> str:
    """What SQLite says of an error, without the statement and all that SQLAlchemy adds."""
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    return str(cause.orig if isinstance(cause, sa.exc.DBAPIError) else cause)


def _counts(connection: sa.Connection) -> Counts:
    tables = set(sa.inspect(connection).get_table_names())
    return Counts(
        **{
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
            for name in Counts.__struct_fields__
            if name in tables
        }
    )
