import http.client
import json
import socket
from contextlib import ExitStack, closing, suppress
from http import HTTPStatus

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, unix_connect

from tests.wsgi_app.live.conftest import FeedMaker, LiveFeed
from wsgi_app.base.limits import FeedLimits

Headers = tuple[tuple[str, str], ...]

OPENING: Headers = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
VERA: Headers = (("Authorization", "vera"),)


def opened(feed: LiveFeed, path: str, headers: Headers, host: str = "127.0.0.1") -> tuple[int, str]:
    """The status, and the code of a refusal, of an opening handshake made by hand."""
    connection = http.client.HTTPConnection("127.0.0.1", feed.port, timeout=20)
    with closing(connection):
        connection.putrequest("GET", path, skip_host=True)
        for name, value in ((("Host", f"{host}:{feed.port}"),) if host else ()) + OPENING + headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        if answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return answer.status, ""
        body = answer.read()
        assert answer.getheader("Content-Type") == "application/json"
        return answer.status, str(json.loads(body)["error"]["code"])


LIVE = "/porteiro/live"
ROOMS = "/porteiro/lab/ws"

REFUSALS: dict[str, tuple[str, Headers, tuple[int, str]]] = {
    "another path": ("/porteiro/elsewhere", VERA, (404, "not_found")),
    "outside the mount": ("/live", VERA, (404, "not_found")),
    "nobody": (LIVE, (), (401, "sign_in_needed")),
    "a stranger": (LIVE, (("Authorization", "mallory"),), (401, "sign_in_needed")),
    "another site's page": (LIVE, (*VERA, ("Origin", "https://evil.example")), (403, "other_site")),
    "a page from nowhere": (LIVE, (*VERA, ("Origin", "null")), (403, "other_site")),
    "another port of this machine": (LIVE, (*VERA, ("Origin", "http://127.0.0.1:1")), (403, "other_site")),
    "a page of a broken port": (LIVE, (*VERA, ("Origin", "http://127.0.0.1:x")), (403, "other_site")),
    "a page of a broken host": (LIVE, (*VERA, ("Origin", "http://[::1")), (403, "other_site")),
    "two origins": (LIVE, (*VERA, ("Origin", "null"), ("Origin", "null")), (400, "bad_header")),
    "two sign-ins": (LIVE, VERA + VERA, (400, "bad_header")),
    "after what": (f"{LIVE}?after=yesterday", VERA, (400, "bad_query")),
    "after a negative number": (f"{LIVE}?after=-1", VERA, (400, "bad_query")),
    "after too large a number": (f"{LIVE}?after={'9' * 30}", VERA, (400, "bad_query")),
    "after two numbers": (f"{LIVE}?after=1&after=2", VERA, (400, "bad_query")),
    "after other digits": (f"{LIVE}?after=%D9%A1", VERA, (400, "bad_query")),
    "a query of many fields": (f"{LIVE}?{'a=1&' * 50}", VERA, (400, "bad_query")),
    "a room that there is not": (f"{ROOMS}?room=attic", (), (400, "unknown_room")),
    "two rooms": (f"{ROOMS}?room=echo&room=all", (), (400, "unknown_room")),
    "a room out of many fields": (f"{ROOMS}?{'a=1&' * 50}", (), (400, "bad_query")),
    "a room of many for another site's page": (
        f"{ROOMS}?room=all",
        (("Origin", "https://evil.example"),),
        (403, "other_site"),
    ),
    "a room of many for a page from nowhere": (
        f"{ROOMS}?room=all",
        (("Origin", "null"),),
        (403, "other_site"),
    ),
    "below a room": (f"{ROOMS}/echo", (), (404, "not_found")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_an_opening_is_refused_with_the_reason(feed: LiveFeed, name: str) -> None:
    path, headers, refusal = REFUSALS[name]

    assert opened(feed, path, headers) == refusal


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1@evil.example"])
def test_the_local_run_answers_to_no_other_machines_name(feed: LiveFeed, host: str) -> None:
    origin = f"http://{host}:{feed.config.http.rpartition(':')[2]}"

    assert opened(feed, LIVE, (*VERA, ("Origin", origin)), host) == (421, "misdirected")
    assert opened(feed, ROOMS, (("Origin", origin),), host) == (421, "misdirected")


@pytest.mark.parametrize(
    ("host", "page"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("[::1]", "localhost")]
)
def test_the_local_runs_own_pages_are_let_in_by_any_name_of_this_machine(
    feed: LiveFeed, host: str, page: str
) -> None:
    origin = f"http://{page}:{feed.config.http.rpartition(':')[2]}"

    assert opened(feed, LIVE, (*VERA, ("Origin", origin)), host) == (101, "")


def test_whoever_can_be_reached_from_elsewhere_takes_pages_of_the_same_name_alone(
    feed_with: FeedMaker,
) -> None:
    with feed_with(PORTEIRO_HTTP="0.0.0.0:8765") as feed:
        answers = [
            opened(feed, LIVE, (*VERA, ("Origin", origin)), "porteiro.lan")
            for origin in ("http://Porteiro.lan:8765", "http://porteiro.lan", "http://evil.example:8765")
        ]

    assert answers == [(101, ""), (403, "other_site"), (403, "other_site")]


@pytest.mark.parametrize("settings", [{"PORTEIRO_LAB": "0"}, {"PORTEIRO_HTTP": "0.0.0.0:8765"}])
def test_where_the_lab_is_off_its_rooms_are_too(feed_with: FeedMaker, settings: dict[str, str]) -> None:
    with feed_with(**settings) as feed:
        assert opened(feed, ROOMS, ()) == (404, "lab_off")
        assert opened(feed, LIVE, VERA) == (101, "")


def test_a_room_takes_anybody_from_porteiros_own_pages(feed: LiveFeed) -> None:
    origin = f"http://127.0.0.1:{feed.config.http.rpartition(':')[2]}"

    assert opened(feed, f"{ROOMS}?room=all", (("Origin", origin),)) == (101, "")


@pytest.mark.parametrize("room", ["", "?room=echo", "?room=tutorial"])
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "file://"])
def test_a_room_in_which_nobody_hears_another_takes_pages_of_any_site(
    feed: LiveFeed, room: str, origin: str
) -> None:
    assert opened(feed, ROOMS + room, (("Origin", origin),)) == (101, "")


