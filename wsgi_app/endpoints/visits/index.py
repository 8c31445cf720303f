"""Visits: what the doors saw."""

from contextlib import suppress

from webob import Response

from wsgi_app.base.errors import NotFound, StorageTrouble
from wsgi_app.endpoints.visits.bodies import VisitBody, VisitList, visit_bodies
from wsgi_app.endpoints.visits.feeds import atom_answer, csv_answer
from wsgi_app.endpoints.visits.filters import read_filter
from wsgi_app.endpoints.visits.page import list_page, visit_page
from wsgi_app.stores.photos import PhotoFile
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.thumbnails import thumbnail as small_copy
from wsgi_app.web.call import Call
from wsgi_app.web.paging import CARDS, listed, number_of
from wsgi_app.web.rendering import changed, json_answer, negotiated, photo_answer, resource_answer, version_of
from wsgi_app.web.versions import expected


def index(call: Call) -> Response:
    """``GET /visits``: the latest first, a page at a time; of a person, outcome, device or day."""
    query, before = read_filter(call), number_of(call, "before")

    def bodies(visits: list[Visit]) -> list[VisitBody]:
        return visit_bodies(call, visits)

    return listed(
        call,
        lambda most: call.stores.visits.page(most, before, query.filter),
        lambda last: last.number,
        {
            "json": (None, lambda visits, _: json_answer(VisitList(bodies(visits)))),
            "html": (CARDS, lambda visits, next_page: list_page(call, query, bodies(visits), next_page)),
            "csv": (None, lambda visits, _: csv_answer(bodies(visits))),
            "atom": (CARDS, lambda visits, next_page: atom_answer(call, bodies(visits), next_page)),
        },
    )


def show(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}``: one visit, with what somebody said of it."""
    shown, version = call.stores.visits.get(visit), version_of(call.stores.visits.state(visit))
    (body,) = visit_bodies(call, [shown])
    return negotiated(
        call.request,
        {"json": lambda: resource_answer(body, version), "html": lambda: visit_page(call, shown, body)},
    )


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}``: forgets it with its photo; ``If-Match`` guards against changes."""
    call.stores.visits.remove(visit, expected(call, version_of))
    return changed(call.request, call.links.visits)


def photo(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}/photo``: the photo as the door sent it, up to its end."""
    shown = call.stores.visits.get(visit)
    return photo_answer(call.stores.photos.file(shown.photo, shown.photo_sha256), "image/jpeg")


def thumbnail(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}/thumbnail``: a small copy of the photo, made when it is first asked for.

    A photo of which none can be made is sent itself.
    """
    photos, shown = call.stores.photos, call.stores.visits.get(visit)
    with suppress(NotFound):
        return photo_answer(photos.thumbnail(shown.photo), "image/jpeg")
    kept = photos.file(shown.photo, shown.photo_sha256)
    made = small_copy(kept.data, call.house.config.limits.pictures)
    if made is None:
        return photo_answer(kept, "image/jpeg")
    with suppress(StorageTrouble):  # as where the disk is full
        photos.save_thumbnail(shown.photo, made)
    return photo_answer(PhotoFile(made, kept.written_at), "image/jpeg")
