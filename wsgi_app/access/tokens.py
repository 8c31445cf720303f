"""Tokens of door devices: made here, told once, and kept as their hashes."""

import secrets
from collections.abc import Callable

from wsgi_app.access.evidence import token_key
from wsgi_app.stores.devices import NAME, DeviceStore

SECRET_BYTES = 32


def random_secret() -> str:
    """43 letters that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def add_door(devices: DeviceStore, name: str, new_secret: Callable[[], str] = random_secret) -> str:
    """Let a new door ask, or a revoked one again; gives its token, which nothing here can tell once more.

    Raises:
        ValueError: this cannot be a door's name.
        Conflict: there is one of that name whose token is accepted.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name[:80]!r} cannot be a door's name: 1 to 63 of a-z, 0-9 and -, the first one no -"
        )
    token = f"{name}.{new_secret()}"
    devices.add(name, token_key(token))
    return token
