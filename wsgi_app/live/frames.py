"""What the live feed sends besides events; clients tell the frames apart by their keys."""

import msgspec

from wsgi_app.errors import RequestError


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


class Reason(msgspec.Struct):
    """Why something was refused, as in the answers of REST."""

    code: str
    message: str


class Problem(msgspec.Struct):
    """What this client sent was refused."""

    error: Reason

    @classmethod
    def of(cls, error: RequestError) -> "Problem":
        """As the error says it."""
        return cls(Reason(error.code, error.message))
