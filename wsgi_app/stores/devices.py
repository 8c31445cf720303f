"""Door devices: their tokens' hashes, the last press of each, and how each last said it was."""

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wsgi_app.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import AT_THE_MACHINE, tell
from wsgi_app.stores.tables import devices

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
HEARTBEAT = timedelta(seconds=60)

# How long after its last heartbeat a device is what; after the last of these times it is lost.
STATES = (("here", timedelta(seconds=90)), ("late", timedelta(seconds=300)))
STATE_NAMES = (*(name for name, _ in STATES), "lost", "never")


@dataclass(frozen=True)
class Device:
    """A door device that has, or had, a token; the token's hash stays in the database.

    Attributes:
        id: its name.
        created_at: when its token was made.
        revoked_at: since when that is not accepted any more.
        boot: the device's boot of its last press.
        pressed_ms: its last press, by its own monotonic clock in that boot.
        pressed_at: the latest time of day of all its presses, by its own clock.
        vitals: what its last heartbeat told.
        heard_at: when that came.
        missed: how many heartbeats did not come, of one each minute.
        told_state: the state that the live feed told last.
    """

    id: str
    created_at: datetime
    revoked_at: datetime | None
    boot: str | None
    pressed_ms: int | None
    pressed_at: datetime | None
    vitals: dict[str, Any] | None
    heard_at: datetime | None
    missed: int
    told_state: str | None

    def state(self, now: datetime) -> str:
        """``here``, ``late``, ``lost`` or ``never``, by its last heartbeat."""
        heard_at = self.heard_at
        if heard_at is None:
            return "never"
        return next((name for name, most in STATES if now - heard_at < most), "lost")


@dataclass(frozen=True)
class Press:
    """A press as the device that has a token tells of it.

    Attributes:
        device: which device.
        key: the hash of its token.
        id: of the press, the same in each retry.
        boot: which boot of the device.
        ms: when, by the device's monotonic clock.
        at: when, by its time of day.
    """

    device: str
    key: bytes = field(repr=False)
    id: str
    boot: str
    ms: int
    at: datetime


class DeviceStore:
    """Devices in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self.now, self._by = database, now, AT_THE_MACHINE

    def acting(self, by: str) -> "DeviceStore":
        """The same store, with the changes told as somebody's."""
        store = copy(self)
        store._by = by
        return store

    def add(self, name: str, token_hash: bytes) -> None:
        """Keep a new device, or a revoked one anew: nothing of its former life stays.

        Raises:
            Conflict: there is one of that name that is not revoked.
        """
        with self._database.write() as connection:
            found = connection.execute(_DEVICES.where(devices.c.id == name)).first()
            if found is not None and found.revoked_at is None:
                raise Conflict(
                    f"{name} has a token; `porteiro token revoke {name}` first makes room for another.",
                    code="name_taken",
                )
            connection.execute(devices.delete().where(devices.c.id == name))
            connection.execute(
                devices.insert().values(id=name, token_hash=token_hash, created_at=self.now(), missed=0)
            )
            tell(connection, self.now(), ("device", "added", name), self._by)

    def revoke(self, name: str, expected: Callable[[Device], bool] = lambda _device: True) -> None:
        """Accept a device's token no more.

        Args:
            name: of the device.
            expected: whether it still is as the caller last saw it.

        Raises:
            NotFound: no device of that name has a token that is accepted.
            PreconditionFailed: ``expected`` says no.
        """
        with self._database.write() as connection:
            if not expected(_in_force(connection, name)):
                raise PreconditionFailed("This door was heard since you last read it; read it again.")
            connection.execute(devices.update().where(devices.c.id == name), {"revoked_at": self.now()})
            tell(connection, self.now(), ("device", "revoked", name), self._by)

    def holding(self, token_hash: bytes) -> Device | None:
        """The device whose token this is, revoked or not: asked for each press."""
        with self._database.read() as connection:
            row = connection.execute(_BY_TOKEN, {"token": token_hash}).first()
            return Device(**row._mapping) if row else None

    def get(self, name: str) -> Device:
        """One device.

        Raises:
            NotFound: no device of that name has a token that is accepted.
        """
        with self._database.read() as connection:
            return _in_force(connection, name)

    def page(self, limit: int, after: str = "") -> list[Device]:
        """Devices that are not revoked, by name, from the first past ``after``."""
        query = _DEVICES.where(devices.c.revoked_at.is_(None), devices.c.id > after)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(devices.c.id).limit(limit))
            return [Device(**row._mapping) for row in rows]

    def everyone(self) -> list[Device]:
        """Every device, also those that are revoked, by name."""
        with self._database.read() as connection:
            rows = connection.execute(_DEVICES.order_by(devices.c.id))
            return [Device(**row._mapping) for row in rows]

    def states(self) -> dict[str, int]:
        """How many devices that are not revoked are in each state, in the order of ``STATE_NAMES``."""
        now, counts = self.now(), dict.fromkeys(STATE_NAMES, 0)
        for device in self.everyone():
            if device.revoked_at is None:
                counts[device.state(now)] += 1
        return counts

    def tell_states(self) -> int:
        """Tell each device's state that is another one than was told last; gives how many were told."""
        now, told = self.now(), 0
        if all(device.state(now) == device.told_state for device in self.everyone() if not device.revoked_at):
            return told
        with self._database.write() as connection:
            rows = connection.execute(_DEVICES.where(devices.c.revoked_at.is_(None)))
            for device in [Device(**row._mapping) for row in rows]:
                state = device.state(now)
                if state != device.told_state:
                    connection.execute(
                        devices.update().where(devices.c.id == device.id), {"told_state": state}
                    )
                    tell(connection, now, ("device", state, device.id))
                    told += 1
        return told

    def hear(self, name: str, vitals: dict[str, Any]) -> None:
        """Keep a heartbeat, and count those that should have come since the one before.

        One is expected each minute, also while the device starts anew: whoever stood before the door then
        found it dead all the same.

        Raises:
            NotFound: no device of that name has a token that is accepted.
        """
        with self._database.write() as connection:
            device, now = _in_force(connection, name), self.now()
            missed = 0 if device.heard_at is None else max(0, round((now - device.heard_at) / HEARTBEAT) - 1)
            connection.execute(
                devices.update().where(devices.c.id == name),
                {"vitals": vitals, "heard_at": now, "missed": device.missed + missed},
            )


def refuse_replayed(device: Device, press: Press) -> None:
    """Refuse a press that is not later than the last one that was judged.

    Within one boot its monotonic clock tells, which nobody sets; over boots only the time of day can.

    Raises:
        Conflict: it is not later.
    """
    if press.boot == device.boot:
        is_later = device.pressed_ms is None or press.ms > device.pressed_ms
    else:
        is_later = device.pressed_at is None or press.at > device.pressed_at
    if not is_later:
        raise Conflict("This press is no later than the last one of this door; press again.", code="replayed")


def keep_press(connection: sa.Connection, press: Press) -> None:
    """Make a press the device's last one, in the transaction that stores its visit.

    Raises:
        Forbidden: the token was revoked while the photo was judged.
        Conflict: a press that is not earlier was judged meanwhile.
    """
    row = connection.execute(_BY_TOKEN, {"token": press.key}).first()
    if row is None or row.revoked_at is not None:
        raise Forbidden("This token is revoked; `porteiro token add` makes another.", code="revoked")
    device = Device(**row._mapping)
    refuse_replayed(device, press)
    latest = press.at if device.pressed_at is None else max(press.at, device.pressed_at)
    connection.execute(
        _KEEP_PRESS, {"name": press.device, "new_boot": press.boot, "ms": press.ms, "latest": latest}
    )


# Made once, as in ``visits``; the hash is selected by and never given out.
_DEVICES = sa.select(*(column for column in devices.c if column.name != "token_hash"))
_BY_TOKEN = _DEVICES.where(devices.c.token_hash == sa.bindparam("token"))
_KEEP_PRESS = (
    devices.update()
    .where(devices.c.id == sa.bindparam("name"))
    .values(boot=sa.bindparam("new_boot"), pressed_ms=sa.bindparam("ms"), pressed_at=sa.bindparam("latest"))
)


def _in_force(connection: sa.Connection, name: str) -> Device:
    query = _DEVICES.where(devices.c.id == name, devices.c.revoked_at.is_(None))
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("There is no such device, or its token is revoked.")
    return Device(**row._mapping)
