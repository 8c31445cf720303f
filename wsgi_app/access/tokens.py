"""Tokens of door devices: made here, told once, and kept as their hashes."""

import secrets
from collections.abc import Callable

from wsgi_app.access.evidence import token_key
from wsgi_app.base.doors import DOOR_NAME
from wsgi_app.base.errors import Unfit
from wsgi_app.stores.devices import DeviceStore

SECRET_BYTES = 32


def random_secret() -> str:
    """43 letters that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def add_door(devices: DeviceStore, name: str, new_secret: Callable[[], str] = random_secret) -> str:
    """Let a new door ask, or a revoked one again; gives its token, which nothing here can tell once more.

    Raises:
        Unfit: this cannot be a door's name.
        Conflict: there is one of that name whose token is accepted.
    """
    if not DOOR_NAME.fullmatch(name):
        raise Unfit("bad_name:device", name=name[:80])
    token = f"{name}.{new_secret()}"
    devices.add(name, token_key(token))
    return token
