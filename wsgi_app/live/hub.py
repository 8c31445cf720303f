"""The hub of the live feed: tells everybody who watches what happens, and lets operators talk."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar, cast

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from wsgi_app.access.identity import Identity, require
from wsgi_app.access.roles import Role
from wsgi_app.base.errors import BadRequest, RequestError, StorageTrouble, Unauthorized
from wsgi_app.base.limits import FeedLimits
from wsgi_app.base.sentences import Place
from wsgi_app.house.events import EventBody, EventFeed, EventsBody, clean_message
from wsgi_app.house.words.errors import sentence
from wsgi_app.live.frames import Hello, Presence, Reset, read_message
from wsgi_app.live.rhythm import HOUSE_RHYTHM, Rhythm
from wsgi_app.live.sockets import Guest, Socket, cut_slow
from wsgi_app.web.errors import ErrorBody

BATCH = 200  # events in a frame
HELPERS = 4

log = structlog.get_logger("porteiro.live")
Result = TypeVar("Result")


class Hub:
    """Everybody who watches.

    Args:
        feed: what happens.
        say: keeps a message: its text, by whom, and the connection it came from.
        again: who somebody is by now, as ``Identifier.again``.
        limits: what is accepted from outside.
        rhythm: how often things are done.
    """

    def __init__(
        self,
        feed: EventFeed,
        say: Callable[[str, str, str], None],
        again: Callable[[Identity], Identity],
        limits: FeedLimits,
        rhythm: Rhythm = HOUSE_RHYTHM,
    ):
        self._feed, self._say, self._again = feed, say, again
        self._limits, self._rhythm = limits, rhythm
        self._last = 0
        self._here: dict[str, Socket] = {}
        self._fed: set[Socket] = set()  # those that have everything up to the last event
        self._operators: list[str] = []  # as everybody was told
        self._woken = asyncio.Event()
        self._looked = asyncio.Event()  # a new one for each look
        self._tail = ThreadPoolExecutor(1, "tail")  # its own, so that nobody keeps it waiting
        self._helpers = ThreadPoolExecutor(HELPERS, "helper")

    async def begin(self) -> None:
        """Find out where the events are; what follows is told."""
        self._last = await asyncio.get_running_loop().run_in_executor(self._tail, self._feed.last)

    def wake(self) -> None:
        """Something happened."""
        self._woken.set()

    async def aside(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do something that waits, on a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._helpers, work, *arguments)

    async def run(self) -> None:
        """Tell everybody what happens, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rhythm.look_s):
                    await self._woken.wait()
            await asyncio.sleep(self._rhythm.frame_s)
            self._woken.clear()
            try:
                await self._look()
            except StorageTrouble:
                pass  # in the log by now
            except RequestError as error:
                log.warning("live feed waits", reason=str(error))
            self._tell_presence()
            cut_slow(self._here.values(), self._limits.buffer_bytes)

    async def attend(self, connection: ServerConnection) -> None:
        """Feed one who watches and hear what they say, until they go."""
        socket = cast(Socket, connection)
        self._here[socket.key] = socket
        try:
            with suppress(ConnectionClosed):
                await self._catch_up(socket)
                async for data in socket:
                    await self._hear(socket, data)
        finally:
            self._fed.discard(socket)
            del self._here[socket.key]
            self.wake()  # so that the others learn of it

    async def check_guests(self) -> None:
        """Close the connections of those who are not signed in any more; the others get their new roles.

        Raises:
            Unavailable: the database does not answer; everybody stays as they are.
        """
        sockets = list(self._here.values())
        identities = [socket.guest.identity for socket in sockets]
        loop = asyncio.get_running_loop()
        for socket, identity in zip(
            sockets, await loop.run_in_executor(self._tail, self._all_again, identities), strict=True
        ):
            socket.admit_again(identity)

    def close(self) -> None:
        """Let the threads go."""
        self._tail.shutdown(wait=False, cancel_futures=True)
        self._helpers.shutdown(wait=False, cancel_futures=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(self._tail, self._feed.after, self._last, BATCH)
        if page.last - self._last != len(page.events):  # something about accounts, which nobody is told
            await self.check_guests()
        self._last = page.last
        self._looked.set()
        self._looked = asyncio.Event()
        if page.reset:
            self._broadcast(self._fed, Reset(last=page.last))
        if page.events:
            self._tell(page)
        if len(page.events) == BATCH:
            self._woken.set()

    def _tell(self, page: EventsBody) -> None:
        own = {event.subject for event in page.events if event.kind == "message"} & self._here.keys()
        senders = {self._here[key] for key in own} & self._fed
        self._broadcast(self._fed - senders, page)
        for socket in senders:
            self._broadcast([socket], EventsBody(_echoed(page.events, socket.key), page.last))

    def _broadcast(self, sockets: Iterable[Socket], frame: msgspec.Struct) -> None:
        broadcast(sockets, msgspec.json.encode(frame), text=True)

    def _present(self) -> list[str]:
        guests = (socket.guest.identity for socket in self._here.values())
        return sorted({identity.name for identity in guests if identity.role >= Role.OPERATOR})

    def _tell_presence(self) -> None:
        present = self._present()
        if present != self._operators:
            self._operators = present
            self._broadcast(self._fed, Presence(present))

    async def _catch_up(self, socket: Socket) -> None:
        """Send what they missed; in the end they are among those who are fed, without a gap or a repeat."""
        at = await self._beginning(socket.guest)
        await socket.tell(Hello(last=at, you=socket.guest.identity.name, operators=self._present()))
        if socket.guest.after not in (None, at):
            await socket.tell(Reset(last=at))
        while at < (upto := self._last):
            page = await self.aside(self._feed.after, at, BATCH)
            missed = [event for event in page.events if event.number <= upto]
            at = missed[-1].number if missed else upto
            if missed:
                await socket.tell(EventsBody(missed, at))
        self._fed.add(socket)
        self.wake()

    async def _beginning(self, guest: Guest) -> int:
        """The number after which to feed somebody: the one that they have, if it is not too far off."""
        if guest.after is None:
            return self._last
        if guest.after > self._last and guest.after <= await self.aside(self._feed.last):
            while guest.after > self._last:  # a page can know more than was looked at here
                self.wake()
                await self._looked.wait()
        return guest.after if 0 <= self._last - guest.after <= self._limits.missed_events else self._last

    async def _hear(self, socket: Socket, data: str | bytes) -> None:
        if isinstance(data, bytes):
            socket.refuse(CloseCode.UNSUPPORTED_DATA, "Send text.")
            return
        if not socket.messages.allows():
            socket.refuse(CloseCode.POLICY_VIOLATION, "Too many messages; slow down.")
            return
        try:
            text = read_message(data)
            identity = await self.aside(self._again, socket.guest.identity)
            socket.admit_again(identity)
            require(Role.OPERATOR, identity)
            text = clean_message(text, self._limits.message_letters)
            await self.aside(self._say, text, identity.name, socket.key)
            self.wake()
        except BadRequest:
            socket.refuse(CloseCode.INVALID_DATA, "Send JSON.")
        except Unauthorized:
            pass  # and closed
        except RequestError as error:
            await socket.tell(ErrorBody.of(error, sentence(error, Place.API)))

    def _all_again(self, identities: list[Identity]) -> list[Identity]:
        return [self._again(identity) for identity in identities]


def _echoed(events: list[EventBody], key: str) -> list[EventBody]:
    return [
        msgspec.structs.replace(event, echo=event.kind == "message" and event.subject == key)
        for event in events
    ]
