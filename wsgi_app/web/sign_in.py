"""What signing in takes of HTTP: credentials and cookies, the way to the page and back."""

import re

from webob import Request, Response
from webob.cookies import parse_cookie  # type: ignore[attr-defined]

from wsgi_app.access import cookies
from wsgi_app.access.identity import Credentials
from wsgi_app.web.links import links_of
from wsgi_app.web.origins import SAFE_METHODS

# Where a page below the mount can be: a path with nothing that a browser takes for another host, and a query.
PAGE = re.compile(r"(/[0-9A-Za-z_-][0-9A-Za-z_.-]*)*/?(\?[!-~]*)?")
LONGEST_PAGE = 1000


def credentials_of(request: Request) -> Credentials:
    """What a request brings to prove who it is from."""
    address = request.environ.get("REMOTE_ADDR") or "local"
    # WebOb's own reading of cookies fails over one that is not UTF-8, be it another application's.
    pairs = parse_cookie(request.environ.get("HTTP_COOKIE", ""))
    brought = {name.decode(): value.decode(errors="replace") for name, value in pairs}
    return Credentials(request.headers.get("Authorization", ""), brought, address)


def bearer_token(request: Request) -> str | None:
    """The token that comes with a request; ``None`` without one.

    A scheme other than Bearer is none of ours: nginx passes on the passwords that it has checked.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def is_browser(request: Request) -> bool:
    """Whether a browser asks: those say in which languages, and programs seldom do."""
    return "Accept-Language" in request.headers or "Sec-Fetch-Mode" in request.headers


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page, and from there back to what was asked for."""
    is_page = request.method in SAFE_METHODS and request.path_qs != f"{request.script_name}/"
    sign_in = links_of(request).sign_in(request.path_qs if is_page else "")
    return Response(status=303, location=sign_in)


def is_page_below(request: Request, path: str) -> bool:
    """Whether this is a path below the mount, with nothing that a browser takes for another place."""
    root = request.script_name
    rest = path.removeprefix(root)
    return bool(path.startswith(f"{root}/") and len(path) <= LONGEST_PAGE and PAGE.fullmatch(rest))


def page_below(request: Request, path: str) -> str:
    """A path on this server below the mount, as it was wanted; the mount itself in place of anything else."""
    return path if is_page_below(request, path) else f"{request.script_name}/"


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
