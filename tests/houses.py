"""What a house has stored, and the environment to start one in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from wsgi_app.base.config import load_config
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.stores import Stores, open_stores


def settings_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Porteiro's own variables of an environment."""
    return {key: text for key, text in environ.items() if key.startswith("PORTEIRO_")}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without any of them, for a house that takes none from outside."""
    return {key: text for key, text in environ.items() if not key.startswith("PORTEIRO_")}


def open_new_database(path: Path) -> Database:
    """An empty database, migrated; its commits do not wait for the disk, for no test cuts the power."""
    copy_new_database(path)
    database = open_database(f"sqlite:///{path}")
    sa.event.listen(
        database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF")
    )
    database.engine.dispose()  # what is connected already waits
    return database


def copy_new_database(to: Path) -> None:
    """Put a database there as ``open_database`` makes it, which it then only has to open."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(_new_database())


@cache
def _new_database() -> bytes:
    # Migrated once in each process of the tests: a migration takes twenty times as long as a copy.
    with TemporaryDirectory() as folder:
        path = Path(folder, "porteiro.db")
        open_database(f"sqlite:///{path}").close()
        return path.read_bytes()


@contextmanager
def stores_of(environ: Mapping[str, str]) -> Iterator[Stores]:
    """What the house of an environment has stored, by a connection of its own to its database."""
    stores = open_stores(load_config(settings_in(environ)))
    try:
        yield stores
    finally:
        stores.database.close()
