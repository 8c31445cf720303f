"""Keys that all processes share."""

from collections.abc import Callable

import sqlalchemy as sa

from wsgi_app.stores.database import Database
from wsgi_app.stores.tables import secrets


def shared_secret(database: Database, name: str, make: Callable[[], bytes]) -> bytes:
    """The key of a name; whoever asks first makes it, and all others get the same."""
    query = sa.select(secrets.c.value).where(secrets.c.name == name)
    with database.read() as connection:
        found: bytes | None = connection.scalar(query)
    if found is not None:
        return found
    with database.write() as connection:  # one process at a time
        found = connection.scalar(query)
        if found is None:
            found = make()
            connection.execute(secrets.insert().values(name=name, value=found))
    return found
