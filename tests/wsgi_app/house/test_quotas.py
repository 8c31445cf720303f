"""A door that sends without end: judged as ever, without filling the disk."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.conftest import Clock
from tests.forms import HTML
from tests.servers import post_json, served
from wsgi_app.base.errors import TooManyRequests
from wsgi_app.base.limits import MEBIBYTE, Limits, PressLimits
from wsgi_app.base.quotas import DaySent, DoorDay
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.house.house import House
from wsgi_app.house.judging import Judgement, judge
from wsgi_app.house.presses import Caller
from wsgi_app.stores.people import Person
from wsgi_app.stores.presses import Press
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit

Photo = Callable[[str], bytes]
Rings = Callable[..., tuple[str, Visit]]
KEY = bytes(32)
NOBODY, ANA = "nobody-1", "ana-4"


@pytest.fixture
def bounded(house: House, photo: Photo) -> House:
    """A house that keeps a MiB of each door and day; what is stored of a photo counts a quarter of that."""
    return replace(house, config=replace(house.config, mib_per_door_and_day=1))


@pytest.fixture
def ana(house: House, photo: Photo, steps: Steps) -> Person:
    """Ana, enrolled with one photo."""
    person = house.stores.people.add("Ana")
    Enroller(house.pipeline, house.stores, house.policy, steps).enrol(Candidate(person.id, photo("ana-1")))
    return person


@pytest.fixture
def rings(bounded: House, photo: Photo, steps: Steps) -> Rings:
    """Rings at a door; gives the outcome that it is told, and the visit that is kept of it."""

    def ring(name: str, address: str = "192.0.2.7", house: House = bounded) -> tuple[str, Visit]:
        answer = judge(house, Caller.without_token(address, None), [photo(name)], steps)
        told = msgspec.json.decode(answer.body, type=Judgement)
        assert told.kept
        return told.outcome, house.stores.visits.get(told.visit)

    return ring


def fill(house: House, share: float, door: str = "address") -> None:
    """Have a door have sent such a share of its day."""
    today = house.stores.now().astimezone(house.config.timezone).date()
    with house.stores.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO door_days VALUES (?, ?, 1, ?, 0)",
            (door, today.isoformat(), round(share * MEBIBYTE)),
        )


def files(stores: Stores) -> list[Path]:
    return [path for path in stores.photos.path("visits").rglob("*") if path.is_file()]


def spent(stores: Stores) -> list[str]:
    return [event.subject for event in stores.events.after(0, 1000) if event.kind == "quota"]


def test_within_it_all_is_as_ever(bounded: House, rings: Rings, photo: Photo) -> None:
    _, visit = rings(NOBODY)

    assert bounded.stores.visits.photo(visit) == photo(NOBODY)
    day = DoorDay("address", bounded.stores.now().date())
    assert bounded.stores.quotas.sent(day) == DaySent(1, len(photo(NOBODY)), 0)
    assert spent(bounded.stores) == []


def test_in_its_last_tenth_only_photos_of_those_let_in_are_kept(
    bounded: House, ana: Person, rings: Rings, photo: Photo
) -> None:
    fill(bounded, 0.89)

    (refused, without), (known, with_photo) = rings(NOBODY), rings(ANA)

    assert (refused != "known", known) == (True, "known")
    assert (without.photo, without.photo_sha256, without.outcome) == ("", None, refused)
    assert bounded.stores.visits.photo(with_photo) == photo(ANA)
    assert len(files(bounded.stores)) == 1


def test_beyond_it_everybody_is_judged_and_kept_without_a_photo_and_that_is_told_once(
    bounded: House, ana: Person, rings: Rings
) -> None:
    fill(bounded, 1)

    rung = [rings(name) for name in (ANA, NOBODY, ANA)]

    assert [outcome == "known" for outcome, _ in rung] == [True, False, True]
    assert {visit.photo for _, visit in rung} == {""}
    assert [visit.person_id for _, visit in rung] == [ana.id, None, ana.id]
    assert len(bounded.stores.visits.page(10)) == 3
    assert files(bounded.stores) == []
    assert spent(bounded.stores) == ["address"]


def test_other_doors_and_the_next_day_are_not_touched(
    bounded: House, rings: Rings, photo: Photo, steps: Steps, clock: Clock
) -> None:
    stores = bounded.stores
    stores.devices.add("front", KEY)
    fill(bounded, 1)
    assert rings(NOBODY, "192.0.2.8")[1].photo == ""  # another address is no other door

    press = Press("front", KEY, "press-1", "boot", 1, stores.now())
    judge(bounded, Caller.with_token(stores.devices.get("front"), press), [photo(NOBODY)], steps)
    assert stores.visits.page(1)[0].photo != ""

    clock.advance(86_400)
    assert rings(NOBODY)[1].photo != ""


def test_the_day_is_the_houses(bounded: House, rings: Rings, clock: Clock) -> None:
    auckland = replace(bounded, config=replace(bounded.config, timezone=ZoneInfo("Pacific/Auckland")))
    fill(auckland, 1)  # 10 o'clock in UTC is 23 there

    assert rings(NOBODY, house=auckland)[1].photo == ""
    clock.advance(3600)
    assert rings(NOBODY, house=auckland)[1].photo != ""


def test_without_a_bound_every_photo_is_kept(house: House, rings: Rings) -> None:
    unbounded = replace(house, config=replace(house.config, mib_per_door_and_day=0))
    fill(unbounded, 1e6)

    assert rings(NOBODY, house=unbounded)[1].photo != ""


def test_a_door_with_more_presses_than_any_door_is_not_judged_until_tomorrow(
    house: House, photo: Photo, steps: Steps, clock: Clock
) -> None:
    limits = Limits(presses=PressLimits(visits_a_day=2))
    few = replace(house, config=replace(house.config, limits=limits))
    anonymous = Caller.without_token("192.0.2.7", None)
    for _ in range(2):
        judge(few, anonymous, [photo(NOBODY)], steps)

    with pytest.raises(TooManyRequests) as refused:
        judge(few, anonymous, [photo(NOBODY)], steps)

    assert (refused.value.key, refused.value.headers) == ("too_soon:day", {"Retry-After": "30"})
    assert len(few.stores.visits.page(10)) == len(files(few.stores)) == 2
    clock.advance(86_400)
    judge(few, anonymous, [photo(NOBODY)], steps)


def test_what_was_sent_is_found_by_one_step_into_an_index(house: House) -> None:
    with house.stores.database.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT visits FROM door_days WHERE door = ? AND day = ?",
            ("address", "2026-01-05"),
        ).all()
    assert [row[3] for row in plan] == ["SEARCH door_days USING INDEX sqlite_autoindex_door_days_1 (door=?)"]


# What can be done with a visit that has no photo


def test_its_pages_say_so_and_its_photo_is_no_fault(bounded: House, rings: Rings) -> None:
    fill(bounded, 1)
    _, visit = rings(NOBODY)
    server = served(bounded)

    for what in ("photo", "thumbnail"):
        answer = server.ask("GET", f"/visits/{visit.id}/{what}")
        assert (answer.status, answer.error) == (404, "photo_unkept")
        picture = server.ask("GET", f"/visits/{visit.id}/{what}", headers={"Accept": "image/svg+xml"})
        assert (picture.status, b"photo not kept" in picture.body) == (404, True)
    pages = {path: server.ask("GET", path, headers=HTML) for path in (f"/visits/{visit.id}", "/visits", "/")}
    assert {path: page.status for path, page in pages.items()} == dict.fromkeys(pages, 200)
    assert b"This photo was not kept" in pages[f"/visits/{visit.id}"].body
    notice = b"Doors without a token sent more photos today than are kept: 1 visit without one"
    assert notice in b" ".join(pages["/"].body.replace(b"<span>", b"").split())


def test_the_page_of_the_house_names_the_door_and_leads_to_its_visits(bounded: House) -> None:
    today = bounded.stores.now().date()
    with bounded.stores.database.write() as connection:
        row = ("device:front", today.isoformat(), 9, MEBIBYTE, 2)
        connection.exec_driver_sql("INSERT INTO door_days VALUES (?, ?, ?, ?, ?)", row)

    page = served(bounded).ask("GET", "/", headers=HTML).body.decode()

    assert "<strong>front</strong> sent more photos today than are kept: 2 visits without one" in page
    assert 'href="/porteiro/visits?device=device%3Afront"' in page


def test_nothing_is_learnt_from_it_and_it_can_be_settled(bounded: House, rings: Rings) -> None:
    fill(bounded, 1)
    _, visit = rings("bruno-1")
    server = served(bounded)

    named = post_json(server, "/unknown/name", {"name": "Bruno", "visits": [visit.id]}).json
    corrected = post_json(server, f"/visits/{visit.id}/correction", {"verdict": "nobody"}, "PUT")
    again = post_json(server, f"/visits/{visit.id}/correction", {"name": "Bruno"}, "PUT")

    assert ([refusal["code"] for refusal in named["refused"]], named["enrolled"]) == (["photo_unkept"], 0)
    assert (corrected.status, again.status) == (200, 200)
    assert bounded.stores.people.page(1)[0].faces == 0
    assert bounded.stores.corrections.of([visit.id])[visit.id].person_id is not None


def test_whoever_was_let_in_wrongly_cannot_be_barred_by_it_and_is_told_why(
    bounded: House, ana: Person, rings: Rings
) -> None:
    fill(bounded, 1)
    _, visit = rings(ANA)

    answer = post_json(served(bounded), f"/visits/{visit.id}/correction", {"verdict": "nobody"}, "PUT")

    assert (answer.status, answer.error) == (404, "photo_unkept")


def test_it_can_be_removed(bounded: House, rings: Rings) -> None:
    kept = rings(NOBODY)[1]
    fill(bounded, 1)
    without = rings(NOBODY)[1]

    bounded.stores.visits.remove(without.id, lambda _: True)

    assert [path.name for path in files(bounded.stores)] == [f"{kept.id}.jpg"]
