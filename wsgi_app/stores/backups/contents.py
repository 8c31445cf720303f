"""What of a house belongs into a backup of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.backups.manifest import MODELS, PHOTOS
from wsgi_app.stores.photos import PEOPLE, THUMBNAIL
from wsgi_app.stores.tables import change_names, faces, visits


def named_photos(connection: sa.Connection) -> list[str]:
    """The names of all photos that a database names: of visits, of faces, of faces that may come back."""
    crops_to_come_back = sa.select(change_names.c.name).where(change_names.c.name.startswith(f"{PEOPLE}/"))
    of_visits = sa.select(visits.c.photo).where(visits.c.photo != "")
    named = sa.union(of_visits, sa.select(faces.c.crop), crops_to_come_back)
    return sorted(connection.scalars(named))


def thumbnail_of(photo: str) -> str:
    """What the small copy of a photo is called, if there is one."""
    return Path(photo).with_suffix(THUMBNAIL).as_posix()


def in_backup(photo: str) -> str:
    """What a photo is called in a backup."""
    return f"{PHOTOS}{photo}"


def models_in(data: Path) -> Iterator[tuple[str, Path]]:
    """Fetched packs and which one is chosen, by their names in a backup."""
    root = data / "models"
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(folder, name)
            yield f"{MODELS}{path.relative_to(root).as_posix()}", path
