"""Serving HTTP on sockets: Waitress, with bounds on time and answers of our own where it refuses."""

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from wsgi_app.base.errors import PorteiroError, RequestTimeout
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.front.parsing import FrontParser
from wsgi_app.front.refusals import of_status, refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Seconds, mostly those of nginx.conf.
HEAD_S = 10.0  # for the head of a request
SILENCE_S = 15.0  # between two pieces of a body, or of an answer
REQUEST_S = 300.0  # for a whole request: 12 MiB at 42 kB/s
KEEP_S = 75.0  # until a connection is closed on which nothing more is asked
LINGER_S = 5.0  # for what a client still sends after its answer
STOP_S = 10.0  # for answers on their way when it is told to end

ADJUSTMENTS: dict[str, Any] = {
    "threads": 32,  # each waits for a worker
    "connection_limit": 1000,
    "backlog": 1024,
    "channel_request_lookahead": 1,  # sees a client go away while it is answered
    "cleanup_interval": 1,
    "asyncore_use_poll": True,
    "max_request_header_size": 16 * 1024,  # fits into uWSGI's buffer-size, its longest line thrice
    "max_request_body_size": 16 * MEBIBYTE,  # uWSGI's limit-post
    "inbuf_overflow": MEBIBYTE // 4,  # the rest of a body waits on the disk
    "outbuf_overflow": MEBIBYTE // 4,
    # An answer waits on the disk until a slow reader has all of it, as nginx.conf has it.
    "outbuf_high_watermark": 300 * MEBIBYTE,
    "ident": "",
    "log_socket_errors": False,
}

log = structlog.get_logger("porteiro.front")


class FrontTask(WSGITask):
    """Has a request answered."""

    def get_environment(self) -> dict[str, Any]:
        """The request's environ: slashes as they were sent, and the host that an absolute address names.

        A client of HTTP/1.0 may name none; for it the server has the address that it reached.
        """
        environ: dict[str, Any] = super().get_environment()
        environ["PATH_INFO"] = self.request.path or "/"
        host = self.channel.socket.getsockname()[0]
        environ["SERVER_NAME"] = f"[{host}]" if ":" in host else host
        if self.request.proxy_netloc:  # goes before the header (RFC 9112, 3.2.2)
            environ["HTTP_HOST"] = self.request.proxy_netloc.rpartition("@")[2]
        return environ


class FrontErrorTask(ErrorTask):
    """Answers what is no request."""

    def execute(self) -> None:
        """Write the refusal, and close the connection then."""
        error = self.request.error
        if not isinstance(error, PorteiroError):
            error = of_status(error.code)
        self.status, headers, body = refusal(error)
        log.info("request refused", status=self.status, code=error.code, client=self.channel.addr[0])
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


class FrontChannel(HTTPChannel):
    """A connection of a client.

    Attributes:
        began: when the first bytes of the request came that is not complete yet.
        lingers_until: set where all was said, and only what the client still sends is waited for: closing at
            once would take the answer away from it.
    """

    task_class = FrontTask
    error_task_class = FrontErrorTask
    parser_class = FrontParser
    # Waitress's own: the request that is not complete yet, and how the connection is to end.
    request: FrontParser | None
    will_close: bool
    close_when_flushed: bool
    last_activity: float
    began = 0.0
    lingers_until: float | None = None

    def received(self, data: bytes) -> bool:
        """Take what came."""
        if self.lingers_until is not None:
            return False
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self.began = time.time()
        return taken

    def send_continue(self) -> None:
        """Ask for the body, unless it was refused already."""
        if self.request is not None and self.request.error is None:
            super().send_continue()

    def handle_write(self) -> None:
        """Send what waits; after the last answer say that there is no more, and linger."""
        self._flush_exception(self._flush_some_if_lockable if self.requests else self._flush_some)
        if self.close_when_flushed and not self.total_outbufs_len and not self.will_close:
            self.close_when_flushed = False
            self.lingers_until = time.time() + LINGER_S
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
        if self.will_close:
            self.handle_close()

    def readable(self) -> bool:
        """Whether more may come."""
        return self.lingers_until is not None or bool(super().readable())

    def check_time(self, now: float) -> None:
        """Refuse a request that takes too long, close a connection that does nothing."""
        if self.lingers_until is not None:
            self.will_close = self.will_close or now > self.lingers_until
        elif self.requests or self.will_close or self.close_when_flushed:
            return
        elif self.request is None or self.total_outbufs_len:
            patience = SILENCE_S if self.total_outbufs_len else KEEP_S
            self.will_close = now > self.last_activity + patience
        elif now > self._deadline(self.request):
            self._refuse_late(self.request)

    def _deadline(self, request: FrontParser) -> float:
        if not request.headers_finished:
            return self.began + HEAD_S
        return min(self.began + REQUEST_S, self.last_activity + SILENCE_S)

    def _refuse_late(self, request: FrontParser) -> None:
        with self.requests_lock:
            request.refuse(RequestTimeout("timeout"))
            self.requests.append(request)
            self.request = None
        self.server.add_task(self)


class FrontServer(TcpWSGIServer):
    """Takes the connections of one listening socket."""

    channel_class = FrontChannel

    def maintenance(self, now: float) -> None:
        """Look after all connections; called once a second."""
        for channel in list(self.active_channels.values()):
            channel.check_time(now)


class Front:
    """Serves HTTP on some sockets.

    Args:
        application: answers what came as a whole.
        listeners: the sockets.
    """

    def __init__(self, application: "WSGIApplication", listeners: list[socket.socket]):
        self._map: dict[int, Any] = {}
        self._is_told = False
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(ADJUSTMENTS["threads"])
        self._servers = [self._server(application, listener) for listener in listeners]

    def stop(self, *_: object) -> None:
        """Have ``run`` end when what was asked is answered; also a signal's handler."""
        if not self._is_told:
            self._is_told = True
            self._servers[0].pull_trigger()

    def run(self) -> None:
        """Serve until told to stop."""
        while not self._is_told:
            self._turn()
        for server in self._servers:
            wasyncore.dispatcher.close(server)
        end = time.time() + STOP_S
        while time.time() < end and any(map(_is_busy, self._channels())):
            self._turn()
        wasyncore.close_all(self._map)
        self._dispatcher.shutdown(timeout=1)

    def _turn(self) -> None:
        wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)

    def _channels(self) -> list[FrontChannel]:
        return [one for one in self._map.values() if isinstance(one, FrontChannel)]

    def _server(self, application: "WSGIApplication", listener: socket.socket) -> FrontServer:
        adjustments = Adjustments(sockets=[listener], **ADJUSTMENTS)
        place = (listener.family, listener.type, listener.proto, listener.getsockname())
        return FrontServer(
            application,
            self._map,
            _sock=listener,
            dispatcher=self._dispatcher,
            adj=adjustments,
            bind_socket=False,
            sockinfo=place,
        )


def _is_busy(channel: FrontChannel) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)
