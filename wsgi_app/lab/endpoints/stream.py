"""An answer that is sent while it is made, line by line."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import msgspec
from webob import Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.lab.services import LabCall, LabServices
from wsgi_app.lab.turns import Turn, take_turn
from wsgi_app.web.rendering import FORMATS, negotiated, no_content, query_text

COUNTS = tuple(str(count) for count in range(1, 11))
PAUSE_S = 0.3
LOCK = "lab-stream.lock"

# nginx would gather the lines, caches would keep them.
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


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

    services: LabServices
    count: int
    form: Callable[[Line], bytes]
    turn: Turn

    def __iter__(self) -> Iterator[bytes]:
        """The lines, with a pause before each but the first."""
        for number in range(1, self.count + 1):
            if number > 1:
                self.services.pause(PAUSE_S)
            made_at = self.services.now().isoformat(timespec="microseconds")
            yield self.form(Line(number, made_at, os.getpid()))
        self.close()  # before anybody can see the end and ask again

    def close(self) -> None:
        """Let the next one have its turn, after a rest."""
        self.turn.give_back()


def stream(call: LabCall) -> Response:
    """``GET /stream``: ``?lines=`` of them, as text or, by Accept or ``?format=``, as Server-Sent Events."""
    lines = query_text(call.request, "lines") or "5"
    if lines not in COUNTS:
        raise BadRequest("bad_lines", least=COUNTS[0], most=COUNTS[-1])
    empty = partial(Response, charset="utf-8", app_iter=())
    offers = {word: partial(empty, content_type=FORMATS[word]) for word in ("text", "events")}
    response = negotiated(call.request, offers)
    is_events = response.content_type == FORMATS["events"]
    if is_events and call.request.headers.get("Last-Event-ID") == lines:
        return no_content()  # an EventSource asks again after the end; 204 tells it to stop
    response.headers.update(HEADERS.items())
    if call.request.method != "HEAD":  # which asks for no lines
        turn = take_turn(call.services.config.data / LOCK, call.services.now)
        response.app_iter = Stream(call.services, int(lines), as_event if is_events else as_text, turn)
    return response
