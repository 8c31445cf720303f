"""When the crop of a face goes: as soon as nothing needs it, no face and nothing to be taken back."""

from collections.abc import Collection

import sqlalchemy as sa

from wsgi_app.stores.database import Database
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.tables import change_names, faces


def named_crops(connection: sa.Connection, crops: Collection[str]) -> set[str]:
    """Those of some crops that are needed still."""
    of_faces = sa.select(faces.c.crop).where(faces.c.crop.in_(crops))
    of_changes = sa.select(change_names.c.name).where(change_names.c.name.in_(crops))
    return set(connection.scalars(of_faces.union(of_changes)))


def remove_unnamed(database: Database, photos: PhotoStore, crops: Collection[str]) -> None:
    """Remove those of some crops that are not, once the present transaction is on disk."""

    def remove() -> None:
        with database.read() as connection:
            named = named_crops(connection, crops)
        for crop in set(crops) - named:
            photos.remove(crop)

    if crops:
        database.once_kept(remove)
