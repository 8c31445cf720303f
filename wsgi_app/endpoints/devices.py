"""Door devices: how each one says it is, and since when."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from webob import Response

from wsgi_app.auth import needed_holder
from wsgi_app.endpoints.paging import link_to_next, page_size, text_cursor
from wsgi_app.errors import Forbidden
from wsgi_app.presses import BOOT
from wsgi_app.rendering import json_answer, no_content
from wsgi_app.services import Call
from wsgi_app.stores.devices import Device
from wsgi_app.uploads import read_json

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
    state: str
    vitals: dict[str, Any] | None
    heard_at: datetime | None
    missed: int
    links: dict[str, str]


def index(call: Call) -> Response:
    """``GET /devices``: every device whose token is accepted, by name, a page at a time."""
    limit = page_size(call)
    devices = call.services.stores.devices.page(limit + 1, text_cursor(call, "after"))
    response = json_answer({"devices": [device_body(call, device) for device in devices[:limit]]})
    if len(devices) > limit:
        link_to_next(response, call, after=devices[limit - 1].id, limit=str(limit))
    return response


def show(call: Call, device: str) -> Response:
    """``GET /devices/{device}``."""
    return json_answer(device_body(call, call.services.stores.devices.get(device)))


def hear(call: Call, device: str) -> Response:
    """``PUT /devices/{device}/heartbeat``: how the device is, told with its own token."""
    services = call.services
    holder = needed_holder(call.request, services.stores.devices)
    if holder.device.id != device:
        raise Forbidden("This token is another device's.", code="other_device")
    vitals = read_json(call.request, Vitals, services.config.limits.heartbeat_bytes)
    services.stores.devices.hear(device, msgspec.to_builtins(vitals))
    return no_content()


def device_body(call: Call, device: Device) -> DeviceBody:
    """A device's representation, with links; never its token's hash."""
    address = f"{call.request.application_url}/devices/{device.id}"
    state = device.state(call.services.stores.devices.now())
    links = {"self": address, "heartbeat": f"{address}/heartbeat"}
    return DeviceBody(device.id, state, device.vitals, device.heard_at, device.missed, links)
