"""One browser's WebSocket, with bounds on what it may do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode
from websockets.protocol import OPEN, Event

from wsgi_app.access.identity import NOBODY, Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.errors import Unavailable
from wsgi_app.base.limits import FeedLimits
from wsgi_app.live.crowd import Crowd, RateLimit, Seats
from wsgi_app.stores.attempts import address_key

FRAMES = (100, 10.0)  # so many within so many seconds, of any kind: pings, and pieces of messages
HANG_UP_S = 5.0  # for the other side to close; then it is cut off

log = structlog.get_logger("porteiro.live")


@dataclass(frozen=True)
class Guest:
    """Who watches the house, or is in a room of the lab.

    Attributes:
        identity: as they proved it.
        address: theirs.
        after: the number of the last event that they have; ``None`` for those who begin now.
        room: the lab's that they are in; ``None`` for those who watch the house.
    """

    identity: Identity
    address: str
    after: int | None = None
    room: str | None = None


UNKNOWN = Guest(NOBODY, "")


class Socket(ServerConnection):
    """A WebSocket that counts in the crowd, and is closed when it sends too much.

    Attributes:
        guest: whose it is; nobody's before it is let in.
        messages: how often they may say something.
    """

    def __init__(
        self, limits: FeedLimits, crowd: Crowd, clock: Callable[[], float], *arguments: Any, **options: Any
    ):
        super().__init__(*arguments, **options)
        self.guest = UNKNOWN
        self.messages = RateLimit(limits.messages, limits.messages_s, clock)
        self._frames = RateLimit(*FRAMES, clock)
        self._crowd = crowd
        self._peer: str | None = None  # of a Unix socket all peers are nginx
        self._seat: tuple[Seats, str] | None = None
        self._is_lost = False

    @property
    def key(self) -> str:
        """Its name, under which what it says is kept."""
        return self.id.hex

    @property
    def unsent_bytes(self) -> int:
        """What waits to be sent because the other side does not read."""
        return self.transport.get_write_buffer_size()

    def take_seat(self, seats: Seats, address: str) -> None:
        """Count among those who are let in, until the connection ends.

        Raises:
            TooManyRequests, Unavailable: there is no room.
        """
        if self._is_lost:
            raise Unavailable("unavailable:connection")
        key = address_key(address)
        seats.take(key)
        self._crowd.go_on(self._peer)
        self._seat = seats, key

    async def tell(self, frame: msgspec.Struct) -> None:
        """Send a frame; waits where the other side reads slowly."""
        await self.send(msgspec.json.encode(frame), text=True)

    def refuse(self, code: CloseCode, reason: str) -> None:
        """Close it and say why; whoever does not hang up then is cut off."""
        if self.protocol.state is OPEN:
            self.protocol.fail(code, reason)
            self.send_data()
            self.loop.call_later(HANG_UP_S, self.transport.abort)

    def admit_again(self, identity: Identity) -> None:
        """Go on as who they are by now; closed where they are not signed in any more."""
        if identity.role < Role.VIEWER:
            self.refuse(CloseCode.POLICY_VIOLATION, "Sign in again.")
        else:
            self.guest = replace(self.guest, identity=identity)

    def cut(self) -> None:
        """End it at once, with everything that was still to be sent."""
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Count it, or end it where there are too many already."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = address_key(peer[0]) if isinstance(peer, tuple) else None
        if not self._crowd.has_room(self._peer):
            self.cut()
        self._crowd.come(self._peer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it out."""
        super().connection_lost(exc)
        self._is_lost = True
        self._crowd.connections -= 1
        if self._seat is None:
            self._crowd.go_on(self._peer)
        else:
            seats, key = self._seat
            seats.leave(key)

    def process_event(self, event: Event) -> None:
        """Take a frame, as long as there are not too many."""
        if self.protocol.state is OPEN and not self._frames.allows():
            self.refuse(CloseCode.POLICY_VIOLATION, "Too many frames; slow down.")
        else:
            super().process_event(event)


def cut_slow(sockets: Iterable[Socket], most_bytes: int) -> None:
    """Cut off whoever does not read what they are sent, and has more than that waiting."""
    for socket in sockets:
        if socket.unsent_bytes > most_bytes:
            log.info("slow reader is cut off", client=socket.guest.address)
            socket.cut()
