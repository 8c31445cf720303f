"""The lab's rooms through the shipped nginx.conf and uwsgi.ini, for programs and in a real browser."""

import json
import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.browsers import set_width, severe_lines
from tests.pages import address_of, element, prefer, problems, texts
from tests.servers import LiveServer, RunningUwsgi, wait_until_listening
from tests.watchers import PATIENCE_S

pytestmark = pytest.mark.live

OF_ONE_ADDRESS = 10


@pytest.fixture
def lab(live_house: tuple[LiveServer, RunningUwsgi], live_lab: LiveServer) -> LiveServer:
    """The lab behind nginx, once its rooms are open."""
    _, running = live_house
    rooms = Path(running.environ["PORTEIRO_SOCKET"]).with_name("live.sock")
    wait_until_listening(rooms, lambda: running.process.poll() is None)
    return live_lab


def in_room(lab: LiveServer, room: str, **headers: str) -> ClientConnection:
    address = f"ws://127.0.0.1:{lab.port}{lab.prefix}/ws?room={room}"
    return connect(address, additional_headers=headers)


def test_an_echo_comes_through_the_whole_chain_and_nobody_else_is_let_in(lab: LiveServer) -> None:
    with in_room(lab, "echo", Origin=f"http://127.0.0.1:{lab.port}") as guest:
        guest.send("Olá")
        guest.send(b"\x00\xff")

        assert (guest.recv(PATIENCE_S), guest.recv(PATIENCE_S)) == ("Olá", b"\x00\xff")
    with pytest.raises(InvalidStatus) as refused, in_room(lab, "all", Origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused, in_room(lab, "attic"):
        pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body or b"")["error"] == {
        "code": "unknown_room",
        "message": "room must be one of echo, all, tutorial.",
    }


def test_one_address_has_so_many_seats_behind_nginx_too(lab: LiveServer) -> None:
    with ExitStack() as guests:
        for _ in range(OF_ONE_ADDRESS):
            guests.enter_context(in_room(lab, "echo"))
        with pytest.raises(InvalidStatus) as refused, in_room(lab, "all"):
            pass

    assert refused.value.response.status_code == 429


def press(browser: webdriver.Chrome, name: str) -> None:
    """Press a button, once it can be pressed."""
    button = element(browser, f"#{name}")
    WebDriverWait(browser, PATIENCE_S).until(lambda _: button.is_enabled())
    button.click()


def enter(browser: webdriver.Chrome, room: str) -> None:
    """Connect to a room, and wait until it is open."""
    Select(element(browser, "[name=room]")).select_by_value(room)
    press(browser, "connect")
    has_state(browser, f"open, in the room {room}")


def has_state(browser: webdriver.Chrome, state: str) -> None:
    """Wait until the page says that this is the connection's state."""
    WebDriverWait(browser, PATIENCE_S).until(lambda _: texts(browser, "#state") == [state])


def has_rows(browser: webdriver.Chrome, *wanted: str) -> None:
    """Wait until the log has these rows and no others, the newest first; guests' numbers as ``N``."""

    def rows(browser: webdriver.Chrome) -> list[str]:
        found = texts(browser, "#log tr")
        return [re.sub(r"guest [0-9]+", "guest N", re.sub(r"\s+", " ", row)) for row in found]

    WebDriverWait(browser, PATIENCE_S).until(lambda _: len(rows(browser)) >= len(wanted))
    assert rows(browser) == list(wanted)


def test_the_page_shows_what_an_echo_sends_back_and_connects_again(
    lab: LiveServer, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    file = tmp_path / "small.bin"
    file.write_bytes(bytes(range(240, 256)) * 2)
    browser.get(address_of(lab, "/ws"))
    assert texts(browser, "#state") == ["not connected"]
    assert not element(browser, "#send-text button").is_enabled()

    enter(browser, "echo")
    element(browser, "[name=text]").send_keys("Olá <b>", Keys.ENTER)
    has_rows(browser, "received text, 8 bytes Olá <b>", "sent text, 8 bytes Olá <b>")
    press(browser, "clear")
    element(browser, "[name=file]").send_keys(str(file))
    element(browser, "#send-file button").click()
    shown = "binary, 32 bytes f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff …"
    has_rows(browser, f"received {shown}", f"sent {shown}")

    press(browser, "disconnect")
    has_state(browser, "closed, code 1000: Disconnected by hand.")
    press(browser, "clear")
    enter(browser, "echo")
    press(browser, "send-bytes")
    shown = "binary, 16 bytes 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"
    has_rows(browser, f"received {shown}", f"sent {shown}")
    press(browser, "disconnect")
    has_state(browser, "closed, code 1000: Disconnected by hand.")
    assert severe_lines(browser) == []


def test_in_the_room_of_all_the_page_shows_who_speaks_and_marks_its_own(
    lab: LiveServer, browser: webdriver.Chrome
) -> None:
    browser.get(address_of(lab, "/ws"))
    enter(browser, "all")
    has_rows(browser, "received came you are guest N; 1 here")
    with in_room(lab, "all") as guest:
        guest.recv(PATIENCE_S)
        press(browser, "clear")
        press(browser, "send-bytes")
        announced, data = json.loads(guest.recv(PATIENCE_S)), guest.recv(PATIENCE_S)
        shown = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"
        has_rows(
            browser,
            f"received binary, 16 bytes, from guest N your own copy {shown}",
            f"sent binary, 16 bytes {shown}",
        )
        press(browser, "clear")
        guest.send("<i>Hi</i>")
        has_rows(browser, "received text, 9 bytes, from guest N <i>Hi</i>")
        press(browser, "clear")
        guest.send(b"\x07")
        has_rows(browser, "received binary, 1 bytes, from guest N 07")
        press(browser, "clear")
    has_rows(browser, "received left guest N; 1 here")
    press(browser, "disconnect")
    has_state(browser, "closed, code 1000: Disconnected by hand.")

    assert (announced["kind"], announced["own"], announced["bytes"]) == ("binary", False, 16)
    assert data == bytes(range(16))
    assert severe_lines(browser) == []


def test_the_page_says_why_something_is_not_sent_or_the_connection_ended(
    lab: LiveServer, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(4097))
    browser.get(address_of(lab, "/ws"))
    enter(browser, "echo")
    element(browser, "[name=file]").send_keys(str(large))
    element(browser, "#send-file button").click()
    WebDriverWait(browser, PATIENCE_S).until(
        lambda _: texts(browser, "#refused") == ["4097 bytes are too many: at most 4096."]
    )
    assert texts(browser, "#log tr") == []

    browser.execute_script("for (let n = 0; n < 11; n += 1) document.getElementById('send-bytes').click()")
    has_state(browser, "closed, code 1008: Too many messages; slow down.")
    assert not element(browser, "#no-hub").is_displayed()

    browser.execute_script("document.querySelector('[name=room] option').value = 'attic'")
    press(browser, "connect")
    has_state(browser, "closed, code 1006")
    assert element(browser, "#no-hub").is_displayed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_screen_and_is_fit_for_all(
    lab: LiveServer, browser: webdriver.Chrome, width: int, scheme: str
) -> None:
    set_width(browser, width)
    prefer(browser, scheme)
    browser.get(address_of(lab, "/ws"))
    severe_lines(browser)  # those of the page before
    enter(browser, "all")
    element(browser, "[name=text]").send_keys("x" * 300, Keys.ENTER)
    WebDriverWait(browser, PATIENCE_S).until(lambda _: len(texts(browser, "#log tr")) == 3)

    assert problems(browser, width) == []
