"""Who may do what: browsers from Porteiro's own pages alone, door devices by their tokens."""

import re
from dataclasses import dataclass, field

from webob import Request

from wsgi_app.config import Config
from wsgi_app.errors import Forbidden, Misdirected, Unauthorized
from wsgi_app.evidence import token_key
from wsgi_app.stores.devices import NAME, Device, DeviceStore

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGES = frozenset(("same-origin", "none"))
TOKEN = re.compile(rf"{NAME.pattern}\.[0-9A-Za-z_-]{{43}}")
LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))


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
