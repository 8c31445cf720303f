"""Whether the server lives, and whether it could answer the door now."""

import msgspec
from webob import Response

from wsgi_app import __version__
from wsgi_app.base.errors import Unavailable
from wsgi_app.house.backup_health import health
from wsgi_app.house.models import TEST_PICTURE
from wsgi_app.house.storage import refuse_low
from wsgi_app.web.call import Call
from wsgi_app.web.rendering import json_answer


class Life(msgspec.Struct):
    """A process that answers."""

    status: str
    version: str


class Backups(msgspec.Struct):
    """Whether there is a backup as there should be, and how many seconds old it is; ``null`` before any."""

    ok: bool
    age_s: float | None


class Readiness(msgspec.Struct):
    """A process that could answer the door now: its models, and how many people they know.

    ``backup`` is ``null`` where none is wanted; the door is answered with and without one.
    """

    status: str
    version: str
    pack: str
    people: int
    backup: Backups | None


def live(_call: Call) -> Response:
    """``GET /health/live``: this process answers. Nothing else is asked, whatever may be wrong with it."""
    return json_answer(Life("OK", __version__), headers={"Cache-Control": "no-store"})


def ready(call: Call) -> Response:
    """``GET /health/ready``: visits could be kept, and the networks find the face of a built-in picture."""
    house = call.house
    house.stores.database.try_writing()
    house.stores.photos.probe()
    refuse_low(house.config)
    gallery = house.gallery.now()
    if not house.pipeline.check(TEST_PICTURE, call.steps):
        raise Unavailable("unavailable:detector")
    found = health(house.config, house.stores.now())
    backup = None if found is None else Backups(found.ok, found.age_s)
    body = Readiness("OK", __version__, house.pipeline.pack.name, len(gallery.gallery.people), backup)
    return json_answer(body, headers={"Cache-Control": "no-store"})
