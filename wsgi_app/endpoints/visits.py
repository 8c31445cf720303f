"""Visits: what the doors saw."""

from contextlib import suppress

from webob import Response

from wsgi_app.base.errors import NotFound
from wsgi_app.endpoints.visit_bodies import VisitBody, VisitList, visit_bodies
from wsgi_app.endpoints.visit_feeds import atom_answer, csv_answer
from wsgi_app.endpoints.visit_filters import read_filter
from wsgi_app.endpoints.visit_pages import list_page, visit_page
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.thumbnails import thumbnail as small_copy
from wsgi_app.web.call import Call
from wsgi_app.web.paging import CARDS, listed, number_of
from wsgi_app.web.rendering import changed, json_answer, negotiated, photo_answer, resource_answer, version_of
from wsgi_app.web.versions import expected


def index(call: Call) -> Response:
    """``GET /visits``: the latest first, a page at a time; of a person, outcome, device or day."""
    asked, before = read_filter(call), number_of(call, "before")

    def cursor(last: Visit, word: str) -> dict[str, str]:
        # A feed's reader follows its links without the Accept header that it began with.
        return {"before": str(last.number)} | ({"format": word} if word == "atom" else {})

    def bodies(found: list[Visit]) -> list[VisitBody]:
        return visit_bodies(call, found)

    return listed(
        call,
        lambda most: call.stores.visits.page(most, before, asked.filter),
        cursor,
        {
            "json": (None, lambda found, _: json_answer(VisitList(bodies(found)))),
            "html": (CARDS, lambda found, next_page: list_page(call, asked, bodies(found), next_page)),
            "csv": (None, lambda found, _: csv_answer(bodies(found))),
            "atom": (CARDS, lambda found, next_page: atom_answer(call, bodies(found), next_page)),
        },
    )


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
        made = small_copy(photos.read(name), call.house.config.limits.pictures)
        if made is not None:
            photos.save_thumbnail(name, made)
            return photo_answer(photos.thumbnail_path(name), "image/jpeg")
    return photo_answer(photos.path(name), "image/jpeg")
