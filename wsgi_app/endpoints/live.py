"""The live feed, for whoever asks the application for it."""

from webob import Response

from wsgi_app.base.errors import UpgradeRequired
from wsgi_app.web.call import Call
from wsgi_app.web.rendering import view_of


def connect(call: Call) -> Response:
    """``GET /live``: a WebSocket that tells what happens, at an address that the refusal here names.

    Raises:
        UpgradeRequired: always; WebSockets go to the live feed's own process.
    """
    address = view_of(call.request, call.house.config).live
    raise UpgradeRequired("upgrade_required:feed", address=address)
