"""Counting up: in a place that all processes share, and in a variable, of which each has its own."""

import os

import msgspec
from webob import Response

from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.errors import BadRequest
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import json_answer, negotiated, query_text

PLACES = ("server", "process")
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


def increase(call: LabCall) -> Response:
    """``GET`` or ``POST /increase``: one more, for the server or with ``?where=process`` for this process.

    The page counts in both places. A GET should change nothing: this one does, so that an address is enough
    to try it, and therefore says that nobody may keep its answer.
    """
    where = query_text(call.request, "where") or "server"
    if where not in PLACES:
        raise BadRequest("unknown_place", places=" and ".join(PLACES))
    makers = {"json": lambda: json_answer(count_up(call, where)), "html": lambda: count_both_up(call)}
    response = negotiated(call.request, makers)
    response.headers["Cache-Control"] = "no-store"
    return response


def count_both_up(call: LabCall) -> Response:
    """The page, with one more in either place."""
    server, process = (count_up(call, where) for where in PLACES)
    return call.page("increase.html", server=server, process=process)


def count_up(call: LabCall, where: str) -> Counted:
    """One more, and how many there are then: those that others counted in between are among them."""
    counters = OWN if where == "process" else call.services.counters
    counters.add(NAME)
    return Counted(where, counters.value(NAME), os.getpid(), call.services.worker, counters.shared)
