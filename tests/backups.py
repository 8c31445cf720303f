"""Backups of a house, made and looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from tests.galleries import SHARP, vector
from wsgi_app.base.config import Config
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.backups import BackupOrder, Made, back_up
from wsgi_app.stores.backups.forms import PLAIN
from wsgi_app.stores.backups.reading import Backup, open_backup
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.photos import sha256_of
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

EMBEDDING = Embedding("e1", vector(1.0))


def visited(
    stores: Stores, jpeg: bytes = b"jpeg", person: str | None = None, *, sha256: bool = False
) -> Visit:
    """A visit with a photo and its small copy; of an earlier release unless it notes what the photo is."""
    visit_id, at = stores.visits.new_id(), stores.now()
    photo = stores.visits.save_photo(visit_id, at, jpeg)
    stores.photos.save_thumbnail(photo, b"small")
    outcome = Outcome.KNOWN if person else Outcome.UNKNOWN
    visit = Visit(0, visit_id, at, DoorId.of("device:door"), outcome, person, None, None, photo, 1.0)
    visit = replace(visit, photo_sha256=sha256_of(jpeg) if sha256 else None)
    stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    return visit


def enrolled(stores: Stores, name: str) -> str:
    """Somebody with one face; gives their id."""
    person = stores.people.add(name)
    stores.faces.add(person.id, f"png of {name}".encode(), SHARP, EMBEDDING)
    return person.id


def order(
    folder: Path,
    keep: int | None = None,
    passphrase: str | None = None,
    settings: Mapping[str, str] = {},
    *,
    nightly: bool = False,
) -> BackupOrder:
    """What backup is wanted."""
    return BackupOrder(folder, keep, lambda: passphrase, settings, is_nightly=nightly)


def backed_up(config: Config, stores: Stores, folder: Path) -> Made:
    """A plain one."""
    return back_up(config, stores, order(folder))


def opened(path: Path) -> Backup:
    """A plain backup, read whole."""
    backup = open_backup(path, PLAIN)
    backup.check()
    return backup


def content(backup: Backup, names: Iterable[str]) -> dict[str, bytes]:
    """Some of its files."""
    found = {}
    for name in names:
        out = BytesIO()
        backup.take(name, out)
        found[name] = out.getvalue()
    return found
