"""Doors with and without a token: who may ask, what is judged once and never again, what stays secret."""

import io
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.servers import Answer, InProcessServer, enrolled, form, post_json, post_photo, served
from wsgi_app.access.evidence import token_key
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.logs import set_up_logs
from wsgi_app.house.house import House
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import probes

Photo = Callable[[str], bytes]


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error


def forget_answers(stores: Stores) -> None:
    """As when somebody is forgotten whom they name."""
    with stores.database.write() as connection:
        connection.execute(sa.text("DELETE FROM answers"))


# Who may ask


def test_where_others_reach_the_server_a_door_needs_a_token(house: House, photo: Photo) -> None:
    server = served(house, anonymous_doors=False)
    door = add_door(server, house.stores)

    without, with_one = post_photo(server, "/", photo("nobody-1")), door.rings(photo("nobody-1"))

    assert refused(without) == (401, "token_needed")
    assert without.json["error"]["message"] == "A token is needed; whoever runs the server can make one."
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert with_one.json["outcome"] == "no_face"
    assert len(house.stores.visits.page(10)) == 1


def test_the_headers_of_a_press_mean_nothing_without_a_token(server: InProcessServer, photo: Photo) -> None:
    headers = {"Porteiro-Pressed-At": "?", "Porteiro-Boot": "?", "Porteiro-Pressed-Monotonic-Ms": "?"}

    answer = post_photo(server, "/", photo("nobody-1"), headers)

    assert (answer.status, answer.json["evidence"]) == (404, None)


# Presses that come again


def test_a_retry_is_answered_while_it_is_of_now_and_not_later(door: Door, clock: Clock, photo: Photo) -> None:
    headers = door.press()
    first = door.rings(photo("nobody-1"), headers)
    clock.advance(30)
    again = door.rings(photo("nobody-1"), headers)
    clock.advance(0.1)
    late = door.rings(photo("nobody-1"), headers)

    assert again.json["visit"] == first.json["visit"]
    assert (first.json["evidence"]["at"], again.json["evidence"]["at"]) == (
        "2026-01-05T10:00:00+00:00",
        "2026-01-05T10:00:30+00:00",
    )
    assert refused(late) == (409, "clock")
    assert "30.1 s after its time" in late.json["error"]["message"]


def test_a_press_whose_answer_is_forgotten_is_not_judged_again(
    door: Door, stores: Stores, photo: Photo
) -> None:
    headers = door.press()
    door.rings(photo("nobody-1"), headers)
    forget_answers(stores)

    assert refused(door.rings(photo("nobody-1"), headers)) == (409, "replayed")
    assert len(stores.visits.page(10)) == 1


def test_a_replay_costs_no_look_at_its_photo(door: Door, house: House, photo: Photo) -> None:
    headers = door.press()
    door.rings(photo("nobody-1"), headers)

    again = door.rings(b"no photo at all", {**headers, "Idempotency-Key": "another"})

    assert refused(again) == (409, "replayed")


def test_of_a_photo_no_byte_behind_its_end_is_kept_and_the_answer_is_of_what_was_sent(
    door: Door, stores: Stores, photo: Photo
) -> None:
    headers, sent = door.press(), photo("nobody-1") + bytes(7 << 20)

    answer = door.rings(sent, headers)

    assert door.believes(answer.json, headers["Idempotency-Key"], sent)
    assert stores.photos.read(stores.visits.get(answer.json["visit"]).photo) == photo("nobody-1")


def test_after_the_servers_clock_was_ahead_a_door_is_let_in_with_its_second_press(
    door: Door, stores: Stores, clock: Clock, photo: Photo
) -> None:
    now = clock.now()
    clock.advance(365 * 86400)
    assert door.rings(photo("nobody-1")).json["outcome"] == "no_face"
    clock.set(now)
    door.restart()

    first = door.rings(photo("nobody-1"))
    clock.advance(2)
    second = door.rings(photo("nobody-1"))

    assert refused(first) == (409, "replayed")
    assert "clock was ahead" in first.json["error"]["message"]
    assert second.json["outcome"] == "no_face"
    assert [event.action for event in stores.events.after(0, 100) if event.kind == "device"][-1] == (
        "clock_set_back"
    )


