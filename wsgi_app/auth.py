"""Who may do what. A browser may change things only from Porteiro's own pages."""

from urllib.parse import urlsplit

from webob import Request

from wsgi_app.errors import Forbidden

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGES = frozenset(("same-origin", "none"))


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
    if site is None and origin is not None and urlsplit(origin).netloc == request.host:
        return
    raise Forbidden("Changes are accepted only from Porteiro's own pages.", code="other_site")
