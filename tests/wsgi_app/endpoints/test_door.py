"""Doors with and without a token: who may ask, what is judged once and never again, what stays secret."""

import io
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.servers import Answer, InProcessServer, post_photo
from wsgi_app.app import Application
from wsgi_app.evidence import token_key
from wsgi_app.logs import set_up_logs
from wsgi_app.routes import Router
from wsgi_app.services import Services, Stores

Photo = Callable[[str], bytes]


@pytest.fixture
def door(server: InProcessServer, stores: Stores) -> Door:
    """A door with a token."""
    return add_door(server, stores.devices, "front-door")


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error


def forget_answers(stores: Stores) -> None:
    """As when somebody is forgotten whom they name."""
    with stores.database.write() as connection:
        connection.execute(sa.text("DELETE FROM answers"))


# Who may ask


def test_where_others_reach_the_server_a_door_needs_a_token(services: Services, photo: Photo) -> None:
    closed = replace(services, config=replace(services.config, anonymous_doors=False))
    server = InProcessServer(Application(closed, Router()))
    door = add_door(server, services.stores.devices)

    without, with_one = post_photo(server, "/", photo("nobody-1")), door.rings(photo("nobody-1"))

    assert refused(without) == (401, "token_needed")
    assert "`porteiro token add`" in without.json["error"]["message"]
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert with_one.json["outcome"] == "no_face"
    assert len(services.stores.visits.page(10)) == 1


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


def test_a_replay_costs_no_look_at_its_photo(door: Door, services: Services, photo: Photo) -> None:
    headers = door.press()
    door.rings(photo("nobody-1"), headers)

    again = door.rings(b"no photo at all", {**headers, "Idempotency-Key": "another"})

    assert refused(again) == (409, "replayed")


def test_refused_presses_are_counted(door: Door, services: Services, photo: Photo) -> None:
    headers = door.press()
    door.rings(photo("nobody-1"), headers)
    for _ in range(2):
        door.rings(photo("nobody-1"), {**headers, "Idempotency-Key": "another"})
    door.behind_s = 31
    door.rings(photo("nobody-1"))

    totals = services.tally.read()
    assert totals.presses_refused == {"clock": 1, "replayed": 2}
    assert totals.requests == {("door.answer", "404"): 1, ("door.answer", "409"): 3}


# What happens at a door, and what somebody who overheard it sends again: which press, and after how long.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.floats(0, 20)),
        st.tuples(st.just("restart"), st.floats(0, 20)),
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
    door = add_door(server, stores.devices)
    sent: list[dict[str, str]] = []
    visits: dict[str, set[str]] = {}
    before = len(stores.visits.page(10_000))
    for event, seconds in events:
        clock.advance(seconds)
        if event == "restart":
            door.restart()
        elif event in ("press", "lost"):
            sent.append(door.press())
        elif event == "forgotten":
            forget_answers(stores)
        if event in ("restart", "forgotten", "lost") or not sent:
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

    assert f"device:{door.name}" in kept
    assert token_key(door.token).hex() in kept.lower()
    assert door.token.partition(".")[2] not in kept


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
