"""Handing a request to the workers, by the protocol that uWSGI has of its own, and taking their answer."""

import http.client
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from wsgi_app.base.doors import DOOR_NAME
from wsgi_app.base.errors import RequestError, TooManyRequests, Unavailable
from wsgi_app.base.sockets import short_address
from wsgi_app.front.lanes import Lane, PictureAdmission, lane_of
from wsgi_app.front.refusals import refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SILENCE_S = 35.0  # above uWSGI's harakiri, as nginx's uwsgi_read_timeout is
PIECE = 64 * 1024  # bytes read at once
# What tells of this connection only, and is told anew on the one to the client (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"})
# What nginx.conf passes on too; a variable that is not there is left out.
PASSED_ON = (
    "QUERY_STRING",
    "REQUEST_METHOD",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "REQUEST_URI",
    "PATH_INFO",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "SERVER_PORT",
    "SERVER_NAME",
)
LINK = "/welcome"  # one that can be used once is in its query: uWSGI logs REQUEST_URI where a request hangs
# The door that a request says it is of, by its signature or its token, as nginx.conf has it.
DOOR = re.compile(
    rf'Porteiro device="({DOOR_NAME.pattern})".*|Bearer ({DOOR_NAME.pattern})\.[0-9A-Za-z_-]{{43}}'
)

log = structlog.get_logger("porteiro.front")


class Workers:
    """uWSGI's workers as a WSGI application.

    Args:
        presses: the Unix socket for presses.
        others: that for all else.
        silence_s: how long they may say nothing.
    """

    def __init__(self, presses: Path, others: Path, silence_s: float = SILENCE_S):
        self._presses, self._others, self._silence_s = presses, others, silence_s
        self._admission = PictureAdmission()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Have one request answered; 503 where nobody does. None is sent twice."""
        lane = lane_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if lane is not Lane.PICTURES:
            return self._passed_on(lane, environ, start_response)
        try:
            with self._admission.of(environ["REMOTE_ADDR"]):
                return self._passed_on(lane, environ, start_response)
        except (TooManyRequests, Unavailable) as error:
            return _refused(error, start_response)

    def _passed_on(
        self, lane: Lane, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(self._silence_s)
        try:
            connection.connect(short_address(self._presses if lane is Lane.PRESSES else self._others))
            _send(connection, environ)
            answer = http.client.HTTPResponse(connection, method=environ["REQUEST_METHOD"])
            answer.begin()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            log.warning("the workers do not answer", reason=repr(error), **_asked(environ))
            return _refused(Unavailable("unavailable:workers"), start_response)
        headers = [(name, text) for name, text in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason}", headers)
        return _pieces(connection, answer)


def packet(variables: dict[str, str]) -> bytes:
    """The head of a request: modifier 0 for WSGI, the size, and names and values, each with its size.

    https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html

    Raises:
        struct.error: it is larger than the protocol has room for.
    """
    fields = b"".join(
        struct.pack("<H", len(text)) + text
        for pair in variables.items()
        for text in (part.encode("latin-1") for part in pair)
    )
    return struct.pack("<BHB", 0, len(fields), 0) + fields


def variables_of(environ: "WSGIEnvironment") -> dict[str, str]:
    """What the workers are told of a request."""
    headers = {name: text for name, text in environ.items() if name.startswith("HTTP_")}
    told = {name: environ[name] for name in PASSED_ON if name in environ}
    if environ["PATH_INFO"].endswith(LINK):
        told["REQUEST_URI"] = told.get("REQUEST_URI", "").partition("?")[0]
    return told | {"REQUEST_SCHEME": environ["wsgi.url_scheme"]} | headers


def _asked(environ: "WSGIEnvironment") -> dict[str, str]:
    """What a log says of a request that nobody answered; the door is by its own word."""
    said = DOOR.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    return {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "client": environ.get("REMOTE_ADDR", ""),
        "door": (said[1] or said[2]) if said else "",
    }


def _send(connection: socket.socket, environ: "WSGIEnvironment") -> None:
    connection.sendall(packet(variables_of(environ)))
    with suppress(BrokenPipeError, ConnectionResetError):  # whoever answers early need not take all
        while piece := environ["wsgi.input"].read(PIECE):
            connection.sendall(piece)


def _pieces(connection: socket.socket, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    with closing(connection), closing(answer):
        while piece := answer.read1(PIECE):
            yield piece


def _refused(error: RequestError, start_response: "StartResponse") -> list[bytes]:
    status, headers, body = refusal(error)
    start_response(status, headers)
    return [body]
