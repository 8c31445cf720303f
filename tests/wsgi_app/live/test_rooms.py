import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect, unix_connect

from tests.watchers import PATIENCE_S, PIECES, raw
from tests.wsgi_app.live.conftest import FeedMaker, LiveFeed
from wsgi_app.base.limits import FeedLimits


def in_room(feed: LiveFeed, query: str = "?room=all", **headers: str) -> ClientConnection:
    """A guest's connection to a room, nobody's unless headers say more."""
    return connect(f"ws://127.0.0.1:{feed.port}/porteiro/lab/ws{query}", additional_headers=headers)


def told(guest: ClientConnection, frames: int) -> list[Any]:
    """So many frames of the room ``all``: what the text ones say, and the bytes of the others."""
    found = (guest.recv(PATIENCE_S) for _ in range(frames))
    return [frame if isinstance(frame, bytes) else json.loads(frame) for frame in found]


@pytest.mark.parametrize("query", ["", "?room=", "?room=echo", "?room=echo&other=1"])
def test_an_echo_is_what_was_sent_text_as_text_and_bytes_as_bytes(feed: LiveFeed, query: str) -> None:
    sent: list[str | bytes] = ["Olá", b"\x00\xff", "", b"", '{"say": "Hi"}', "x" * 4096]
    with in_room(feed, query) as guest:
        for data in sent:
            guest.send(data)

        assert [guest.recv(PATIENCE_S) for _ in sent] == sent


def test_in_the_tutorials_room_a_word_stands_before_it(feed: LiveFeed) -> None:
    with in_room(feed, "?room=tutorial", Origin="null") as guest:
        for data in ("Olá", b"\x00\xff", "", "x" * 4096):
            guest.send(data)

        heard = [guest.recv(PATIENCE_S) for _ in range(4)]

    assert heard == ["ECHO! Olá", b"ECHO! \x00\xff", "ECHO! ", "ECHO! " + "x" * 4096]


def test_nobody_else_hears_an_echo(feed: LiveFeed) -> None:
    with in_room(feed, "?room=echo") as one, in_room(feed, "?room=echo") as other, in_room(feed) as third:
        one.send("one's")
        assert one.recv(PATIENCE_S) == "one's"
        other.send("other's")
        third.send("third's")

        assert other.recv(PATIENCE_S) == "other's"
        assert [frame["kind"] for frame in told(third, 2)] == ["came", "text"]


def test_in_the_room_of_all_everybody_hears_everybody_and_knows_their_own(feed: LiveFeed) -> None:
    with in_room(feed) as one:
        came = told(one, 1)
        with in_room(feed) as other:
            met = told(one, 1), told(other, 1)
            one.send("Olá\n")
            said = told(one, 1), told(other, 1)
            other.send(b"\x00\xff")
            given = told(one, 2), told(other, 2)
        left = told(one, 1)

    first, second = {"from": "guest 1"}, {"from": "guest 2"}
    assert came == [{"kind": "came", "own": True, "here": 1, **first}]
    assert met == (
        [{"kind": "came", "own": False, "here": 2, **second}],
        [{"kind": "came", "own": True, "here": 2, **second}],
    )
    assert said == (
        [{"kind": "text", "own": True, "here": 2, "text": "Olá\n", **first}],
        [{"kind": "text", "own": False, "here": 2, "text": "Olá\n", **first}],
    )
    assert given == (
        [{"kind": "binary", "own": False, "here": 2, "bytes": 2, **second}, b"\x00\xff"],
        [{"kind": "binary", "own": True, "here": 2, "bytes": 2, **second}, b"\x00\xff"],
    )
    assert left == [{"kind": "left", "own": False, "here": 1, **second}]


def test_nothing_at_all_is_told_as_well(feed: LiveFeed) -> None:
    with in_room(feed) as guest:
        guest.send("")
        guest.send(b"")

        _, text, binary, data = told(guest, 4)

    assert text == {"kind": "text", "from": "guest 1", "own": True, "here": 1, "text": ""}
    assert (binary["bytes"], data) == (0, b"")


@pytest.mark.parametrize("room", ["echo", "all"])
def test_a_guest_has_no_part_in_what_happens_in_the_house(feed: LiveFeed, room: str) -> None:
    with in_room(feed, f"?room={room}", Authorization="olga") as guest, feed.watched("vera") as vera:
        hello = vera.frame("operators")
        guest.send('{"say": "Hi"}')
        visit = feed.visit()
        events = vera.events(1)
        guest.send("the last")
        heard = [guest.recv(PATIENCE_S) for _ in range(2 if room == "echo" else 3)]

    assert hello["operators"] == []
    assert [(event["kind"], event["subject"]) for event in events] == [("visit", visit)]
    assert not any(visit in str(frame) or "Olga" in str(frame) for frame in heard)
    assert "the last" in str(heard[-1])


HOSTILE: dict[str, tuple[Callable[[ClientConnection], None], int, str]] = {
    "a text over 4 kB": (lambda c: c.send("x" * 4097), 1009, ""),
    "bytes over 4 kB": (lambda c: c.send(b"x" * 4097), 1009, ""),
    "a message over 4 kB in pieces": (lambda c: raw(c, *PIECES), 1009, ""),
    "no UTF-8": (lambda c: raw(c, Frame(Opcode.TEXT, b"\xff\xfe")), 1007, ""),
    "a message too many": (
        lambda c: raw(c, *[Frame(Opcode.BINARY, b"x")] * 11),
        1008,
        "Too many messages; slow down.",
    ),
    "pings without end": (
        lambda c: raw(c, *[Frame(Opcode.PING, b"")] * 500),
        1008,
        "Too many frames; slow down.",
    ),
}


