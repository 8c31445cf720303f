"""Visits: what the doors saw."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from webob import Response

from wsgi_app.endpoints.paging import number_of, read_page, with_next
from wsgi_app.endpoints.versions import expected
from wsgi_app.endpoints.visit_bodies import VisitBody, VisitList, visit_bodies
from wsgi_app.endpoints.visit_feeds import atom_answer, csv_answer
from wsgi_app.endpoints.visit_filters import read_filter
from wsgi_app.endpoints.visit_pages import list_page, visit_page
from wsgi_app.errors import NotFound
from wsgi_app.rendering import (
    changed,
    json_answer,
    negotiated,
    photo_answer,
    resource_answer,
    version_of,
)
from wsgi_app.services import Call
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.thumbnails import thumbnail as small_copy

CARDS = 24  # on a page for people

Maker = Callable[[list[VisitBody], str], Response]  # out of some visits and the address of the next page


def index(call: Call) -> Response:
    """``GET /visits``: the latest first, a page at a time; of a person, outcome, device or day."""
    asked, before = read_filter(call), number_of(call, "before")
    formats: dict[str, tuple[int | None, Maker]] = {
        "json": (None, lambda bodies, _: json_answer(VisitList(bodies))),
        "html": (CARDS, partial(list_page, call, asked)),
        "csv": (None, lambda bodies, _: csv_answer(bodies)),
        "atom": (CARDS, partial(atom_answer, call)),
    }

    def read(most: int) -> list[Visit]:
        return call.stores.visits.page(most, before, asked.filter)

    def answer(word: str, usual: int | None, make: Maker) -> Response:
        # A feed's reader follows its links without the Accept header that it began with.
        kept = {"format": word} if word == "atom" else {}
        found, next_page = read_page(call, read, lambda last: {"before": str(last.number), **kept}, usual)
        return with_next(make(visit_bodies(call, found), next_page), next_page)

    return negotiated(call.request, {word: partial(answer, word, *how) for word, how in formats.items()})


def show(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}``: one visit, with what somebody said of it."""
    found, version = call.stores.visits.get(visit), version_of(call.stores.visits.state(visit))
    (body,) = visit_bodies(call, [found])
    return negotiated(
        call.request,
        {"json": lambda: resource_answer(body, version), "html": lambda: visit_page(call, found, body)},
    )


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}``: forgets it with its photo; ``If-Match`` guards against changes."""
    call.stores.visits.remove(visit, expected(call, version_of))
    return changed(call.request, f"{call.request.application_url}/visits")


def photo(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}/photo``: the JPEG as the door sent it."""
    return photo_answer(call.stores.photos.path(call.stores.visits.get(visit).photo), "image/jpeg")


def thumbnail(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}/thumbnail``: a small copy of the photo, made when it is first asked for.

    A photo of which none can be made is sent itself.
    """
    photos, name = call.stores.photos, call.stores.visits.get(visit).photo
    with suppress(NotFound):
        return photo_answer(photos.thumbnail_path(name), "image/jpeg")
    with suppress(NotFound, OSError):  # the photo may be gone, or the disk full
        made = small_copy(photos.read(name), call.services.config.limits)
        if made is not None:
            photos.save_thumbnail(name, made)
            return photo_answer(photos.thumbnail_path(name), "image/jpeg")
    return photo_answer(photos.path(name), "image/jpeg")
