"""The owner's page: what needs attention, who came today, who is here, how the doors are."""

from typing import Any

from webob import Response

from wsgi_app import __version__
from wsgi_app.base.doors import DoorState
from wsgi_app.base.errors import StorageTrouble
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.quotas import NOT_PROVEN
from wsgi_app.base.sentences import Place
from wsgi_app.endpoints.devices.bodies import DeviceBody, device_body, tries_bodies
from wsgi_app.endpoints.people.bodies import PersonBody, person_body
from wsgi_app.endpoints.purges.bodies import HeldPurge, held_purge
from wsgi_app.endpoints.visits.bodies import visit_bodies
from wsgi_app.house.backup_health import health
from wsgi_app.house.days import day_at
from wsgi_app.house.doubts import doubts_about
from wsgi_app.house.storage import Level, low_disks
from wsgi_app.house.words.errors import sentence
from wsgi_app.house.words.pages import DOORS, OUTCOMES, SILENCES, TALLIES
from wsgi_app.stores.purges import RoomTold
from wsgi_app.web.call import Call

LAST_VISITS = 16
LAST_MESSAGES = 20
MOST_PEOPLE = 24
MOST_DOORS = 100
MOST_DOORS_SHOWN = 12
MOST_SILENT_NAMED = 5
MOST_WAITING = 500
MOST_DOUBTFUL = 500


def show(call: Call) -> Response:
    """``GET /``: the dashboard."""
    house, stores = call.house, call.stores
    after = stores.events.last()  # before all else, so that the live feed tells what the lists lack
    today = day_at(stores.now(), house.config.timezone)
    doors = [device_body(call, device) for device in stores.devices.page(MOST_DOORS)]
    return call.page(
        "dashboard.html",
        here="/",
        after=after,
        anonymous=house.config.takes_anonymous_doors,
        address=call.links.root,
        until=today.until,
        timezone=str(house.config.timezone or ""),
        tallies=tallies(stores.visits.counts(today.since)),
        waiting=stores.probes.count_unsettled(house.embedder, MOST_WAITING),
        visits=visit_bodies(call, stores.visits.page(LAST_VISITS)),
        people=[person_body(call, person) for person in stores.people.page(MOST_PEOPLE)],
        doors=urgent_first(doors)[:MOST_DOORS_SHOWN],
        most_named=MOST_SILENT_NAMED,
        absent=absences(doors),
        tried=tries_bodies(call),
        doubtful=_doubtful(call),
        held=_held(call),
        low_disks=[(disk, level is Level.UNDER) for disk, level in low_disks(house.config)],
        opens_unkept=house.config.open_unkept,
        purges_early=house.config.purge_when_full,
        no_room=_has_no_room(call),
        not_proven=NOT_PROVEN,
        beyond=stores.quotas.beyond(today.on),
        photos_refused=_photos_refused(call),
        backup=health(house.config, stores.now()),
        messages=stores.events.messages(LAST_MESSAGES),
        longest_message=house.config.limits.feed.message_letters,
        words=OUTCOMES,
        door_words=DOORS,
        **_counters(call),
    )


def tallies(counts: dict[Outcome, int]) -> list[tuple[str, str, tuple[Outcome, ...], int]]:
    """What is counted together, with its number."""
    return [
        (words, light, outcomes, sum(counts.get(outcome, 0) for outcome in outcomes))
        for words, light, outcomes in TALLIES
    ]


def absences(doors: list[DeviceBody]) -> list[tuple[str, str, list[DeviceBody]]]:
    """The doors that should have been heard by now: what is said of them, its light, and which they are."""
    silences = (
        (words, light, [door for door in doors if door.state == state]) for state, words, light in SILENCES
    )
    return [absence for absence in silences if absence[2]]


def urgent_first(doors: list[DeviceBody]) -> list[DeviceBody]:
    """The doors with something to see to before those that are as they should be."""
    return sorted(doors, key=lambda door: door.state is DoorState.HERE and _is_whole(door))


def _doubtful(call: Call) -> list[tuple[PersonBody, int]]:
    """Whose photos somebody has to look at, and how many there are."""
    insisted = dict.fromkeys(face.person_id for face in call.stores.faces.doubtful(MOST_DOUBTFUL))
    if not insisted:
        return []
    doubts = doubts_about(call.stores, call.house.embedder, call.house.policy, insisted)
    return [
        (person_body(call, call.stores.people.get(person)), len(doubts[person]))
        for person in insisted
        if person in doubts
    ]


def _held(call: Call) -> HeldPurge | None:
    hold = call.stores.purges.state().hold
    return None if hold is None else held_purge(hold, Place.PAGE)


def _has_no_room(call: Call) -> bool:
    told = call.stores.purges.last_told_of_room() if call.house.config.purge_when_full else None
    return told is not None and told.action == RoomTold.NO_ROOM


def _photos_refused(call: Call) -> str:
    """Why no photo can be kept now, in words; ``""`` where one can."""
    try:
        call.stores.photos.probe()
    except StorageTrouble as error:
        return sentence(error, Place.PAGE)
    return ""


def _is_whole(door: DeviceBody) -> bool:
    return door.vitals is not None and door.vitals.camera_ok and not (door.outdated or door.renew)


def _counters(call: Call) -> dict[str, Any]:
    totals = call.house.tally.read()
    requests: dict[str, int] = {}
    for (endpoint, _), count in totals.requests.items():
        requests[endpoint] = requests.get(endpoint, 0) + count
    return {
        "outcomes": totals.outcomes,
        "images": totals.images,
        "requests": requests,
        "pack": call.house.pipeline.pack,
        "threshold": call.house.threshold,
        "version": __version__,
    }
