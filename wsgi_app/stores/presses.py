"""Presses of door devices: each later than the one before, and none twice."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from wsgi_app.base.errors import Conflict, Forbidden
from wsgi_app.stores.devices import Device, device_holding
from wsgi_app.stores.tables import boots, devices


@dataclass(frozen=True)
class Press:
    """A press as the device that has a token tells of it.

    Attributes:
        device: which device.
        key: what its token is found by.
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
        raise Conflict("replayed")


def refuse_press(connection: sa.Connection, press: Press) -> Device:
    """Refuse a press that cannot be the device's last one; gives the device as it is.

    A boot that another one followed never comes back, whatever the clocks say.

    Raises:
        Forbidden: the token was revoked while the photo was judged.
        Conflict: a press that is not earlier was judged meanwhile, or it is of an earlier boot.
    """
    device = device_holding(connection, press.key)
    if device is None or device.revoked_at is not None:
        raise Forbidden("revoked")
    refuse_replayed(device, press)
    boot = {"device": press.device, "boot": press.boot}
    if press.boot != device.boot and connection.execute(_EARLIER_BOOT, boot).first():
        raise Conflict("replayed")
    return device


def keep_press(connection: sa.Connection, press: Press) -> None:
    """Make a press the device's last one, in the transaction that stores its visit.

    Raises:
        Forbidden, Conflict: as ``refuse_press`` says.
    """
    device = refuse_press(connection, press)
    if press.boot != device.boot:
        connection.execute(_KEEP_BOOT, {"device_id": press.device, "boot": press.boot, "at": press.at})
    latest = press.at if device.pressed_at is None else max(press.at, device.pressed_at)
    connection.execute(
        _KEEP_PRESS, {"name": press.device, "new_boot": press.boot, "ms": press.ms, "latest": latest}
    )


# Made once, as in ``visits``.
_EARLIER_BOOT = sa.select(boots.c.at).where(
    boots.c.device_id == sa.bindparam("device"), boots.c.boot == sa.bindparam("boot")
)
_KEEP_BOOT = boots.insert()
_KEEP_PRESS = (
    devices.update()
    .where(devices.c.id == sa.bindparam("name"))
    .values(boot=sa.bindparam("new_boot"), pressed_ms=sa.bindparam("ms"), pressed_at=sa.bindparam("latest"))
)
