"""Door devices: which one a token is of."""

import re
from dataclasses import dataclass, field

from wsgi_app.access.evidence import token_key
from wsgi_app.base.doors import DOOR_NAME
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.devices import Device, DeviceStore

TOKEN = re.compile(rf"{DOOR_NAME.pattern}\.[0-9A-Za-z_-]{{43}}")


@dataclass(frozen=True)
class Holder:
    """A device whose token came with a request, and the key [32] that both sides have of it."""

    device: Device
    key: bytes = field(repr=False)


def token_holder(token: str | None, devices: DeviceStore) -> Holder | None:
    """The device that has a token; ``None`` without one.

    Raises:
        Unauthorized: nobody has that token.
        Forbidden: it is revoked.
    """
    if token is None:
        return None
    key = token_key(token) if TOKEN.fullmatch(token) else None
    device = devices.holding(key) if key else None
    if key is None or device is None:
        raise Unauthorized("bad_token")
    if device.revoked_at is not None:
        raise Forbidden("revoked")
    return Holder(device, key)


def needed_holder(token: str | None, devices: DeviceStore) -> Holder:
    """The device that has a token.

    Raises:
        Unauthorized, Forbidden: as ``token_holder``, or there is no token.
    """
    holder = token_holder(token, devices)
    if holder is None:
        raise Unauthorized("token_needed")
    return holder
