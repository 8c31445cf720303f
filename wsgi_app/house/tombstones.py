"""Who was forgotten stays forgotten: it is kept beside the backups, too, which know nothing of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from wsgi_app.base.config import Config
from wsgi_app.house.chores import Chore
from wsgi_app.stores import tombstones
from wsgi_app.stores.backups.folder import LOCK
from wsgi_app.stores.backups.state import read_state
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_copies import ANY_ERROR, Counts, why_of
from wsgi_app.stores.files import locked
from wsgi_app.stores.sessions import end_all
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tombstones import Tombstone


@dataclass(frozen=True)
class Gathered:
    """All that is known of who and what was forgotten.

    Attributes:
        stones: each once.
        unread: where there is more that cannot be read: the file, and why or how much.
    """

    stones: list[Tombstone]
    unread: list[str]


log = structlog.get_logger("porteiro")


def keep_tombstones(stores: Stores, folder: Path) -> None:
    """Keep beside the backups in a folder who and what was forgotten."""
    with stores.database.read() as connection:
        stones = tombstones.tombstones_in(connection)
    tombstones.keep_in(folder / tombstones.FILE, stones)


class TombstoneKeeper(Chore):
    """Keeps beside all backups who and what was forgotten since the last time, wherever their disk is there.

    It does nothing where no backup was made. What cannot be kept now is kept the next time, or with the next
    backup: ``PORTEIRO_BACKUP`` may be on a disk that is seldom there.
    """

    def __init__(self, config: Config, stores: Stores):
        self._config, self._stores = config, stores
        super().__init__(stores.events, tombstones.ACTIONS, self._are_kept)

    def _are_kept(self) -> bool:
        folders = map(Path, read_state(self._config.data).folders)
        return all(list(map(self._is_kept, folders)))  # each of them

    def _is_kept(self, folder: Path) -> bool:
        try:
            if not (folder / tombstones.FILE).is_file():  # its disk is not there
                return True
            with locked(folder / LOCK) as is_free:
                if is_free:
                    keep_tombstones(self._stores, folder)
                return is_free
        except OSError as error:
            log.warning(
                "who was forgotten is not kept beside the backups", folder=str(folder), why=str(error)
            )
            return True


def gather(files: Iterable[Path], databases: Iterable[Path]) -> Gathered:
    """Read who and what was forgotten out of files of tombstones, and out of houses' databases.

    Raises:
        OSError: a file is there and cannot be read.
    """
    stones: dict[Tombstone, None] = {}
    unread: list[str] = []
    for file in files:
        found, unreadable = tombstones.read_lines(tombstones.lines_in(file))
        stones |= dict.fromkeys(found)
        if unreadable:
            unread.append(f"{file}: {unreadable} of its lines")
    for database in databases:
        try:
            stones |= dict.fromkeys(tombstones.tombstones_of(database))
        except ANY_ERROR as error:
            unread.append(f"{database}: {why_of(error)}")
    return Gathered(list(stones), unread)


def forget_again(database: Database, stones: Collection[Tombstone]) -> tuple[Counts, set[str]]:
    """Forget in a database of earlier all that was forgotten since, and end all sign-ins and open links.

    Whoever signed out since would be signed in again otherwise. Gives how much was forgotten, and the names
    of its photos.
    """
    with database.write() as connection:
        applied, photos = tombstones.apply(connection, stones)
        end_all(connection)
    database.wipe()
    return applied, photos
