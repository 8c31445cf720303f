"""The live feed on a free port, beside a test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.houses import copy_new_database
from tests.servers import LocalPorts, wait_until_listening
from tests.watchers import Watcher, watching
from wsgi_app.access.identity import NOBODY, Credentials, Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Unavailable
from wsgi_app.base.limits import FeedLimits, Limits
from wsgi_app.base.outcomes import Outcome
from wsgi_app.live.rhythm import Rhythm
from wsgi_app.live.serving import serve_feed
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.stores import Stores, stores_over
from wsgi_app.stores.visits import StoredAnswer, Visit

START_S = 20.0
LIMITS = FeedLimits()
QUICK = Rhythm(frame_s=0.01, look_s=0.02, check_s=0.02, states_s=0.02)


@dataclass
class Guests:
    """Says who asks by what stands in Authorization, or in a cookie; not, a few times, who is still there."""

    known: dict[str, Identity] = field(
        default_factory=lambda: {
            "olga": Identity("Olga", Role.OWNER),
            "otto": Identity("Otto", Role.OPERATOR),
            "vera": Identity("Vera", Role.VIEWER),
        }
    )
    refusals: int = 0

    def identify(self, credentials: Credentials) -> Identity:
        shown = credentials.authorization or credentials.cookies.get("sign_in", "")
        return self.known.get(shown, NOBODY)

    def again(self, identity: Identity) -> Identity:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("unavailable:database")
        return next((known for known in self.known.values() if known.name == identity.name), NOBODY)


@dataclass
class LiveFeed:
    """A live feed that is being served, and the house that it tells of."""

    config: Config
    stores: Stores
    guests: Guests

    @property
    def port(self) -> int:
        return int(str(self.config.live_address).rpartition(":")[2])

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/porteiro/live"

    def watched(self, who: str = "vera", after: int | None = None) -> AbstractContextManager[Watcher]:
        return watching(self.address, after, Authorization=who)

    def visit(self, device: str = "front-door", person_id: str | None = None) -> str:
        """Somebody comes; gives the visit's id."""
        return add_visit(self.stores, device, person_id)


def add_visit(stores: Stores, device: str = "front-door", person_id: str | None = None) -> str:
    """Keep a visit without a photo; gives its id."""
    outcome = Outcome.KNOWN if person_id else Outcome.UNKNOWN
    door = DoorId(DoorKind.DEVICE, device)
    visit = Visit(0, uuid4().hex, stores.now(), door, outcome, person_id, 0.7, None, "none.jpg", took_ms=1.0)
    stores.visits.add(visit, StoredAnswer(200, b"{}"), None)
    return visit.id


FeedMaker = Callable[..., AbstractContextManager[LiveFeed]]


@pytest.fixture
def feed_with(tmp_path_factory: pytest.TempPathFactory) -> FeedMaker:
    """Serves a live feed with a rhythm and limits of the test's own."""
    # A folder of its own: the name of a Unix socket has room for a hundred letters.
    folder = tmp_path_factory.mktemp("feed")
    copy_new_database(folder / "porteiro.db")

    @contextmanager
    def make(
        rhythm: Rhythm = QUICK,
        limits: FeedLimits = LIMITS,
        adapt: Callable[[Stores], Stores] = lambda stores: stores,
        **settings: str,
    ) -> Iterator[LiveFeed]:
        config = config_in(folder, limits, **settings)
        database = open_database(config.database_url)
        feed = LiveFeed(config, stores_in(database, folder), Guests())
        try:
            with _served(config, adapt(feed.stores), feed.guests, rhythm):
                yield feed
        finally:
            database.close()

    return make


@pytest.fixture
def feed(feed_with: FeedMaker) -> Iterator[LiveFeed]:
    """A live feed that looks at everything all the time."""
    with feed_with() as made:
        yield made


def config_in(folder: Path, limits: FeedLimits, **settings: str) -> Config:
    """The settings of a house in a folder, on free ports."""
    config = load_config({"PORTEIRO_DATA": str(folder), **LocalPorts().settings, **settings})
    return replace(config, limits=Limits(feed=limits))


def stores_in(database: Database, folder: Path) -> Stores:
    """The stores of a house, with the time of day."""
    return stores_over(
        database, PhotoStore(folder / "photos"), lambda: datetime.now(UTC), lambda: uuid4().hex, Limits()
    )


@contextmanager
def _served(config: Config, stores: Stores, guests: Guests, rhythm: Rhythm) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve_feed(config, stores, guests, stop, rhythm))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        wait_until_listening(config.live_address, thread.is_alive)
        yield
    finally:
        with suppress(RuntimeError):  # it ended by itself
            loop.call_soon_threadsafe(stop.set)
        thread.join(START_S)
        assert not thread.is_alive()
