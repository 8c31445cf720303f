"""Addresses to listen on, and who reaches them."""

import ipaddress
import re

HIGHEST_PORT = 65535


def read_address(text: str) -> str:
    """HOST:PORT.

    Raises:
        ValueError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8765")
    return text


def is_loopback(address: str) -> bool:
    """Whether HOST, or HOST:PORT, is one that only this machine reaches."""
    host = re.sub(r":[0-9]+$", "", address).strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
