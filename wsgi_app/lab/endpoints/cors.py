"""Whose scripts may read an answer: one address allows it to every site, another one says nothing of it.

The server answers either way. It is the browser that hands an answer to another site's script, or keeps it
from that; before a request that no link or form could send it asks with OPTIONS, the preflight.
"""

from webob import Response

from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import json_answer, no_content

ALLOWS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Lab, X-Request-Id"}
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT",
    "Access-Control-Allow-Headers": "Content-Type, X-Student",
    "Access-Control-Max-Age": "600",  # seconds for which the browser need not ask again
}


def opened(call: LabCall) -> Response:
    """``GET``, ``POST`` or ``PUT /cors/open``: an answer that the scripts of every site may read."""
    return json_answer(
        said(call, "Any site's script may read this: Access-Control-Allow-Origin is *."), headers=ALLOWS
    )


def preflight(_: LabCall) -> Response:
    """``OPTIONS /cors/open``: which methods and headers other sites' scripts may send."""
    response = no_content()
    response.headers.update({"Allow": "GET, HEAD, OPTIONS, POST, PUT", **PREFLIGHT}.items())
    return response


def closed(call: LabCall) -> Response:
    """``GET /cors/closed``: the same answer without a word of that, as everywhere else in lab and house."""
    return json_answer(
        said(call, "No other site's script gets to read this: the browser keeps it from them.")
    )


def said(call: LabCall, words: str) -> dict[str, str | None]:
    """What both tell: the method, the site whose page asks, and what becomes of the answer."""
    return {"method": call.request.method, "origin": call.request.headers.get("Origin"), "says": words}
