"""Who may do what. A browser may change things only from Porteiro's own pages, under its own name."""

import re

from webob import Request

from wsgi_app.config import Config
from wsgi_app.errors import Forbidden, Misdirected

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGES = frozenset(("same-origin", "none"))
LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))


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
    raise Forbidden("Changes are accepted only from Porteiro's own pages.", code="other_site")


def refuse_other_names(request: Request, config: Config) -> None:
    """Refuse a request for another machine's name, while the server is for this machine alone.

    A site could let its own name point to this machine, and its pages would then count as Porteiro's own.

    Raises:
        Misdirected: the Host header names another machine.
    """
    own_names = LOCAL_NAMES | {_without_port(config.http)}
    if config.is_local and _without_port(request.host) not in own_names:
        raise Misdirected("This server answers to its own machine's name alone.")


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)
