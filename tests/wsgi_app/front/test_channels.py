"""Connections whose clients go away at the worst moment, and how long each may let the server wait."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from waitress import wasyncore
from waitress.adjustments import Adjustments

from wsgi_app.front.channels import HEAD_S, KEEP_S, LINGER_S, REQUEST_S, SILENCE_S, FrontChannel
from wsgi_app.front.parsing import FrontParser
from wsgi_app.front.tasks import FrontTask

RESET = struct.pack("ii", 1, 0)
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
Ends = tuple[socket.socket, FrontChannel]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A connection: the client's end, and the server's."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(socket.create_connection(listener.getsockname())) as client,
    ):
        accepted, address = listener.accept()
        server = SimpleNamespace(active_channels={}, add_task=lambda task: None)
        channel = FrontChannel(server, accepted, address, Adjustments(), map={})
        yield client, channel
        channel.close()


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


def failing() -> None:
    raise TimeoutError


def has_answered(channel: FrontChannel) -> None:
    """Leave the last answer in the channel."""
    channel.outbufs[-1].append(b"answer")
    channel.total_outbufs_len = len(b"answer")
    channel.close_when_flushed = True


def test_a_client_that_is_gone_before_its_answer_leaves_no_trace(
    ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    client, channel = ends
    has_answered(channel)
    reset(client)

    channel.handle_write()
    channel.handle_read()
    channel.handle_write()  # the loop may have both to do in one turn

    assert (channel.socket, channel.connected, caplog.records) == (None, False, [])


def test_a_client_that_reset_its_connection_has_a_request_answered_all_the_same(ends: Ends) -> None:
    client, channel = ends
    request = FrontParser(Adjustments())
    request.received(b"GET / HTTP/1.0\r\n\r\n")
    reset(client)
    channel.handle_read()
    channel.server = SimpleNamespace(
        adj=Adjustments(), effective_port=80, server_name="a", active_channels={}, application=None
    )

    assert (channel.socket, FrontTask(channel, request).get_environment()["SERVER_NAME"]) == (
        None,
        "127.0.0.1",
    )


def test_a_network_that_fails_ends_the_connection_without_a_trace(
    ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    _, channel = ends
    channel.handle_read_event = failing

    wasyncore.read(channel)

    assert (channel.socket, caplog.records) == (None, [])


def test_urgent_data_ends_the_connection(ends: Ends) -> None:
    _, channel = ends

    channel.handle_expt_event()

    assert channel.socket is None


def used(channel: FrontChannel, after_s: float) -> float:
    return round(channel.waited(channel.last_activity + after_s), 3)


def test_who_says_nothing_has_the_time_of_a_head(ends: Ends) -> None:
    _, channel = ends

    assert used(channel, HEAD_S / 2) == 0.5


def test_who_was_answered_may_ask_again_for_a_while(ends: Ends) -> None:
    _, channel = ends
    channel.received(HEAD + b"abc")
    asked = used(channel, KEEP_S / 2)
    channel.requests = []

    assert (asked, used(channel, KEEP_S / 2)) == (0, 0.5)


@pytest.mark.parametrize(
    ("sent", "after_s", "share"),
    [
        (b"\r\n", HEAD_S / 2, 0.5),
        (b"POST / H", HEAD_S / 2, 0.5),
        (HEAD, SILENCE_S / 2, 0.5),
        (HEAD + b"a", SILENCE_S / 2, 0.5),
    ],
)
def test_a_request_has_to_go_on(ends: Ends, sent: bytes, after_s: float, share: float) -> None:
    _, channel = ends
    channel.received(sent)
    channel.last_activity = channel.began

    assert used(channel, after_s) == share


def test_a_request_that_goes_on_has_to_end(ends: Ends) -> None:
    _, channel = ends
    channel.received(HEAD)
    channel.last_activity = channel.began + REQUEST_S / 2

    assert used(channel, 0) == 0.5


@pytest.mark.parametrize("is_last", [True, False])
def test_an_answer_has_to_be_taken(ends: Ends, is_last: bool) -> None:
    _, channel = ends
    has_answered(channel)
    channel.close_when_flushed = is_last

    assert used(channel, SILENCE_S / 2) == 0.5
    channel.check_time(channel.last_activity + 2 * SILENCE_S)
    assert channel.will_close


def test_after_the_last_answer_a_client_has_to_close(ends: Ends) -> None:
    _, channel = ends
    channel.received(HEAD)  # and no more of it
    has_answered(channel)
    channel.handle_write()
    assert channel.lingers_since is not None
    channel.last_activity = channel.lingers_since

    assert used(channel, LINGER_S / 2) == 0.5
    channel.check_time(channel.lingers_since + 2 * LINGER_S)
    assert (channel.will_close, channel.requests) == (True, [])
