"""Presses of doors: who asks, and that only a press of now is judged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Conflict
from wsgi_app.stores.devices import Device
from wsgi_app.stores.presses import Press
from wsgi_app.stores.visits import IdempotencyKey


@dataclass(frozen=True)
class Caller:
    """The door that asks.

    Attributes:
        door: which one, as visits have it.
        key: of its retries.
        press: what a door with a token tells of the press.
        device: that door, as it was when the request came.
        agreeing: how many photos have to agree before it opens anything, as it says itself.
    """

    door: DoorId
    key: IdempotencyKey | None
    press: Press | None = None
    device: Device | None = None
    agreeing: int = 1

    @classmethod
    def without_token(cls, address: str, press_id: str | None) -> "Caller":
        """A door that is known by its address alone."""
        door = DoorId(DoorKind.ADDRESS, address)
        return cls(door, None if press_id is None else IdempotencyKey(door, press_id))

    @classmethod
    def with_token(cls, device: Device, press: Press, agreeing: int = 1) -> "Caller":
        """A door that has a token."""
        door = DoorId(DoorKind.DEVICE, device.id)
        return cls(door, IdempotencyKey(door, press.id), press, device, agreeing)


def refuse_stale(at: datetime, now: datetime, most_s: int) -> None:
    """Refuse a press that is not of now: the answer would open a door for whoever stands there by then.

    Args:
        at: when, by the device's time of day; of a request that it signed, its time of signing.
        now: by the server's.
        most_s: by which the two may differ.

    Raises:
        Conflict: it is too long ago, or still to come.
    """
    age = now - at
    if abs(age) <= timedelta(seconds=most_s):
        return
    seconds = abs(age).total_seconds()
    if age > timedelta():
        raise Conflict("clock:late", seconds=seconds, most_s=most_s)
    raise Conflict("clock:early", seconds=seconds, most_s=most_s)
