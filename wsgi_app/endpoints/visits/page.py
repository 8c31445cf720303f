"""The pages of visits: a list with the timeline of a day, and one visit with its photo."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from webob import Response

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import NotFound, StorageTrouble
from wsgi_app.base.faces import Quality
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.sentences import Place
from wsgi_app.endpoints.visits.bodies import VisitBody
from wsgi_app.endpoints.visits.feeds import title_of
from wsgi_app.endpoints.visits.filters import VisitQuery
from wsgi_app.house.days import STEPS, Day, Mark, day_at, marks
from wsgi_app.house.words.errors import sentence
from wsgi_app.house.words.pages import OUTCOMES, REASONS
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.standards import ENROLMENT, PROBE
from wsgi_app.vision.thumbnails import photo_size
from wsgi_app.web.call import Call
from wsgi_app.web.paging import number_of, same_list
from wsgi_app.web.undoing import notices

MOST_MARKED = 5_000  # visits on a timeline
MOST_PEOPLE, MOST_DOORS = 200, 50  # to choose from
LOWEST_TOP = 4  # visits that a timeline's height stands for at least

# What is measured on a face: its words, its figure, and how it reads below what a door needs, below what
# enrolling needs, and from there on.
MEASURES = (
    ("size_px", "least_size_px", "Size", "{:.0f} px", ("too small", "small", "large enough")),
    ("brightness", "least_brightness", "Light", "{:.0f} of 255", ("too dark", "dim", "bright enough")),
    ("sharpness", "least_sharpness", "Sharpness", "{:.0f}", ("not clear", "soft", "sharp")),
)
LIGHTS = ("red", "amber", "green")
AHEAD = 0.12  # least yaw, in eye distances, that one sees


@dataclass(frozen=True)
class Timeline:
    """A day of visits, drawn and in words.

    Attributes:
        marks: what is drawn at each of ``STEPS`` times.
        top: how many visits the height of the drawing stands for.
        counts: how many visits ended how.
        first: when the first was; ``None`` without one.
        last: when the last was.
    """

    marks: list[Mark]
    top: int
    counts: dict[Outcome, int]
    first: datetime | None
    last: datetime | None


def list_page(call: Call, query: VisitQuery, visits: list[VisitBody], next_page: str) -> Response:
    """The page of some visits; ``next_page`` is the address of those before them, ``""`` for none."""
    stores = call.stores
    today = day_at(stores.now(), call.house.config.timezone)
    day = query.day or today
    is_first_page = number_of(call, "before") is None
    return call.page(
        "visits.html",
        here="/visits",
        address=call.links.root,
        anonymous=call.house.config.takes_anonymous_doors,
        query=query.texts,
        feeds={word: same_list(call, format=word, before="", limit="") for word in ("atom", "csv")},
        day=day,
        is_filtered=any(query.texts.values()),
        today=today.on,
        day_before=_day_address(call, day.before),
        day_after=_day_address(call, day.after) if day.on < today.on else "",
        doors=stores.visits.doors(MOST_DOORS),
        next_page=next_page,
        people=_people(call, query.texts["person"]),
        steps=STEPS,
        timeline=_timeline(call, query, day) if is_first_page else None,
        visits=visits,
        words=OUTCOMES,
    )


def visit_page(call: Call, visit: Visit, body: VisitBody) -> Response:
    """The page of one visit."""
    correction, (size, no_photo) = body.correction, _size(call, visit)
    return call.page(
        "visit.html",
        here="/visits",
        person=body.person
        if correction is None or correction.verdict is CorrectionVerdict.IGNORED
        else correction.person,
        people=_people(call),
        reasons=REASONS,
        quality=_quality(body.face.quality) if body.face else [],
        size=size,
        no_photo=no_photo,
        threshold=_threshold(call, visit),
        title=title_of(body),
        visit=body,
        words=OUTCOMES,
        **notices(call),
    )


def _threshold(call: Call, visit: Visit) -> float | None:
    """What a visit's likeness can be held against now: nothing where another embedder found it."""
    house = call.house
    return house.threshold.score if call.stores.probes.embedder_of(visit.id) == house.embedder else None


def _timeline(call: Call, query: VisitQuery, day: Day) -> Timeline:
    shown = replace(query.filter, during=day.span)
    moments = call.stores.visits.moments(MOST_MARKED, shown)
    drawn = marks(day, ((at, OUTCOMES[outcome][1]) for at, outcome in moments))
    times = [at for at, _ in moments]
    return Timeline(
        drawn,
        max(LOWEST_TOP, *(mark.below + mark.count for mark in drawn), 0),
        dict(Counter(outcome for _, outcome in moments)),
        min(times, default=None),
        max(times, default=None),
    )


def _day_address(call: Call, on: date) -> str:
    return same_list(call, day=on.isoformat(), before="")


def _people(call: Call, chosen: str = "") -> dict[str, str]:
    """Names to choose from, by ids; whoever is chosen is among them."""
    people = call.stores.people
    named = people.names([chosen]) if chosen else {}
    return named | {person.id: person.name for person in people.page(MOST_PEOPLE)}


def _size(call: Call, visit: Visit) -> tuple[tuple[int, int] | None, str]:
    """How large a visit's photo is, in px; ``None`` where it cannot be shown, and why if that is known."""
    try:
        photo = call.stores.visits.photo(visit)
    except (NotFound, StorageTrouble) as error:
        return None, sentence(error, Place.PAGE)
    return photo_size(photo, call.house.config.limits.pictures), ""


def _quality(measured: Quality) -> list[tuple[str, str, str, str]]:
    """What was measured on a face: its name, the figure, how that reads, and in which light."""
    rows = []
    for measure, limit, name, form, words in MEASURES:
        figure = getattr(measured, measure)
        met = sum(figure >= getattr(standard, limit) for standard in (PROBE, ENROLMENT))
        rows.append((name, form.format(figure), words[met], LIGHTS[met]))
    yaw = abs(measured.yaw)
    word, light = ("turned away", "amber") if yaw > ENROLMENT.most_yaw else ("a little aside", "green")
    rows.append(("Looks", f"{yaw:.2f}", "ahead" if yaw < AHEAD else word, light))
    return rows
