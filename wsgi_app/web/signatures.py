"""Requests that a door signed in place of sending its token, as one does over plain http."""

import io
import re
from base64 import b64encode
from datetime import datetime
from hashlib import sha256

from webob import Request

from wsgi_app.access.doors import SIGNED, SignedRequest
from wsgi_app.access.evidence import SIGNED_HEADERS
from wsgi_app.base.doors import DOOR_NAME
from wsgi_app.base.errors import Unauthorized
from wsgi_app.web.uploads import BodyReader, has_body, read_bytes

AUTHORIZATION = re.compile(
    rf'{SIGNED} device="({DOOR_NAME.pattern})", at="([0-9T:.Z+-]{{1,40}})", signature="([0-9a-f]{{64}})"'
)


def signed_request(request: Request) -> SignedRequest | None:
    """What a door signed, still to be verified; ``None`` where the request is not of that kind.

    Raises:
        Unauthorized: it is of that kind, and cannot be read.
    """
    authorization = request.headers.get("Authorization", "")
    if authorization.partition(" ")[0].lower() != SIGNED.lower():
        return None
    match = AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise Unauthorized("bad_signature:form", scheme=SIGNED)
    device, at, signature = match.groups()
    environ, headers = request.environ, request.headers
    query = environ.get("QUERY_STRING", "")
    stated = {name: headers.get(name, "") for name in SIGNED_HEADERS}
    stated |= {"method": request.method, "device": device, "at": at}
    # Below the mount: a proxy may have made another one of it.
    stated["target"] = environ.get("PATH_INFO", "") + (f"?{query}" if query else "")
    return SignedRequest(device, _time(at), signature, stated)


def refuse_other_body(request: Request, limit_bytes: int) -> None:
    """Read a body whole, and refuse it where it is not that of Content-Digest (RFC 9530), which is signed.

    It can be read again afterwards.

    Raises:
        Unauthorized: it is another one.
        ContentTooLarge, LengthRequired, BadRequest: as ``read_bytes`` says.
    """
    data = read_bytes(request, limit_bytes) if has_body(request) else b""
    if request.headers.get("Content-Digest") != content_digest(data):
        raise Unauthorized("bad_signature:body", scheme=SIGNED)
    request.environ["wsgi.input"] = BodyReader(io.BytesIO(data), len(data))


def content_digest(data: bytes) -> str:
    """What the header Content-Digest says of a body."""
    return f"sha-256=:{b64encode(sha256(data).digest()).decode()}:"


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unauthorized("bad_signature:form", scheme=SIGNED) from error
    if at.tzinfo is None:
        raise Unauthorized("bad_signature:form", scheme=SIGNED)
    return at
