"""The lab's rooms: WebSockets for anybody, apart from the house's own feed.

``/lab/ws?room=echo`` sends each message back as it came, text as text and bytes as bytes, and nothing else.

``/lab/ws?room=tutorial`` does the same with ``ECHO! `` before it, as a tutorial's server does.

``/lab/ws?room=all`` tells everybody in the room what anybody there sends, in text frames such as::

    {"kind": "text", "from": "guest 3", "own": false, "here": 2, "text": "Good morning"}

``own`` marks the sender's copy, ``here`` is how many are in the room, and the kinds are:

========  ================================================================================
came      a guest came; the first frame of all has ``own`` and says which guest you are
left      a guest left
text      a guest sent this ``text``
binary    a guest sent so many ``bytes``: the next frame is a binary one and brings them
========  ================================================================================

Guests have numbers, in the order in which they came. What they send is neither kept nor logged.
"""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import cast

import msgspec
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from wsgi_app.live.sockets import Socket, cut_slow

MARK = "ECHO! "  # before what comes back in the room ``tutorial``


class RoomFrame(msgspec.Struct, omit_defaults=True, rename={"guest": "from", "size": "bytes"}):
    """What a room tells; see above."""

    kind: str
    guest: str
    own: bool
    here: int
    text: str | None = None
    size: int | None = None


class Room(ABC):
    """A place where messages are heard.

    Args:
        most_unsent_bytes: what a guest may leave unread; with more they are cut off.

    Attributes:
        takes_any_site: whether pages of other sites may come, for there is nothing to be heard but oneself.
    """

    takes_any_site = False

    def __init__(self, most_unsent_bytes: int):
        self._most_unsent_bytes = most_unsent_bytes

    async def attend(self, connection: ServerConnection) -> None:
        """Hear what a guest sends until they go."""
        socket = cast(Socket, connection)
        self.come(socket)
        try:
            with suppress(ConnectionClosed):
                async for data in socket:
                    if socket.messages.allows():
                        self.hear(socket, data)
                    else:
                        socket.refuse(CloseCode.POLICY_VIOLATION, "Too many messages; slow down.")
                    await asyncio.sleep(0)  # one message, and then the house's feed has its turn
        finally:
            self.leave(socket)

    def come(self, socket: Socket) -> None:  # noqa: B027  # not every room tells of it
        """A guest is here."""

    @abstractmethod
    def hear(self, socket: Socket, data: str | bytes) -> None:
        """A guest sent a message."""

    def leave(self, socket: Socket) -> None:  # noqa: B027
        """A guest is gone."""

    def send(self, sockets: Iterable[Socket], data: str | bytes) -> None:
        """Send a message, text as text and bytes as bytes, without waiting for slow readers."""
        staying = [socket for socket in sockets if not socket.transport.is_closing()]
        broadcast(staying, data)
        cut_slow(staying, self._most_unsent_bytes)


class Echo(Room):
    """Where each guest hears themselves."""

    takes_any_site = True

    def hear(self, socket: Socket, data: str | bytes) -> None:
        """Back to where it came from."""
        self.send([socket], data)


class MarkedEcho(Echo):
    """The same, with a word before it."""

    def hear(self, socket: Socket, data: str | bytes) -> None:
        """Back to where it came from, marked."""
        super().hear(socket, MARK + data if isinstance(data, str) else MARK.encode() + data)


class Everybody(Room):
    """Where all hear what anyone says."""

    def __init__(self, most_unsent_bytes: int):
        super().__init__(most_unsent_bytes)
        self._here: dict[Socket, str] = {}
        self._numbers = itertools.count(1)

    def come(self, socket: Socket) -> None:
        """Give a guest a number, and tell everybody."""
        self._here[socket] = f"guest {next(self._numbers)}"
        self._tell("came", socket)

    def hear(self, socket: Socket, data: str | bytes) -> None:
        """To everybody, the sender too."""
        if isinstance(data, str):
            self._tell("text", socket, text=data)
        else:
            self._tell("binary", socket, size=len(data))
            self.send(self._here, data)

    def leave(self, socket: Socket) -> None:
        """Tell those who stay."""
        frame = RoomFrame("left", self._here.pop(socket), own=False, here=len(self._here))
        self.send(self._here, _json(frame))

    def _tell(self, kind: str, socket: Socket, text: str | None = None, size: int | None = None) -> None:
        frame = RoomFrame(kind, self._here[socket], own=False, here=len(self._here), text=text, size=size)
        self.send(self._here.keys() - {socket}, _json(frame))
        self.send([socket], _json(msgspec.structs.replace(frame, own=True)))


ROOMS: dict[str, type[Room]] = {"echo": Echo, "all": Everybody, "tutorial": MarkedEcho}
DEFAULT_ROOM = "echo"


def _json(frame: RoomFrame) -> str:
    return msgspec.json.encode(frame).decode()
