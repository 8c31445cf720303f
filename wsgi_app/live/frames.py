"""What the live feed sends besides events; clients tell the frames apart by their keys.

What a client sent and is refused comes back as ``bodies.ErrorBody``.
"""

import msgspec


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
