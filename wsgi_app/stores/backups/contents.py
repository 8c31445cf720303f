"""What of a house belongs into a backup of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.backups.manifest import MODELS, PHOTOS
from wsgi_app.stores.photos import PEOPLE, THUMBNAIL
from wsgi_app.stores.tables import change_names, faces, visits


def named_photos(connection: sa.Connection) -> dict[str, str | None]:
    """All photos that a database names: of visits, of faces, of faces that may come back.

    By their names in order, each with the SHA-256 that it had when it was kept; ``None`` where nobody knows.
    """
    crops_to_come_back = sa.select(change_names.c.name).where(change_names.c.name.startswith(f"{PEOPLE}/"))
    named: dict[str, str | None] = dict.fromkeys(connection.scalars(crops_to_come_back))
    of_visits = sa.select(visits.c.photo, visits.c.photo_sha256).where(visits.c.photo != "")
    for query in (sa.select(faces.c.crop, faces.c.crop_sha256), of_visits):
        named.update((name, sha256) for name, sha256 in connection.execute(query))
    return dict(sorted(named.items()))


def knows_photos(connection: sa.Connection) -> bool:
    """Whether a database notes what its photos are; those of earlier releases do not."""
    columns = sa.inspect(connection).get_columns(visits.name)
    return visits.c.photo_sha256.name in {column["name"] for column in columns}


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
