"""Door devices as clients see them, and what a device says of itself."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from wsgi_app.stores.devices import Device
from wsgi_app.web.call import Call
from wsgi_app.web.presses import BOOT

Word = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_.+-]{1,32}\Z")]
Boot = Annotated[str, msgspec.Meta(pattern=rf"\A{BOOT.pattern}\Z")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e10)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Celsius = Annotated[float, msgspec.Meta(ge=-100, le=200)]
Decibels = Annotated[float, msgspec.Meta(ge=-200, le=100)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Vitals(msgspec.Struct):
    """How a device says that it is; keys that a newer device adds are left out."""

    version: Word
    boot: Boot
    uptime_s: Seconds
    state: Word
    camera_ok: bool
    presses: Count
    ignored: Count
    queue: Count
    last_press_at: Moment | None
    temperature_c: Celsius | None
    signal_dbm: Decibels | None


class DeviceBody(msgspec.Struct):
    """A device as clients see it; ``vitals`` and ``heard_at`` are ``null`` before its first heartbeat."""

    id: str
    state: Annotated[str, msgspec.Meta(description="here, late, lost or never, by its last heartbeat")]
    vitals: dict[str, Any] | None
    heard_at: Moment | None
    missed: Annotated[int, msgspec.Meta(description="heartbeats that did not come")]
    links: dict[str, str]


class NewDevice(DeviceBody):
    """A device that was just made, with what proves to the server that it asks."""

    token: Annotated[str, msgspec.Meta(description="told this once, and kept nowhere here")]


class DeviceList(msgspec.Struct):
    """Devices by name."""

    devices: list[DeviceBody]


def device_body(call: Call, device: Device) -> DeviceBody:
    """A device's representation, with links; never its token's hash."""
    return DeviceBody(**device_fields(call, device))


def device_fields(call: Call, device: Device) -> dict[str, Any]:
    """The fields of that representation."""
    return {
        "id": device.id,
        "state": device.state(call.house.stores.now()),
        "vitals": device.vitals,
        "heard_at": device.heard_at,
        "missed": device.missed,
        "links": {"self": call.links.device(device.id), "heartbeat": call.links.heartbeat(device.id)},
    }