@pytest.mark.parametrize("room", ["echo", "all"])
@pytest.mark.parametrize("name", HOSTILE)
def test_who_sends_what_they_should_not_is_told_and_closed_and_the_others_stay(
    feed: LiveFeed, name: str, room: str
) -> None:
    send, code, reason = HOSTILE[name]
    with in_room(feed) as good, in_room(feed, f"?room={room}") as bad:
        send(bad)
        with pytest.raises(ConnectionClosedError) as closed:
            told_for_ever(bad)
        good.send("still here")

        assert any("still here" in frame for frame in iter(lambda: str(good.recv(PATIENCE_S)), ""))
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert closed.value.rcvd.reason.startswith(reason)


def told_for_ever(guest: ClientConnection) -> None:
    """Hear until the connection ends."""
    while True:
        guest.recv(PATIENCE_S)


def test_after_a_message_too_many_nothing_more_is_told(feed: LiveFeed) -> None:
    with in_room(feed) as good, in_room(feed) as bad:
        raw(bad, *[Frame(Opcode.TEXT, b"again")] * 20)
        frames = told(good, 13)

    assert [frame["kind"] for frame in frames] == ["came", "came", *["text"] * 10, "left"]


@pytest.fixture
def behind_nginx(feed_with: FeedMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFeed]:
    """A live feed with the lab on a Unix socket, and little patience with those who do not read."""
    front = tmp_path_factory.mktemp("front") / "porteiro.sock"
    limits = FeedLimits(buffer_bytes=20_000)
    with feed_with(limits=limits, PORTEIRO_SOCKET=str(front), PORTEIRO_LAB="1") as made:
        yield made


def next_text(guest: ClientConnection) -> str:
    """What somebody says next in the room ``all``; comings and goings before it are skipped."""
    frames = iter(lambda: json.loads(guest.recv(PATIENCE_S)), None)
    return next(str(frame["text"]) for frame in frames if frame["kind"] == "text")


def guest_of(feed: LiveFeed, address: str) -> AbstractContextManager[ClientConnection]:
    """One who comes from an address, by way of nginx."""
    return unix_connect(
        str(feed.config.live_address),
        "ws://house/porteiro/lab/ws?room=all",
        additional_headers={"X-Real-IP": address},
        max_queue=None,
    )


def test_a_slow_reader_is_cut_the_others_hear_everything_and_the_log_has_nothing_of_it(
    behind_nginx: LiveFeed,
) -> None:
    opening = (
        b"GET /porteiro/lab/ws?room=all HTTP/1.1\r\nHost: house\r\nX-Real-IP: 192.0.2.9\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with ExitStack() as stack, capture_logs() as lines:
        slow = stack.enter_context(socket.socket(socket.AF_UNIX))
        slow.settimeout(PATIENCE_S)
        slow.connect(str(behind_nginx.config.live_address))
        slow.sendall(opening)
        assert slow.recv(12) == b"HTTP/1.1 101"
        speakers = [stack.enter_context(guest_of(behind_nginx, f"192.0.2.{n}")) for n in range(5)]
        heard = []
        for _ in range(10):
            for speaker in speakers:
                speaker.send("\x01" * 4096)  # six times as long in JSON
            heard += [next_text(speaker) for speaker in speakers for _ in speakers]
        with suppress(ConnectionError):
            while slow.recv(65_536):
                pass

    assert heard == ["\x01" * 4096] * 250
    dropped = [line for line in lines if line["event"] != "live feed is served"]
    assert dropped == [{"event": "slow reader is cut off", "client": "192.0.2.9", "log_level": "info"}]


def test_the_lab_has_seats_of_its_own_and_those_who_leave_make_room(feed_with: FeedMaker) -> None:
    limits = FeedLimits(lab_sockets=3, lab_sockets_of_one=2, sockets=1)
    with feed_with(limits=limits) as feed, feed.watched() as vera:
        vera.frame("you")
        with in_room(feed) as one, in_room(feed, "?room=echo"):
            assert refusal(feed, "/porteiro/lab/ws") == (429, "too_many")
            assert refusal(feed, "/porteiro/live") == (503, "unavailable")
            one.close()
            with in_room(feed) as again:
                assert told(again, 1)[0]["here"] == 1


def test_so_many_guests_in_all_are_let_in(feed_with: FeedMaker) -> None:
    with (
        feed_with(limits=FeedLimits(lab_sockets=1)) as feed,
        in_room(feed),
        feed.watched() as vera,
    ):
        assert refusal(feed, "/porteiro/lab/ws") == (503, "unavailable")
        assert vera.frame("you")["you"] == "Vera"


def refusal(feed: LiveFeed, path: str) -> tuple[int, str]:
    """The status and the code with which an opening is refused."""
    headers = {"Authorization": "vera"}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{feed.port}{path}", additional_headers=headers),
    ):
        pass
    body = refused.value.response.body or b""
    return refused.value.response.status_code, json.loads(body)["error"]["code"]


def test_when_the_feed_ends_the_rooms_end_with_it_and_say_so(feed_with: FeedMaker) -> None:
    with ExitStack() as stack:
        with feed_with() as feed:
            guest = stack.enter_context(in_room(feed, "?room=echo"))
            guest.send("x")
            guest.recv(PATIENCE_S)
        with pytest.raises(ConnectionClosed) as closed:
            guest.recv(PATIENCE_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
