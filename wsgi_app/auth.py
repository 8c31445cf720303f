"""Who may do what: browsers from Porteiro's own pages alone, door devices by their tokens."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from webob import Request, Response
from webob.cookies import parse_cookie  # type: ignore[attr-defined]

from wsgi_app import cookies
from wsgi_app.config import Config
from wsgi_app.errors import Forbidden, Misdirected, Unauthorized
from wsgi_app.evidence import token_key
from wsgi_app.identity import Credentials
from wsgi_app.stores.devices import NAME, Device, DeviceStore

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGES = frozenset(("same-origin", "none"))
TOKEN = re.compile(rf"{NAME.pattern}\.[0-9A-Za-z_-]{{43}}")

# Where a page below the mount can be: a path with nothing that a browser takes for another host, and a query.
PAGE = re.compile(r"(/[0-9A-Za-z_-][0-9A-Za-z_.-]*)*/?(\?[!-~]*)?")
LONGEST_PAGE = 1000


@dataclass(frozen=True)
class Holder:
    """A device whose token came with a request, and the key [32] that both sides have of it."""

    device: Device
    key: bytes = field(repr=False)


def token_holder(request: Request, devices: DeviceStore) -> Holder | None:
    """The device whose token comes with a request; ``None`` without one.

    A scheme other than Bearer is none of ours: nginx passes on the passwords that it has checked.

    Raises:
        Unauthorized: nobody has that token.
        Forbidden: it is revoked.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip(" ")
    key = token_key(token) if TOKEN.fullmatch(token) else None
    device = devices.holding(key) if key else None
    if key is None or device is None:
        raise Unauthorized("Nobody has this token; `porteiro token add` makes one.", code="bad_token")
    if device.revoked_at is not None:
        raise Forbidden("This token is revoked; `porteiro token add` makes another.", code="revoked")
    return Holder(device, key)


def needed_holder(request: Request, devices: DeviceStore) -> Holder:
    """The device whose token comes with a request.

    Raises:
        Unauthorized, Forbidden: as ``token_holder``, or there is no token.
    """
    holder = token_holder(request, devices)
    if holder is None:
        raise Unauthorized("A token is needed; `porteiro token add` makes one.", code="token_needed")
    return holder


def credentials_of(request: Request) -> Credentials:
    """What a request brings to prove who it is from."""
    address = request.environ.get("REMOTE_ADDR") or "local"
    # WebOb's own reading of cookies fails over one that is not UTF-8, be it another application's.
    found = parse_cookie(request.environ.get("HTTP_COOKIE", ""))
    brought = {name.decode(): value.decode(errors="replace") for name, value in found}
    return Credentials(request.headers.get("Authorization", ""), brought, address)


def is_browser(request: Request) -> bool:
    """Whether a browser asks: those say in which languages, and programs seldom do."""
    return "Accept-Language" in request.headers or "Sec-Fetch-Mode" in request.headers


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page, and from there back to what was asked for."""
    query = ""
    if request.method in SAFE_METHODS and request.path_qs != f"{request.script_name}/":
        query = "?" + urlencode({"next": request.path_qs})
    return Response(status=303, location=f"{request.application_url}/sign-in{query}")


def is_page_below(request: Request, wanted: str) -> bool:
    """Whether this is a path below the mount, with nothing that a browser takes for another place."""
    root = request.script_name
    rest = wanted.removeprefix(root)
    return bool(wanted.startswith(f"{root}/") and len(wanted) <= LONGEST_PAGE and PAGE.fullmatch(rest))


def page_below(request: Request, wanted: str) -> str:
    """A path on this server below the mount, as it was wanted; the mount itself in place of anything else."""
    return wanted if is_page_below(request, wanted) else f"{request.script_name}/"


def page_before(request: Request) -> str:
    """The page of this server from which a request comes; the mount itself where none is told."""
    return page_below(request, (request.referer or "").removeprefix(request.host_url))


def keep_signed_in(response: Response, request: Request, value: str, days: int) -> Response:
    """Give the browser the cookie of a sign-in with its answer."""
    response.set_cookie(
        cookies.NAME,
        value,
        max_age=days * 24 * 3600,
        path=request.script_name or "/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",
    )
    return response


def forget_sign_in(response: Response, request: Request) -> Response:
    """Take the cookie back, and the photos and pages that the browser kept."""
    response.delete_cookie(cookies.NAME, path=request.script_name or "/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


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

    Raises:
        Misdirected: the Host header names another machine.
    """
    if not config.is_own_name(request.host):
        raise Misdirected("This server answers to its own machine's name alone.")
