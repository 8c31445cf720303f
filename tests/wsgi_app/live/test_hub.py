import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import unix_connect

from tests.watchers import PATIENCE_S, Watcher
from tests.wsgi_app.live.conftest import QUICK, FeedMaker, LiveFeed, stores_in
from wsgi_app.access.identity import Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.errors import Unavailable
from wsgi_app.base.limits import FeedLimits
from wsgi_app.stores.database import open_database
from wsgi_app.stores.events import EventPage, EventStore, tell
from wsgi_app.stores.stores import Stores, Waker

NEVER_S = 3600.0


def test_the_first_frame_says_where_one_begins_who_one_is_and_who_is_there(feed: LiveFeed) -> None:
    feed.visit()
    with feed.watched("otto", after=1) as otto, feed.watched("vera", after=0) as vera:
        hello = vera.frame("you")

        assert otto.frame("you") == {"last": 1, "you": "Otto", "operators": ["Otto"]}
        assert hello == {"last": 0, "you": "Vera", "operators": ["Otto"]}


def test_what_happens_is_told_to_everybody(feed: LiveFeed) -> None:
    with feed.watched() as vera, feed.watched("olga") as olga:
        vera.frame("you"), olga.frame("you")
        visit = feed.visit()
        told = vera.frame("events")

        assert olga.frame("events") == told
        assert told["last"] == 1
        assert [(event["number"], event["kind"], event["visit"]["id"]) for event in told["events"]] == [
            (1, "visit", visit)
        ]


def test_nothing_is_sent_while_nothing_happens(feed: LiveFeed) -> None:
    with feed.watched() as vera:
        vera.frame("you")
        with pytest.raises(TimeoutError):
            vera.connection.recv(0.3)


def test_what_happens_together_is_told_in_one_frame(feed_with: FeedMaker) -> None:
    frame_s = 0.5
    with feed_with(replace(QUICK, frame_s=frame_s)) as feed, feed.watched() as vera:
        vera.frame("you")
        began = time.monotonic()
        visits = [feed.visit() for _ in range(20)]
        found: list[str] = []
        frames = 0
        while len(found) < len(visits):
            found += [event["subject"] for event in vera.frame("events")["events"]]
            frames += 1

    assert found == visits
    assert frames <= 1 + (time.monotonic() - began) / frame_s


def test_a_datagram_wakes_the_feed(feed_with: FeedMaker) -> None:
    with feed_with(replace(QUICK, look_s=NEVER_S)) as feed:
        waking = open_database(feed.config.database_url, Waker(feed.config.wake_address))
        with feed.watched() as vera:
            vera.frame("you")
            visit = LiveFeed(feed.config, stores_in(waking, feed.config.data), feed.guests).visit()

            assert [event["subject"] for event in vera.frame("events")["events"]] == [visit]
        waking.close()


def test_whoever_comes_back_gets_what_they_missed_and_then_what_happens(feed: LiveFeed) -> None:
    missed = [feed.visit() for _ in range(450)]
    with feed.watched(after=100) as vera:
        found = vera.events(350)
        new = feed.visit()
        found += vera.events(1)

    assert [event["number"] for event in found] == list(range(101, 452))
    assert [event["subject"] for event in found] == [*missed[100:], new]


def test_those_who_join_while_much_happens_get_everything_once_and_in_order(feed: LiveFeed) -> None:
    events, watchers = 400, 6
    begin = threading.Barrier(watchers + 1)

    def happen() -> None:
        begin.wait(PATIENCE_S)
        for _ in range(events):
            feed.visit()

    def watch(after: int) -> list[int]:
        begin.wait(PATIENCE_S)
        numbers: list[int] = []
        while len(numbers) < events:
            last = numbers[-1] if numbers else 0
            with feed.watched(after=last) as watcher:  # comes back again and again
                numbers += [event["number"] for event in watcher.events(min(60, events - len(numbers)))]
        return numbers

    with ThreadPoolExecutor(watchers + 1) as pool:
        writing = pool.submit(happen)
        found = list(pool.map(watch, range(watchers)))
        writing.result()

    assert found == [list(range(1, events + 1))] * watchers


