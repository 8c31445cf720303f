"""Counting up: in a place that all processes share, and in a variable, of which each has its own."""

import os

import msgspec
from webob import Response

from wsgi_app.counters import Counters, ProcessCounters
from wsgi_app.errors import BadRequest
from wsgi_app.lab.services import Call
from wsgi_app.rendering import json_answer, negotiated, query_text

NAME = "increase"  # of the counter, in either place
OWN = ProcessCounters()  # a variable of this module; its lock keeps threads apart, but not processes


class Counted(msgspec.Struct):
    """How far a counter is, and who says so.

    Attributes:
        where: ``server`` or ``process``.
        count: after this request.
        process: id of the process that answered.
        worker: its number, where the server gives its processes numbers.
        shared: whether all of the server's processes count in that place.
    """

    where: str
    count: int
    process: int
    worker: int | None
    shared: bool


def increase(call: Call) -> Response:
    """``GET`` or ``POST /increase``: one more, for the server or with ``?where=process`` for this process.

    The page counts in both places. A GET should change nothing: this one does, so that an address is enough
    to try it, and therefore says that nobody may keep its answer.
    """
    places: dict[str, Counters] = {"server": call.services.counters, "process": OWN}
    where = query_text(call.request, "where") or "server"
    if where not in places:
        raise BadRequest(f"where must be one of {' and '.join(places)}.", code="unknown_place")

    def one() -> Response:
        return json_answer(count_up(call, where, places[where]))

    def both() -> Response:
        counted = [count_up(call, name, place) for name, place in places.items()]
        return call.page("increase.html", server=counted[0], process=counted[1])

    response = negotiated(call.request, {"json": one, "html": both})
    response.headers.update({"X-Lab": "increase", "Cache-Control": "no-store"}.items())
    return response


def count_up(call: Call, where: str, counters: Counters) -> Counted:
    """One more, and how many there are then: those that others counted in between are among them."""
    counters.add(NAME)
    return Counted(where, counters.value(NAME), os.getpid(), call.services.worker, counters.shared)
