"""What several tests share: the shipped models, the photos, and a house on a temporary folder."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.accounts import CHEAP
from tests.doors import Door, add_door
from tests.houses import open_new_database
from tests.labs import PROGRAMS, lab_under
from tests.servers import (
    InProcessServer,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    Server,
    enrolled,
    lab_beside,
    lab_of,
    running_house,
    served,
    uwsgi,
)
from wsgi_app.access.identity import open_identifier
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.limits import Limits, PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.house.house import House, put_together
from wsgi_app.house.thresholds import threshold_in_force
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.stores import Stores, stores_over
from wsgi_app.vision.packs import Threshold, pack_in
from wsgi_app.vision.pipeline import Pipeline

if TYPE_CHECKING:
    from selenium import webdriver

REPOSITORY = Path(__file__).parent.parent
PHOTOS = REPOSITORY / "tests" / "photos"
BOTH_WAYS = ("in-process", pytest.param("live", marks=pytest.mark.live))


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _umask_as_before() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


class Clock:
    """A time of day that moves only when a test says so."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def counted_ids() -> Callable[[], str]:
    """32 hex digits, counting up from 1."""
    count = 0

    def new_id() -> str:
        nonlocal count
        count += 1
        return f"{count:032x}"

    return new_id


@pytest.fixture(scope="session")
def pack_folder() -> Path:
    """The folder of the shipped model pack."""
    return REPOSITORY / "wsgi_app" / "models"


@pytest.fixture(scope="session")
def turned_folder(tmp_path_factory: pytest.TempPathFactory, pack_folder: Path) -> Path:
    """The folder of another pack, whose embedder finds people just as alike with other numbers."""
    # Imported here: few tests change the models, and onnx is slow to import.
    from tests.rotation import turned_pack  # noqa: PLC0415

    return turned_pack(pack_folder, tmp_path_factory.mktemp("packs") / "turned")


@pytest.fixture(scope="session")
def threshold(pack_folder: Path) -> Threshold:
    """The threshold in force with that pack where few people are enrolled."""
    return threshold_in_force(load_config({}), pack_in(pack_folder).embedder, 1)


@pytest.fixture(scope="session")
def pipeline(pack_folder: Path) -> Pipeline:
    """The loaded models, shared by all tests."""
    return Pipeline(pack_in(pack_folder), pack_folder, None, PictureLimits())


@pytest.fixture(scope="session")
def photo() -> Callable[[str], bytes]:
    """The bytes of a test photo by its name: ``photo("ana-1")``."""
    return lambda name: (PHOTOS / f"{name}.jpg").read_bytes()


@pytest.fixture
def steps() -> Steps:
    """A stopwatch."""
    return Steps(time.perf_counter)


@pytest.fixture
def clock() -> Clock:
    """A time of day that a test can move."""
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Iterator[Stores]:
    """An empty house on a temporary folder."""
    database = open_new_database(tmp_path / "porteiro.db")
    yield stores_over(database, PhotoStore(tmp_path / "photos"), clock.now, counted_ids(), Limits())
    database.close()


@pytest.fixture
def house(tmp_path: Path, stores: Stores, pipeline: Pipeline) -> House:
    """Everything an endpoint works with, on the temporary house."""
    config = load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_OPEN": "1"})
    return put_together(config, stores, pipeline, ProcessCounters())


@pytest.fixture
def server(house: House) -> InProcessServer:
    """The application over the temporary house, in this process."""
    return served(house)


@pytest.fixture
def closed_house(house: House) -> House:
    """The same of a house where everybody has to sign in."""
    config = replace(house.config, open=False)
    identifier = open_identifier(config, house.stores, CHEAP)
    return replace(house, config=config, passwords=CHEAP, identifier=identifier)


@pytest.fixture
def closed_server(closed_house: House) -> InProcessServer:
    """The application over a house where everybody has to sign in, in this process."""
    return served(closed_house)


@pytest.fixture(scope="session")
def live_house(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path, shown_folder: Path
) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """The shipped nginx.conf and uwsgi.ini, running for the whole session; tests share what it stores."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    settings = {
        "PORTEIRO_PACK": str(pack_folder),
        "PORTEIRO_PROCESSES": "3",  # one for presses alone, and two
        "PORTEIRO_TRIES": "0",  # all tests ring at one door, most of them with strangers
        "PORTEIRO_LAB": "1",
        "PORTEIRO_LAB_FILES": str(shown_folder),
    }
    with running_house(tmp_path_factory.mktemp("live"), settings, edit=without_request_limit) as running:
        yield running


@pytest.fixture(scope="session")
def local_house(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path
) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """The shipped uwsgi.ini with its own HTTP port, without nginx, running for the whole session."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "3", **ports.settings}
    with uwsgi(tmp_path_factory.mktemp("local"), settings) as running:
        yield LiveServer(ports.http), running


