"""The owner's page."""

import re
from collections.abc import Callable
from html import unescape
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.conftest import Clock
from tests.doors import GOOD_VITALS, Door, add_door
from tests.servers import InProcessServer, enrolled, path_of, post_photo, served
from wsgi_app.base.doors import DoorState
from wsgi_app.base.outcomes import Outcome
from wsgi_app.endpoints.dashboard import LAST_VISITS, absences, tallies, urgent_first
from wsgi_app.endpoints.devices.bodies import DeviceBody
from wsgi_app.house.house import House
from wsgi_app.house.words.pages import OUTCOMES
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]


def shown(server: InProcessServer) -> str:
    answer = server.ask("GET", "/", headers={"Accept": "text/html"})
    assert answer.status == 200
    return answer.body.decode()


def tiles(page: str) -> dict[str, int]:
    found = re.findall(
        r'<li class="tile \w+" data-outcomes="[\w ]+"><strong>(\d+)</strong><span>(.*?)</span>', page
    )
    return {words: int(count) for count, words in found}


def totals(page: str) -> dict[str, int]:
    found = re.findall(r'<tr data-total="(\w+)"><th scope="row">.*?</th><td>(\d+)</td>', page)
    return {outcome: int(count) for outcome, count in found}


def attention(page: str) -> list[str]:
    """What needs attention, in words."""
    found = re.findall(r'<p class="notice (\w+)[^>]*(?<!hidden)>\s*<span>(.*?)</span>', page, re.DOTALL)
    return [f"{light}: {re.sub('<.*?>', '', words)}" for light, words in found]


def test_an_empty_house_says_how_to_begin(server: InProcessServer) -> None:
    page = shown(server)

    assert "porteiro enrol Ana photo-1.jpg photo-2.jpg" in page
    assert '<a href="/porteiro/people">add the first person</a>' in page
    assert "curl -F file=@photo.jpg http://localhost/porteiro/" in page
    assert "porteiro token add front-door" in page
    assert attention(page) == []
    assert tiles(page) == {"let in": 0, "not known": 0, "not at this hour": 0, "no usable photo": 0}


