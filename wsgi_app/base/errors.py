"""Every error that Porteiro raises on purpose, as one tree.

::

    PorteiroError
    ├── ConfigError               a setting is missing or wrong: the start stops and names it
    ├── PackError                 a model pack is absent, altered or cannot be used
    └── RequestError              what a client is told: status, code, message
        ├── BadRequest            400  the request does not follow its own format
        ├── Unauthorized          401  a token or a sign-in is needed, or nobody has the one that came
        ├── Forbidden             403  this caller may not do this
        ├── NotFound              404  no such path, person, face or visit
        ├── MethodNotAllowed      405  with Allow
        ├── NotAcceptable         406  not in any format that the client takes
        ├── Conflict              409  it would contradict what is stored
        ├── LengthRequired        411  a body needs a Content-Length
        ├── PreconditionFailed    412  If-Match names an older version
        ├── ContentTooLarge       413  more bytes, parts or pixels than the limits allow
        ├── PathTooLong           414
        ├── UnsupportedMediaType  415  not a format that this address takes
        ├── RangeNotSatisfiable   416  with Content-Range: the file ends before the bytes that were asked for
        ├── Unprocessable         422  well-formed, but it cannot be used
        │   └── UnusablePhoto     422  its code is one of the vision outcomes (no_face, blurred ...)
        ├── Misdirected           421  asked by a name that is not this machine's
        ├── UpgradeRequired       426  with Upgrade: this address speaks WebSocket
        ├── TooManyRequests       429  with Retry-After
        ├── Busy                  503  with Retry-After: somebody else's turn, and nothing is wrong
        └── Unavailable           503  with Retry-After
"""


class PorteiroError(Exception):
    """The root: catching it catches everything that Porteiro raises on purpose."""


class ConfigError(PorteiroError):
    """A setting cannot be used; the message names its key."""


class PackError(PorteiroError):
    """A model pack cannot be used; the message says what to do."""


class RequestError(PorteiroError):
    """An answer other than success, decided somewhere below the application's boundary.

    Attributes:
        status: the HTTP status code.
        code: a stable word for programs; each class has one, an instance may narrow it.
        message: one sentence for people. It reaches the client, so it never holds a secret or a path.
        headers: extra response headers.
    """

    status = 400
    default_code = "bad_request"

    def __init__(self, message: str, *, code: str | None = None, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.headers = headers or {}


class BadRequest(RequestError):
    """400: the request does not follow its own format."""


class Unauthorized(RequestError):
    """401: a device's token or a sign-in is needed, or nobody has what came; with WWW-Authenticate."""

    status, default_code = 401, "unauthorized"

    def __init__(self, message: str, *, code: str | None = None, scheme: str = "Bearer"):
        super().__init__(message, code=code, headers={"WWW-Authenticate": scheme})


class Forbidden(RequestError):
    """403: this caller may not do this."""

    status, default_code = 403, "forbidden"


class NotFound(RequestError):
    """404: there is nothing at this address."""

    status, default_code = 404, "not_found"


class MethodNotAllowed(RequestError):
    """405: the address exists, for other methods."""

    status, default_code = 405, "method_not_allowed"

    def __init__(self, method: str, allowed: str):
        super().__init__(f"{method} is not allowed here; {allowed} are.", headers={"Allow": allowed})


class NotAcceptable(RequestError):
    """406: this address has nothing in a format that the client takes."""

    status, default_code = 406, "not_acceptable"


class Conflict(RequestError):
    """409: it would contradict what is stored."""

    status, default_code = 409, "conflict"


class LengthRequired(RequestError):
    """411: a body came without a Content-Length."""

    status, default_code = 411, "length_required"


class PreconditionFailed(RequestError):
    """412: If-Match names another version than the present one."""

    status, default_code = 412, "precondition_failed"


class ContentTooLarge(RequestError):
    """413: more bytes, parts or pixels than the limits allow."""

    status, default_code = 413, "too_large"


class PathTooLong(RequestError):
    """414: a path longer than any that exists here."""

    status, default_code = 414, "path_too_long"


class UnsupportedMediaType(RequestError):
    """415: not a format that this address takes."""

    status, default_code = 415, "unsupported_media_type"


class RangeNotSatisfiable(RequestError):
    """416: the file ends before the bytes that were asked for; with its size in Content-Range."""

    status, default_code = 416, "range_not_satisfiable"

    def __init__(self, size: int):
        super().__init__(f"There are {size} bytes here.", headers={"Content-Range": f"bytes */{size}"})


class Unprocessable(RequestError):
    """422: well-formed, but it cannot be used."""

    status, default_code = 422, "unprocessable"


class UnusablePhoto(Unprocessable):
    """422: a photo without exactly one good face; ``code`` is the vision outcome that says why."""


class Misdirected(RequestError):
    """421: asked by a name that is not this machine's."""

    status, default_code = 421, "misdirected"


class UpgradeRequired(RequestError):
    """426: this address speaks WebSocket; with Upgrade."""

    status, default_code = 426, "upgrade_required"

    def __init__(self, message: str):
        super().__init__(message, headers={"Upgrade": "websocket"})


class TooManyRequests(RequestError):
    """429: too often; with Retry-After."""

    status, default_code = 429, "too_many"

    def __init__(self, message: str, *, wait_s: int):
        super().__init__(message, headers={"Retry-After": str(wait_s)})


class Busy(RequestError):
    """503: it is somebody else's turn; nothing is wrong, so the log says no more than of other refusals."""

    status, default_code = 503, "busy"

    def __init__(self, message: str, *, wait_s: int):
        super().__init__(message, headers={"Retry-After": str(wait_s)})


class Unavailable(RequestError):
    """503: the server cannot answer now; ``Retry-After`` says when to ask again."""

    status, default_code = 503, "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 2):
        super().__init__(message, headers={"Retry-After": str(retry_after_s)})
