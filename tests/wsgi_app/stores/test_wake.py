import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from wsgi_app.stores.database import open_database
from wsgi_app.stores.wake import Waker


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A folder of its own: the name of a Unix socket has room for a hundred letters.
    return tmp_path_factory.mktemp("wake") / "wake.sock"


@pytest.fixture
def listener(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(20)
        yield listener


def test_each_change_wakes_the_feed_when_it_is_on_disk(
    tmp_path: Path, address: Path, listener: socket.socket
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'porteiro.db'}", Waker(address))
    with database.read():
        pass
    with database.write():
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.recv(10)
    listener.settimeout(20)

    assert listener.recv(10) == b"!"
    database.close()


def test_a_change_that_fails_wakes_nobody(tmp_path: Path, address: Path, listener: socket.socket) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'porteiro.db'}", Waker(address))

    def change_and_fail() -> None:
        with database.write():
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        change_and_fail()
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.recv(10)
    database.close()


@pytest.mark.usefixtures("listener")
def test_a_feed_that_does_not_take_what_is_sent_keeps_nobody_waiting(address: Path) -> None:
    wake = Waker(address)
    for _ in range(2000):  # more than any queue of datagrams holds
        wake()


@pytest.mark.parametrize("name", ["nobody.sock", "x" * 200])
def test_nothing_goes_wrong_where_nobody_listens(tmp_path: Path, name: str) -> None:
    Waker(tmp_path / name)()
