"""Door devices: who may ask, how each one says it is, and since when."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from webob import Response

from wsgi_app.access.evidence import HEADER, VERSION
from wsgi_app.access.tokens import add_door
from wsgi_app.base.errors import Forbidden, Unfit, Unprocessable
from wsgi_app.base.vitals import Vitals
from wsgi_app.endpoints.devices.bodies import (
    DeviceBody,
    DeviceList,
    NewDevice,
    device_body,
    device_fields,
    tries_bodies,
)
from wsgi_app.house.words.pages import DOORS
from wsgi_app.stores.devices import Device
from wsgi_app.web.call import Call
from wsgi_app.web.forms import is_form
from wsgi_app.web.paging import CARDS, listed, text_of
from wsgi_app.web.rendering import changed, json_answer, negotiated, no_content, resource_answer, version_of
from wsgi_app.web.versions import expected


class DeviceName(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to let a new door ask."""

    name: Annotated[str, msgspec.Meta(description="1 to 63 of a-z, 0-9 and -, the first one no -")]


def index(call: Call) -> Response:
    """``GET /devices``: every door whose token is accepted, by name, a page at a time."""
    store, after = call.stores.devices, text_of(call, "after")

    def bodies(devices: list[Device]) -> list[DeviceBody]:
        return [device_body(call, device) for device in devices]

    return listed(
        call,
        lambda most: store.page(most, after),
        lambda last: last.id,
        {
            "json": (None, lambda devices, _: json_answer(DeviceList(bodies(devices), tries_bodies(call)))),
            "html": (
                CARDS,
                lambda devices, next_page: _page(
                    call, bodies(devices), next_page=next_page, tried=tries_bodies(call)
                ),
            ),
        },
    )


def create(call: Call) -> Response:
    """``POST /devices``: ``{"name"}`` to a new door and its token, which is told this once."""
    name = call.body(DeviceName).name
    devices = call.stores.devices
    try:
        token = add_door(devices, name, call.house.secret.now())
    except Unfit as error:
        raise Unprocessable.of(error) from error
    made = NewDevice(**device_fields(call, devices.get(name)), token=token)
    if is_form(call.request):
        return _page(call, [made], status=201, new=made)
    return json_answer(made, 201, {"Location": made.links["self"], "Cache-Control": "no-store"})


def show(call: Call, device: str) -> Response:
    """``GET /devices/{device}``: how one door is."""
    body = device_body(call, call.stores.devices.get(device))
    return negotiated(
        call.request, {"json": lambda: resource_answer(body), "html": lambda: _page(call, [body], one=body)}
    )


def remove(call: Call, device: str) -> Response:
    """``DELETE /devices/{device}``: accepts its token no more; ``If-Match`` guards against changes."""

    def version(current: Device) -> str:
        return version_of(device_body(call, current))

    call.stores.devices.revoke(device, expected(call, version))
    return changed(call.request, call.links.devices)


def hear(call: Call, device: str) -> Response:
    """``PUT /devices/{device}/heartbeat``: how the device is, told with its own token."""
    if call.holder is None or call.holder.device.id != device:
        raise Forbidden("other_device")
    vitals = call.body(Vitals, call.house.config.limits.uploads.heartbeat_bytes)
    call.stores.devices.hear(device, vitals, call.holder.signed_at)
    response = no_content()
    response.headers[HEADER] = str(VERSION)  # by which a device learns that one of the two is old
    return response


def _page(call: Call, doors: Iterable[DeviceBody], status: int = 200, **values: Any) -> Response:
    shown = {
        "one": None,
        "new": None,
        "tried": [],
        "next_page": "",
        "here": "/devices",
        "words": DOORS,
        **values,
    }
    return call.page("devices.html", status, doors=list(doors), **shown)
