"""WebSockets: the way to the rooms, which uWSGI's live feed process keeps (``wsgi_app/live/rooms.py``).

A WSGI callable answers a request once and is done; a connection that stays open has no place there.
"""

from webob import Response

from wsgi_app.base.errors import NotFound, UpgradeRequired
from wsgi_app.lab.services import LabCall, view_in_lab
from wsgi_app.web.rendering import prefers_html


def show(call: LabCall) -> Response:
    """``GET /ws``: the page of the rooms; a program is told which address to open instead.

    Raises:
        NotFound: the server is not uWSGI.
        UpgradeRequired: a program asks.
    """
    if call.services.worker is None:
        raise NotFound("no_rooms")
    if prefers_html(call.request):
        return call.page("ws.html", limits=call.services.config.limits.feed)
    address = view_in_lab(call.request, call.services.config).live
    raise UpgradeRequired("upgrade_required:rooms", address=address)
