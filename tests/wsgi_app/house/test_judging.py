"""A press is judged, kept and told without a request: here out of what a house has stored."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from tests.conftest import Clock
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Conflict, Unprocessable
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.people import PersonName
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.house.house import House
from wsgi_app.house.judging import Judgement, earlier_answer, judge, series_at
from wsgi_app.house.presses import Caller
from wsgi_app.stores.people import Person
from wsgi_app.stores.presses import Press
from wsgi_app.stores.visits import StoredAnswer

Photo = Callable[[str], bytes]
KEY = bytes(32)
ANONYMOUS = Caller.without_token("192.0.2.7", "press-1")


@pytest.fixture
def ana(house: House, photo: Photo, steps: Steps) -> Person:
    """Ana, enrolled with one photo."""
    person = house.stores.people.add("Ana")
    Enroller(house.pipeline, house.stores, house.policy, steps).enrol(Candidate(person.id, photo("ana-1")))
    return person


def told(answer: StoredAnswer) -> Judgement:
    return msgspec.json.decode(answer.body, type=Judgement)


def pressed(house: House, ms: int) -> Caller:
    """The front door, whose button was pressed just now."""
    press = Press("front-door", KEY, f"press-{ms}", "boot-1", ms, house.stores.now())
    return Caller.with_token(house.stores.devices.get("front-door"), press)


def test_somebody_known_is_told_and_kept(house: House, ana: Person, photo: Photo, steps: Steps) -> None:
    answer = judge(house, ANONYMOUS, [photo("ana-4")], steps)

    judgement = told(answer)
    (visit,) = house.stores.visits.page(10)
    assert answer.status == 200
    assert judgement == Judgement(
        "porteiro",
        "OK",
        Outcome.KNOWN,
        PersonName(ana.id, "Ana"),
        visit.score,
        visit.id,
        visit.took_ms,
        agreed=1,
    )
    assert (str(visit.door), visit.person_id, visit.at) == ("address:192.0.2.7", ana.id, house.stores.now())
    assert house.stores.photos.read(visit.photo) == photo("ana-4")
    assert [event.subject for event in house.stores.events.after(0, 10) if event.kind == "visit"] == [
        visit.id
    ]
    assert house.tally.read().outcomes == {"known": 1}


def test_a_stored_press_is_judged_again_by_the_photo_that_was_kept(
    house: House, ana: Person, photo: Photo, steps: Steps
) -> None:
    first = told(judge(house, ANONYMOUS, [photo("ana-4")], steps))
    kept = house.stores.photos.read(house.stores.visits.get(first.visit).photo)
    house.stores.people.remove(ana.id, lambda _: True)

    again = judge(house, Caller.without_token("192.0.2.7", None), [kept], steps)

    assert (again.status, told(again).outcome, told(again).person) == (404, "unknown", None)


def test_what_a_press_was_told_is_told_again(house: House, photo: Photo, steps: Steps) -> None:
    assert earlier_answer(house, ANONYMOUS) is None
    answer = judge(house, ANONYMOUS, [photo("nobody-1")], steps)

    assert earlier_answer(house, ANONYMOUS) == answer
    assert (
        judge(house, ANONYMOUS, [photo("nobody-2")], steps) == answer
    )  # of two at once the faster one stands
    assert len(house.stores.visits.page(10)) == 1


def test_a_press_that_is_no_later_than_the_last_one_is_refused_before_it_is_judged(
    house: House, photo: Photo, steps: Steps, clock: Clock
) -> None:
    house.stores.devices.add("front-door", KEY)
    first = pressed(house, 1000)
    judge(house, first, [photo("nobody-1")], steps)
    clock.advance(5)

    assert earlier_answer(house, first) is not None
    assert (earlier_answer(house, pressed(house, 1001)), series_at(house, pressed(house, 1001))) == (
        None,
        None,
    )
    with pytest.raises(Conflict) as refused:
        series_at(house, pressed(house, 999))
    assert refused.value.code == "replayed"


def test_somebody_known_who_may_not_come_now_is_not_let_in(
    house: House, ana: Person, photo: Photo, steps: Steps
) -> None:
    yesterday = house.stores.now() - timedelta(days=1)
    house.stores.people.change(ana.id, lambda person: replace(person, valid_until=yesterday), lambda _: True)

    answer = judge(house, ANONYMOUS, [photo("ana-4")], steps)

    assert (answer.status, told(answer).outcome) == (404, "not_now")
    assert told(answer).person == PersonName(ana.id, "Ana")


def test_photos_of_one_moment_have_to_agree_where_the_settings_say_so(
    house: House, ana: Person, photo: Photo, steps: Steps
) -> None:
    strict = replace(house, config=replace(house.config, agreeing_faces=2))

    for photos, outcome in (
        (("ana-4", "ana-5"), "known"),
        (("ana-4", "ana-4"), "unknown"),
        (("ana-4", "bruno-1"), "unknown"),
        (("ana-4",), "unknown"),
    ):
        answer = judge(strict, Caller.without_token("192.0.2.7", None), list(map(photo, photos)), steps)
        assert told(answer).outcome == outcome, photos


def test_of_a_photo_that_cannot_be_decoded_nothing_is_kept(house: House, photo: Photo, steps: Steps) -> None:
    with pytest.raises(Unprocessable):
        judge(house, ANONYMOUS, [photo("ana-4")[:2000]], steps)

    assert house.stores.visits.page(10) == []
    assert not list((house.config.data / "photos").rglob("*.jpg"))


def test_at_a_busy_door_somebody_behind_does_not_count(house: House) -> None:
    busy = replace(house, config=replace(house.config, busy_doors=("front-door",)))
    front, garden = DoorId(DoorKind.DEVICE, "front-door"), DoorId(DoorKind.DEVICE, "garden")
    address = DoorId(DoorKind.ADDRESS, "front-door")

    shares = [busy.policy_at(door, busy.gallery.now()).companion_share for door in (front, garden, address)]
    assert shares == [0.5, 0.2, 0.2]
