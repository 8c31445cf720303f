"""A small server with the two addresses for pictures, that does with each what the picture itself says."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JPEG = b"\xff\xd8\xff"
SLOW_S = 3.0


def picture(what: str, number: int = 0) -> bytes:
    """A picture that makes the server do something; it only begins as a JPEG."""
    return JPEG + f" do {what} {number} ".encode()


@dataclass
class AskedServer:
    """What a running server was asked: the address and the picture, and by how many connections."""

    port: int = 0
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


POINT = b'{"x": 0.25, "y": 0.5}'
# What is answered: status, headers, body.
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "well": (200, {}, POINT),
    "refuse": (422, {}, b'{"error": {"code": "no_face", "message": "There is no face\\u001b."}}'),
    "page": (500, {"Content-Type": "text/html"}, b"<h1>Oh</h1>"),
    "text": (200, {}, b"nose"),
    "words": (200, {}, b'{"x": "left", "y": null}'),
    "null": (200, {}, b"null"),
    "move": (301, {"Location": "https://elsewhere.example/image-64"}, b""),
    "much": (200, {}, b" " * 200_000 + POINT),
    "close": (200, {"Connection": "close"}, POINT),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Listening"

    def setup(self) -> None:
        super().setup()
        self.server.noted.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = _picture_in(body, self.headers["Content-Type"])
        self.server.noted.asked.append((self.path, sent))
        what = re.search(rb" do (\w+)", sent)
        self.do(what[1].decode() if what else "well", sent)

    def do(self, what: str, sent: bytes) -> None:
        if what == "hang":
            time.sleep(SLOW_S)
        elif what == "drip":
            self.drip()
        elif what == "later":
            times = [asked for asked in self.server.noted.asked if asked[1] == sent]
            self.answer(*((429, {"Retry-After": "0"}, b"") if len(times) < 3 else ANSWERS["well"]))
        elif what == "busy":
            self.answer(503, {"Retry-After": "0"}, b"")
        elif what == "leave":  # as a server does that ends a connection without saying so
            self.answer(*ANSWERS["well"])
            self.close_connection = True
        elif what == "nothing":
            self.close_connection = True
        else:
            self.answer(*ANSWERS[what])

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(int(SLOW_S / 0.1)):
            self.wfile.write(b" ")
            time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        pass


class Listening(ThreadingHTTPServer):
    daemon_threads = True
    noted: AskedServer

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def nose_server() -> Iterator[AskedServer]:
    """Start it; what it was asked can be read while it runs and afterwards."""
    with Listening(("127.0.0.1", 0), Handler) as server:
        server.noted = AskedServer(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.noted
        finally:
            server.shutdown()
            thread.join()


def _picture_in(body: bytes, content_type: str) -> bytes:
    if content_type == "application/json":
        return base64.b64decode(json.loads(body)["image"], validate=True)
    head, _, rest = body.partition(b"\r\n\r\n")
    assert b'name="image"' in head
    return rest.rpartition(b"\r\n--")[0]
