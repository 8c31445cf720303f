"""Door devices as clients see them."""

from typing import Annotated, Any

import msgspec

from wsgi_app.access.doors import is_outdated, needs_renewal
from wsgi_app.base.doors import DoorState
from wsgi_app.base.tries import Series
from wsgi_app.base.vitals import Moment, Vitals
from wsgi_app.stores.devices import Device
from wsgi_app.web.call import Call


class DeviceBody(msgspec.Struct):
    """A device as clients see it; ``vitals`` and ``heard_at`` are ``null`` before its first heartbeat."""

    id: str
    state: DoorState
    vitals: Vitals | None
    heard_at: Moment | None
    missed: Annotated[int, msgspec.Meta(description="heartbeats that did not come")]
    outdated: Annotated[bool, msgspec.Meta(description="too old for this server: its door stays closed")]
    renew: Annotated[bool, msgspec.Meta(description="it needs a new token: what it signs cannot be checked")]
    links: dict[str, str]


class NewDevice(DeviceBody):
    """A device that was just made, with what proves to the server that it asks."""

    token: Annotated[str, msgspec.Meta(description="told this once, and kept nowhere here")]


class TriesBody(msgspec.Struct):
    """Refusals in a row that go on at a door, with or without a token: how many, from when to when."""

    device: str
    tries: int
    since: Moment
    last_at: Moment
    links: dict[str, str]


class DeviceList(msgspec.Struct):
    """Devices by name, and the doors that somebody tries again and again, the most tried first."""

    devices: list[DeviceBody]
    tried: list[TriesBody]


def device_body(call: Call, device: Device) -> DeviceBody:
    """A device's representation, with links; never its token's hash."""
    return DeviceBody(**device_fields(call, device))


def tries_bodies(call: Call) -> list[TriesBody]:
    """What goes on at the doors, each with a link to its visits."""
    return [_tries_body(call, series) for series in call.stores.tries.everywhere(call.house.config.try_rule)]


def _tries_body(call: Call, series: Series) -> TriesBody:
    door = str(series.door)
    links = {"visits": call.links.visits_at(door)}
    return TriesBody(door, series.tries, series.since, series.last_at, links)


def device_fields(call: Call, device: Device) -> dict[str, Any]:
    """The fields of that representation."""
    now = call.stores.now()
    return {
        "id": device.id,
        "state": device.state(now),
        "vitals": device.vitals,
        "heard_at": device.heard_at,
        "missed": device.missed,
        "outdated": is_outdated(device),
        "renew": needs_renewal(device, call.stores.devices, call.house.secret.now(), now),
        "links": {"self": call.links.device(device.id), "heartbeat": call.links.heartbeat(device.id)},
    }
