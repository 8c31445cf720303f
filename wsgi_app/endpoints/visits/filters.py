"""Which visits a list is asked for."""

from dataclasses import dataclass

from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import BadRequest, Unfit
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.days import Day, read_day
from wsgi_app.stores.visit_filters import VisitFilter
from wsgi_app.web.call import Call
from wsgi_app.web.paging import text_of

QUERY = ("person", "outcome", "device", "day", "corrected")
YES_OR_NO = {"": None, "yes": True, "no": False}


@dataclass(frozen=True)
class VisitQuery:
    """Which visits a query asks for.

    Attributes:
        texts: each of ``QUERY`` as it was sent, ``""`` for what was not.
        day: the day that was asked for.
        filter: all of it, for the store.
    """

    texts: dict[str, str]
    day: Day | None
    filter: VisitFilter


def read_filter(call: Call) -> VisitQuery:
    """Which visits the query asks for.

    Raises:
        BadRequest: something in it cannot be.
    """
    texts = {key: text_of(call, key) for key in QUERY}
    if texts["outcome"] not in ("", *Outcome):
        raise BadRequest("bad_query:outcome", outcomes=", ".join(Outcome))
    if texts["corrected"] not in YES_OR_NO:
        raise BadRequest("bad_query:corrected")
    day = _day(texts["day"], call)
    return VisitQuery(
        texts,
        day,
        VisitFilter(
            person=texts["person"] or None,
            outcome=Outcome(texts["outcome"]) if texts["outcome"] else None,
            door=DoorId.of(texts["device"]) if texts["device"] else None,
            during=day.span if day else None,
            corrected=YES_OR_NO[texts["corrected"]],
        ),
    )


def _day(text: str, call: Call) -> Day | None:
    try:
        return read_day(text, call.house.config.timezone) if text else None
    except Unfit as error:
        raise BadRequest.of(error) from error
