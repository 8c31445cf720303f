"""One way to ask Porteiro, in this process or through the shipped nginx.conf and uwsgi.ini."""

import http.client
import json
import os
import queue
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit
from wsgiref.validate import WSGIWarning, validator

from requests.structures import CaseInsensitiveDict
from webob import Request

from tests.accounts import add_account, basic
from tests.houses import stores_of, without_settings
from wsgi_app.app import Application
from wsgi_app.base.config import Config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.logs import set_up_logs
from wsgi_app.house.house import House
from wsgi_app.lab.app import Lab
from wsgi_app.lab.routes import ROUTES as LAB_ROUTES
from wsgi_app.lab.services import open_services
from wsgi_app.routes import ROUTES
from wsgi_app.stores.stores import Stores
from wsgi_app.web.boundary import Boundary
from wsgi_app.web.rendering import Pages
from wsgi_app.web.routing import Router

REPOSITORY = Path(__file__).parent.parent
START_S = 60.0
STOP_S = 45.0
ANSWER_S = 30.0
# Started by root, nginx would give its workers to another user, who may not reach uWSGI's socket.
AS_THE_SAME_USER = ["-g", "user root;"] if os.getuid() == 0 else []
SHIPPED_ADDRESS = "127.0.0.1:8080"


@dataclass(frozen=True)
class Answer:
    """What came back; header names are the same in any case."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of an error answer."""
        return str(self.json["error"]["code"])


class Server(Protocol):
    """Something that answers requests below its mount."""

    prefix: str

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request to a path below the mount."""


@dataclass
class InProcessServer:
    """The application, called here; unless told otherwise, every call is checked against WSGI's rules."""

    application: Boundary
    prefix: str = "/porteiro"
    client: str = "192.0.2.7"
    checked: bool = True
    environ: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        request = Request.blank("/", method=method)
        request.environ |= {"REMOTE_ADDR": self.client, **self.environ}
        path, _, query = path.partition("?")
        decoded = unquote(path, encoding="latin-1")  # as every WSGI server does
        request.environ.update(SCRIPT_NAME=self.prefix, PATH_INFO=decoded, QUERY_STRING=query)
        request.environ["wsgi.input"] = BytesIO(body or b"")
        request.environ.pop("CONTENT_LENGTH", None)
        request.headers.update((headers or {}).items())
        if body is not None and "Content-Length" not in (headers or {}):
            request.environ["CONTENT_LENGTH"] = str(len(body))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WSGIWarning)  # about methods that it does not know
            response = request.get_response(validator(self.application) if self.checked else self.application)
        return Answer(response.status_code, CaseInsensitiveDict(response.headers), response.body)


def served(house: House, **settings: Any) -> InProcessServer:
    """The application over a house, in this process, with some fields of its settings changed."""
    config = replace(house.config, **settings)
    return InProcessServer(Application(replace(house, config=config), Pages(config.timezone), Router(ROUTES)))


def lab_of(config: Config, worker: int | None = None, **changed: Any) -> InProcessServer:
    """The lab, in this process, with some of what it works with changed."""
    set_up_logs(config.log_level)
    services = replace(open_services(config, ProcessCounters(), worker), **changed)
    return InProcessServer(Lab(services, Router(LAB_ROUTES)), f"{config.prefix}/lab")


