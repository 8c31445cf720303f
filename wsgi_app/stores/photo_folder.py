"""The folder of the photos, told by a marker in it from one that lies beneath a disk which is not mounted."""

from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.config import Config
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.sources import utc_now
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_copies import ANY_ERROR, reading
from wsgi_app.stores.files import flush_folder, write_whole
from wsgi_app.stores.photos import MARKER
from wsgi_app.stores.tables import faces, photo_folder, visits

WORDS = b"Porteiro keeps its photos here. Without this file it takes the folder for another one.\n"
LOOKED_FOR = 50  # oldest and newest photos that tell whether a folder without a marker is the right one
MOST_MISSING = 0.5  # of these, as where photos were lost


def photos_of(config: Config) -> Path:
    """Where the photos are."""
    return config.data / "photos"


def refuse_other_folder(config: Config) -> None:
    """Refuse a start with a folder that does not have the photos of the database; nothing is written.

    Raises:
        ConfigError: it is missing, or another one.
    """
    if not config.database_file.is_file():
        return
    why = ""
    with suppress(*ANY_ERROR), reading(config.database_file, still=False) as connection:
        why = why_other(connection, photos_of(config))  # whoever opens a database that fails says more
    _refuse(config, why)


def take_folder(config: Config, database: Database) -> None:
    """Have the folder there with its marker: made where nothing can be missing from it, else as it is.

    Raises:
        ConfigError: it is missing, or another one, or cannot be made.
    """
    folder = photos_of(config)
    with database.read() as connection:
        _refuse(config, why_other(connection, folder))
        is_known = _is_known(connection)
    if is_known and (folder / MARKER).exists():
        return
    try:
        put_marker(folder)
    except OSError as error:
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {error.strerror}: {folder}") from error
    with database.write() as connection:
        if not _is_known(connection):
            connection.execute(photo_folder.insert().values(marked_at=utc_now()))


def put_marker(folder: Path) -> None:
    """Make a folder the right one; raises OSError where that cannot be done."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MARKER, WORDS)
    flush_folder(folder.parent)


def why_other(connection: sa.Connection, folder: Path) -> str:
    """Why a folder does not have the photos that a database knows of; ``""`` where it may be the right one.

    One without a marker is right where the database never knew of a marker, and has most of its photos.
    """
    if (folder / MARKER).exists() or not _knows_photos(connection):
        return ""
    if not folder.is_dir():
        return (
            f"there is no folder {folder}, and the database knows of photos in it. Is its disk not mounted? "
            f"If they are lost for good, make it, and an empty file {MARKER} in it"
        )
    if not _is_known(connection) and _has_most(connection, folder):
        return ""
    return (
        f"{folder} has no file {MARKER}, so it is not the folder with the photos that the database knows of. "
        "Is its disk not mounted? If it is that folder, make an empty file of that name in it"
    )


def has_most_photos(database: Database, folder: Path) -> bool:
    """Whether a folder without a marker has most of the photos all the same."""
    with database.read() as connection:
        return _has_most(connection, folder)


def _refuse(config: Config, why: str) -> None:
    if why:
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {why}")


def _is_known(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table(photo_folder.name):  # of an earlier release
        return False
    return connection.execute(sa.select(photo_folder.c.marked_at)).first() is not None


def _knows_photos(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table(visits.name):
        return False
    named = (sa.select(visits.c.number).where(visits.c.photo != ""), sa.select(faces.c.id))
    return any(connection.execute(query.limit(1)).first() for query in named)


def _has_most(connection: sa.Connection, folder: Path) -> bool:
    named = sa.select(visits.c.photo).where(visits.c.photo != "").limit(LOOKED_FOR)
    queries = (
        named.order_by(visits.c.number),
        named.order_by(visits.c.number.desc()),
        sa.select(faces.c.crop).limit(LOOKED_FOR),
    )
    names = {name for query in queries for name in connection.scalars(query)}
    missing = sum(not (folder / name).is_file() for name in names)
    return missing <= MOST_MISSING * len(names)
