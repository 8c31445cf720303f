"""Approving a purge that waits."""

from webob import Response

from wsgi_app.base.sentences import Place
from wsgi_app.endpoints.purges.bodies import held_purge
from wsgi_app.web.call import Call
from wsgi_app.web.rendering import changed


def approve(call: Call) -> Response:
    """``POST /purge``: lets a purge go on that waits because it would remove much, or the clock is in doubt.

    It goes on with the next one, within the hour, and what it removes never comes back.
    """
    body = held_purge(call.stores.purges.approve(), Place.API)
    return changed(call.request, back=call.links.dashboard, value=body, status=202)
