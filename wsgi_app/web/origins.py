"""Where a request comes from: browsers from Porteiro's own pages alone, asked by its own name."""

import re

from webob import Request

from wsgi_app.base.addresses import HIGHEST_PORT
from wsgi_app.base.config import Config
from wsgi_app.base.errors import BadRequest, Forbidden, Misdirected

PORT, PORT_DIGITS = re.compile(r":([0-9]+)$"), 5
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGES = frozenset(("same-origin", "none"))


def is_own_page(request: Request) -> bool:
    """Whether a script of one of Porteiro's own pages asks, as its browser says."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that another site's page sends through somebody's browser.

    Browsers say where a request comes from (``Sec-Fetch-Site``, ``Origin``) and pages cannot forge it.
    Programs and door devices send neither header and pass.

    Raises:
        Forbidden: the request comes from another site.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site in OWN_PAGES or (site is None and origin is None):
        return
    if site is None and origin is not None and origin.partition("://")[2] == request.host:
        return
    raise Forbidden("other_site:page")


def refuse_other_names(request: Request, config: Config) -> None:
    """Refuse a request for another machine's name, while the server is for this machine alone.

    Raises:
        BadRequest: the Host header names a port that no machine has; a redirect would lead there.
        Misdirected: it names another machine.
    """
    port = PORT.search(request.host)
    if port is not None and (len(port[1]) > PORT_DIGITS or int(port[1]) > HIGHEST_PORT):
        raise BadRequest("bad_header:port")
    if not config.is_own_name(request.host):
        raise Misdirected("misdirected")
