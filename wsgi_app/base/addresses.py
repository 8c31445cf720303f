"""Addresses to listen on, and who reaches them."""

import ipaddress
import re

HIGHEST_PORT = 65535
LONGEST_HOST = 253
SOCKET_BYTES = 107  # of a Unix socket's path: sun_path has one more for the zero (unix(7))
ADDRESS = re.compile(r"(.+):([0-9]{1,5})")
BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\]")
NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


def read_address(text: str) -> str:
    """HOST:PORT, where HOST is a name, an IPv4 address, an IPv6 address in brackets, or ``*``.

    Raises:
        ValueError: it is none; says what is wrong with it.
    """
    if "/" in text:
        raise ValueError("must be HOST:PORT alone, such as 127.0.0.1:8765, without http:// or a path")
    parts = ADDRESS.fullmatch(text)
    if parts is None or not 0 < int(parts[2]) <= HIGHEST_PORT:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8765")
    _refuse_host(parts[1])
    return text


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of an address, as sockets take them: IPv6 without brackets, ``0.0.0.0`` for ``*``."""
    host, _, port = address.rpartition(":")
    return ("0.0.0.0" if host == "*" else host.strip("[]")), int(port)  # noqa: S104  # the owner asks for it


def asked_address(address: str) -> str:
    """HOST:PORT at which a browser on this machine finds who listens there: of ``*`` there is none to ask."""
    host, _, port = address.rpartition(":")
    if host == "*":
        return f"127.0.0.1:{port}"
    try:
        unspecified = ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return address
    loopback = "[::1]" if ":" in host else "127.0.0.1"
    return f"{loopback}:{port}" if unspecified else address


def is_loopback(address: str) -> bool:
    """Whether HOST, or HOST:PORT, is one that only this machine reaches."""
    host = re.sub(r":[0-9]+$", "", address).strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_host(host: str) -> None:
    if host == "*":
        return
    if BRACKETED.fullmatch(host):
        ipaddress.IPv6Address(host[1:-1])  # says what is wrong with it
    elif ":" in host:
        raise ValueError("must have an IPv6 address in brackets, such as [::1]:8765")
    elif len(host) > LONGEST_HOST or not NAME.fullmatch(host):
        raise ValueError("must be HOST:PORT with the name of a host or its address, such as 127.0.0.1:8765")
    elif re.fullmatch(r"[0-9.]+", host):
        ipaddress.IPv4Address(host)
