"""Serving the live feed and the lab's rooms: their sockets, and everything that is done now and then."""

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.frames import CloseCode

from wsgi_app.access.identity import Credentials, Identity
from wsgi_app.base.addresses import host_and_port
from wsgi_app.base.config import Config
from wsgi_app.base.errors import RequestError, StorageTrouble
from wsgi_app.base.sockets import short_address
from wsgi_app.house.erasing import Eraser
from wsgi_app.house.events import EventFeed
from wsgi_app.house.making_room import RoomKeeper
from wsgi_app.house.storage import PhotosKeeper, StorageKeeper
from wsgi_app.house.tombstones import TombstoneKeeper
from wsgi_app.live.admission import Admission, refusals_in_json
from wsgi_app.live.crowd import Crowd
from wsgi_app.live.hub import Hub
from wsgi_app.live.rhythm import HOUSE_RHYTHM, Rhythm
from wsgi_app.live.rooms import ROOMS
from wsgi_app.live.sockets import HANG_UP_S, Socket
from wsgi_app.stores.stores import Stores

PING_S = 20  # nginx closes what is silent for a minute
GROUP_MAY_WRITE = 0o660  # as on the workers' socket
DATAGRAMS = 1000  # taken at once
WAITING = 1024  # connections that wait to be taken: all browsers come back at once

log = structlog.get_logger("porteiro.live")
Attend = Callable[[ServerConnection], Awaitable[None]]


class Identifying(Protocol):
    """Finds out who asks, as ``Identifier`` does; it may take its time."""

    def identify(self, credentials: Credentials) -> Identity:
        """Who asks."""

    def again(self, identity: Identity) -> Identity:
        """Who somebody is by now."""


async def serve_feed(
    config: Config,
    stores: Stores,
    identifier: Identifying,
    stop: asyncio.Event,
    rhythm: Rhythm = HOUSE_RHYTHM,
) -> None:
    """Serve the live feed, and beside it the lab's rooms, until told to stop.

    Args:
        config: the settings.
        stores: what is kept.
        identifier: finds out who asks.
        stop: is set to end.
        rhythm: how often things are done.

    Raises:
        OSError: its address cannot be listened on.
        Unavailable: the database does not answer at the start.
    """
    hub = Hub(EventFeed(stores.events), stores.events.say, identifier.again, config.limits.feed, rhythm)

    async def ask(credentials: Credentials) -> Identity:
        return await hub.aside(identifier.identify, credentials)

    await hub.begin()
    try:
        with listening_for_wakes(config.wake_address, hub.wake):
            async with _server(config, attending(hub, config), Admission(config, ask)) as server:
                log.info("live feed is served", address=str(config.live_address))
                await _until(
                    stop,
                    hub.run(),
                    every(rhythm.check_s, hub.check_guests),
                    every(rhythm.states_s, lambda: hub.aside(stores.devices.tell_states)),
                    every(rhythm.states_s, functools.partial(hub.aside, StorageKeeper(config, stores))),
                    every(rhythm.room_s, functools.partial(hub.aside, PhotosKeeper(config, stores))),
                    every(rhythm.room_s, functools.partial(hub.aside, RoomKeeper(config, stores))),
                    every(rhythm.erase_s, functools.partial(hub.aside, Eraser(stores))),
                    every(rhythm.erase_s, functools.partial(hub.aside, TombstoneKeeper(config, stores))),
                )
                server.close(code=CloseCode.SERVICE_RESTART, reason="The live feed starts anew.")
    finally:
        hub.close()


def attending(hub: Hub, config: Config) -> Attend:
    """Leads those who were let in to where they may be: a room of the lab, or the house's hub."""
    rooms = {name: room(config.limits.feed.buffer_bytes) for name, room in ROOMS.items()}

    async def attend(connection: ServerConnection) -> None:
        guest = cast(Socket, connection).guest
        await (hub.attend if guest.room is None else rooms[guest.room].attend)(connection)

    return attend


@contextmanager
def listening_for_wakes(address: Path, wake: Callable[[], None]) -> Iterator[None]:
    """Call ``wake`` for the datagrams of those who change something; the feed looks without them too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        try:
            address.parent.mkdir(parents=True, exist_ok=True)
            address.unlink(missing_ok=True)
            listener.bind(short_address(address))
        except OSError as error:
            log.warning("live feed is not woken, and looks once a second", reason=str(error))
        loop.add_reader(listener, lambda: _take_datagrams(listener, wake))
        try:
            yield
        finally:
            loop.remove_reader(listener)


async def every(pause_s: float, act: Callable[[], Awaitable[object]]) -> None:
    """Do something now and then, for ever; where the database or a disk fails, the next time will do."""
    while True:
        await asyncio.sleep(pause_s)
        try:
            await act()
        except StorageTrouble:
            pass  # in the log by now
        except (RequestError, OSError) as error:
            log.warning("live feed waits", reason=str(error))


async def _until(stop: asyncio.Event, *works: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(work) for work in (stop.wait(), *works)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # raises what ended it
    finally:
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _server(config: Config, attend: Attend, admission: Admission) -> AsyncIterator[Server]:
    limits, address = config.limits.feed, config.live_address
    crowd = Crowd(limits.sockets + limits.lab_sockets, limits.sockets_of_one)
    options: dict[str, Any] = {
        "process_request": admission,
        "process_response": refusals_in_json,
        "create_connection": functools.partial(Socket, limits, crowd, time.monotonic),
        "compression": None,  # costs each connection more memory than all else
        "max_size": limits.frame_bytes,
        "ping_interval": PING_S,
        "ping_timeout": PING_S,
        "close_timeout": HANG_UP_S,
        "server_header": None,
        "backlog": WAITING,
    }
    if isinstance(address, Path):
        async with unix_serve(attend, str(address), **options) as server:
            address.chmod(GROUP_MAY_WRITE)
            yield server
    else:
        host, port = host_and_port(address)
        async with serve(attend, host, port, **options) as server:
            yield server


def _take_datagrams(listener: socket.socket, wake: Callable[[], None]) -> None:
    with suppress(OSError):
        for _ in range(DATAGRAMS):
            listener.recv(1)
    wake()