@pytest.fixture(scope="session")
def shown_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the lab shows; tests put into it what they look for."""
    return tmp_path_factory.mktemp("shown")


@pytest.fixture
def lab(tmp_path: Path, shown_folder: Path) -> InProcessServer:
    """The lab, in this process."""
    settings = {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB_FILES": str(shown_folder)}
    return lab_of(load_config(settings))


@pytest.fixture
def live_lab(live_house: tuple[LiveServer, RunningUwsgi]) -> LiveServer:
    """The lab through the shipped nginx.conf and uwsgi.ini, with two workers of its own."""
    return lab_beside(live_house[0])


@pytest.fixture(scope="session")
def other_labs(
    tmp_path_factory: pytest.TempPathFactory, shown_folder: Path
) -> Iterator[Callable[[str], LiveServer]]:
    """The lab under other WSGI servers by their names, each started when it is first asked for."""
    with ExitStack() as running:
        yield cache(
            lambda name: running.enter_context(lab_under(name, tmp_path_factory.mktemp(name), shown_folder))
        )


@pytest.fixture(params=BOTH_WAYS)
def shipped_lab(request: pytest.FixtureRequest) -> Server:
    """The lab in this process, and through the shipped nginx.conf and uwsgi.ini."""
    return lab_served_by(request.param, request)


@pytest.fixture(params=(*BOTH_WAYS, *(pytest.param(name, marks=pytest.mark.live) for name in PROGRAMS)))
def any_lab(request: pytest.FixtureRequest) -> Server:
    """The same and the lab under other WSGI servers, for all that these do not refuse by themselves."""
    return lab_served_by(request.param, request)


def lab_served_by(name: str, request: pytest.FixtureRequest) -> Server:
    """The lab, served in one of the ways that ``any_lab`` knows."""
    if name == "live":
        live_lab: LiveServer = request.getfixturevalue("live_lab")
        return live_lab
    if name in PROGRAMS:
        other: LiveServer = request.getfixturevalue("other_labs")(name)
        return other
    in_process: InProcessServer = request.getfixturevalue("lab")
    return in_process


@pytest.fixture(params=BOTH_WAYS)
def any_server(request: pytest.FixtureRequest) -> Server:
    """The application in this process, and the whole chain of nginx and uWSGI: a contract holds for both."""
    if request.param == "live":
        chain: tuple[LiveServer, RunningUwsgi] = request.getfixturevalue("live_house")
        return chain[0]
    in_process: InProcessServer = request.getfixturevalue("server")
    return in_process


@pytest.fixture
def kept(request: pytest.FixtureRequest, any_server: Server) -> Stores:
    """What ``any_server`` keeps."""
    if isinstance(any_server, InProcessServer):
        stores: Stores = request.getfixturevalue("stores")
        return stores
    live: Stores = request.getfixturevalue("live_stores")
    return live


@pytest.fixture
def live_stores(live_house: tuple[LiveServer, RunningUwsgi]) -> Iterator[Stores]:
    """What the running chain keeps, by another connection to its database."""
    with live_house[1].stores() as stores:
        yield stores


@pytest.fixture
def door(any_server: Server, kept: Stores) -> Door:
    """A door device with a token."""
    return add_door(any_server, kept)


def without_request_limit(nginx_conf: str) -> str:
    """Tests ask faster than any door: everything of the shipped file but the rate of requests."""
    assert nginx_conf.count("limit_req zone=requests burst=200 nodelay;") == 1
    return nginx_conf.replace("limit_req zone=requests burst=200 nodelay;", "")


@pytest.fixture
def ana(any_server: Server, photo: Callable[[str], bytes]) -> str:
    """Ana's id; she is enrolled with two photos."""
    return enrolled(any_server, "Ana", photo("ana-1"), photo("ana-2"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["webdriver.Chrome"]:
    """Chromium without a window."""
    # Imported here: few tests look at pages, and selenium is slow to import.
    from tests.browsers import chromium  # noqa: PLC0415

    with chromium(tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome
