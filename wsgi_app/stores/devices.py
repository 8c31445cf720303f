"""Door devices: their tokens' hashes, the last press of each, and how each last said it was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from wsgi_app.base.doors import DoorId, DoorKind, DoorState
from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.base.vitals import Vitals
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.quotas import forget_days
from wsgi_app.stores.tables import devices

HEARTBEAT = timedelta(seconds=60)
AHEAD = timedelta(seconds=60)  # no press or heartbeat that is accepted lies further in the future

# How long after its last heartbeat a device is what; after the last of these times it is lost.
LOST_AFTER = timedelta(seconds=300)
STATES = ((DoorState.HERE, timedelta(seconds=90)), (DoorState.LATE, LOST_AFTER))


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
        salt: from which the server's secret makes its token again; ``None`` for one of an earlier release.
        reported_at: its own time of its last heartbeat that was signed.
    """

    id: str
    created_at: datetime
    revoked_at: datetime | None
    boot: str | None
    pressed_ms: int | None
    pressed_at: datetime | None
    vitals: Vitals | None
    heard_at: datetime | None
    missed: int
    told_state: DoorState | None
    salt: bytes | None = field(default=None, repr=False)
    reported_at: datetime | None = None

    def state(self, now: datetime) -> DoorState:
        """How it is, by its last heartbeat."""
        heard_at = self.heard_at
        if heard_at is None:
            return DoorState.NEVER
        return next((state for state, most in STATES if now - heard_at < most), DoorState.LOST)


class DeviceStore(ActingStore):
    """Devices in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now = database, now

    def add(self, name: str, token_hash: bytes, salt: bytes | None = None) -> None:
        """Keep a new device, or a revoked one anew: nothing of its former life stays.

        Args:
            name: of the device.
            token_hash: what its token is found by.
            salt: from which the server's secret makes the token again.

        Raises:
            Conflict: there is one of that name that is not revoked.
        """
        with self._database.write() as connection:
            row = connection.execute(_DEVICES.where(devices.c.id == name)).first()
            if row is not None and row.revoked_at is None:
                raise Conflict("name_taken:device", name=name)
            connection.execute(devices.delete().where(devices.c.id == name))
            forget_days(connection, DoorId(DoorKind.DEVICE, name))
            connection.execute(
                devices.insert().values(
                    id=name, token_hash=token_hash, salt=salt, created_at=self._now(), missed=0
                )
            )
            tell(connection, self._now(), ("device", "added", name), self._by)

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
                raise PreconditionFailed("precondition_failed:device")
            connection.execute(devices.update().where(devices.c.id == name), {"revoked_at": self._now()})
            tell(connection, self._now(), ("device", "revoked", name), self._by)

    def set_clock_back(self, name: str) -> bool:
        """Take this moment for a device's last press where that lies in the future.

        It came while the server's clock was ahead, and would shut the device out until that time. Presses of
        up to now stay replays.

        Returns:
            Whether it did.

        Raises:
            NotFound: no device of that name has a token that is accepted.
        """
        with self._database.write() as connection:
            device, now = _in_force(connection, name), self._now()
            if not is_ahead(device.pressed_at, now):
                return False
            connection.execute(devices.update().where(devices.c.id == name), {"pressed_at": now})
            tell(connection, now, ("device", "clock_set_back", name))
        return True

    def holding(self, token_hash: bytes) -> Device | None:
        """The device whose token this is, revoked or not: asked for each press."""
        with self._database.read() as connection:
            return device_holding(connection, token_hash)

    def named(self, name: str) -> Device | None:
        """The device of that name, revoked or not: asked for each request that is signed."""
        with self._database.read() as connection:
            row = connection.execute(_BY_NAME, {"name": name}).first()
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

    def states(self) -> dict[DoorState, int]:
        """How many devices that are not revoked are in each state."""
        now, counts = self._now(), dict.fromkeys(DoorState, 0)
        for device in self.everyone():
            if device.revoked_at is None:
                counts[device.state(now)] += 1
        return counts

    def tell_states(self) -> int:
        """Tell each device's state that is another one than was told last; gives how many were told."""
        now, count = self._now(), 0
        if all(device.state(now) == device.told_state for device in self.everyone() if not device.revoked_at):
            return count
        with self._database.write() as connection:
            rows = connection.execute(_DEVICES.where(devices.c.revoked_at.is_(None)))
            for device in [Device(**row._mapping) for row in rows]:
                state = device.state(now)
                if state != device.told_state:
                    connection.execute(
                        devices.update().where(devices.c.id == device.id), {"told_state": state}
                    )
                    tell(connection, now, ("device", state, device.id))
                    count += 1
        return count

    def hear(self, name: str, vitals: Vitals, signed_at: datetime | None = None) -> None:
        """Keep a heartbeat, and count those that should have come since the one before.

        One is expected each minute, also while the device starts anew: whoever stood before the door then
        found it dead all the same.

        Args:
            name: of the device.
            vitals: what it tells.
            signed_at: its own time of signing, where it signed: later with each heartbeat, so that nobody who
                read one on its way can send it again.

        Raises:
            NotFound: no device of that name has a token that is accepted.
            Conflict: it is no later than the last one.
        """
        with self._database.write() as connection:
            device, now = _in_force(connection, name), self._now()
            reported_at = device.reported_at
            if signed_at is not None:
                if reported_at is not None and signed_at <= reported_at and not is_ahead(reported_at, now):
                    raise Conflict("replayed:heartbeat")
                reported_at = signed_at
            missed = 0 if device.heard_at is None else max(0, round((now - device.heard_at) / HEARTBEAT) - 1)
            connection.execute(
                devices.update().where(devices.c.id == name),
                {
                    "vitals": vitals,
                    "heard_at": now,
                    "missed": device.missed + missed,
                    "reported_at": reported_at,
                },
            )


def is_ahead(at: datetime | None, now: datetime) -> bool:
    """Whether a moment that a device told lies in the future: it came while the server's clock was ahead."""
    return at is not None and at > now + AHEAD


def device_holding(connection: sa.Connection, token_hash: bytes) -> Device | None:
    """The device whose token this is, revoked or not."""
    row = connection.execute(_BY_TOKEN, {"token": token_hash}).first()
    return Device(**row._mapping) if row else None


# Made once, as in ``visits``; the hash is selected by and never given out.
_DEVICES = sa.select(*(column for column in devices.c if column.name != "token_hash"))
_BY_NAME = _DEVICES.where(devices.c.id == sa.bindparam("name"))
_BY_TOKEN = _DEVICES.where(devices.c.token_hash == sa.bindparam("token"))


def _in_force(connection: sa.Connection, name: str) -> Device:
    query = _DEVICES.where(devices.c.id == name, devices.c.revoked_at.is_(None))
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("not_found:device")
    return Device(**row._mapping)
