"""Tokens of door devices: made here, told once, and kept as what they are found by."""

import secrets
from collections.abc import Callable

from wsgi_app.access.evidence import door_token, token_key
from wsgi_app.base.doors import DOOR_NAME
from wsgi_app.base.errors import Unfit
from wsgi_app.stores.devices import DeviceStore

SECRET_BYTES = 32
SALT_BYTES = 16


def random_secret() -> str:
    """43 letters that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def random_salt() -> bytes:
    """What makes each token another one, of one door too [16]."""
    return secrets.token_bytes(SALT_BYTES)


def add_door(
    devices: DeviceStore, name: str, secret: bytes, new_salt: Callable[[], bytes] = random_salt
) -> str:
    """Let a new door ask, or a revoked one again; gives its token, which nobody is told once more.

    Args:
        devices: those that may ask.
        name: of the new one.
        secret: of the server [32]. With it the token can be made again, for a door that signs in place of
            sending it; the database alone cannot.
        new_salt: gives what the token is made of besides.

    Raises:
        Unfit: this cannot be a door's name.
        Conflict: there is one of that name whose token is accepted.
    """
    if not DOOR_NAME.fullmatch(name):
        raise Unfit("bad_name:device", name=name[:80])
    salt = new_salt()
    token = door_token(secret, name, salt)
    devices.add(name, token_key(token), salt)
    return token