def test_a_program_needs_no_origin(feed: LiveFeed) -> None:
    assert opened(feed, f"{LIVE}?after=", VERA) == (101, "")


@pytest.mark.parametrize(
    ("method", "headers", "refusal", "says"),
    [
        ("GET", {}, (426, "upgrade_required"), {"Upgrade": "websocket"}),
        ("GET", dict(OPENING[:3]), (400, "bad_request"), {}),
        ("POST", dict(OPENING), (405, "method_not_allowed"), {"Allow": "GET"}),
    ],
)
def test_what_opens_no_websocket_is_told_what_is_needed(
    feed: LiveFeed, method: str, headers: dict[str, str], refusal: tuple[int, str], says: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", feed.port, timeout=20)
    with closing(connection):
        connection.request(method, LIVE, headers={**dict(VERA), **headers})
        answer = connection.getresponse()
        error = json.loads(answer.read())["error"]

    assert (answer.status, error["code"]) == refusal
    assert error["message"]
    assert says.items() <= dict(answer.getheaders()).items()


def test_a_cookie_is_as_good_as_a_password(feed: LiveFeed) -> None:
    assert opened(feed, LIVE, (("Cookie", 'a=1; sign_in="olga"; b'),)) == (101, "")


def test_so_many_sockets_of_one_address_are_let_in_and_those_who_leave_make_room(
    feed_with: FeedMaker,
) -> None:
    with feed_with(limits=FeedLimits(sockets_of_one=3)) as feed:
        for _ in range(10):
            assert opened(feed, LIVE, ()) == (401, "sign_in_needed")  # takes no room
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(feed.watched()).frame("you")
            assert opened(feed, LIVE, VERA) == (429, "too_many")
        with feed.watched() as vera:
            assert vera.frame("you")["you"] == "Vera"


def test_half_an_opening_again_and_again_keeps_nobody_else_out(feed_with: FeedMaker) -> None:
    with feed_with(limits=FeedLimits(sockets_of_one=3)) as feed, ExitStack() as stack:
        # The fourth has no room, whatever the others do meanwhile: they are held.
        for _ in range(4):
            stream = stack.enter_context(socket.create_connection(("127.0.0.1", feed.port), timeout=5))
            stream.sendall(b"GET /porteiro/live HTTP/1.1\r\n")

        with suppress(ConnectionError):
            assert stream.recv(1) == b""
        elsewhere = stack.enter_context(
            socket.create_connection(("127.0.0.1", feed.port), 5, source_address=("127.0.0.2", 0))
        )
        elsewhere.sendall(b"GET /porteiro/live HTTP/1.1\r\n\r\n")
        assert elsewhere.recv(12) == b"HTTP/1.1 421"  # an answer


def test_so_many_sockets_in_all_are_let_in(feed_with: FeedMaker) -> None:
    with feed_with(limits=FeedLimits(sockets=2)) as feed, feed.watched() as one, feed.watched() as other:
        one.frame("you"), other.frame("you")

        assert opened(feed, LIVE, VERA) == (503, "unavailable")


def test_behind_nginx_the_address_is_what_nginx_says(
    feed_with: FeedMaker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    front = tmp_path_factory.mktemp("front") / "porteiro.sock"
    with feed_with(limits=FeedLimits(sockets_of_one=1), PORTEIRO_SOCKET=str(front)) as feed:
        path = str(feed.config.live_address)

        def opening(address: str) -> ClientConnection:
            headers = {"Authorization": "vera", "X-Real-IP": address, "Origin": "https://house.example"}
            return unix_connect(path, "ws://house.example/porteiro/live", additional_headers=headers)

        for first, other, same in (
            ("192.0.2.1", "192.0.2.2", "192.0.2.1"),
            ("2001:db8::1", "2001:db8:0:1::1", "2001:db8::2:3"),  # who has one of these has many
        ):
            with (
                opening(first),
                opening(other),
                pytest.raises(InvalidStatus) as refused,
                opening(same),
            ):
                pass
            assert refused.value.response.status_code == 429
        assert front.with_name("live.sock").stat().st_mode & 0o777 == 0o660


def test_without_nginx_nobody_may_say_what_their_address_is(feed_with: FeedMaker) -> None:
    with feed_with(limits=FeedLimits(sockets_of_one=3)) as feed, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(feed.watched()).frame("you")

        assert opened(feed, LIVE, (*VERA, ("X-Real-IP", "192.0.2.2"))) == (429, "too_many")


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /porteiro/live HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"GET /porteiro/live HTTP/9.9\r\n\r\n",
        b"GET /porteiro/live HTTP/1.1\r\nCookie: \xff\xfe\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET \xff HTTP/1.1\r\n\r\n",
        b"BREW /porteiro/live HTTP/1.1\r\n\r\n",
        b"\x81\x85\x00\x00\x00\x00hello\n",
    ],
    ids=range(9),
)
def test_what_is_no_opening_at_all_is_hung_up_on_and_the_others_notice_nothing(
    feed: LiveFeed, data: bytes
) -> None:
    with feed.watched() as vera, socket.create_connection(("127.0.0.1", feed.port), timeout=5) as stream:
        vera.frame("you")
        with suppress(ConnectionError):  # some are hung up on before the end
            stream.sendall(data)
            while stream.recv(65_536):
                pass
        visit = feed.visit()

        assert [event["subject"] for event in vera.events(1)] == [visit]
