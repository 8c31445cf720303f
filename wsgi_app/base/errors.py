"""Every error that Porteiro raises on purpose, as one tree.

An error has a key and values, and no sentence: who answers says it, in words that fit the place (see
``sentences``). A key is a code, a stable word for programs; where several sentences share a code, a colon
follows and what each is about: ``not_found:person``.

::

    PorteiroError
    ├── ConfigError               a setting is missing or wrong: the start stops and names it
    ├── PackError                 a model pack is absent, altered or cannot be used
    ├── BackupError               a backup cannot be made, read or restored
    ├── Unfit                     a text is not what it should be, such as a name or hours; also a ValueError
    ├── LeftOut                   a file or folder that nothing comes of; its sentence says why
    └── RequestError              what a client is told: status, code, sentence
        ├── BadRequest            400  the request does not follow its own format
        ├── Unauthorized          401  a token or a sign-in is needed, or nobody has the one that came
        ├── Forbidden             403  this caller may not do this
        ├── NotFound              404  no such path, person, face or visit
        ├── MethodNotAllowed      405  with Allow
        ├── NotAcceptable         406  not in any format that the client takes
        ├── RequestTimeout        408  it did not arrive in time
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
            └── StorageTrouble    503  of what is kept, and in the log by now
                ├── DatabaseTrouble    of the database
                └── StorageFull        a disk has no room: nothing can be kept
"""

import errno
from typing import Any, Self

from wsgi_app.base.faces import Counterpart

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class PorteiroError(Exception):
    """The root: catching it catches everything that Porteiro raises on purpose.

    Attributes:
        key: what is wrong: its code, and after a colon what more tells its sentence from others.
        values: what the sentence names. They may reach the client, so they never hold a secret, and in a
            ``RequestError`` no path.
        setting: what was set so that it came to this, such as ``PORTEIRO_PACK='zoo'``; ``""`` for nothing.
    """

    setting = ""

    def __init__(self, key: str, **values: Any):
        super().__init__(key)
        self.key, self.values = key, values

    @property
    def code(self) -> str:
        """The stable word for programs."""
        return self.key.partition(":")[0]

    def __str__(self) -> str:
        """The key and the values, for logs."""
        return " ".join([self.key, *(f"{name}={value!r}" for name, value in self.values.items())])


class ConfigError(PorteiroError):
    """A setting cannot be used; the message names its key.

    It is a sentence as it is: who reads it starts the server, before there is anything that could say it.
    """

    def __init__(self, message: str):
        super().__init__("config", message=message)

    def __str__(self) -> str:
        return str(self.values["message"])


class PackError(PorteiroError):
    """A model pack cannot be used; its sentence says what to do."""


class BackupError(PorteiroError):
    """A backup cannot be made, read or restored; its sentence says why, and what to do."""


class Unfit(PorteiroError, ValueError):
    """A text that is not what it should be; its sentence says what fits."""


class LeftOut(PorteiroError):
    """A file or folder that nothing comes of, though it lies among what was asked for."""


class RequestError(PorteiroError):
    """An answer other than success, decided somewhere below the application's boundary.

    Attributes:
        status: the HTTP status code.
        headers: extra response headers.
        counterpart: the kept face that it is about, if any; whoever answers says where that is.
    """

    status = 400

    def __init__(
        self,
        key: str,
        *,
        headers: dict[str, str] | None = None,
        counterpart: Counterpart | None = None,
        **values: Any,
    ):
        super().__init__(key, **values)
        self.headers, self.counterpart = headers or {}, counterpart

    @classmethod
    def of(cls, error: Unfit) -> Self:
        """The same as an answer."""
        return cls(error.key, **error.values)


class BadRequest(RequestError):
    """400: the request does not follow its own format."""


class Unauthorized(RequestError):
    """401: a device's token or a sign-in is needed, or nobody has what came; with WWW-Authenticate."""

    status = 401

    def __init__(self, key: str, *, scheme: str = "Bearer", **values: Any):
        super().__init__(key, headers={"WWW-Authenticate": scheme}, **values)


class Forbidden(RequestError):
    """403: this caller may not do this."""

    status = 403


class NotFound(RequestError):
    """404: there is nothing at this address."""

    status = 404


class MethodNotAllowed(RequestError):
    """405: the address exists, for other methods."""

    status = 405

    def __init__(self, key: str, *, allowed: str, **values: Any):
        super().__init__(key, headers={"Allow": allowed}, allowed=allowed, **values)


class NotAcceptable(RequestError):
    """406: this address has nothing in a format that the client takes."""

    status = 406


class RequestTimeout(RequestError):
    """408: the request did not arrive in time."""

    status = 408


class Conflict(RequestError):
    """409: it would contradict what is stored."""

    status = 409


class LengthRequired(RequestError):
    """411: a body came without a Content-Length."""

    status = 411


class PreconditionFailed(RequestError):
    """412: If-Match names another version than the present one."""

    status = 412


class ContentTooLarge(RequestError):
    """413: more bytes, parts or pixels than the limits allow."""

    status = 413


class PathTooLong(RequestError):
    """414: a path longer than any that exists here."""

    status = 414


class UnsupportedMediaType(RequestError):
    """415: not a format that this address takes."""

    status = 415


class RangeNotSatisfiable(RequestError):
    """416: the file ends before the bytes that were asked for; with its size in Content-Range."""

    status = 416

    def __init__(self, key: str, *, size: int, **values: Any):
        super().__init__(key, headers={"Content-Range": f"bytes */{size}"}, size=size, **values)


class Unprocessable(RequestError):
    """422: well-formed, but it cannot be used."""

    status = 422


class UnusablePhoto(Unprocessable):
    """422: a photo without exactly one good face; its key is the vision outcome that says why."""


class Misdirected(RequestError):
    """421: asked by a name that is not this machine's."""

    status = 421


class UpgradeRequired(RequestError):
    """426: this address speaks WebSocket; with Upgrade."""

    status = 426

    def __init__(self, key: str, **values: Any):
        super().__init__(key, headers={"Upgrade": "websocket"}, **values)


class TooManyRequests(RequestError):
    """429: too often; with Retry-After."""

    status = 429

    def __init__(self, key: str, *, wait_s: int, **values: Any):
        super().__init__(key, headers={"Retry-After": str(wait_s)}, **values)


class Busy(RequestError):
    """503: it is somebody else's turn; nothing is wrong, so the log says no more than of other refusals."""

    status = 503

    def __init__(self, key: str, *, wait_s: int, **values: Any):
        super().__init__(key, headers={"Retry-After": str(wait_s)}, **values)


class Unavailable(RequestError):
    """503: the server cannot answer now; ``Retry-After`` says when to ask again."""

    status = 503

    def __init__(self, key: str, *, retry_after_s: int = 2, **values: Any):
        super().__init__(key, headers={"Retry-After": str(retry_after_s)}, **values)


class StorageTrouble(Unavailable):
    """503: what is kept cannot be used; whoever found that has told the log, which is not told each time."""


class DatabaseTrouble(StorageTrouble):
    """503: the database cannot be used."""


class StorageFull(StorageTrouble):
    """503: a disk has no room, or a quota of the system's allows none; what is kept can be read."""

    def __init__(self, key: str, **values: Any):
        super().__init__(key, retry_after_s=30, **values)


def is_full(error: OSError) -> bool:
    """Whether a disk said that it has no room, or the system's quota that it allows none."""
    return error.errno in NO_ROOM
