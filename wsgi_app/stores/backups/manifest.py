"""What a backup says of itself."""

import re
from datetime import datetime

import msgspec

from wsgi_app.stores.database_copies import Counts

FORMAT = 1
DATABASE, SECRET = "porteiro.db", "keys/doors.key"
PHOTOS, MODELS, NETWORKS = "photos/", "models/", "networks/"
CHOICE = f"{MODELS}chosen"
PLAIN_NAME = re.compile(r"(?!\.{1,2}(/|$))[^/\0]+(/(?!\.{1,2}(/|$))[^/\0]+)*")


class KeptFile(msgspec.Struct, frozen=True):
    """One file of a backup.

    Attributes:
        name: its path in the backup, without what encryption adds.
        sha256: of its bytes, before encryption.
        size: in bytes, likewise.
        mtime_ns: when it was written last, in nanoseconds of the epoch.
    """

    name: str
    sha256: str
    size: int
    mtime_ns: int


class Maker(msgspec.Struct, frozen=True):
    """What each format says of itself: its number, and the Porteiro that wrote it."""

    format: int
    version: str


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup.

    Attributes:
        format: of all this; a release reads none that is newer than its own ``FORMAT``.
        at: when its database was copied.
        version: of the Porteiro that made it.
        schema: the revision of its database's schema.
        counts: how much the database has of each.
        files: all of them.
        lost: names of files that belong into it and were nowhere to be found, or not as they were kept.
        carried: names of those that the house had lost or were damaged, and an earlier backup had.
        settings: those that were set then, by their keys.
    """

    format: int
    at: datetime
    version: str
    schema: str
    counts: Counts
    files: tuple[KeptFile, ...]
    lost: tuple[str, ...]
    carried: tuple[str, ...]
    settings: dict[str, str]

    @property
    def size(self) -> int:
        """Of all files together, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def photos(self) -> int:
        """How many photos there are, small copies among them."""
        return sum(file.name.startswith(PHOTOS) for file in self.files)


def encoded(manifest: Manifest) -> bytes:
    """A manifest as JSON that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def decoded(data: bytes) -> Manifest:
    """A manifest out of its JSON, of this release's format.

    Raises:
        ValueError: it is none, or a name in it leads out of the backup.
    """
    manifest = msgspec.json.decode(data, type=Manifest)
    names = [file.name for file in manifest.files]
    if len(set(names)) != len(names) or not all(map(PLAIN_NAME.fullmatch, names)) or DATABASE not in names:
        raise ValueError
    return manifest


def maker_of(data: bytes) -> Maker:
    """Who made a manifest, whatever else its format has; raises ValueError where it is none."""
    return msgspec.json.decode(data, type=Maker)
