"""Serving HTTP on sockets with Waitress: which connections it takes, and which have to go for them."""

import heapq
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.front.channels import FrontChannel
from wsgi_app.front.lanes import Lane, lane_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STOP_S = 10.0  # for answers on their way when it is told to end
CONNECTIONS = 1000  # open at once
AT_ONCE = 64  # connections taken in one turn
PRESS_THREADS, OTHER_THREADS = 16, 32  # each waits for a worker; those for presses do nothing else

ADJUSTMENTS: dict[str, Any] = {
    "connection_limit": sys.maxsize,  # above it Waitress takes none; here one has to go
    "backlog": 1024,
    "channel_request_lookahead": 1,  # sees a client go away while it is answered
    "cleanup_interval": 1,
    "asyncore_use_poll": True,
    "max_request_header_size": 16 * 1024,  # fits into uWSGI's buffer-size, its longest line thrice
    "max_request_body_size": 16 * MEBIBYTE,  # uWSGI's limit-post
    "recv_bytes": MEBIBYTE // 16,  # at once: a large upload is read in few turns
    "inbuf_overflow": MEBIBYTE // 4,  # the rest of a body waits on the disk
    "outbuf_overflow": MEBIBYTE // 4,
    # An answer waits on the disk until a slow reader has all of it, as nginx.conf has it.
    "outbuf_high_watermark": 300 * MEBIBYTE,
    "ident": "",
    "log_socket_errors": False,
}

log = structlog.get_logger("porteiro.front")


class FrontServer(TcpWSGIServer):
    """Takes the connections of one listening socket.

    Attributes:
        ended: how many had to go of late to make room.
        others: has answered what is no press.
    """

    channel_class = FrontChannel
    ended = 0
    others: ThreadedTaskDispatcher

    def add_task(self, task: FrontChannel) -> None:
        """Have a connection's next request answered; presses wait for presses alone."""
        request = task.requests[0]
        is_press = request.error is None and lane_of(request.command, request.path or "/") is Lane.PRESSES
        (self.task_dispatcher if is_press else self.others).add_task(task)

    def maintenance(self, now: float) -> None:
        """Look after all connections; called once a second."""
        for channel in list(self.active_channels.values()):
            channel.check_time(now)
        if self.ended:
            log.warning("too many connections: those that waited longest were closed", closed=self.ended)
            self.ended = 0

    def readable(self) -> bool:
        """Whether another connection may come: not where all wait for an answer."""
        return bool(super().readable()) and (self._free() > 0 or bool(self._waiting()))

    def handle_accept(self) -> None:
        """Take the connections that came; above the limit, others go whose clients let us wait."""
        free = self._free()
        waiting = self._waiting() if free < AT_ONCE else {}
        for _ in range(min(AT_ONCE, free + len(waiting))):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) == before:
                break
        excess = max(0, -self._free())
        for channel in heapq.nlargest(excess, waiting, key=lambda channel: waiting[channel]):
            channel.will_close = True  # in the next turn: this one may know of more on its file number
            self.ended += 1

    def _free(self) -> int:
        return CONNECTIONS - sum(not channel.will_close for channel in channels_of(self._map))

    def _waiting(self) -> dict[FrontChannel, float]:
        """How long the clients let us wait whose turn it is."""
        now = time.time()
        shares = {channel: channel.waited(now) for channel in channels_of(self._map)}
        return {channel: share for channel, share in shares.items() if share > 0}


class Front:
    """Serves HTTP on some sockets.

    Args:
        application: answers what came as a whole.
        listeners: the sockets.
    """

    def __init__(self, application: "WSGIApplication", listeners: list[socket.socket]):
        self._map: dict[int, Any] = {}
        self._is_told = False
        self._presses, self._others = _dispatcher(PRESS_THREADS), _dispatcher(OTHER_THREADS)
        self._servers = [self._server(application, listener) for listener in listeners]

    def stop(self, *_: object) -> None:
        """Have ``run`` end when what was asked is answered; also a signal's handler."""
        if not self._is_told:
            self._is_told = True
            self._servers[0].pull_trigger()

    def run(self, is_alone: Callable[[], bool] = lambda: False) -> None:
        """Serve until told to stop, or until ``is_alone`` says that nobody is left to tell it so."""
        while not self._is_told and not is_alone():
            self._turn()
        for server in self._servers:
            wasyncore.dispatcher.close(server)
        end = time.time() + STOP_S
        while time.time() < end and any(map(_is_busy, channels_of(self._map))):
            self._turn()
        for dispatcher in (self._presses, self._others):
            dispatcher.shutdown(timeout=1)  # before what its threads wake the loop with is closed
        wasyncore.close_all(self._map)

    def _turn(self) -> None:
        wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)

    def _server(self, application: "WSGIApplication", listener: socket.socket) -> FrontServer:
        adjustments = Adjustments(sockets=[listener], **ADJUSTMENTS)
        place = (listener.family, listener.type, listener.proto, listener.getsockname())
        server = FrontServer(
            application,
            self._map,
            _sock=listener,
            dispatcher=self._presses,
            adj=adjustments,
            bind_socket=False,
            sockinfo=place,
        )
        server.others = self._others
        return server


def channels_of(connections: dict[int, Any]) -> list[FrontChannel]:
    """The connections of clients among all that Waitress looks after."""
    return [one for one in connections.values() if isinstance(one, FrontChannel)]


def _dispatcher(threads: int) -> ThreadedTaskDispatcher:
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    return dispatcher


def _is_busy(channel: FrontChannel) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)