def test_refused_presses_are_counted(door: Door, house: House, photo: Photo) -> None:
    headers = door.press()
    door.rings(photo("nobody-1"), headers)
    for _ in range(2):
        door.rings(photo("nobody-1"), {**headers, "Idempotency-Key": "another"})
    door.behind_s = 31
    door.rings(photo("nobody-1"))

    totals = house.tally.read()
    assert totals.presses_refused == {"clock": 1, "replayed": 2}
    assert totals.requests == {("door.answer", "404"): 1, ("door.answer", "409"): 3}


# What happens at a door, and what somebody who overheard it sends again: which press, and after how long.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.floats(0, 20)),
        st.tuples(st.just("restart"), st.floats(0, 20)),
        st.tuples(st.just("jump"), st.floats(0, 20)),  # of the server's clock, by a day, back and forth
        st.tuples(st.just("lost"), st.floats(0, 20)),  # a press that somebody kept back
        st.tuples(st.just("forgotten"), st.floats(0, 20)),  # the answers that were stored
        st.tuples(st.integers(0, 9), st.floats(0, 20)),
    ),
    max_size=12,
)


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each example has a door of its own
@given(events=EVENTS)
def test_replays_in_any_order_never_give_a_second_visit(
    server: InProcessServer, stores: Stores, clock: Clock, photo: Photo, events: list[tuple[str | int, float]]
) -> None:
    door = add_door(server, stores)
    sent: list[dict[str, str]] = []
    visits: dict[str, set[str]] = {}
    before, ahead = len(stores.visits.page(10_000)), False
    for event, seconds in events:
        clock.advance(seconds)
        if event == "restart":
            door.restart()
        elif event == "jump":
            clock.advance(-86400 if ahead else 86400)
            ahead = not ahead
        elif event in ("press", "lost"):
            sent.append(door.press())
        elif event == "forgotten":
            forget_answers(stores)
        if event in ("restart", "jump", "forgotten", "lost") or not sent:
            continue
        headers = sent[event % len(sent)] if isinstance(event, int) else sent[-1]
        answer = door.rings(photo("nobody-1"), headers)
        if answer.status == 409:
            assert answer.error in ("clock", "replayed")
            continue
        visits.setdefault(headers["Idempotency-Key"], set()).add(answer.json["visit"])

    assert all(len(told) == 1 for told in visits.values())
    assert len(stores.visits.page(10_000)) - before == len(visits)


def test_of_many_presses_of_one_moment_one_is_judged(door: Door, stores: Stores, photo: Photo) -> None:
    headers, racers = door.press(), 6
    begin = threading.Barrier(racers)

    def race(number: int) -> int:
        begin.wait(60)
        return door.rings(photo("nobody-1"), {**headers, "Idempotency-Key": f"press-{number}"}).status

    with ThreadPoolExecutor(racers) as pool:
        statuses = sorted(pool.map(race, range(racers)))

    assert statuses == [404] + [409] * (racers - 1)
    assert len(stores.visits.page(10)) == 1


# Who may come at which hours; the house's clock stands at Monday, ten o'clock


def post_burst(server: InProcessServer, photo: Photo, *names: str) -> Answer:
    """Send several photos of one press, as a door does."""
    fields = ("file", "file2", "file3")
    parts = [(field, "photo.jpg", photo(name)) for field, name in zip(fields, names, strict=False)]
    return server.ask("POST", "/", *form(*parts))


def in_zone(house: House, zone: str) -> InProcessServer:
    return served(house, timezone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"hours": ["mon 10:00-10:01"]}, "known"),
        ({"hours": ["mon 09:00-10:00"]}, "not_now"),
        ({"hours": ["tue 09:00-12:00", "mon 09:00-12:00"]}, "known"),
        ({"hours": ["sun 22:00-10:01"]}, "known"),
        ({"valid_from": "2026-01-05", "valid_until": "2026-01-05"}, "known"),
        ({"valid_until": "2026-01-04"}, "not_now"),
        ({"valid_from": "2026-01-05T10:00:01"}, "not_now"),
    ],
)
def test_somebody_known_is_let_in_at_their_hours_alone(
    house: House, photo: Photo, rule: dict[str, object], outcome: str
) -> None:
    server = in_zone(house, "Europe/Lisbon")
    ana = enrolled(server, "Ana", photo("ana-1"))
    post_json(server, f"/people/{ana}", rule, "PATCH")

    answer = post_photo(server, "/", photo("ana-2"))

    told = answer.json
    assert (answer.status, told["outcome"]) == (200 if outcome == "known" else 404, outcome)
    assert told["person"] == {"id": ana, "name": "Ana"}
    kept = house.stores.visits.get(told["visit"])
    assert (kept.outcome, kept.person_id, kept.score) == (outcome, ana, told["score"])