def test_whoever_missed_too_much_is_told_to_load_the_page_anew(feed_with: FeedMaker) -> None:
    with feed_with(limits=FeedLimits(missed_events=5)) as feed:
        with feed.watched() as vera:
            vera.frame("you")
            for _ in range(6):
                feed.visit()
            vera.events(6)
        with feed.watched(after=0) as far, feed.watched(after=1) as near, feed.watched(after=7) as elsewhere:
            far_frames = far.frame("you"), far.frame("reset")
            assert far_frames[0]["last"] == 6
            assert far_frames[1] == {"last": 6, "reset": True}
            assert elsewhere.frame("reset") == {"last": 6, "reset": True}
            assert [event["number"] for event in near.events(5)] == [2, 3, 4, 5, 6]
            feed.visit()
            assert [event["number"] for event in far.events(1) + elsewhere.events(1)] == [7, 7]


def test_what_an_operator_says_is_told_to_all_and_marked_for_the_sender_alone(feed: LiveFeed) -> None:
    with feed.watched("otto") as otto, feed.watched("otto") as elsewhere, feed.watched("vera") as vera:
        for watcher in (otto, elsewhere, vera):
            watcher.frame("you")
        otto.say(" Tea\nis ready \u202e")

        (own,), (other,), (seen,) = otto.events(1), elsewhere.events(1), vera.events(1)

    assert (own["kind"], own["by"], own["text"], own["echo"]) == ("message", "Otto", "Tea is ready", True)
    assert other == seen == {key: value for key, value in own.items() if key != "echo"}


