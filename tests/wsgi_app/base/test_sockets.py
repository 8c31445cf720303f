"""Listening sockets, and Unix sockets by long paths."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from wsgi_app.base.addresses import SOCKET_BYTES
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.sockets import listeners, short_address


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", "*:0"])
def test_a_host_is_listened_on(address: str) -> None:
    opened = listeners("PORTEIRO_HTTP", address)

    for listener in opened:
        with closing(listener), closing(socket.create_connection(listener.getsockname()[:2], 5)):
            listener.accept()[0].close()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("no-such-host.invalid:80", "this machine knows no host no-such-host.invalid"),
        ("192.0.2.1:8765", "this machine has no such address"),
    ],
)
def test_where_nobody_can_listen_the_setting_is_named(address: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        listeners("PORTEIRO_HTTP", address)

    assert str(refused.value) == f"PORTEIRO_HTTP={address!r}: {why}"


def test_a_port_of_another_is_refused_and_nothing_stays_open() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"^PORTEIRO_LIVE=.*: another program listens there already; "):
            listeners("PORTEIRO_LIVE", address)


@pytest.mark.parametrize("length", [1, SOCKET_BYTES - 10, 200])
def test_a_unix_socket_is_reached_by_a_path_of_any_length(tmp_path: Path, length: int) -> None:
    folder = tmp_path / ("é" * (length // 2) + "n")
    folder.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as listener, closing(socket.socket(socket.AF_UNIX)) as client:
        listener.bind(short_address(folder / "a.sock"))
        listener.listen()
        client.connect(short_address(folder / "a.sock"))

    assert (folder / "a.sock").is_socket()
