"""Visits: what the doors saw."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from webob import Response

from wsgi_app.endpoints.corrections import is_expected
from wsgi_app.endpoints.paging import link_to_next, next_page, number_cursor, page_size
from wsgi_app.endpoints.visit_bodies import VisitBody, VisitList, visit_bodies
from wsgi_app.endpoints.visit_feeds import atom_answer, csv_answer
from wsgi_app.endpoints.visit_filters import read_filter
from wsgi_app.endpoints.visit_pages import list_page, visit_page
from wsgi_app.errors import NotFound
from wsgi_app.rendering import changed, json_answer, negotiated, photo_answer, query_text, resource_answer
from wsgi_app.services import Call
from wsgi_app.vision.thumbnails import thumbnail as small_copy

CARDS = 24  # on a page for people

Maker = Callable[[list[VisitBody], str], Response]  # out of some visits and the address of older ones


def index(call: Call) -> Response:
    """``GET /visits``: the latest first, a page at a time; of a person, outcome, device or day."""
    asked, most = read_filter(call), call.services.config.limits.page_items
    formats: dict[str, tuple[int, Maker]] = {
        "json": (most, lambda bodies, _: json_answer(VisitList(bodies))),
        "html": (CARDS, partial(list_page, call, asked)),
        "csv": (most, lambda bodies, _: csv_answer(bodies)),
        "atom": (CARDS, partial(atom_answer, call)),
    }

    def answer(usual: int, make: Maker) -> Response:
        limit = page_size(call) if query_text(call.request, "limit") else usual
        found = call.stores.visits.page(limit + 1, number_cursor(call, "before"), asked.filter)
        further = len(found) > limit
        older = next_page(call, before=str(found[limit - 1].number), limit=str(limit)) if further else ""
        response = make(visit_bodies(call, found[:limit]), older)
        if older:
            link_to_next(response, older)
        return response

    return negotiated(call.request, {word: partial(answer, *how) for word, how in formats.items()})


def show(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}``: one visit, with what somebody said of it."""
    found = call.stores.visits.get(visit)
    (body,) = visit_bodies(call, [found])
    return negotiated(
        call.request, {"json": lambda: resource_answer(body), "html": lambda: visit_page(call, found, body)}
    )


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}``: forgets it with its photo; ``If-Match`` guards against changes."""
    call.stores.visits.remove(visit, partial(is_expected, call))
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
    with suppress(OSError):  # the photo may be gone, or the disk full
        made = small_copy(photos.path(name).read_bytes(), call.services.config.limits)
        if made is not None:
            photos.save_thumbnail(name, made)
            return photo_answer(photos.thumbnail_path(name), "image/jpeg")
    return photo_answer(photos.path(name), "image/jpeg")
