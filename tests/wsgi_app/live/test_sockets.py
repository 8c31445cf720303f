from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from tests.watchers import PATIENCE_S, PIECES, Watcher, raw
from tests.wsgi_app.live.conftest import LiveFeed

HOSTILE: dict[str, tuple[Callable[[ClientConnection], None], int, str]] = {
    "a frame over 4 kB": (lambda c: c.send("x" * 4097), 1009, ""),
    "a message over 4 kB in pieces": (lambda c: raw(c, *PIECES), 1009, ""),
    "bytes": (lambda c: c.send(b"\x00\x01"), 1003, "Send text."),
    "no UTF-8": (lambda c: raw(c, Frame(Opcode.TEXT, b"\xff\xfe")), 1007, ""),
    "no JSON": (lambda c: c.send("hello"), 1007, "Send JSON."),
    "a message too many": (
        lambda c: raw(c, *[Frame(Opcode.TEXT, b'{"say": ""}')] * 11),
        1008,
        "Too many messages; slow down.",
    ),
    "pings without end": (
        lambda c: raw(c, *[Frame(Opcode.PING, b"x" * 100)] * 500),
        1008,
        "Too many frames; slow down.",
    ),
    "pieces without end": (
        lambda c: raw(c, Frame(Opcode.TEXT, b"", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 500),
        1008,
        "Too many frames; slow down.",
    ),
    "an opcode that nobody uses": (lambda c: c.socket.sendall(b"\x83\x80\x00\x00\x00\x00"), 1002, ""),
    "a frame without a mask": (lambda c: c.socket.sendall(b"\x81\x02hi"), 1002, ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_who_sends_what_they_should_not_is_told_and_closed_and_the_others_notice_nothing(
    feed: LiveFeed, name: str
) -> None:
    send, code, reason = HOSTILE[name]
    with feed.watched("vera") as vera, feed.watched("olga") as bad:
        vera.frame("you"), bad.frame("you")
        send(bad.connection)
        with pytest.raises(ConnectionClosedError) as closed:
            bad.frame("never")
        visit = feed.visit()

        assert [event["subject"] for event in vera.events(1)] == [visit]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert closed.value.rcvd.reason.startswith(reason)


def test_ten_messages_at_once_are_all_told(feed: LiveFeed) -> None:
    with feed.watched("otto") as otto:
        for number in range(10):
            otto.say(f"message {number}")

        assert [event["text"] for event in otto.events(10)] == [f"message {number}" for number in range(10)]


def test_who_goes_without_a_word_is_forgotten(feed: LiveFeed) -> None:
    with feed.watched("vera") as vera:
        vera.frame("you")
        with feed.watched("otto") as otto:
            assert vera.frame("operators") == {"operators": ["Otto"]}
            otto.connection.socket.close()

            assert vera.frame("operators", PATIENCE_S) == {"operators": []}
        assert isinstance(vera, Watcher)
