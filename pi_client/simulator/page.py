"""The simulator's page: a small HTTP server on this computer, for a person at a browser."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib import resources
from typing import Any

from pi_client.errors import CameraError, DoorConfigError
from pi_client.simulator.events import NewsCursor, Watch
from pi_client.simulator.guards import SAFETY, RequestRefused, body_length, check_host, check_site, read_json
from pi_client.simulator.scene import SimulatedDevice
from pi_client.simulator.server import HOST, BoundedServer, ReaderLimit
from pi_client.simulator.stage import Stage

MOST_READERS = 8
PATIENCE_S = 10.0  # with a browser that neither sends nor reads
KEEP_ALIVE_S = 1.0  # so soon it is seen that a page has gone
PHOTOS = "/photos/"
TEXT, JSON, JPEG = "text/plain; charset=utf-8", "application/json", "image/jpeg"

FILES = (
    ("/", "index.html", "text/html; charset=utf-8"),
    ("/style.css", "style.css", "text/css; charset=utf-8"),
    ("/script.js", "script.js", "text/javascript; charset=utf-8"),
    ("/icon.svg", "icon.svg", "image/svg+xml"),
)


class Page:
    """A context in which the page is served."""

    def __init__(self, device: SimulatedDevice, stage: Stage, watch: Watch, port: int):
        """Take the port; 0 takes any that is free.

        Raises:
            DoorConfigError: the port is taken.
        """
        self.device, self.stage, self.watch = device, stage, watch
        folder = resources.files("pi_client.simulator") / "page"
        self.files = {path: (kind, (folder / name).read_bytes()) for path, name, kind in FILES}
        self.readers = ReaderLimit(MOST_READERS, when_empty=device.release)
        try:
            self._server = BoundedServer(partial(_Handler, self), port)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise DoorConfigError(f"Port {port} cannot be used: {why}; name another with --port.") from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}/"

    def __enter__(self) -> "Page":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server_version, sys_version = "porteiro", ""
    timeout = PATIENCE_S

    def __init__(self, page: Page, *arguments: Any):
        self._page = page
        super().__init__(*arguments)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with self._refusals_told():
            check_site(self.headers, check_host(self.headers), may_be_opened=path == "/")
            if path in self._page.files:
                self._send(HTTPStatus.OK, *self._page.files[path])
            elif path.startswith(PHOTOS):
                self._thumbnail(path.removeprefix(PHOTOS))
            else:
                _found(GETS, path)(self)

    def do_POST(self) -> None:
        with self._refusals_told():
            # Read first: closed with something unread, a connection loses its answer.
            body = self.rfile.read(body_length(self.headers))
            check_site(self.headers, check_host(self.headers))
            _found(POSTS, self.path)(self, body)
            self._head(HTTPStatus.NO_CONTENT, TEXT)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Of the parent, for what is no request: in short, and without repeating it."""
        self.request_version = self.protocol_version  # the parent takes such a client for one of HTTP/0.9
        with contextlib.suppress(OSError):
            self._send(HTTPStatus(code), TEXT, f"{HTTPStatus(code).phrase}.\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's names
        """Nothing: the log is the door's."""

    def events(self) -> None:
        with self._page.readers.admit():
            self._head(HTTPStatus.OK, "text/event-stream")
            seen, watch = NewsCursor(), self._page.watch
            while True:
                news = watch.news(seen, KEEP_ALIVE_S)
                if news is None and watch.ended:
                    return
                if news is None:
                    self.wfile.write(b":\n\n")
                    continue
                news_body = asdict(news.scene) | {"lines": [asdict(line) for line in news.lines]}
                self.wfile.write(
                    b"data: " + json.dumps(news_body | {"anew": seen == NewsCursor()}).encode() + b"\n\n"
                )
                seen = news.cursor

    def camera(self) -> None:
        self._send(HTTPStatus.OK, JPEG, self._page.stage.picture())

    def choices(self) -> None:
        stage = self._page.stage
        body = {"choices": stage.choices(), "chosen": stage.chosen, "live": stage.is_live}
        self._send(HTTPStatus.OK, JSON, json.dumps(body).encode())

    def button(self, body: bytes) -> None:
        down = read_json(self.headers, body, "down", bool)
        (self._page.device.press if down else self._page.device.release)()

    def choose(self, body: bytes) -> None:
        name = read_json(self.headers, body, "choose", str)
        if name not in self._page.stage.choices():
            raise RequestRefused(HTTPStatus.NOT_FOUND, "There is no such photo.")
        self._page.stage.choose(name)

    def _thumbnail(self, number: str) -> None:
        names = self._page.stage.choices()
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(len(names)))):
            raise RequestRefused(HTTPStatus.NOT_FOUND, "There is no such photo.")
        if int(number) >= len(names):
            raise RequestRefused(HTTPStatus.NOT_FOUND, "There is no such photo.")
        self._send(HTTPStatus.OK, JPEG, self._page.stage.thumbnail(names[int(number)]))

    @contextlib.contextmanager
    def _refusals_told(self) -> Iterator[None]:
        try:
            try:
                yield
            except RequestRefused as refused:
                self._send(refused.status, TEXT, f"{refused}\n".encode())
            except CameraError as error:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{error}\n".encode("utf-8", "replace"))
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._head(status, kind, len(body))
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in SAFETY:
            self.send_header(name, value)
        self.end_headers()


GETS: dict[str, Callable[[_Handler], None]] = {
    "/events": _Handler.events,
    "/camera.jpg": _Handler.camera,
    "/choices": _Handler.choices,
}
POSTS: dict[str, Callable[[_Handler, bytes], None]] = {
    "/button": _Handler.button,
    "/camera": _Handler.choose,
}


def _found(routes: dict[str, Any], path: str) -> Any:
    if path in routes:
        return routes[path]
    raise RequestRefused(HTTPStatus.NOT_FOUND, "There is nothing here.")
