"""Sockets to listen on, and Unix sockets by paths of any length."""

import errno
import functools
import os
import socket
from pathlib import Path
from typing import Any

from wsgi_app.base.addresses import SOCKET_BYTES, host_and_port
from wsgi_app.base.errors import ConfigError

LACKING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # localhost where IPv6 is off
WAITING = 1024  # connections that wait to be taken
REFUSED = {
    errno.EADDRINUSE: "another program listens there already; end that one, or set another port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "this user may not listen there; ports from 1024 on are for everybody",
}


@functools.cache
def short_address(path: Path) -> str:
    """A Unix socket by a path that is short enough: where its own is not, by its folder, which stays open.

    Linux alone can do that; elsewhere such a path stays too long.
    """
    if len(os.fsencode(path)) <= SOCKET_BYTES:
        return str(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{folder}/{path.name}"


def listeners(key: str, address: str) -> list[socket.socket]:
    """A listening socket for each address that HOST:PORT means; one that this machine lacks may be left out.

    Args:
        key: of the setting that says so.
        address: HOST:PORT.

    Raises:
        ConfigError: nobody can listen there; it names the setting.
    """
    host, port = host_and_port(address)
    try:
        meant = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{key}={address!r}: this machine knows no host {host}") from error
    opened: list[socket.socket] = []
    lacking: OSError | None = None
    try:
        for family, _, _, _, place in dict.fromkeys(meant):
            try:
                opened.append(_listener(family, place))
            except OSError as error:
                if error.errno not in LACKING:
                    raise
                lacking = error
        if lacking and not opened:
            raise lacking
    except OSError as error:
        for one in opened:
            one.close()
        why = REFUSED.get(error.errno or 0, error.strerror or str(error))
        raise ConfigError(f"{key}={address!r}: {why}") from error
    return opened


def _listener(family: int, place: Any) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(place)
        listener.listen(WAITING)
    except OSError:
        listener.close()
        raise
    return listener
