"""Door devices: which one a token is of, or a signature."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wsgi_app.access.evidence import HEADER, VERSION, door_token, request_signature, signing_key, token_key
from wsgi_app.base.doors import DOOR_NAME, DoorState
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.devices import LOST_AFTER, Device, DeviceStore

TOKEN = re.compile(rf"{DOOR_NAME.pattern}\.[0-9A-Za-z_-]{{43}}")
SIGNED = "Porteiro"  # what a 401 asks for where a signature came that is none


@dataclass(frozen=True)
class Holder:
    """A device that has proved to have its token.

    Attributes:
        device: which one.
        token: what its token is found by [32].
        key: what signs the answers to it [32].
        signed_at: its own time of the request, where it signed that; ``None`` where its token came.
    """

    device: Device
    token: bytes = field(repr=False)
    key: bytes = field(repr=False)
    signed_at: datetime | None = None


@dataclass(frozen=True)
class SignedRequest:
    """A request that a door signed in place of sending its token.

    Attributes:
        device: which door, by its own word.
        at: its own time of signing.
        signature: hexadecimal.
        stated: what is signed, by ``evidence.REQUEST_FIELDS``.
    """

    device: str
    at: datetime
    signature: str
    stated: Mapping[str, str] = field(repr=False)


def is_outdated(device: Device) -> bool:
    """Whether a device is too old for what proves an answer here, so that its door stays closed."""
    return device.vitals is not None and device.vitals.evidence < VERSION


def is_of_another_secret(device: Device, devices: DeviceStore, secret: bytes) -> bool:
    """Whether a token was made with another secret than the server has, which then checks no signature.

    The token itself is still accepted, where it is sent.
    """
    if device.salt is None:
        return False
    return devices.holding(token_key(door_token(secret, device.id, device.salt))) is None


def needs_renewal(device: Device, devices: DeviceStore, secret: bytes | None, now: datetime) -> bool:
    """Whether a device needs another token to be heard: what it signs with the one it has cannot be checked.

    With a token of an earlier release, which cannot sign, a device is heard over https; one that was heard
    once and is not any more may be one that asks over plain http. Without the secret nothing is known of the
    others.
    """
    if device.salt is None:
        is_pressed = device.pressed_at is not None and now - device.pressed_at < LOST_AFTER
        return device.state(now) is DoorState.LOST and not is_pressed
    return secret is not None and is_of_another_secret(device, devices, secret)


def doors_of_another_secret(devices: DeviceStore, secret: bytes) -> list[str]:
    """The names of all such devices that are not revoked."""
    return [
        device.id
        for device in devices.everyone()
        if device.revoked_at is None and is_of_another_secret(device, devices, secret)
    ]


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
    _refuse_revoked(device)
    return Holder(device, key, signing_key(token))


def needed_holder(token: str | None, devices: DeviceStore) -> Holder:
    """The device that has a token.

    Raises:
        Unauthorized, Forbidden: as ``token_holder``, or there is no token.
    """
    holder = token_holder(token, devices)
    if holder is None:
        refusal = Unauthorized("token_needed")
        refusal.headers[HEADER] = str(VERSION)  # a door that did send its proof learns that it was taken away
        raise refusal
    return holder


def signing_holder(signed: SignedRequest, devices: DeviceStore, secret: bytes) -> Holder:
    """The device that signed a request.

    Args:
        signed: what came.
        devices: those that may ask.
        secret: of the server [32], with which it makes the token again that signs.

    Raises:
        Unauthorized: no device of that name signed it, or its token was not made with that secret.
        Forbidden: its token is revoked.
    """
    device = devices.named(signed.device)
    if device is None:
        raise Unauthorized("bad_signature", scheme=SIGNED)
    token = None if device.salt is None else door_token(secret, device.id, device.salt)
    if token is None or devices.holding(token_key(token)) is None:
        raise Unauthorized("bad_signature:renew", scheme=SIGNED)
    key = signing_key(token)
    if not hmac.compare_digest(request_signature(key, signed.stated), signed.signature):
        raise Unauthorized("bad_signature", scheme=SIGNED)
    _refuse_revoked(device)
    return Holder(device, token_key(token), key, signed.at)


def _refuse_revoked(device: Device) -> None:
    if device.revoked_at is not None:
        raise Forbidden("revoked")
