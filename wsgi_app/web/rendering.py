"""Answers: JSON of a typed value, HTML of a template, and the one that fits a client."""

import hashlib
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup
from webob import Request, Response

from wsgi_app.access.identity import NOBODY, Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.config import Config
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import BadRequest, NotAcceptable, RequestError
from wsgi_app.base.faces import Objection
from wsgi_app.base.names import LONGEST_NAME
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.sentences import Place, Say
from wsgi_app.house.words.errors import sentence
from wsgi_app.house.words.pages import LIKENESSES, PHOTOS
from wsgi_app.stores.photos import PhotoFile
from wsgi_app.web.errors import ErrorBody, error_links
from wsgi_app.web.forms import insisting, is_form
from wsgi_app.web.links import links_of
from wsgi_app.web.origins import is_own_page

TEMPLATES = Path(__file__).parents[2] / "templates"

# Photos never change under their address, and are nobody else's business.
PRIVATE = "private, no-cache"  # asked for each time: it could be forgotten, or the reader signed out

# What a page may load: this server's own files and its live feed, and nothing else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self' {live}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# The formats in which an address may answer; where there are several, ``?format=`` takes these words.
FORMATS = {
    "json": "application/json",
    "html": "text/html",
    "atom": "application/atom+xml",
    "csv": "text/csv",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "zip": "application/zip",
    "text": "text/plain",
    "events": "text/event-stream",
}


@dataclass(frozen=True)
class View:
    """What all pages have around their own content.

    Attributes:
        root: the mount, ``""`` or ``/something``.
        live: address of the WebSocket that the pages open, ``ws://...``.
        identity: who looks.
        has_lab: whether the lab answers beside the house.
    """

    root: str
    live: str
    identity: Identity = NOBODY
    has_lab: bool = False


def view_of(request: Request, config: Config, identity: Identity = NOBODY, websocket: str = "/live") -> View:
    """What the pages that answer a request have around them.

    Args:
        request: which is answered.
        config: the settings.
        identity: who looks.
        websocket: path below the mount of the WebSocket that the pages open.
    """
    scheme = "wss" if request.scheme == "https" else "ws"
    place = request.host
    if isinstance(config.live_address, str):  # the local run has a port of its own for it, on the same host
        place = f"{re.sub(r':[0-9]+$', '', place)}:{config.live_address.rpartition(':')[2]}"
    address = f"{scheme}://{place}{request.script_name}{websocket}"
    return View(request.script_name, address, identity, config.has_lab)


class Pages:
    """The HTML templates; they show times as the house has them.

    Args:
        timezone: of the house; ``None`` takes this machine's.
        folders: where the templates are; the first that has one goes.
        say: says errors.
    """

    def __init__(
        self,
        timezone: tzinfo | None = None,
        folders: Sequence[Path] = (TEMPLATES,),
        say: Say = sentence,
    ):
        self._timezone, self.say = timezone, say
        self._loader = jinja2.FileSystemLoader(folders)
        self._environment = jinja2.Environment(
            loader=self._loader,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "CorrectionVerdict": CorrectionVerdict,
            "LIKENESSES": LIKENESSES,
            "Outcome": Outcome,
            "Role": Role,
            "longest_name": LONGEST_NAME,
        }
        self._environment.filters |= {
            "door": _door_name,
            "between_tags": lambda text: Markup(html.escape(text, quote=False)),  # noqa: S704  # quotes are letters
            "moment": self._moment,
            "said": lambda error: say(error, Place.PAGE),
            "day": self._day,
            "time_of_day": self._time_of_day,
        }

    def render(self, view: View, template: str, status: int = 200, **values: Any) -> Response:
        """Fill a template; it finds the mount as ``root``, and the view's other values likewise."""
        text = self._environment.get_template(template).render(vars(view) | values)
        return Response(
            text,
            status=status,
            content_type="text/html",
            charset="utf-8",
            headerlist=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", CONTENT_SECURITY_POLICY.format(live=_origin(view.live))),
                ("Cache-Control", "no-store"),
            ],
        )

    def source(self, template: str) -> str:
        """A template as it was written."""
        return self._loader.get_source(self._environment, template)[0]

    def _moment(self, at: datetime) -> Markup:
        return self._time(at, "%d %b %Y, %H:%M:%S")

    def _day(self, at: datetime) -> Markup:
        return self._time(at, "%d %b %Y")

    def _time_of_day(self, at: datetime) -> Markup:
        return self._time(at, "%H:%M")

    def _time(self, at: datetime, form: str) -> Markup:
        local = at.astimezone(self._timezone)
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(), local.strftime(form))


