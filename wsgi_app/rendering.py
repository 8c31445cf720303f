"""Answers: JSON of a typed value, HTML of a template, and the one that fits a client."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from webob import Request, Response

from wsgi_app.errors import NotFound, RequestError

TEMPLATES = Path(__file__).parent.parent / "templates"

# Photos never change under their address, and are nobody else's business.
PRIVATE = "private, max-age=3600"

# What a page may load: this server's own files and nothing else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Pages:
    """The HTML templates."""

    def __init__(self, folder: Path = TEMPLATES):
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """Fill a template; it finds the application's own address as ``root``."""
        text = self._environment.get_template(template).render(root=request.script_name, **values)
        return Response(
            text,
            status=status,
            content_type="text/html",
            charset="utf-8",
            headerlist=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
                ("Cache-Control", "no-store"),
            ],
        )


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A typed value as JSON."""
    response = Response(msgspec.json.encode(value), status=status, content_type="application/json")
    response.headers.update((headers or {}).items())
    return response


def photo_answer(path: Path, content_type: str) -> Response:
    """A kept photo, whole or in the ranges asked for, and only when the client has not got it.

    Raises:
        NotFound: the file is gone.
    """
    try:
        with path.open("rb") as file:
            changed, data = os.fstat(file.fileno()).st_mtime, file.read()
    except FileNotFoundError as error:
        raise NotFound("This photo is gone.") from error
    response = Response(data, content_type=content_type, conditional_response=True, accept_ranges="bytes")
    response.last_modified = datetime.fromtimestamp(changed, UTC)
    response.cache_control = PRIVATE
    return response


def no_content() -> Response:
    """204."""
    return Response(status=204)


def error_answer(request: Request, error: RequestError, request_id: str, pages: Pages) -> Response:
    """An error as JSON, or as a page for a browser."""
    if prefers_html(request):
        response = pages.render(request, "error.html", error.status, error=error, request_id=request_id)
    else:
        body = {"error": {"code": error.code, "message": error.message}}
        response = json_answer(body, error.status)
    response.headers.update(error.headers.items())
    return response


def prefers_html(request: Request) -> bool:
    """Whether the client asks for HTML before JSON, as browsers do."""
    offers = request.accept.acceptable_offers(["application/json", "text/html"])
    return bool(offers) and offers[0][0] == "text/html"
