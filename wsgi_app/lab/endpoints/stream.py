"""An answer that is sent while it is made, line by line."""

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
from webob import Response

from wsgi_app.errors import BadRequest, Busy
from wsgi_app.lab.services import Call, Services
from wsgi_app.rendering import FORMATS, negotiated, no_content, query_text

COUNTS = tuple(str(count) for count in range(1, 11))
PAUSE_S = 0.3
LOCK = "lab-stream.lock"

# nginx would gather the lines, caches would keep them.
HEADERS = {"X-Lab": "stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store"}


class Line(msgspec.Struct):
    """One line: its number, when it was made, and by which process."""

    number: int
    time: str
    process: int


def as_text(line: Line) -> bytes:
    """A line for people."""
    return f"line {line.number}, made at {line.time} by process {line.process}\n".encode()


def as_event(line: Line) -> bytes:
    """A line as a browser's EventSource takes it."""
    return b"id: %d\ndata: %b\n\n" % (line.number, msgspec.json.encode(line))


@dataclass
class Stream:
    """The body of an answer: the server sends each piece as it gets it.

    It calls ``close`` in the end, and when the client has gone before.
    """

    services: Services
    count: int
    form: Callable[[Line], bytes]
    turn: BinaryIO

    def __iter__(self) -> Iterator[bytes]:
        """The lines, with a pause before each but the first."""
        for number in range(1, self.count + 1):
            if number > 1:
                self.services.pause(PAUSE_S)
            made_at = self.services.now().isoformat(timespec="microseconds")
            yield self.form(Line(number, made_at, os.getpid()))
        self.close()  # before anybody can see the end and ask again

    def close(self) -> None:
        """Let the next one have its turn."""
        self.turn.close()


def stream(call: Call) -> Response:
    """``GET /stream``: ``?lines=`` of them, as text or, by Accept or ``?format=``, as Server-Sent Events."""
    wanted = query_text(call.request, "lines") or "5"
    if wanted not in COUNTS:
        raise BadRequest(f"`lines` is a number from {COUNTS[0]} to {COUNTS[-1]}.", code="bad_lines")
    makers = {"text": partial(_text, call, int(wanted)), "events": partial(_events, call, int(wanted))}
    return negotiated(call.request, makers)


def take_turn(path: Path) -> BinaryIO:
    """A lock that one answer of all processes and threads holds; closing the file frees it, as its end does.

    Raises:
        Busy: another holds it.
    """
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise Busy("One stream is sent at a time, for each keeps a worker from the door.") from error
    return file


def _text(call: Call, count: int) -> Response:
    return _streamed(call, "text", count, as_text)


def _events(call: Call, count: int) -> Response:
    if call.request.headers.get("Last-Event-ID") == str(count):
        return no_content()  # an EventSource asks again after the end; 204 tells it to stop
    return _streamed(call, "events", count, as_event)


def _streamed(call: Call, word: str, count: int, form: Callable[[Line], bytes]) -> Response:
    response = Response(content_type=FORMATS[word], charset="utf-8", app_iter=())
    response.headers.update(HEADERS.items())
    if call.request.method != "HEAD":  # which asks for no lines
        response.app_iter = Stream(call.services, count, form, take_turn(call.services.config.data / LOCK))
    return response