def negotiated(request: Request, makers: Mapping[str, Callable[[], Response]]) -> Response:
    """The representation that fits the client: ``?format=`` decides, then Accept, then the first one.

    Args:
        request: which is answered.
        makers: by words of ``FORMATS``, what makes each representation.

    Raises:
        NotAcceptable: none fits.
    """
    offers = {FORMATS[word]: make for word, make in makers.items()}
    word = query_text(request, "format")
    if word:
        types = [FORMATS[word]] if word in makers else []
    else:
        types = [name for name, _ in request.accept.acceptable_offers(list(offers))]
    if not types:
        raise NotAcceptable("not_acceptable", types=", ".join(offers))
    response = offers[types[0]]()
    response.vary = ("Accept",)
    return response


def changed(
    request: Request, back: str, value: Any = None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """What a change is answered with: JSON for a program, the way to a page for a page's form.

    Args:
        request: that made the change.
        back: address of the page that a form goes on to.
        value: representation of what was changed; ``None`` answers 204.
        status: of the JSON answer.
        headers: of it.
    """
    if is_form(request):
        return Response(status=303, location=back)
    return no_content() if value is None else json_answer(value, status, headers)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A typed value as JSON."""
    response = Response(msgspec.json.encode(value), status=status, content_type="application/json")
    response.headers.update((headers or {}).items())
    return response


def text_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Text as it is."""
    response = Response(text, status=status, content_type="text/plain", charset="utf-8")
    response.headers.update((headers or {}).items())
    return response


def version_of(value: Any) -> str:
    """What tells one state of a representation from another, where no revision counts its changes."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


def resource_answer(value: Any, version: str = "") -> Response:
    """One resource as JSON with its ``ETag``, sent only when the client has not got it.

    Args:
        value: its representation.
        version: of that; ``""`` takes ``version_of``.
    """
    response = json_answer(value, headers={"Cache-Control": PRIVATE})
    response.etag = version or version_of(value)
    response.conditional_response = True
    return response


def photo_answer(kept: PhotoFile, content_type: str) -> Response:
    """A kept photo, whole or in the ranges asked for, and only when the client has not got it."""
    response = Response(
        kept.data, content_type=content_type, conditional_response=True, accept_ranges="bytes"
    )
    response.last_modified = datetime.fromtimestamp(kept.written_at, UTC)
    response.cache_control = PRIVATE
    return response


def no_content() -> Response:
    """204."""
    return Response(status=204)


def query_text(request: Request, key: str) -> str:
    """A value out of the query string, ``""`` without one.

    Raises:
        BadRequest: it is not UTF-8.
    """
    try:
        return request.GET.get(key, "")
    except UnicodeDecodeError as error:
        raise BadRequest("bad_query:not_utf8") from error


def error_answer(
    request: Request, error: RequestError, request_id: str, pages: Pages, view: View, form: str = ""
) -> Response:
    """An error as JSON, or as a page for a browser with the way back to the form that it sent.

    Where that form was refused for an objection, the page has it again, insisting.
    """
    links = error_links(error, links_of(request))
    if error.code in PHOTOS and prefers_picture(request):
        response = _picture(PHOTOS[error.code], error.status)
    elif prefers_html(request):
        response = pages.render(
            view,
            "error.html",
            error.status,
            error=error,
            links=links,
            insisting=insisting(request, error.code) if error.code in set(Objection) else [],
            address=request.path_qs,
            request_id=request_id,
            form=form,
        )
    else:
        place = Place.PAGE if is_own_page(request) else Place.API  # pages' scripts ask for JSON, and show it
        response = json_answer(ErrorBody.of(error, pages.say(error, place), links), error.status)
    response.headers.update(error.headers.items())
    return response


def prefers_html(request: Request) -> bool:
    """Whether the client asks for HTML before JSON, as browsers do."""
    offers = request.accept.acceptable_offers(["application/json", "text/html"])
    return bool(offers) and offers[0][0] == "text/html"


def prefers_picture(request: Request) -> bool:
    """Whether the client asks for a picture before JSON, as browsers do where a page shows one."""
    offers = request.accept.acceptable_offers(["application/json", "image/svg+xml"])
    return bool(offers) and offers[0][0] == "image/svg+xml"


def _picture(words: str, status: int) -> Response:
    """Words in place of a photo: a page shows them where it would have shown that."""
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" width="320" height="180">'
        '<rect width="320" height="180" fill="#8884"/>'
        '<text x="160" y="98" font-family="sans-serif" font-size="26" text-anchor="middle" fill="#888">'
        f"{html.escape(words)}</text></svg>"
    )
    return Response(drawn, status=status, content_type="image/svg+xml", charset="utf-8")


def _door_name(device: str) -> str:
    return DoorId.of(device).name


def _origin(address: str) -> str:
    return "/".join(address.split("/", 3)[:3])