@pytest.mark.parametrize(
    ("zone", "outcome"), [("Asia/Tokyo", "known"), ("Europe/Lisbon", "not_now"), ("America/Lima", "not_now")]
)
def test_hours_are_those_of_the_house(house: House, photo: Photo, zone: str, outcome: str) -> None:
    server = in_zone(house, zone)  # where it is 19, 10 and 5 o'clock
    ana = enrolled(server, "Ana", photo("ana-1"))
    post_json(server, f"/people/{ana}", {"hours": ["mon 19:00-20:00"]}, "PATCH")

    assert post_photo(server, "/", photo("ana-2")).json["outcome"] == outcome


def test_a_changed_rule_counts_from_the_next_press_on(server: InProcessServer, photo: Photo) -> None:
    ana = f"/people/{enrolled(server, 'Ana', photo('ana-1'))}"
    outcomes = [post_photo(server, "/", photo("ana-2")).json["outcome"]]
    for rule in ({"valid_until": "2020-01-01"}, {"valid_until": None}):
        post_json(server, ana, rule, "PATCH")
        outcomes.append(post_photo(server, "/", photo("ana-2")).json["outcome"])

    assert outcomes == ["known", "not_now", "known"]


def test_a_rule_holds_for_its_own_person_alone_and_says_nothing_of_strangers(
    server: InProcessServer, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    bruno = enrolled(server, "Bruno", photo("bruno-1"))
    post_json(server, f"/people/{bruno}", {"valid_until": "2020-01-01"}, "PATCH")

    told = [post_photo(server, "/", photo(name)).json for name in ("ana-2", "bruno-2", "chen-1")]

    assert [body["outcome"] for body in told] == ["known", "not_now", "unknown"]


def test_a_correction_changes_nobodys_rule(server: InProcessServer, stores: Stores, photo: Photo) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    post_json(server, f"/people/{ana}", {"valid_until": "2020-01-01"}, "PATCH")
    first = post_photo(server, "/", photo("ana-2")).json
    stores.corrections.set([first["visit"]], CorrectionVerdict.NOBODY)

    assert post_photo(server, "/", photo("ana-2")).json["outcome"] == first["outcome"] == "not_now"


def test_a_door_with_a_token_gets_proof_that_it_is_not_the_hour(
    door: Door, server: InProcessServer, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    post_json(server, f"/people/{ana}", {"valid_until": "2020-01-01"}, "PATCH")

    answer = door.rings(photo("ana-2"))

    assert (answer.status, answer.json["outcome"]) == (404, "not_now")
    assert answer.json["evidence"] is not None


# How many photos of a press must agree


@pytest.mark.parametrize(
    ("needed", "names", "outcome", "reason"),
    [
        (1, ["ana-2", "bruno-1", "nobody-1"], "known", None),
        (2, ["ana-2"], "unknown", "few_photos"),
        (2, ["ana-2", "ana-2"], "unknown", "few_photos"),  # a photo agrees with itself whoever it shows
        (2, ["ana-2", "ana-3"], "known", None),
        (2, ["ana-2", "bruno-1", "ana-3"], "known", None),  # Bruno is nobody here
        (2, ["ana-2", "chen-1", "ana-3"], "unknown", "not_agreed"),  # Chen is somebody else
        (2, ["nobody-1", "ana-2", "ana-3"], "no_face", None),
        (3, ["ana-2", "ana-3", "ana-4"], "known", None),
        (3, ["ana-2", "ana-3"], "unknown", "few_photos"),
        (3, ["ana-2", "ana-3", "nobody-1"], "unknown", "not_agreed"),
    ],
)
def test_as_many_photos_as_the_house_asks_for_must_know_the_same_person(
    house: House, photo: Photo, needed: int, names: list[str], outcome: str, reason: str | None
) -> None:
    server = served(house, agreeing_faces=needed)
    ana = enrolled(server, "Ana", photo("ana-1"))
    enrolled(server, "Chen", photo("chen-2"))

    told = post_burst(server, photo, *names).json

    assert (told["outcome"], told["reason"]) == (outcome, reason)
    assert (told["agreed"], told["photos"]) == (needed if outcome == "known" else 0, needed)
    assert told["person"] == ({"id": ana, "name": "Ana"} if outcome == "known" else None)
    kept = house.stores.visits.get(told["visit"])
    assert kept.reason == reason
    assert house.stores.photos.path(kept.photo).read_bytes() == photo(names[0])


def test_the_face_that_is_kept_is_the_first_photos(house: House, photo: Photo) -> None:
    strict = served(house, agreeing_faces=3)
    enrolled(strict, "Ana", photo("ana-1"))
    lenient = served(house)

    told = post_burst(strict, photo, "ana-2", "ana-3", "ana-4").json
    alone = post_photo(lenient, "/", photo("ana-2")).json

    query = sa.select(probes.c.visit_id, probes.c.vector).where(probes.c.embedder == house.embedder)
    with house.stores.database.read() as connection:
        kept = {row.visit_id: row.vector for row in connection.execute(query)}
    assert kept[told["visit"]] == kept[alone["visit"]]
    assert told["score"] == alone["score"]


def test_a_photo_that_is_asked_for_and_cannot_be_decoded_leaves_nothing(house: House, photo: Photo) -> None:
    server = served(house, agreeing_faces=2)
    enrolled(server, "Ana", photo("ana-1"))
    parts = [("file", "photo.jpg", photo("ana-2")), ("file2", "photo.jpg", photo("ana-3")[:20_000])]

    answer = server.ask("POST", "/", *form(*parts))

    assert (answer.status, house.stores.visits.page(10)) == (422, [])
    assert list(house.stores.photos.path("visits").rglob("*.jpg")) == []


def test_rules_cost_the_door_no_question_to_the_database(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    asked: list[str] = []

    @sa.event.listens_for(stores.database.engine, "before_cursor_execute")
    def note(*event: object) -> None:
        asked.append(str(event[2]))

    def questions(name: str) -> list[str]:
        post_photo(server, "/", photo("nobody-1"))  # whoever comes after a change reads the gallery anew
        asked.clear()
        post_photo(server, "/", photo(name))
        return list(asked)

    before = questions("ana-2")
    post_json(server, f"/people/{ana}", {"hours": ["mon 09:00-12:00"]}, "PATCH")

    assert before
    assert questions("ana-2") == before


# Secrets


def everything_in(database: Path) -> str:
    """A database as text, and as the bytes of its files."""
    with closing(sqlite3.connect(database)) as connection:
        dump = "\n".join(connection.iterdump())
    raw = b"".join(path.read_bytes() for path in sorted(database.parent.glob("porteiro.db*")))
    return dump + raw.decode("latin-1")


def test_a_database_holds_no_token(door: Door, tmp_path: Path, photo: Photo) -> None:
    door.rings(photo("nobody-1"))
    door.beats()

    kept = everything_in(tmp_path / "porteiro.db")

    assert door.name in kept
    assert token_key(door.token).hex() in kept.lower()
    assert door.token.partition(".")[2] not in kept


@pytest.mark.parametrize("kept", [b"{", b"{}", b"\xff\xfe"])
def test_what_was_told_and_cannot_be_read_is_told_to_no_door(
    door: Door, stores: Stores, photo: Photo, kept: bytes
) -> None:
    headers = {**door.press(), "Idempotency-Key": "one-press"}
    assert door.rings(photo("nobody-1"), headers).status == 404
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE answers SET body = :kept"), {"kept": kept})

    answer = door.rings(photo("nobody-1"), headers)

    assert (answer.status, answer.error) == (503, "unavailable")


def test_the_log_holds_neither_token_nor_hash_whatever_happens(
    door: Door, stores: Stores, photo: Photo
) -> None:
    stream = io.StringIO()
    set_up_logs("debug", stream)
    door.rings(photo("nobody-1"))
    door.beats()
    replace(door, token=f"{door.token[:-1]}x").rings(photo("nobody-1"))
    with stores.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE devices RENAME TO mislaid"))
    broken = [door.rings(photo("nobody-1")), door.beats()]

    written = stream.getvalue()
    key = token_key(door.token)
    assert [answer.status for answer in broken] == [503, 503]
    assert "endpoint=devices.hear" in written
    assert "OperationalError" in written
    assert door.token.partition(".")[2][:-1] not in written
    assert key.hex() not in written
    assert repr(key)[2:-1] not in written
