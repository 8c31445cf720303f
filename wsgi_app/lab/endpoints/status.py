"""Every status that HTTP has, and a page that is not there."""

from http import HTTPStatus

from webob import Response

from wsgi_app.base.errors import BadRequest, NotFound
from wsgi_app.lab.own_headers import named_headers
from wsgi_app.lab.services import LabCall

# An answer of 1xx is never the last one, and a WSGI application gives one answer.
KNOWN = {str(status.value): status for status in HTTPStatus if status >= HTTPStatus.OK}

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)

# What HTTP wants beside some of them.
HEADERS = {
    HTTPStatus.RESET_CONTENT: {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "0"},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Lab realm="nobody"'},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": "GET, HEAD, OPTIONS"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "2"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "2"},
}

NO_HOP = "WSGI keeps the header of one connection that goes with it to the server, so it is not here."
NOTES = {
    HTTPStatus.PARTIAL_CONTENT: "It is whole all the same, and no Content-Range says otherwise.",
    HTTPStatus.UNAUTHORIZED: "It asks for a scheme that no browser knows, so none asks for a password.",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: NO_HOP,
    HTTPStatus.UPGRADE_REQUIRED: NO_HOP,
}
NO_LOCATION = "It has no Location, so no client goes anywhere; /redirect sends one."


def show(call: LabCall, code: str) -> Response:
    """``GET /status/{code}?X-Lesson=WSGI``: an answer with that status, and in words what it means.

    The headers that the query names come with it.
    """
    status = KNOWN.get(code)
    if status is None:
        raise BadRequest("unknown_status", statuses=", ".join(KNOWN))
    own = named_headers(call.request)
    response = Response(status=status.value, content_type="text/plain", charset="utf-8")
    if status not in BODILESS:
        response.text = "".join(f"{line}\n" for line in _lines(status) if line)
    headers = {"Cache-Control": "no-store", **HEADERS.get(status, {})}
    response.headers.update(headers.items())
    response.headerlist += own
    return response


def not_found(_: LabCall) -> Response:
    """``GET /notfound``: an error as the house sends it, as JSON or as a page."""
    raise NotFound("not_found:ever")


def _lines(status: HTTPStatus) -> tuple[str, ...]:
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    note = NO_LOCATION if is_redirect else NOTES.get(status, "")
    return f"{status.value} {status.phrase}", status.description, note
