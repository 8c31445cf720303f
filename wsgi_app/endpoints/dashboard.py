"""The owner's page: what happened, who is enrolled, how the doors are, how often."""

from webob import Response

from wsgi_app import __version__
from wsgi_app.endpoints.devices import device_body
from wsgi_app.endpoints.visits import visit_bodies
from wsgi_app.services import Call

LAST_VISITS = 24
MOST_PEOPLE = 100
MOST_DOORS = 100

# How each outcome reads on the page, and in which of the device's lights it would show.
OUTCOMES = {
    "known": ("let in", "green"),
    "unknown": ("not known", "red"),
    "no_face": ("no face", "amber"),
    "too_dark": ("too dark", "amber"),
    "too_small": ("too far away", "amber"),
    "blurred": ("blurred", "amber"),
    "several_people": ("several people", "amber"),
}

# How a door's state reads on the page, and in which light.
DOORS = {
    "here": ("here", "green"),
    "late": ("late", "amber"),
    "lost": ("lost", "red"),
    "never": ("never heard", "amber"),
}


def show(call: Call) -> Response:
    """``GET /``: the dashboard."""
    stores, totals = call.services.stores, call.services.tally.read()
    people = stores.people.page(MOST_PEOPLE)
    portraits = {person.id: stores.people.faces(person.id)[0] for person in people if person.faces}
    requests: dict[str, int] = {}
    for (endpoint, _), count in totals.requests.items():
        requests[endpoint] = requests.get(endpoint, 0) + count
    return call.services.pages.render(
        call.request,
        "dashboard.html",
        address=call.request.application_url,
        anonymous=call.services.config.takes_anonymous_doors,
        doors=[device_body(call, device) for device in stores.devices.page(MOST_DOORS)],
        door_words=DOORS,
        images=totals.images,
        outcomes={outcome: totals.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        words=OUTCOMES,
        pack=call.services.pipeline.pack,
        people=people,
        portraits=portraits,
        requests=requests,
        threshold=call.services.threshold,
        version=__version__,
        visits=visit_bodies(call, stores.visits.page(LAST_VISITS)),
    )
