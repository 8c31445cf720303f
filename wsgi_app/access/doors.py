"""Door devices: which one a token is of."""

import re
from dataclasses import dataclass, field

from wsgi_app.access.evidence import token_key
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.devices import NAME, Device, DeviceStore

TOKEN = re.compile(rf"{NAME.pattern}\.[0-9A-Za-z_-]{{43}}")


@dataclass(frozen=True)
class Holder:
    """A device whose token came with a request, and the key [32] that both sides have of it."""

    device: Device
    key: bytes = field(repr=False)


def token_holder(authorization: str, devices: DeviceStore) -> Holder | None:
    """The device whose token comes with a request; ``None`` without one.

    A scheme other than Bearer is none of ours: nginx passes on the passwords that it has checked.

    Raises:
        Unauthorized: nobody has that token.
        Forbidden: it is revoked.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip(" ")
    key = token_key(token) if TOKEN.fullmatch(token) else None
    device = devices.holding(key) if key else None
    if key is None or device is None:
        raise Unauthorized("bad_token")
    if device.revoked_at is not None:
        raise Forbidden("revoked")
    return Holder(device, key)


def needed_holder(authorization: str, devices: DeviceStore) -> Holder:
    """The device whose token comes with a request.

    Raises:
        Unauthorized, Forbidden: as ``token_holder``, or there is no token.
    """
    holder = token_holder(authorization, devices)
    if holder is None:
        raise Unauthorized("token_needed")
    return holder
