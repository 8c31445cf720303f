"""A request as the application sees it: what WSGI's environ, and WebOb over it, tell of it."""

import os
from typing import Any

import msgspec
from webob import Request
from webob.headers import EnvironHeaders

from wsgi_app.lab.seen_bodies import SeenBody, body_of
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import read_query

# What nobody but the server is to know: of these headers the length alone is shown.
HIDDEN = frozenset(("authorization", "cookie", "proxy-authorization"))
RAW_ADDRESSES = ("REQUEST_URI", "RAW_URI")  # as uWSGI and gunicorn call it; WSGI itself has no such thing
EMPTY_UNLESS_SENT = frozenset(("Content-Type", "Content-Length"))  # servers may set these to nothing
SAID_TWICE = frozenset(("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"))  # nginx tells uWSGI both under two names

DEEPER = "  "  # by which text is indented


class Client(msgspec.Struct, frozen=True):
    """Who asks, as the server saw the connection; the port only where it tells."""

    address: str
    port: str | None


class Server(msgspec.Struct, frozen=True):
    """What called the application, as far as it tells."""

    name: str
    port: str
    protocol: str
    software: str | None
    wsgi_version: str
    multiprocess: bool
    multithread: bool


class Seen(msgspec.Struct, frozen=True):
    """Everything that an application is told about a request.

    Attributes:
        method: as sent.
        scheme: ``http`` or ``https``.
        script_name: the path up to the mount, which routed the request to this application.
        path: what follows the mount (``PATH_INFO``), decoded.
        raw_address: path and query as they stood in the request line, where the server tells.
        query: as sent.
        parameters: the query's fields, each with all its values.
        headers: as the server passed them on.
        body: its kind, its size, and what is in it.
        client: who asks.
        server: what called the application.
        process: id of the process that answers.
        worker: which of the server's workers that is, where they have numbers.
        request_id: in the answer's X-Request-Id and in the log.
    """

    method: str
    scheme: str
    script_name: str
    path: str
    raw_address: str | None
    query: str
    parameters: dict[str, list[str]]
    headers: dict[str, str]
    body: SeenBody
    client: Client
    server: Server
    process: int
    worker: int | None
    request_id: str


def seen_in(call: LabCall) -> Seen:
    """A request as the application sees it.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: the body or the query cannot be read at all.
    """
    request, environ = call.request, call.request.environ
    return Seen(
        method=request.method,
        scheme=request.scheme,
        script_name=_decoded(environ.get("SCRIPT_NAME", "")),
        path=_decoded(environ.get("PATH_INFO", "")),
        raw_address=next((_decoded(environ[key]) for key in RAW_ADDRESSES if key in environ), None),
        query=_decoded(environ.get("QUERY_STRING", "")),
        parameters=read_query(request),
        headers=_headers_of(request),
        body=body_of(request, call.services.config.limits.uploads, call.services.pages.say),
        client=Client(environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT")),
        server=_server_of(environ),
        process=os.getpid(),
        worker=call.services.worker,
        request_id=call.request_id,
    )


def as_text(value: Any, indent: str = "") -> str:
    """Plain values as indented lines, one ``name: value`` each."""
    if isinstance(value, dict):
        pairs = [(f"{name}:", inner) for name, inner in value.items()]
    else:
        pairs = [("-", inner) for inner in value]
    return "".join(f"{indent}{label}{_after(inner, indent)}" for label, inner in pairs)


def _after(value: Any, indent: str) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + as_text(value, indent + DEEPER)
    if isinstance(value, str) and "\n" in value:
        return "".join(f"\n{indent}{DEEPER}{line}" for line in value.splitlines()) + "\n"
    return f" {value}\n" if value not in ("", None) else "\n"


def _headers_of(request: Request) -> dict[str, str]:
    once = {key: text for key, text in request.environ.items() if key not in SAID_TWICE}
    sent = EnvironHeaders(once).items()
    return {name: _shown(name, text) for name, text in sent if text or name not in EMPTY_UNLESS_SENT}


def _shown(name: str, text: str) -> str:
    return f"hidden, {len(text)} characters" if name.lower() in HIDDEN else _decoded(text)


def _server_of(environ: dict[str, Any]) -> Server:
    uwsgi = environ.get("uwsgi.version", b"").decode()
    return Server(
        name=environ["SERVER_NAME"],
        port=environ["SERVER_PORT"],
        protocol=environ["SERVER_PROTOCOL"],
        software=f"uWSGI {uwsgi}" if uwsgi else environ.get("SERVER_SOFTWARE"),
        wsgi_version=".".join(map(str, environ["wsgi.version"])),
        multiprocess=bool(environ["wsgi.multiprocess"]),
        multithread=bool(environ["wsgi.multithread"]),
    )


def _decoded(text: str) -> str:
    """Bytes that WSGI gives as Latin-1, as the UTF-8 that they mostly are."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
