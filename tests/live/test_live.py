"""The live feed as shipped: whatever dies, every browser ends with everything; crowds are refused."""

import collections
import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.accounts import OWNER, PASSWORD, basic
from tests.browsers import chromium, severe_lines
from tests.conftest import without_request_limit
from tests.servers import LiveServer, LocalPorts, RunningUwsgi, post_json, post_photo, running_house, uwsgi
from tests.watchers import Watcher, watching

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
Chain = tuple[LiveServer, RunningUwsgi]

PATIENCE_S = 120.0
OF_ONE_ADDRESS = 1200
FEED_IS_READY = "live feed is served"


@pytest.fixture
def own_house(tmp_path_factory: pytest.TempPathFactory, pack_folder: Path) -> Iterator[Chain]:
    """A house of this test's own, in a folder with a short name: Unix sockets have no room for a long one."""
    folder = tmp_path_factory.mktemp("live")
    with running_house(folder, {"PORTEIRO_PACK": str(pack_folder)}, edit=without_request_limit) as chain:
        wait_for_feed(chain[1])
        yield chain


def wait_for_feed(running: RunningUwsgi) -> None:
    """Until the live feed takes connections; it starts beside the workers."""
    if not any(FEED_IS_READY in line for line in running.output.lines):
        running.output.wait_for(lambda line: FEED_IS_READY in line)


def address_of(server: LiveServer) -> str:
    return f"ws://127.0.0.1:{server.port}{server.prefix}/live"


class Browser:
    """Watches and comes back whenever it is cut off, from the last event that it has."""

    def __init__(self, address: str, final: threading.Event):
        self.numbers: list[int] = []
        self.subjects: list[str] = []
        self.comebacks = -1
        self._address, self._final, self._last = address, final, 0
        self._pause = threading.Event()

    def watch(self, has_all: Callable[["Browser"], bool]) -> None:
        """Until it has everything that happened before ``final`` is set."""
        while not (self._final.is_set() and has_all(self)):
            with (
                contextlib.suppress(OSError, ConnectionClosed, InvalidHandshake),
                watching(self._address, self._last, **basic()) as watcher,
            ):
                self.comebacks += 1
                self._take(watcher, has_all)
            self._pause.wait(0.05)

    def _take(self, watcher: Watcher, has_all: Callable[["Browser"], bool]) -> None:
        while not (self._final.is_set() and has_all(self)):
            with contextlib.suppress(TimeoutError):
                frame = watcher.frame("events", 0.5)
                self.numbers += [event["number"] for event in frame["events"]]
                self.subjects += [event["subject"] for event in frame["events"] if event["kind"] == "visit"]
                self._last = frame["last"]


@contextlib.contextmanager
def browsers(address: str, number: int, has_all: Callable[[Browser], bool]) -> Iterator[list[Browser]]:
    """So many browsers that watch until, after the end of the block, they have everything."""
    final = threading.Event()
    watching_now = [Browser(address, final) for _ in range(number)]
    with ThreadPoolExecutor(number) as pool:
        ends = [pool.submit(browser.watch, has_all) for browser in watching_now]
        try:
            yield watching_now
        finally:
            final.set()
        for end in ends:
            end.result(PATIENCE_S)


def told_visits(running: RunningUwsgi) -> list[str]:
    """The visits of all events, in their order, from the database itself."""
    with running.stores() as stores:
        events = stores.events.after(0, 10_000)
    return [event.subject for event in events if event.kind == "visit"]


def has_all_of(running: RunningUwsgi) -> Callable[[Browser], bool]:
    """Whether a browser has been told of every visit."""
    return lambda browser: len(browser.subjects) >= len(told_visits(running))