def test_a_viewer_cannot_talk_and_goes_on_watching(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera:
        vera.say("Hello")
        refused = vera.frame("error")
        visit = feed.visit()

        assert refused == {
            "error": {"code": "role", "message": "This needs the role operator; Vera is viewer."}
        }
        assert [event["subject"] for event in vera.events(1)] == [visit]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ('{"say": ""}', "empty_message"),
        ('{"say": "' + "x" * 501 + '"}', "long_message"),
        ('{"sing": "la"}', "json_shape"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(feed: LiveFeed, data: str, code: str) -> None:
    with feed.watched("otto") as otto:
        otto.connection.send(data)

        assert otto.frame("error")["error"]["code"] == code


def test_everybody_learns_which_operators_come_and_go(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera:
        here = [vera.frame("you")["operators"]]
        with feed.watched("otto"), feed.watched("otto"):
            here.append(vera.frame("operators")["operators"])
            with feed.watched("olga"):
                here.append(vera.frame("operators")["operators"])
            here.append(vera.frame("operators")["operators"])
        here.append(vera.frame("operators")["operators"])

    assert here == [[], ["Otto"], ["Olga", "Otto"], ["Otto"], []]


def test_the_sockets_of_somebody_signed_out_are_closed(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera, feed.watched("otto") as otto:
        vera.frame("you"), otto.frame("you")
        del feed.guests.known["vera"]

        with pytest.raises(ConnectionClosedError) as closed:
            vera.frame("never")
        visit = feed.visit()
        assert [event["subject"] for event in otto.events(1)] == [visit]

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Sign in again.")


# Only what the events tell makes these look again.
SELDOM = replace(QUICK, check_s=NEVER_S)


def tell_of_an_account(feed: LiveFeed) -> None:
    """Something happens to an account, which nobody who watches is told."""
    with feed.stores.database.write() as connection:
        tell(connection, feed.stores.now(), ("account", "signed_out", "a1"), "Vera")


def test_the_sockets_of_somebody_signed_out_are_closed_at_once(feed_with: FeedMaker) -> None:
    with feed_with(SELDOM) as feed, feed.watched("vera") as vera, feed.watched("otto") as otto:
        vera.frame("you"), otto.frame("you")
        del feed.guests.known["vera"]
        tell_of_an_account(feed)
        visit = feed.visit()

        with pytest.raises(ConnectionClosedError, match=r"1008 .*Sign in again\."):
            vera.frame("events")  # not even this visit
        assert [event["subject"] for event in otto.events(1)] == [visit]


def test_who_is_signed_out_says_nothing_more(feed_with: FeedMaker) -> None:
    with feed_with(SELDOM) as feed, feed.watched("otto") as otto, feed.watched("vera") as vera:
        otto.frame("you"), vera.frame("you")
        del feed.guests.known["otto"]
        otto.say("Hello")

        with pytest.raises(ConnectionClosedError, match=r"1008 .*Sign in again\."):
            otto.frame("events")
        visit = feed.visit()
        assert [event["subject"] for event in vera.events(1)] == [visit]


def test_who_is_no_operator_any_more_says_nothing_more(feed_with: FeedMaker) -> None:
    with feed_with(SELDOM) as feed, feed.watched("otto") as otto:
        otto.frame("you")
        feed.guests.known["otto"] = Identity("Otto", Role.VIEWER)
        otto.say("Hello")

        assert otto.frame("error")["error"]["code"] == "role"


def test_a_database_that_does_not_answer_signs_nobody_out(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera:
        vera.frame("you")
        feed.guests.refusals = 5
        tell_of_an_account(feed)
        visit = feed.visit()

        assert [event["subject"] for event in vera.events(1)] == [visit]
    assert feed.guests.refusals == 0


def test_who_gets_another_role_has_it_without_coming_back(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera:
        vera.frame("you")
        feed.guests.known["vera"] = Identity("Vera", Role.OPERATOR)
        assert vera.frame("operators") == {"operators": ["Vera"]}
        vera.say("Hello")

        assert [event["text"] for event in vera.events(1)] == ["Hello"]


def test_a_door_that_falls_silent_is_told(feed: LiveFeed) -> None:
    with feed.watched() as vera:
        vera.frame("you")
        feed.stores.devices.add("front-door", b"hash")

        told = vera.events(2)

    assert [(event["kind"], event["action"], event["subject"]) for event in told] == [
        ("device", "added", "front-door"),
        ("device", "never", "front-door"),
    ]
    assert told[-1]["state"] == "never"


class Locked(EventStore):
    """Events of a database that does not answer a few times."""

    refusals = 5

    def page(self, after: int, limit: int) -> EventPage:
        """Refuse a few times."""
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("unavailable:database")
        return super().page(after, limit)


def test_a_database_that_does_not_answer_for_a_while_is_only_a_delay(feed_with: FeedMaker) -> None:
    def lock(stores: Stores) -> Stores:
        return replace(stores, events=Locked(stores.database, lambda: datetime.now(UTC)))

    with feed_with(adapt=lock) as feed, feed.watched() as vera:
        visit = feed.visit()

        assert [event["subject"] for event in vera.events(1)] == [visit]


@pytest.fixture
def behind_nginx(feed_with: FeedMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFeed]:
    socket = tmp_path_factory.mktemp("front") / "porteiro.sock"
    with feed_with(limits=FeedLimits(buffer_bytes=50_000), PORTEIRO_SOCKET=str(socket)) as feed:
        yield feed


def test_a_slow_reader_is_dropped_and_the_others_get_everything(behind_nginx: LiveFeed) -> None:
    path, events = str(behind_nginx.config.live_address), 3000
    with (
        unix_connect(path, "ws://house/porteiro/live", additional_headers={"Authorization": "vera"}) as quick,
        unix_connect(
            path, "ws://house/porteiro/live", additional_headers={"Authorization": "vera"}, max_queue=1
        ) as slow,
        ThreadPoolExecutor(1) as pool,
    ):
        quick.recv(), slow.recv()
        reading = pool.submit(Watcher(quick).events, events)
        with behind_nginx.stores.database.write() as connection:
            for number in range(events):
                tell(connection, datetime.now(UTC), ("message", "said", f"m{number}"), text="x" * 500)

        assert [event["number"] for event in reading.result(PATIENCE_S)] == list(range(1, events + 1))
        with pytest.raises(ConnectionClosedError):
            Watcher(slow).events(events)
