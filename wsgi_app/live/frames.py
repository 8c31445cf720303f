"""What the live feed sends besides events, and what it is sent; clients tell the frames apart by their keys.

What a client sent and is refused comes back as ``web.errors.ErrorBody``.
"""

import msgspec

from wsgi_app.base.errors import BadRequest, Unprocessable


class Hello(msgspec.Struct):
    """The first frame.

    Attributes:
        last: the number of the event after which this client is fed.
        you: whose connection this is.
        operators: the names of those who can talk, now connected.
    """

    last: int
    you: str
    operators: list[str]


class Presence(msgspec.Struct):
    """Who of those who can talk is connected, each time that changes."""

    operators: list[str]


class Reset(msgspec.Struct):
    """Too much was missed: the page is to be loaded anew; what comes follows ``last``."""

    last: int
    reset: bool = True


class SayFrame(msgspec.Struct, forbid_unknown_fields=True):
    """What a browser sends to the live feed."""

    say: str


def read_message(data: str) -> str:
    """What somebody says, out of a frame.

    Raises:
        BadRequest: it is not JSON.
        Unprocessable: it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(data, type=SayFrame).say
    except msgspec.ValidationError as error:
        raise Unprocessable("json_shape:message") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadRequest("bad_json") from error
