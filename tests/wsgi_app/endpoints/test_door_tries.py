"""Somebody who tries again and again at a door: slowed, told of, and never for long in anybody else's way."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.servers import Answer, InProcessServer, enrolled, form, post_json, post_photo, served
from wsgi_app.house.house import House
from wsgi_app.vision.pipeline import Pipeline

Photo = Callable[[str], bytes]
FIELDS = ("file", "file2", "file3")


def rings(door: Door, *photos: bytes, **headers: str) -> Answer:
    """Press the button once, and send a burst of photos."""
    parts = zip(FIELDS, ["photo.jpg"] * len(FIELDS), photos, strict=False)
    body, type_header = form(*parts)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return door.server.ask("POST", "/", body, {**door.press(), **type_header, **named})


def patiently(door: Door, clock: Clock, *photos: bytes) -> Answer:
    """The same once the door does not wait any more, as the device does."""
    answer = rings(door, *photos)
    while answer.status == 429:
        clock.advance(int(answer.headers["Retry-After"]))
        answer = rings(door, *photos)
    return answer


def tried(server: InProcessServer) -> list[tuple[str, dict[str, Any]]]:
    """What was told of the doors, and of how many tries."""
    events = server.ask("GET", "/events").json["events"]
    return [(event["action"], event["tries"]) for event in events if event["kind"] == "door"]


def test_fifteen_refusals_in_a_row_slow_the_door_and_are_told_and_who_lives_there_is_let_in(
    server: InProcessServer, door: Door, clock: Clock, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    answers = [patiently(door, clock, photo("bruno-1")) for _ in range(15)]

    assert {(answer.status, answer.json["outcome"]) for answer in answers} == {(404, "unknown")}
    waits = [answer.json["retry_after_s"] for answer in answers]
    assert waits == [0] * 11 + [4, 8, 16, 30]
    assert [int(answer.headers.get("Retry-After", "0")) for answer in answers] == waits
    ((action, tries),) = tried(server)
    assert (action, tries["tries"], tries["since"]) == ("tried", 12, "2026-01-05T10:00:00Z")
    assert tries["visit"] == answers[11].json["visit"]

    before = clock.now()
    friend = patiently(door, clock, photo("ana-2"))

    assert (friend.status, friend.json["outcome"], friend.json["retry_after_s"]) == (200, "known", 0)
    assert (clock.now() - before).total_seconds() <= 30
    assert [(action, told["tries"]) for action, told in tried(server)] == [("tried", 12), ("let_in", 15)]
    assert rings(door, photo("bruno-1")).json["retry_after_s"] == 0  # all is as before


def test_a_press_that_comes_too_soon_is_refused_before_anything_of_its_photos_is_read(
    server: InProcessServer, door: Door, house: House, clock: Clock, photo: Photo
) -> None:
    for _ in range(12):
        rings(door, photo("bruno-1"))

    clock.advance(1.5)
    early = door.rings(b"no photo at all")

    assert (early.status, early.error, early.headers["Retry-After"]) == (429, "too_soon", "3")
    assert early.json["error"]["message"] == (
        "Too many refusals in a row at this door; press again in 3 seconds."
    )
    assert len(house.stores.visits.page(100)) == 12
    assert house.tally.read().presses_refused == {"too_soon": 1}


def test_what_carried_a_press_that_came_too_soon_is_not_judged_later(
    server: InProcessServer, door: Door, clock: Clock, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    for _ in range(12):
        rings(door, photo("bruno-1"))
    body, type_header = form((FIELDS[0], "photo.jpg", photo("ana-2")))
    headers = {**door.press(), **type_header}

    early, again = (server.ask("POST", "/", body, headers) for _ in range(2))
    clock.advance(5)
    later = server.ask("POST", "/", body, headers)

    assert [(answer.status, answer.error) for answer in (early, again)] == [(429, "too_soon")] * 2
    assert (later.status, later.error) == (409, "replayed")


def test_few_photos_of_a_friend_make_no_wait_longer(
    server: InProcessServer, door: Door, clock: Clock, house: House, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    for _ in range(12):
        rings(door, photo("bruno-1"), Porteiro_Agreeing_Faces="2")
    clock.advance(4)

    few = rings(door, photo("ana-2"), Porteiro_Agreeing_Faces="2").json
    two = rings(door, photo("ana-2"), photo("ana-3"), Porteiro_Agreeing_Faces="2").json

    assert [(body["reason"], body["retry_after_s"]) for body in (few, two)] == [("few_photos", 0), (None, 0)]
    assert two["outcome"] == "known"


def test_presses_that_come_too_soon_make_no_wait_longer(door: Door, clock: Clock, photo: Photo) -> None:
    for _ in range(12):
        rings(door, photo("bruno-1"))
    for _ in range(39):
        clock.advance(0.1)
        assert rings(door, photo("bruno-1")).status == 429
    clock.advance(0.1)

    assert rings(door, photo("bruno-1")).status == 404


def test_a_press_that_is_sent_again_gets_its_answer_also_while_the_door_waits(
    door: Door, photo: Photo
) -> None:
    for _ in range(11):
        rings(door, photo("bruno-1"))
    headers = door.press()

    first, again = (door.rings(photo("bruno-1"), headers) for _ in range(2))

    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["Retry-After"] == "4"


def test_other_doors_do_not_wait_and_one_without_a_token_waits_for_itself(
    server: InProcessServer, house: House, photo: Photo
) -> None:
    front, back = add_door(server, house.stores, "front"), add_door(server, house.stores, "back")
    for _ in range(12):
        post_photo(server, "/", photo("bruno-1"))
        rings(front, photo("bruno-1"))

    statuses = [post_photo(server, "/", photo("bruno-1")).status, rings(front, photo("bruno-1")).status]
    assert statuses == [429, 429]
    assert rings(back, photo("bruno-1")).status == 404
    server.client = "192.0.2.8"
    assert post_photo(server, "/", photo("bruno-1")).status == 404


def test_photos_on_which_nobody_is_compared_slow_nobody(door: Door, photo: Photo) -> None:
    statuses = [rings(door, photo("nobody-1")).status for _ in range(40)]

    assert statuses == [404] * 40


def test_somebody_known_at_another_hour_is_slowed_like_anybody_else(
    server: InProcessServer, door: Door, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    post_json(server, f"/people/{ana}", {"valid_until": "2020-01-01"}, "PATCH")

    statuses = [rings(door, photo("ana-2")).status for _ in range(13)]

    assert statuses == [404] * 12 + [429]


def test_a_house_may_never_slow_a_door(house: House, photo: Photo) -> None:
    server = served(house, tries=0)
    door = add_door(server, house.stores)

    assert {rings(door, photo("bruno-1")).status for _ in range(30)} == {404}
    assert tried(server) == []


def test_a_house_may_ask_for_agreeing_photos_from_then_on(house: House, clock: Clock, photo: Photo) -> None:
    server = served(house, tries_agreeing_faces=2, tries=3)
    door = add_door(server, house.stores)
    enrolled(server, "Ana", photo("ana-1"))

    alone = [rings(door, photo("ana-2")).json for _ in range(2)]
    strangers = [patiently(door, clock, photo("bruno-1")).json for _ in range(3)]
    one = patiently(door, clock, photo("ana-2")).json
    same = patiently(door, clock, photo("ana-2"), photo("ana-2")).json
    other = patiently(door, clock, photo("ana-2"), photo("bruno-1")).json
    two = patiently(door, clock, photo("ana-2"), photo("ana-3")).json
    after = rings(door, photo("ana-2")).json

    def told(body: dict[str, Any]) -> tuple[object, ...]:
        return tuple(body[name] for name in ("outcome", "reason", "agreed", "photos"))

    assert [told(body) for body in alone] == [("known", None, 1, 1)] * 2
    assert [told(body) for body in strangers] == [
        ("unknown", None, 0, 1),
        ("unknown", None, 0, 1),
        ("unknown", None, 0, 2),
    ]
    assert [told(one), told(same)] == [("unknown", "few_photos", 0, 2)] * 2
    assert told(other) == ("unknown", "not_agreed", 0, 2)
    assert told(two) == ("known", None, 2, 1)
    assert told(after) == ("known", None, 1, 1)


def test_a_door_that_asks_for_agreeing_photos_gets_them(
    server: InProcessServer, door: Door, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))

    told = [
        rings(door, *map(photo, names), Porteiro_Agreeing_Faces="2").json
        for names in (["ana-2"], ["ana-2", "ana-3"])
    ]

    assert [[body[name] for name in ("outcome", "reason", "agreed", "photos")] for body in told] == [
        ["unknown", "few_photos", 0, 2],
        ["known", None, 2, 2],
    ]


@pytest.mark.parametrize("text", ["0", "4", "two", "", "1" * 100])
def test_a_number_of_agreeing_photos_that_cannot_be_is_refused(door: Door, photo: Photo, text: str) -> None:
    answer = rings(door, photo("nobody-1"), Porteiro_Agreeing_Faces=text)

    assert (answer.status, answer.error) == (400, "bad_press")


def test_what_the_networks_are_busy_with_is_never_a_press_that_comes_too_soon(
    door: Door, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        rings(door, photo("bruno-1"))
    monkeypatch.setattr(Pipeline, "decode", None)
    monkeypatch.setattr(Pipeline, "judge", None)

    assert rings(door, photo("bruno-1")).status == 429


# Where its owner sees it


def test_the_pages_the_list_of_doors_and_the_metrics_show_it(
    server: InProcessServer, house: House, clock: Clock, photo: Photo
) -> None:
    door = add_door(server, house.stores, "front")

    def seen() -> tuple[list[bool], list[Any], bool]:
        pages = [
            server.ask("GET", path, headers={"Accept": "text/html"}).body.decode()
            for path in ("/", "/devices")
        ]
        words = "Refused 13 times in a row at <strong>front</strong>"
        metrics = server.ask("GET", "/metrics").body.decode()
        listed = server.ask("GET", "/devices").json["tried"]
        return [words in page for page in pages], listed, "porteiro_doors_tried 1.0" in metrics

    assert seen() == ([False, False], [], False)
    for _ in range(13):
        patiently(door, clock, photo("bruno-1"))

    visits = "http://localhost/porteiro/visits?device=device%3Afront"
    assert seen() == (
        [True, True],
        [
            {
                "device": "device:front",
                "tries": 13,
                "since": "2026-01-05T10:00:00Z",
                "last_at": "2026-01-05T10:00:04Z",
                "links": {"visits": visits},
            }
        ],
        True,
    )
    page = server.ask("GET", "/", headers={"Accept": "text/html"}).body.decode()
    assert f'href="{visits}"' in page
    clock.advance(601)
    assert seen() == ([False, False], [], False)
