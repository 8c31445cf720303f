"""All stores of one house, opened together."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from wsgi_app.base.config import Config
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.limits import Limits
from wsgi_app.base.sockets import short_address
from wsgi_app.base.sources import random_id, utc_now
from wsgi_app.stores.accounts import AccountStore
from wsgi_app.stores.attempts import AttemptStore
from wsgi_app.stores.changes import ChangeStore
from wsgi_app.stores.corrections import CorrectionStore
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.devices import DeviceStore
from wsgi_app.stores.events import ActingStore, EventStore
from wsgi_app.stores.faces import FaceStore
from wsgi_app.stores.gallery import GalleryStore
from wsgi_app.stores.invitations import InvitationStore
from wsgi_app.stores.patience import COMMANDS, Patience
from wsgi_app.stores.people import PeopleStore
from wsgi_app.stores.photo_folder import photos_of, take_folder
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.probes import ProbeStore
from wsgi_app.stores.purges import PurgeStore
from wsgi_app.stores.quotas import QuotaStore
from wsgi_app.stores.retention import RetentionStore
from wsgi_app.stores.sessions import SessionStore
from wsgi_app.stores.tries import TryStore
from wsgi_app.stores.troubles import TroubleFile
from wsgi_app.stores.unfinished import refuse_unfinished
from wsgi_app.stores.visits import VisitStore

WAKE = b"!"  # the datagram says nothing else


class Waker:
    """Wakes the live feed, if it is there; the feed looks by itself once a second too, so nothing is lost."""

    def __init__(self, address: Path):
        self._address = address

    def __call__(self) -> None:
        """Wake it; whoever calls never waits, and nothing goes wrong where it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messenger, suppress(OSError):
            messenger.settimeout(0)
            messenger.sendto(WAKE, short_address(self._address))


@dataclass(frozen=True)
class Stores:
    """What is kept, opened; changes are told as made at this machine, or by whoever ``acting`` names.

    ``now`` tells the time of day to all of them, and to whoever needs the same.
    """

    database: Database
    photos: PhotoStore
    now: Callable[[], datetime]
    people: PeopleStore
    faces: FaceStore
    gallery: GalleryStore
    visits: VisitStore
    devices: DeviceStore
    events: EventStore
    corrections: CorrectionStore
    probes: ProbeStore
    accounts: AccountStore
    invitations: InvitationStore
    sessions: SessionStore
    attempts: AttemptStore
    tries: TryStore
    quotas: QuotaStore
    retention: RetentionStore
    purges: PurgeStore
    changes: ChangeStore

    def acting(self, by: str) -> "Stores":
        """The same stores, with the changes told as somebody's."""
        telling: dict[str, Any] = {
            name: store.acting(by) for name, store in vars(self).items() if isinstance(store, ActingStore)
        }
        return replace(self, **telling)


def open_stores(
    config: Config,
    patience: Patience = COMMANDS,
    shared: TroubleFile | None = None,
    *,
    needs_photos: bool = True,
) -> Stores:
    """Open the database and the photo folder, made where they are not there yet.

    Args:
        config: the settings.
        patience: how long to wait for others who write.
        shared: what the processes of a server found wrong with the database.
        needs_photos: whether the folder has to be there; where it is not, no photo can be read or kept.

    Raises:
        ConfigError: the database cannot be used, or is not restored whole, or does not go with the folder.
    """
    refuse_unfinished(config)
    with naming_data(config):
        database = open_database(config.database_url, Waker(config.wake_address), patience, shared)
    if needs_photos:
        take_folder(config, database)
    return stores_of_database(config, database)


def stores_of_database(config: Config, database: Database) -> Stores:
    """The stores of a database and of the photo folder beside it, as they are."""
    photos = PhotoStore(photos_of(config), is_marked=True)
    return stores_over(database, photos, utc_now, random_id, config.limits)


@contextmanager
def naming_data(config: Config) -> Iterator[None]:
    """Have what is wrong with the database named with the data folder, where that says where it is."""
    try:
        yield
    except ConfigError as error:
        if config.database_url != config.own_database_url:
            raise
        why = str(error).removeprefix("PORTEIRO_DATABASE_URL: ")
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {why}") from error


def stores_over(
    database: Database,
    photos: PhotoStore,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    limits: Limits,
) -> Stores:
    """Make the stores of an open database and a photo folder, with the time of day and the ids they take."""
    return Stores(
        database=database,
        photos=photos,
        now=now,
        people=PeopleStore(database, photos, now, new_id),
        faces=FaceStore(database, photos, now, new_id),
        gallery=GalleryStore(database),
        visits=VisitStore(database, photos, now, new_id, limits.presses.idempotency_s),
        devices=DeviceStore(database, now),
        events=EventStore(database, now),
        corrections=CorrectionStore(database, now),
        probes=ProbeStore(database),
        accounts=AccountStore(database, now, new_id),
        invitations=InvitationStore(database, now, new_id, timedelta(hours=limits.sign_ins.invitation_hours)),
        sessions=SessionStore(database, now, timedelta(days=limits.sign_ins.session_days)),
        attempts=AttemptStore(database, now, timedelta(seconds=limits.sign_ins.pause_s)),
        tries=TryStore(database, now),
        quotas=QuotaStore(database),
        retention=RetentionStore(database, photos),
        purges=PurgeStore(database, now),
        changes=ChangeStore(database, photos, now, new_id),
    )