def test_the_live_feed_and_a_worker_are_killed_during_500_visits_and_every_browser_has_them_all(
    own_house: Chain, photo: Photo
) -> None:
    server, running = own_house
    kills = {150: running.feed(), 300: running.workers()[0]}
    presses, statuses = iter(range(10_000)), collections.Counter[int]()
    lock = threading.Lock()

    def press_until_enough(_: int) -> None:
        while statuses[404] < 500:
            number = next(presses)
            if number in kills:
                os.kill(kills[number], signal.SIGKILL)
            answer = post_photo(server, "/", photo("nobody-1"))
            with lock:
                statuses[answer.status] += 1

    with browsers(address_of(server), 20, has_all_of(running)) as watching_now, ThreadPoolExecutor(2) as pool:
        list(pool.map(press_until_enough, range(2)))

    visits = told_visits(running)
    assert len(visits) >= 500
    assert [browser.subjects for browser in watching_now] == [visits] * 20
    assert all(browser.numbers == sorted(set(browser.numbers)) for browser in watching_now)
    assert all(browser.comebacks >= 1 for browser in watching_now)
    assert running.feed() not in kills.values()


def test_renewing_the_server_keeps_the_browsers(own_house: Chain, photo: Photo) -> None:
    server, running = own_house
    before = running.feed()

    with browsers(address_of(server), 3, has_all_of(running)) as watching_now:
        post_photo(server, "/", photo("nobody-1"))
        Path(running.environ["PORTEIRO_DATA"], "run", "reload").touch()
        running.output.wait_for(lambda line: "chain reloading complete" in line)
        post_photo(server, "/", photo("nobody-1"))

    assert [browser.subjects for browser in watching_now] == [told_visits(running)] * 3
    assert running.feed() != before


def test_the_local_run_has_the_live_feed_on_the_port_after_its_own(
    tmp_path: Path, pack_folder: Path, photo: Photo
) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings}
    with uwsgi(tmp_path, settings) as running:
        wait_for_feed(running)
        with watching(
            f"ws://localhost:{ports.live}/porteiro/live", Origin=f"http://localhost:{ports.http}"
        ) as watcher:
            hello = watcher.frame("you")
            visit = post_photo(LiveServer(ports.http), "/", photo("nobody-1")).json["visit"]
            (came,) = watcher.events(1)
        feed, workers = running.feed(), running.workers()

    assert hello["you"] == "this machine"
    assert (came["subject"], came["visit"]["outcome"]) == (visit, "no_face")
    assert not any(Path(f"/proc/{process}").exists() for process in (feed, *workers))


def opened_by_hand(server: LiveServer) -> tuple[int, socket.socket]:
    """The status of an opening handshake, and the socket, which stays open."""
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **basic(),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    stream.sendall(f"GET {server.prefix}/live HTTP/1.1\r\n{lines}\r\n".encode())
    return int(stream.recv(12).split()[1]), stream


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open a file for each of 2,000 sockets."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 4096:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(4096, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def received(stream: socket.socket, wanted: bytes) -> bool:
    """Whether something arrives before the connection ends."""
    data = b""
    while wanted not in data:
        piece = stream.recv(65_536)
        if not piece:
            return False
        data += piece
    return True


@pytest.mark.usefixtures("many_files")
def test_of_2000_sockets_of_one_address_some_are_refused_and_the_door_still_answers(
    own_house: Chain, photo: Photo
) -> None:
    server, _ = own_house
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: opened_by_hand(server), range(2000)))
        for _, stream in opened:
            stack.enter_context(contextlib.closing(stream))
        statuses = collections.Counter(status for status, _ in opened)
        answer = post_photo(server, "/", photo("nobody-1"))
        visit = answer.json["visit"].encode()
        all_told = [received(stream, visit) for status, stream in opened if status == 101]

    assert statuses == {101: OF_ONE_ADDRESS, 429: 2000 - OF_ONE_ADDRESS}
    assert (answer.status, answer.json["outcome"]) == (404, "no_face")
    assert all_told == [True] * OF_ONE_ADDRESS


def test_nginx_refuses_in_json_while_the_live_feed_is_down(own_house: Chain) -> None:
    server, running = own_house
    Path(running.environ["PORTEIRO_SOCKET"]).with_name("live.sock").unlink()

    opening = {"Connection": "Upgrade", "Upgrade": "websocket"}
    refused = server.ask("GET", "/live", headers=opening)

    assert (refused.status, refused.error, refused.headers["Retry-After"]) == (503, "unavailable", "2")
    assert server.ask("GET", "/health/live").status == 200