@dataclass
class LiveServer:
    """A server that listens on this machine, asked as its owner unless told otherwise."""

    port: int
    prefix: str = "/porteiro"
    headers: dict[str, str] = field(default_factory=basic)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        with closing(connection):
            connection.putrequest(method, self.prefix + path, skip_accept_encoding=True)
            given = {name.lower() for name in headers or {}}
            own = {name: value for name, value in self.headers.items() if name.lower() not in given}
            for name, value in {**own, **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None and not given & {"content-length", "transfer-encoding"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, CaseInsensitiveDict(response.getheaders()), response.read())


def lab_beside(house: LiveServer) -> LiveServer:
    """The lab of a running house, asked by nobody in particular."""
    return LiveServer(house.port, f"{house.prefix}/lab", headers={})


def form(*parts: tuple[str, str | None, bytes], boundary: str = "frontier") -> tuple[bytes, dict[str, str]]:
    """A multipart body of (name, file name, bytes) and the header that goes with it."""
    body = b""
    for name, filename, data in parts:
        named = "" if filename is None else f'; filename="{filename}"'
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
        body += data + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def post_photo(
    server: Server, path: str, photo: bytes, headers: dict[str, str] | None = None, field: str = "file"
) -> Answer:
    """Post a photo as ``requests.post(url, files={"file": ...})`` does."""
    body, type_header = form((field, "photo.jpg", photo))
    return server.ask("POST", path, body, {**type_header, **(headers or {})})


def post_json(server: Server, path: str, value: Any, method: str = "POST", **headers: str) -> Answer:
    """Send JSON; header names are given with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return server.ask(method, path, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def path_of(server: Server, address: str) -> str:
    """The path below the mount of a link that the server wrote."""
    return urlsplit(address)._replace(scheme="", netloc="").geturl().removeprefix(server.prefix)


def enrolled(server: Server, name: str, *photos: bytes) -> str:
    """Somebody's id; they are enrolled if they are not yet."""
    answer = post_json(server, "/people", {"name": name})
    if answer.status == HTTPStatus.CONFLICT:
        everybody = server.ask("GET", "/people").json["people"]
        return str(next(person["id"] for person in everybody if person["name"] == name))
    person_id = str(answer.json["id"])
    for taken in photos:
        # Tests share a house: somebody else there may have the same face.
        path = f"/people/{person_id}/faces?accept=like_another"
        assert post_photo(server, path, taken).status == HTTPStatus.CREATED
    return person_id


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class LocalPorts:
    """Two ports for a local run, on which nobody listens just now: for HTTP and for the live feed."""

    http: int = field(default_factory=free_port)
    live: int = field(default_factory=free_port)

    @property
    def settings(self) -> dict[str, str]:
        """The settings that name them."""
        return {"PORTEIRO_HTTP": f"127.0.0.1:{self.http}", "PORTEIRO_LIVE": f"127.0.0.1:{self.live}"}


def wait_until_listening(address: str | Path, is_running: Callable[[], bool]) -> None:
    """Wait, a minute at most, for whoever is about to listen at HOST:PORT or at a Unix socket.

    Raises:
        RuntimeError: they ended, or never listened.
    """
    pause = threading.Event()
    for _ in range(3000):
        family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
        with socket.socket(family) as client, suppress(OSError):
            client.connect(_place(address))
            return
        if not is_running():
            raise RuntimeError(f"whoever was to listen at {address} ended early")
        pause.wait(0.02)
    raise RuntimeError(f"nobody listens at {address}")


class OutputWatcher:
    """Reads a process's output on a thread, so that a test can wait for a line without sleeping."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process, self.lines, self._queue = process, list[str](), queue.Queue[str | None]()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, wanted: Callable[[str], bool], timeout_s: float = START_S) -> str:
        """The first line from now on that fits."""
        while True:
            line = self._queue.get(timeout=timeout_s)
            if line is None:
                raise RuntimeError("the server ended early:\n" + "".join(self.lines[-40:]))
            if wanted(line):
                return line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            self._queue.put(line)
        self._process.stdout.close()
        self._queue.put(None)


def name_of(process: int) -> str:
    """What the system calls a process; nothing where it has ended, which it may at any moment."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def number_of(worker: int) -> int:
    """Which one it is, as uWSGI names it."""
    return int("".join(filter(str.isdigit, name_of(worker).partition("worker")[2])))


@dataclass
class RunningUwsgi:
    """A started uWSGI: its process, what it printed, and its environment."""

    process: subprocess.Popen[str]
    output: OutputWatcher
    environ: dict[str, str]

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return self._children("worker")

    def other_workers(self) -> list[int]:
        """Those that take more than presses: all but the first."""
        return [worker for worker in self.workers() if number_of(worker) > 1]

    def feed(self) -> int:
        """The process id of the live feed, a mule of the server."""
        (feed,) = self._children("mule")
        return feed

    def _children(self, kind: str) -> list[int]:
        """The living child processes of a kind, as uWSGI names them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children if kind in name_of(int(child))]

    def stores(self) -> AbstractContextManager[Stores]:
        """What it has stored, by a connection of its own."""
        return stores_of(self.environ)


def stop(process: subprocess.Popen[Any]) -> None:
    """End a server and wait for it."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)


@contextmanager
def uwsgi(
    data: Path, settings: dict[str, str], checkout: Path = REPOSITORY, through: Sequence[str] = ()
) -> Iterator[RunningUwsgi]:
    """Start the shipped uwsgi.ini, wait until every worker has loaded its models; an owner may sign in.

    ``through`` is a command that turns into the one behind it, as `env` does.
    """
    program = Path(sys.executable).with_name("uwsgi")
    environ = without_settings(os.environ)
    environ |= {"PORTEIRO_DATA": str(data), "PORTEIRO_PROCESSES": "2", **settings}
    process = subprocess.Popen(
        [*through, program, "--ini", str(checkout / "uwsgi.ini")],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    running = RunningUwsgi(process, OutputWatcher(process), environ)
    try:
        for _ in range(int(environ["PORTEIRO_PROCESSES"])):
            running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))
        if "PORTEIRO_SOCKET" not in environ:
            wait_until_listening(environ["PORTEIRO_HTTP"], lambda: process.poll() is None)
        _let_an_owner_in(running)
        yield running
    finally:
        stop(process)


@contextmanager
def nginx(data: Path, edit: Callable[[str], str] = lambda text: text) -> Iterator[int]:
    """Start the shipped nginx.conf on a free port, in front of ``data``/porteiro.sock; gives the port."""
    port = free_port()
    shipped = (REPOSITORY / "nginx.conf").read_text(encoding="utf-8")
    assert shipped.count(SHIPPED_ADDRESS) == 1
    (data / "nginx.conf").write_text(edit(shipped.replace(SHIPPED_ADDRESS, f"127.0.0.1:{port}")))
    with (data / "nginx-stderr.log").open("w") as stderr:
        process = subprocess.Popen(
            ["nginx", "-p", ".", "-c", "nginx.conf", *AS_THE_SAME_USER],
            cwd=data,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        wait_until_listening(f"127.0.0.1:{port}", lambda: process.poll() is None)
        yield port
    finally:
        stop(process)


@contextmanager
def running_house(
    data: Path,
    settings: dict[str, str],
    prefix: str = "/porteiro",
    edit: Callable[[str], str] = lambda text: text,
) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """The whole chain as shipped: nginx on a free port, a Unix socket, uWSGI with two workers.

    Doors without a token may ask, unless the settings say otherwise.
    """
    own = {"PORTEIRO_SOCKET": str(data / "porteiro.sock"), "PORTEIRO_PREFIX": prefix}
    settings = {**own, "PORTEIRO_ANONYMOUS_DOORS": "1", **settings}
    with uwsgi(data, settings) as running, nginx(data, edit) as port:
        yield LiveServer(port, prefix.rstrip("/")), running


def _let_an_owner_in(running: RunningUwsgi) -> None:
    with running.stores() as stores:
        if not stores.accounts.page(1):
            add_account(stores)


def _place(address: str | Path) -> str | tuple[str, int]:
    if isinstance(address, Path):
        return str(address)
    host, _, port = address.rpartition(":")
    return host, int(port)
