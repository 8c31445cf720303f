import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pi_client.notify import MOST_STATUS, VARIABLE, Notifier

Listen = Callable[[str], socket.socket]
LISTENING_S = 10.0


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Opens systemd's end at an address."""
    opened: list[socket.socket] = []

    def at(address: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        opened.append(listener)
        listener.settimeout(LISTENING_S)
        listener.bind(address)
        return listener

    yield at
    for listener in opened:
        listener.close()


def test_systemd_hears_every_message_as_a_datagram_of_its_own(tmp_path: Path, listen: Listen) -> None:
    address = str(tmp_path / "notify")
    listener = listen(address)
    notifier = Notifier({VARIABLE: address})
    notifier.ready()
    notifier.ping()
    notifier.ping()
    notifier.status("ready, 3 presses")
    notifier.stopping()
    assert [listener.recv(1000) for _ in range(5)] == [
        b"READY=1",
        b"WATCHDOG=1",
        b"WATCHDOG=1",
        b"STATUS=ready, 3 presses",
        b"STOPPING=1",
    ]


def test_an_abstract_address_is_heard_as_well(tmp_path: Path, listen: Listen) -> None:
    listener = listen(f"\0{tmp_path}")
    Notifier({VARIABLE: f"@{tmp_path}"}).ready()
    assert listener.recv(1000) == b"READY=1"


def test_a_status_stays_one_short_line_so_that_it_cannot_say_more_than_a_status(
    tmp_path: Path, listen: Listen
) -> None:
    address = str(tmp_path / "notify")
    listener = listen(address)
    notifier = Notifier({VARIABLE: address})
    notifier.status("a name\nWATCHDOG=trigger")
    notifier.status("é" * 1000)
    notifier.status("half a letter: \ud800")
    assert [listener.recv(1000).decode() for _ in range(3)] == [
        "STATUS=a name WATCHDOG=trigger",
        "STATUS=" + "é" * MOST_STATUS,
        "STATUS=half a letter: ?",
    ]


def all_messages(notifier: Notifier) -> None:
    notifier.ready()
    notifier.ping()
    notifier.status("ready")
    notifier.stopping()


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}, {VARIABLE: "vsock:2:1234"}, {VARIABLE: "relative"}])
def test_without_an_address_nobody_is_told(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    all_messages(Notifier(environ))


@pytest.mark.parametrize("name", ["/nowhere/notify", "@porteiro-nobody-listens", "/" + "long" * 100])
def test_a_socket_that_is_not_there_stops_nobody(name: str) -> None:
    all_messages(Notifier({VARIABLE: name}))


def test_a_socket_that_goes_away_stops_nobody_and_one_that_comes_back_is_heard(
    tmp_path: Path, listen: Listen
) -> None:
    file = tmp_path / "notify"
    notifier = Notifier({VARIABLE: str(file)})
    listen(str(file)).close()
    notifier.ping()
    file.unlink()
    notifier.ping()
    listener = listen(str(file))
    notifier.ping()
    assert listener.recv(1000) == b"WATCHDOG=1"


def test_a_systemd_that_does_not_listen_keeps_nobody_for_long(tmp_path: Path, listen: Listen) -> None:
    file = tmp_path / "notify"
    listener = listen(str(file))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filling:
        filling.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while filling.sendto(b"WATCHDOG=1", str(file)):
                pass
    notifier = Notifier({VARIABLE: str(file)})
    notifier.ready()
    assert listener.recv(1000) == b"WATCHDOG=1"
