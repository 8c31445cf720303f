"""WebSockets: the way to the rooms, which the live feed's own process keeps (``wsgi_app/live/rooms.py``).

A WSGI callable answers a request once and is done; a connection that stays open has no place there.
"""

from webob import Response

from wsgi_app.bodies import ErrorBody
from wsgi_app.errors import UpgradeRequired
from wsgi_app.lab.services import Call, view_in_lab
from wsgi_app.rendering import json_answer, negotiated


def show(call: Call) -> Response:
    """``GET /ws``: the page of the rooms; a program is told which address to open instead."""
    response = negotiated(call.request, {"json": lambda: way_there(call), "html": lambda: rooms(call)})
    response.headers["X-Lab"] = "ws"
    return response


def rooms(call: Call) -> Response:
    """Connects, sends and shows what comes, with ``static/lab-ws.js``."""
    return call.page("ws.html", most_bytes=call.services.config.limits.live_frame_bytes)


def way_there(call: Call) -> Response:
    """426, with the address to open as a WebSocket."""
    address = view_in_lab(call.request, call.services.config).live
    needed = UpgradeRequired(f"The rooms are WebSockets: open {address}?room=echo or {address}?room=all.")
    response = json_answer(ErrorBody.of(needed), needed.status)
    if call.services.worker is not None:  # PEP 3333 keeps this header to the server; uWSGI lets it pass
        response.headers.update(needed.headers.items())
    return response
