"""How much room the house's disks have left, and telling it before it is too late."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

import structlog

from wsgi_app.base.config import Config
from wsgi_app.base.errors import StorageTrouble
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.stores.photo_folder import photos_of
from wsgi_app.stores.stores import Stores

EARLY = 2  # as a multiple of the floor, at which it is told for the first time
UNWRITABLE, WRITABLE = "unwritable", "writable"  # what is told of the disk of the photos
BACK = 1.1  # as a multiple of either, from which it is over: what goes up and down is not told each time

log = structlog.get_logger("porteiro")


class Level(IntEnum):
    """How it is with a disk; its name in small letters is what is told."""

    ROOM = 0
    LOW = 1
    UNDER = 2


@dataclass(frozen=True)
class Disk:
    """A disk that has something of the house.

    Attributes:
        name: what lies there: ``data``, and ``database`` and ``photos`` where these have disks of their own.
        free_bytes: that this user may still write.
    """

    name: str
    free_bytes: int

    @property
    def free_mib(self) -> int:
        """The same in whole MiB."""
        return self.free_bytes // MEBIBYTE


def disks(config: Config) -> list[Disk]:
    """The house's disks, each once; one that is not there is left out."""
    places = {"data": config.data, "database": config.database_file.parent, "photos": photos_of(config)}
    found: dict[int, Disk] = {}
    for name, folder in places.items():
        try:
            status, room = folder.stat(), os.statvfs(folder)
        except OSError:
            continue
        found.setdefault(status.st_dev, Disk(name, room.f_bavail * room.f_frsize))
    return list(found.values())


def free_for_photos(config: Config) -> int:
    """The bytes that this user may still write on the disk of the photos.

    Raises:
        StorageTrouble: it is not there.
    """
    try:
        room = os.statvfs(photos_of(config))
    except OSError as error:
        raise StorageTrouble("photos_missing", retry_after_s=30) from error
    return room.f_bavail * room.f_frsize


def level_of(free_bytes: int, floor_bytes: int, before: Level = Level.ROOM) -> Level:
    """How it is with so much room; ``before`` how it was told last. Without a floor there is always room."""
    for level, most in ((Level.UNDER, floor_bytes), (Level.LOW, EARLY * floor_bytes)):
        if free_bytes < most * (BACK if before >= level else 1):
            return level
    return Level.ROOM


def low_disks(config: Config) -> list[tuple[Disk, Level]]:
    """Those that have little room left, and how little."""
    found = [(disk, level_of(disk.free_bytes, config.least_free_bytes)) for disk in disks(config)]
    return [(disk, level) for disk, level in found if level is not Level.ROOM]


def refuse_low(config: Config) -> None:
    """Say that the server is not ready where a disk has less room than the settings ask for.

    Raises:
        StorageTrouble: it has.
    """
    for disk, level in low_disks(config):
        if level is Level.UNDER:
            least = config.least_free_mib
            raise StorageTrouble("storage_low", retry_after_s=60, free_mib=disk.free_mib, least_mib=least)


class StorageKeeper:
    """Tells once each time that a disk crosses a line: soon too little room, too little, or enough again.

    Args:
        config: where the disks are, and where the lines.
        stores: in which it is told.
    """

    def __init__(self, config: Config, stores: Stores):
        self._config, self._stores = config, stores
        self._told: dict[str, Level] = {}

    def __call__(self) -> None:
        """Look once.

        Raises:
            Unavailable: the database does not answer; the next look will do.
        """
        least = self._config.least_free_mib
        for disk in disks(self._config):
            before = self._before(disk.name)
            level = level_of(disk.free_bytes, self._config.least_free_bytes, before)
            if level is before:
                continue
            if level is Level.ROOM:
                log.info("a disk has room again", holds=disk.name, free_mib=disk.free_mib)
            else:
                log.warning(
                    "a disk has little room", holds=disk.name, free_mib=disk.free_mib, least_mib=least
                )
            self._told[disk.name] = level
            self._stores.events.tell_storage(level.name.lower(), disk.name, disk.free_mib, least)

    def _before(self, name: str) -> Level:
        if name not in self._told:
            levels = {level.name.lower(): level for level in Level}
            told = _told_of(self._stores, name, levels)
            self._told[name] = levels[told] if told else Level.ROOM
        return self._told[name]


class PhotosKeeper:
    """Tells once each time that no photo can be kept any more, whatever the reason, or that they can again.

    Args:
        config: where the photos are.
        stores: in which it is told.
    """

    def __init__(self, config: Config, stores: Stores):
        self._config, self._stores = config, stores
        self._told: str | None = None

    def __call__(self) -> None:
        """Look once.

        Raises:
            Unavailable: the database does not answer; the next look will do.
        """
        if self._told is None:
            self._told = _told_of(self._stores, "photos", (UNWRITABLE, WRITABLE)) or WRITABLE
        why = self._why_none()
        action = WRITABLE if why is None else UNWRITABLE
        if action != self._told:
            self._stores.events.tell_photos(action, self._free_mib(), self._config.least_free_mib, why)
            self._told = action

    def _why_none(self) -> str | None:
        try:
            self._stores.photos.probe()
        except StorageTrouble as error:
            return error.key
        return None

    def _free_mib(self) -> int:
        try:
            return free_for_photos(self._config) // MEBIBYTE
        except StorageTrouble:
            return 0


def _told_of(stores: Stores, subject: str, actions: Collection[str]) -> str | None:
    told = [event.action for event in stores.events.about("storage", subject) if event.action in actions]
    return told[-1] if told else None
