"""One connection of a client: Waitress's, with bounds on how long a client may take."""

import socket
import sys
import time
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from wsgi_app.base.errors import RequestTimeout
from wsgi_app.front.parsing import FrontParser
from wsgi_app.front.tasks import FrontErrorTask, FrontTask

# Seconds, mostly those of nginx.conf.
HEAD_S = 10.0  # for the head of a request, the first one also before it begins
SILENCE_S = 15.0  # between two pieces of a body, or of an answer
REQUEST_S = 300.0  # for a whole request: 12 MiB at 42 kB/s
KEEP_S = 75.0  # until a connection is closed on which nothing more is asked
LINGER_S = 5.0  # for what a client still sends after its answer


class FrontChannel(HTTPChannel):
    """A connection of a client.

    Attributes:
        reached: the address of ours that the client connected to.
        began: when the first bytes of the request came that is not complete yet.
        lingers_since: set where all was said, and only what the client still sends is waited for: closing at
            once would take the answer away from it.
    """

    task_class = FrontTask
    error_task_class = FrontErrorTask
    parser_class = FrontParser
    # Waitress's own: the request that is not complete yet, and how the connection is to end.
    addr: tuple[Any, ...]
    request: FrontParser | None
    will_close: bool
    close_when_flushed: bool
    last_activity: float
    began = 0.0
    has_asked = False
    lingers_since: float | None = None

    def __init__(self, server: TcpWSGIServer, sock: socket.socket, addr: Any, adj: Adjustments, **kept: Any):
        self.reached: str = sock.getsockname()[0]  # it cannot be asked any more where a client is gone
        super().__init__(server, sock, addr, adj, **kept)

    def received(self, data: bytes) -> bool:
        """Take what came."""
        if self.lingers_since is not None:
            return False
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self.began = time.time()
        self.has_asked = self.has_asked or self.request is None
        return taken

    def send_continue(self) -> None:
        """Ask for the body, unless it was refused already."""
        if self.request is not None and self.request.error is None:
            try:
                super().send_continue()
            except OSError:
                self.will_close = True

    def _flush_some(self, **_: bool) -> bool:
        """Send what waits. The loop alone closes connections: this may be another thread."""
        return bool(super()._flush_some(do_close=False))

    def handle_write(self) -> None:
        """Send what waits; after the last answer say that there is no more, and linger."""
        if self.socket is None:  # the client went away in the same turn of the loop
            return
        self._flush_exception(self._flush_some_if_lockable if self.requests else self._flush_some)
        if self.close_when_flushed and not self.total_outbufs_len and not self.will_close:
            self.close_when_flushed = False
            self.lingers_since = time.time()
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
        if self.will_close:
            self.handle_close()

    def handle_error(self) -> None:
        """End the connection; that the network failed is no news."""
        if isinstance(sys.exception(), OSError):
            self.handle_close()
        else:
            super().handle_error()

    def handle_expt_event(self) -> None:
        """End the connection: urgent data is no part of HTTP, and waits for ever."""
        self.handle_close()

    def readable(self) -> bool:
        """Whether more may come."""
        return self.lingers_since is not None or bool(super().readable())

    def waited(self, now: float) -> float:
        """How much of its time the client has used, who has to go on: 1 is all; 0 where the server has to."""
        silent_s = now - self.last_activity
        if self.lingers_since is not None:
            return (now - self.lingers_since) / LINGER_S
        if self.requests or self.will_close or (self.close_when_flushed and not self.total_outbufs_len):
            return 0.0
        if self.total_outbufs_len:
            return silent_s / SILENCE_S
        if self.request is None:
            return silent_s / (KEEP_S if self.has_asked else HEAD_S)
        asked_s = now - self.began
        if self.request.headers_finished:
            return max(asked_s / REQUEST_S, silent_s / SILENCE_S)
        return asked_s / HEAD_S

    def check_time(self, now: float) -> None:
        """Refuse a request that takes too long, close a connection that does nothing."""
        if self.waited(now) <= 1:
            return
        has_said_all = self.lingers_since is not None or self.total_outbufs_len
        if has_said_all or self.request is None or not self.request.begun:
            self.will_close = True
        else:
            self._refuse_late(self.request)

    def _refuse_late(self, request: FrontParser) -> None:
        with self.requests_lock:
            request.refuse(RequestTimeout("timeout"))
            self.requests.append(request)
            self.request = None
        self.server.add_task(self)
