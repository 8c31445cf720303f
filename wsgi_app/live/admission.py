"""Who may watch the live feed, or come into the lab's rooms: decided when a WebSocket is opened."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from wsgi_app.access.identity import NOBODY, Credentials, Identity, require
from wsgi_app.access.roles import Role
from wsgi_app.base.addresses import host_and_port, is_loopback
from wsgi_app.base.config import Config
from wsgi_app.base.errors import BadRequest, Forbidden, Misdirected, NotFound, RequestError
from wsgi_app.base.sentences import Place
from wsgi_app.house.words.errors import sentence
from wsgi_app.live.crowd import Seats
from wsgi_app.live.rooms import DEFAULT_ROOM, ROOMS
from wsgi_app.live.sockets import Guest, Socket
from wsgi_app.web.errors import Error, ErrorBody

NUMBER = re.compile(r"[0-9]{1,18}")
PORTS = {"http": 80, "https": 443}
BEHIND_NGINX = "X-Real-IP"
JSON = "application/json"

Identify = Callable[[Credentials], Awaitable[Identity]]


class Admission:
    """Lets in whoever comes from Porteiro's own pages, or from no page at all.

    Those who watch the house have to be signed in. The lab's rooms, where it is on, are open to anyone, with
    seats of their own; those in which nobody hears anybody else are open to the pages of other sites, too.
    """

    def __init__(self, config: Config, identify: Identify):
        self._config, self._identify = config, identify
        limits = config.limits.feed
        self._seats = Seats(limits.sockets, limits.sockets_of_one)
        self._lab_seats = Seats(limits.lab_sockets, limits.lab_sockets_of_one)
        self._doors = {
            f"{config.prefix}/live": self._to_the_house,
            f"{config.prefix}/lab/ws": self._to_a_room,
        }

    async def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        """The refusal of an opening handshake; ``None`` to go on with it."""
        socket = cast(Socket, connection)
        try:
            socket.guest = await self._admit(socket, request)
        except RequestError as error:
            return _refusal(socket, error)
        return None

    async def _admit(self, socket: Socket, request: Request) -> Guest:
        path, _, query = request.path.partition("?")
        if path not in self._doors:
            raise NotFound("not_found")
        return await self._doors[path](socket, request.headers, query)

    async def _to_the_house(self, socket: Socket, headers: Headers, query: str) -> Guest:
        after = _after(query)
        self._refuse_other_names(headers)
        self._refuse_other_sites(headers)
        credentials = self._credentials(socket, headers)
        socket.take_seat(self._seats, credentials.address)
        identity = await self._identify(credentials)
        require(Role.VIEWER, identity)
        return Guest(identity, credentials.address, after)

    async def _to_a_room(self, socket: Socket, headers: Headers, query: str) -> Guest:
        if not self._config.has_lab:
            raise NotFound("lab_off")
        room = _room(query)
        self._refuse_other_names(headers)
        if not ROOMS[room].takes_any_site:
            self._refuse_other_sites(headers)
        address = self._address(socket, headers)
        socket.take_seat(self._lab_seats, address)
        return Guest(NOBODY, address, room=room)

    def _refuse_other_names(self, headers: Headers) -> None:
        if not self._config.is_own_name(_one(headers, "Host")):
            raise Misdirected("misdirected")

    def _refuse_other_sites(self, headers: Headers) -> None:
        origin, host = _one(headers, "Origin").lower(), _one(headers, "Host").lower()
        if origin and not self._is_own(origin, host):
            raise Forbidden("other_site:socket")

    def _is_own(self, origin: str, host: str) -> bool:
        place = origin.partition("://")[2]
        if self._config.socket is not None:  # nginx serves the pages and the feed at one address
            return place == host
        try:
            parts = urlsplit(origin)
            port, name = parts.port or PORTS.get(parts.scheme), parts.hostname
        except ValueError:
            return False
        if port != host_and_port(self._config.http)[1]:
            return False
        return name == urlsplit(f"//{host}").hostname or (is_loopback(place) and is_loopback(host))

    def _credentials(self, socket: Socket, headers: Headers) -> Credentials:
        address = self._address(socket, headers)
        return Credentials(_one(headers, "Authorization"), _cookies(headers), address)

    def _address(self, socket: Socket, headers: Headers) -> str:
        if isinstance(self._config.live_address, Path):
            return _one(headers, BEHIND_NGINX) or "local"
        return str(socket.remote_address[0])


def refusals_in_json(connection: ServerConnection, _: Request, response: Response) -> Response | None:
    """What the library refuses, such as an opening without a key, in the form of all other refusals."""
    if response.status_code < HTTPStatus.BAD_REQUEST or response.headers["Content-Type"] == JSON:
        return None
    status = HTTPStatus(response.status_code)
    message = (response.body or b"").decode().partition("\n")[0]
    kept = {name: response.headers[name] for name in ("Allow", "Upgrade") if name in response.headers}
    return _in_json(connection, status, ErrorBody(Error(status.name.lower(), message)), kept)


def _refusal(connection: ServerConnection, error: RequestError) -> Response:
    return _in_json(connection, error.status, ErrorBody.of(error, sentence(error, Place.API)), error.headers)


def _in_json(
    connection: ServerConnection, status: int, body: ErrorBody, headers: Mapping[str, str]
) -> Response:
    response = connection.respond(status, msgspec.json.encode(body).decode())
    del response.headers["Content-Type"]
    response.headers.update({"Content-Type": JSON, **headers})
    return response


def _after(query: str) -> int | None:
    values = _values(query, "after")
    if values == [""]:
        return None
    if len(values) > 1 or not NUMBER.fullmatch(values[0]):
        raise BadRequest("bad_query:whole_number", field="after")
    return int(values[0])


def _room(query: str) -> str:
    values = _values(query, "room")
    if values == [""]:
        return DEFAULT_ROOM
    if len(values) > 1 or values[0] not in ROOMS:
        raise BadRequest("unknown_room", rooms=", ".join(ROOMS))
    return values[0]


def _values(query: str, name: str) -> list[str]:
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=10).get(name, [""])
    except ValueError as error:
        raise BadRequest("bad_query:broken") from error


def _one(headers: Headers, name: str) -> str:
    values = headers.get_all(name)
    if len(values) > 1:
        raise BadRequest("bad_header", header=name)
    return values[0] if values else ""


def _cookies(headers: Headers) -> dict[str, str]:
    pairs = (pair.partition("=") for text in headers.get_all("Cookie") for pair in text.split(";"))
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}