def test_visits_people_and_counters_are_shown(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visits = [post_photo(server, "/", photo(name)).json for name in ("ana-4", "bruno-1", "nobody-1")]

    page = shown(server)

    assert tiles(page) == {"let in": 1, "not known": 1, "not at this hour": 0, "no usable photo": 1}
    assert totals(page) == dict.fromkeys(OUTCOMES, 0) | {"known": 1, "unknown": 1, "no_face": 1}
    assert re.findall(r'data-visit="(\w+)"', page) == [visit["visit"] for visit in reversed(visits)]
    assert re.findall(r'<p class="who">(.*?)</p>', page)[:3] == ["no face", "not known", "Ana"]
    (face,) = [face["id"] for face in server.ask("GET", f"/people/{ana}/faces").json["faces"]][:1]
    assert f'<img src="http://localhost/porteiro/people/{ana}/faces/{face}/photo"' in page


def test_counters_are_said_to_be_since_counting_began_for_they_outlast_a_restart(
    server: InProcessServer,
) -> None:
    page = shown(server)

    assert "<summary>Counters since counting began</summary>" in page
    assert "since the start" not in page


def test_the_latest_visits_are_shown_and_the_others_are_a_link_away(
    server: InProcessServer, photo: Photo
) -> None:
    told = [post_photo(server, "/", photo("nobody-1")).json["visit"] for _ in range(LAST_VISITS + 1)]

    page = shown(server)

    assert re.findall(r'data-visit="(\w+)"', page) == told[:0:-1]
    assert '<a class="button quiet" href="/porteiro/visits">All visits</a>' in page


def test_who_is_not_known_and_which_door_is_silent_needs_attention(
    server: InProcessServer, stores: Stores, clock: Clock, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    heard, late, silent, _ = (add_door(server, stores, name) for name in ("back", "side", "front", "new"))
    silent.beats()
    clock.advance(600)
    late.beats()
    clock.advance(120)
    heard.beats()
    for name in ("bruno-1", "chen-1", "ana-4"):
        post_photo(server, "/", photo(name))

    assert attention(shown(server)) == [
        "amber: 2 not known and not named yet",
        "red: Not heard any more: front, last heard 05 Jan 2026, 10:00:00",
        "amber: Late: side, last heard 05 Jan 2026, 10:10:00",
        "amber: Not heard yet: new",
    ]


def test_a_photo_that_is_unlike_the_others_is_asked_about_as_long_as_there_are_others(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    (hers,) = stores.faces.of(ana)
    doubted = post_photo(server, f"/people/{ana}/faces?accept=unlike_own", photo("bruno-1")).json

    def asked() -> tuple[bool, bool, float | None]:
        house = server.ask("GET", "/", headers={"Accept": "text/html"}).body.decode()
        face = server.ask("GET", f"/people/{ana}/faces/{doubted['id']}").json
        return (
            "<strong>Ana</strong> is unlike the others" in house,
            "confirm" in face["links"],
            face["unlike"],
        )

    assert asked() == (True, True, doubted["unlike"])
    removed = server.ask("DELETE", f"/people/{ana}/faces/{hers.id}")
    assert asked() == (False, False, None)
    server.ask("POST", path_of(server, removed.headers["Link"].partition(">")[0][1:]))
    assert asked() == (True, True, doubted["unlike"])


def test_yesterday_is_not_counted_as_today(server: InProcessServer, clock: Clock, photo: Photo) -> None:
    post_photo(server, "/", photo("nobody-1"))
    clock.advance(24 * 3600)
    post_photo(server, "/", photo("nobody-2"))

    assert tiles(shown(server))["no usable photo"] == 1


def test_the_page_knows_until_when_its_day_is(house: House, clock: Clock) -> None:
    lisbon = ZoneInfo("Europe/Lisbon")

    page = shown(served(house, timezone=lisbon))

    assert clock.now().date().isoformat() == "2026-01-05"
    assert 'data-until="2026-01-06T00:00:00+00:00" data-timezone="Europe/Lisbon"' in page


def test_what_is_shown_says_after_which_event_the_live_feed_goes_on(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    post_photo(server, "/", photo("nobody-1"))

    page = shown(server)

    assert stores.events.last() > 0
    assert f'data-after="{stores.events.last()}"' in page


def test_the_latest_messages_are_shown_ones_own_as_such(server: InProcessServer, stores: Stores) -> None:
    stores.events.say("The plumber comes at nine <b>", "Bruno", "another")
    stores.events.say("Thank you", "this machine", "one")

    page = shown(server)

    said = re.findall(r"<span data-by>(.*?)</span>.*?<p data-text>(.*?)</p>", page)[:2]
    assert [(by, unescape(text)) for by, text in said] == [
        ("Bruno", "The plumber comes at nine <b>"),
        ("you", "Thank you"),
    ]
    assert "nine <b>" not in page


def test_a_name_cannot_bring_markup(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "<script>alert(1)</script>", photo("ana-1"))

    answer = server.ask("GET", "/")

    assert b"<script>" not in answer.body
    assert b"&lt;script&gt;" in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def doors(page: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each door's name, and its lamps: their light and what stands beside them."""
    shown = re.findall(r'<li data-door="([\w-]+)">(.*?)</li>', page, re.DOTALL)
    return [(name, re.findall(r'<span class="lamp (\w+)">(.*?)</span>', text)) for name, text in shown]


def test_doors_are_shown_with_their_state_in_colour_and_in_words(
    server: InProcessServer, stores: Stores, clock: Clock
) -> None:
    lost, late, here, _ = (add_door(server, stores, name) for name in ("lost", "late", "here", "new"))
    beats: list[tuple[Door, int]] = [(lost, 0), (late, 300), (here, 120)]
    for door, seconds in beats:
        clock.advance(seconds)
        door.beats(camera_ok=door is not late)

    assert doors(shown(server)) == [
        (DoorState.LATE, [("amber", "late"), ("red", "camera fails")]),
        (DoorState.LOST, [("red", "lost"), ("red", "renew its token")]),  # made by an earlier release
        ("new", [("amber", "never heard")]),
        (DoorState.HERE, [("green", "here")]),
    ]


def test_a_house_that_asks_for_tokens_shows_no_way_without(house: House) -> None:
    page = shown(served(house, anonymous_doors=False))

    assert "Only doors with a token may ask" in page
    assert "curl" not in page


BEFORE = ("no_face", "too_dark", "too_small")


def test_a_tile_counts_its_outcomes_together() -> None:
    assert tallies({Outcome.KNOWN: 3, Outcome.TOO_DARK: 1, Outcome.BLURRED: 2}) == [
        ("let in", "green", ("known",), 3),
        ("not known", "red", ("unknown",), 0),
        ("not at this hour", "red", ("not_now",), 0),
        ("no usable photo", "amber", (*BEFORE, "too_close", "blurred", "several_people"), 3),
    ]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (DoorState.HERE, []),
        (DoorState.LATE, [("Late", "amber")]),
        (DoorState.LOST, [("Not heard any more", "red")]),
        (DoorState.NEVER, [("Not heard yet", "amber")]),
    ],
)
def test_a_door_that_should_have_been_heard_is_missing(state: DoorState, said: list[tuple[str, str]]) -> None:
    door = DeviceBody("front", state, None, None, 0, False, False, {})
    assert absences([door]) == [(*words, [door]) for words in said]


def test_doors_with_something_to_see_to_come_first() -> None:
    blind = msgspec.structs.replace(GOOD_VITALS, camera_ok=False)
    front = DeviceBody("front", DoorState.HERE, GOOD_VITALS, None, 0, False, False, {})
    back = DeviceBody("back", DoorState.HERE, blind, None, 0, False, False, {})
    side = DeviceBody("side", DoorState.LATE, GOOD_VITALS, None, 0, False, False, {})

    old = DeviceBody("old", DoorState.HERE, GOOD_VITALS, None, 0, True, False, {})
    other = DeviceBody("other", DoorState.HERE, GOOD_VITALS, None, 0, False, True, {})

    assert urgent_first([front, back, side, old, other]) == [back, side, old, other, front]