@pytest.fixture
def open_house(tmp_path: Path, pack_folder: Path) -> Iterator[tuple[LiveServer, list[webdriver.Chrome]]]:
    """The local run, and two browsers that show its pages."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings}
    with (
        uwsgi(tmp_path, settings) as running,
        chromium(tmp_path / "one") as one,
        chromium(tmp_path / "other") as other,
    ):
        wait_for_feed(running)
        for browser in (one, other):
            browser.get(f"http://localhost:{ports.http}/porteiro/api")
        yield LiveServer(ports.http), [one, other]


CONNECT = """
const done = arguments[1];
window.told = {events: [], present: [], states: [], refused: []};
import(`${document.documentElement.dataset.root}/static/live.js`).then(({connect}) => {
  window.live = connect({
    after: arguments[0],
    onEvent: event => told.events.push(event),
    onPresent: names => told.present.push(names),
    onState: state => told.states.push(state),
    onRefused: message => told.refused.push(message),
  });
  done();
});
"""


def told(browser: webdriver.Chrome, has: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """What the page was told, once there is in it what is waited for."""

    def look(browser: webdriver.Chrome) -> dict[str, Any] | None:
        found: dict[str, Any] = browser.execute_script("return window.told")
        return found if has(found) else None

    return WebDriverWait(browser, PATIENCE_S).until(look) or {}


def test_two_browsers_see_a_visit_arrive_and_talk(
    open_house: tuple[LiveServer, list[webdriver.Chrome]], photo: Photo
) -> None:
    server, (one, other) = open_house
    for browser in (one, other):
        browser.execute_async_script(CONNECT, 0)
        told(browser, lambda told: told["present"])

    visit = post_photo(server, "/", photo("nobody-1")).json["visit"]
    one.execute_script("live.say('Tea is ready')")
    seen = (
        told(one, lambda told: len(told["events"]) == 2),
        told(other, lambda told: len(told["events"]) == 2),
    )

    assert [[event["kind"] for event in page["events"]] for page in seen] == [["visit", "message"]] * 2
    assert [page["events"][0]["visit"]["id"] for page in seen] == [visit, visit]
    assert [page["events"][1].get("echo", False) for page in seen] == [True, False]
    assert [(page["states"], page["present"][-1]) for page in seen] == [(["live"], ["this machine"])] * 2
    one.execute_script("live.say('')")
    assert told(one, lambda told: told["refused"])["refused"] == ["A message needs at least one letter."]
    assert severe_lines(one) + severe_lines(other) == []


def test_where_no_websocket_can_be_had_a_page_asks_now_and_then(
    open_house: tuple[LiveServer, list[webdriver.Chrome]], photo: Photo
) -> None:
    server, (one, other) = open_house
    one.execute_script("document.documentElement.dataset.live += '/elsewhere'")
    for browser in (one, other):
        browser.execute_async_script(CONNECT, 0)
    told(one, lambda told: told["states"] == ["polling"])

    visit = post_photo(server, "/", photo("nobody-1")).json["visit"]
    one.execute_script("live.say('Tea is ready')")
    page, watched = (told(browser, lambda told: len(told["events"]) == 2) for browser in (one, other))

    assert [event["kind"] for event in page["events"]] == ["visit", "message"]
    assert page["events"][0]["visit"]["id"] == visit
    assert [event.get("echo", False) for event in page["events"]] == [False, True]
    assert [event.get("echo", False) for event in watched["events"]] == [False, False]
    one.execute_script("live.say('')")
    assert told(one, lambda told: told["refused"])["refused"] == ["A message needs at least one letter."]


def test_a_browser_watches_with_the_cookie_of_its_sign_in_and_only_from_its_own_pages(
    own_house: Chain,
) -> None:
    server, _ = own_house
    entered = post_json(server, "/sign-in", {"name": OWNER, "password": PASSWORD}, Authorization="")
    cookie = entered.headers["Set-Cookie"].partition(";")[0]
    origin = f"http://127.0.0.1:{server.port}"

    with watching(address_of(server), Cookie=cookie, Origin=origin) as watcher:
        assert watcher.frame("you")["you"] == OWNER
    for headers in (
        {"Origin": origin},
        {"Cookie": cookie + "x"},
        {"Cookie": cookie, "Origin": "http://evil.example"},
    ):
        with pytest.raises(InvalidStatus) as refused, watching(address_of(server), None, **headers):
            pass
        assert refused.value.response.status_code in (401, 403)
