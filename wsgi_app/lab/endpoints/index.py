"""The lab's front page: what there is to see, and lines to copy."""

from webob import Response

from wsgi_app.lab.services import Call


def show(call: Call) -> Response:
    """``GET /``: every exhibit with requests to try out and its source."""
    return call.page("index.html")
