"""Ordinary HTTP clients, in the local run and through nginx: kept connections, slow bodies, old forms."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
import requests
import urllib3

from tests.servers import LiveServer, RunningUwsgi, form

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
Ask = Callable[[str, str, bytes | None, dict[str, str]], int]
CSS = "/static/porteiro.css"
ROUND = (("GET", "/health/live"), ("HEAD", "/health/live"), ("GET", CSS), ("HEAD", CSS), ("GET", "/api"))


@pytest.fixture(params=["local_house", "live_house"])
def house(request: pytest.FixtureRequest) -> LiveServer:
    """The local run, and nginx in front of uWSGI."""
    chain: tuple[LiveServer, RunningUwsgi] = request.getfixturevalue(request.param)
    return chain[0]


def url_of(house: LiveServer) -> str:
    return f"http://localhost:{house.port}{house.prefix}"


def by_http_client(house: LiveServer, kept: ExitStack) -> Ask:
    connection = kept.enter_context(closing(http.client.HTTPConnection("localhost", house.port, timeout=30)))

    def ask(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        connection.request(method, house.prefix + path, body, {**house.headers, **headers})
        response = connection.getresponse()
        response.read()
        return response.status

    return ask


def by_requests(house: LiveServer, kept: ExitStack) -> Ask:
    session = kept.enter_context(requests.Session())

    def ask(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        headers = {**house.headers, **headers}
        return session.request(
            method, url_of(house) + path, data=body, headers=headers, timeout=30
        ).status_code

    return ask


def by_httpx(house: LiveServer, kept: ExitStack) -> Ask:
    client = kept.enter_context(httpx.Client(timeout=30, follow_redirects=True))

    def ask(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        headers = {**house.headers, **headers}
        return client.request(method, url_of(house) + path, content=body, headers=headers).status_code

    return ask


def by_urllib3(house: LiveServer, kept: ExitStack) -> Ask:
    pool = kept.enter_context(
        urllib3.PoolManager(retries=urllib3.Retry(None, connect=0, read=0, redirect=1), timeout=30)
    )

    def ask(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        headers = {**house.headers, **headers}
        return pool.request(method, url_of(house) + path, body=body, headers=headers).status

    return ask


CLIENTS = (by_http_client, by_requests, by_httpx, by_urllib3)


@pytest.mark.parametrize("client", CLIENTS)
def test_of_a_hundred_requests_of_one_client_all_are_answered(
    house: LiveServer, client: Callable[[LiveServer, ExitStack], Ask], photo: Photo
) -> None:
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))
    with ExitStack() as kept:
        ask = client(house, kept)
        asked = [ask(method, path, None, {}) for _ in range(18) for method, path in ROUND]
        pressed = [ask("POST", "/", body, headers) for _ in range(10)]

    assert (asked, pressed) == ([200] * 90, [404] * 10)


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_redirects_are_followed_on_the_same_connection(
    house: LiveServer, client: Callable[[LiveServer, ExitStack], Ask], photo: Photo
) -> None:
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))
    with ExitStack() as kept:
        ask = client(house, kept)
        asked = [ask("GET", "", None, {}) for _ in range(20)]
        pressed = [ask("POST", "", body, headers) for _ in range(5)]  # 308 keeps the method and the body

    assert (asked, pressed) == ([200] * 20, [404] * 5)


def test_one_client_alone_after_another_follows_redirects(house: LiveServer) -> None:
    answers = [requests.get(url_of(house), headers=house.headers, timeout=30) for _ in range(40)]

    assert [(answer.status_code, len(answer.history)) for answer in answers] == [(200, 1)] * 40


def test_what_has_not_changed_is_answered_without_a_body_and_the_next_request_too(house: LiveServer) -> None:
    with requests.Session() as session:
        changed = session.get(url_of(house) + CSS, timeout=30).headers["Last-Modified"]
        answers = [
            session.get(url_of(house) + CSS, headers={"If-Modified-Since": changed}, timeout=30)
            for _ in range(20)
        ]

    assert [(answer.status_code, answer.content) for answer in answers] == [(304, b"")] * 20


# Requests as they are on the wire


def exchange(house: LiveServer, *pieces: bytes, timeout_s: float = 20.0) -> bytes:
    """What comes back for some bytes, until the connection is closed."""
    with closing(socket.create_connection(("localhost", house.port), timeout_s)) as client:
        for piece in pieces:
            client.sendall(piece)
        return b"".join(iter(lambda: client.recv(65536), b""))


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def lines(house: LiveServer, *texts: str) -> bytes:
    """The head of a request; PORT and PREFIX in it stand for the house's."""
    head = "\r\n".join((*texts, "", ""))
    return head.replace("PORT", str(house.port)).replace("PREFIX", house.prefix).encode()


def head_of(house: LiveServer, body: bytes, headers: Mapping[str, str], *more: str) -> bytes:
    """The head of a request that posts a form to the door."""
    return lines(
        house,
        "POST PREFIX/ HTTP/1.1",
        "Host: localhost:PORT",
        f"Content-Type: {headers['Content-Type']}",
        f"Content-Length: {len(body)}",
        *more,
    )


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (("GET PREFIX/health/live HTTP/1.0",), 200),
        (("GET PREFIX/health/live HTTP/1.0", "Host: localhost:PORT"), 200),
        (("HEAD PREFIX/health/live HTTP/1.0", "Host: localhost"), 200),
        (("GET PREFIX HTTP/1.0", "Host: localhost:PORT"), 308),
        (("GET http://localhost:PORTPREFIX/health/live HTTP/1.1", "Host: localhost:PORT"), 200),
        (("GET http://localhost:PORTPREFIX/health/live?a=http://b/ HTTP/1.1", "Host: localhost:PORT"), 200),
        (("GET http://localhost:PORTPREFIX/static/porteiro.css HTTP/1.1", "Host: localhost:PORT"), 200),
        (("GET http://localhost:PORT HTTP/1.1", "Host: localhost:PORT"), 404),
        (("GET /PREFIX/health/live HTTP/1.1", "Host: localhost:PORT"), 404),
        (("GET PREFIX/health/live HTTP/1.1", "Host: localhost:PORT", "Content-Length: x"), 400),
        (("GET PREFIX/health/live HTTP/1.1", "Host: localhost:PORT", "not a header"), 400),
        (("GET PREFIX/health/live HTTP/1.1", "Host: localhost:PORT", f"X: {'a' * 20_000}"), 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_requests_of_old_and_of_proxys_forms(house: LiveServer, head: tuple[str, ...], status: int) -> None:
    answer = exchange(house, lines(house, *head, "Connection: close"))

    assert status_of(answer) == status
    assert b"\r\nconnection: close\r\n" in answer.lower()


HTTP, HOST = "POST PREFIX/lab/echo HTTP/1.1", "Host: localhost:PORT"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "head",
    [
        (HTTP, HOST, "Transfer-Encoding: chunked, chunked"),
        (HTTP, HOST, "Transfer-Encoding: xchunked"),
        (HTTP, HOST, "Transfer-Encoding: identity"),
        (HTTP, HOST, CHUNKED, CHUNKED),
        (HTTP, HOST, CHUNKED, "Content-Length: 5"),
        ("POST PREFIX/lab/echo HTTP/1.0", CHUNKED),
        (HTTP,),
        (HTTP, HOST, HOST),
        ("GET PREFIX/lab/hello HTTP/9.9", HOST),
        ("GET PREFIX/lab/hello HTTP/2.0", HOST),
        ("PRI * HTTP/2.0",),
    ],
    ids=lambda head: " ".join(head)[:60],
)
def test_what_no_client_should_send_is_the_clients_fault(house: LiveServer, head: tuple[str, ...]) -> None:
    answer = exchange(house, lines(house, *head) + b"0\r\n\r\n")

    assert (status_of(answer), b'"code":"bad_request"' in answer) == (400, True)
    assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("options", ["close", "TE, close", "x, CLOSE"])
def test_a_connection_is_closed_where_a_client_asks_for_it(house: LiveServer, options: str) -> None:
    head = ("GET PREFIX/health/live HTTP/1.1", HOST, f"Connection: {options}")

    assert status_of(exchange(house, lines(house, *head))) == 200


def test_names_of_headers_come_as_they_were_given(house: LiveServer) -> None:
    head = ("GET PREFIX/lab/good HTTP/1.1", HOST, "Connection: close")

    assert b"\r\nX-INE-Student: " in exchange(house, lines(house, *head))


def test_a_small_document_may_come_byte_by_byte(house: LiveServer) -> None:
    document = {"name": "Ana", "more": list(range(200))}
    body = json.dumps(document).encode()
    answer = requests.post(
        f"{url_of(house)}/lab/json",
        data=(body[at : at + 1] for at in range(len(body))),
        headers={**house.headers, "Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 200


def test_lines_may_end_with_lf_alone(house: LiveServer) -> None:
    head = ("GET PREFIX/health/live HTTP/1.1", "Host: localhost:PORT")
    bare = lines(house, *head).replace(b"\r\n", b"\n")

    answer = exchange(house, bare, lines(house, *head, "Connection: close"))

    assert answer.count(b'{"status":"OK"') == 2


def test_every_status_comes_with_its_reason_phrase(house: LiveServer) -> None:
    statuses = [status for status in HTTPStatus if status >= HTTPStatus.OK]
    heads = [
        lines(
            house,
            f"GET PREFIX/lab/status/{status.value} HTTP/1.1",
            "Host: localhost:PORT",
            "Connection: close",
        )
        for status in statuses
    ]

    told = [exchange(house, head).partition(b"\r\n")[0].decode() for head in heads]

    assert told == [f"HTTP/1.1 {status.value} {status.phrase}" for status in statuses]


def test_a_client_that_means_another_machine_is_told_so(local_house: tuple[LiveServer, RunningUwsgi]) -> None:
    house, _ = local_house
    head = lines(house, "GET PREFIX/ HTTP/1.1", "Host: elsewhere.example", "Connection: close")

    assert exchange(house, head).startswith(b"HTTP/1.1 421 Misdirected Request\r\n")


def test_a_client_of_http_1_0_may_keep_its_connection(house: LiveServer) -> None:
    head = ("GET PREFIX/health/live HTTP/1.0", "Host: localhost:PORT")
    kept = lines(house, *head, "Connection: keep-alive")

    answer = exchange(house, kept, lines(house, *head))

    assert answer.count(b'{"status":"OK"') == 2


def test_a_photo_in_chunks(house: LiveServer, photo: Photo) -> None:
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))

    def pieces() -> Iterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    with requests.Session() as session:
        answers = [
            session.post(f"{url_of(house)}/", data=pieces(), headers={**headers, **house.headers}, timeout=30)
            for _ in range(3)
        ]

    assert [answer.json()["outcome"] for answer in answers] == ["no_face"] * 3


def test_a_body_that_waits_for_leave_gets_it(house: LiveServer, photo: Photo) -> None:
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))
    head = head_of(house, body, headers, "Expect: 100-continue", "Connection: close")
    with closing(socket.create_connection(("localhost", house.port), 20)) as client:
        client.sendall(head)
        leave = client.recv(65536)
        client.sendall(body)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (status_of(answer), b'"outcome":"no_face"' in answer) == (404, True)


TLS_HELLO = bytes.fromhex("160301007a010000760303") + bytes(111)


def test_https_on_the_port_of_http_is_answered_at_once(house: LiveServer) -> None:
    began = time.monotonic()
    answer = exchange(house, TLS_HELLO)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url_of(house).replace("http:", "https:"), timeout=30)

    assert time.monotonic() - began < 3
    assert status_of(answer) == 400


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH_9.2\r\n", b"QUIT\n", b"\x05\x01\x00"])
def test_what_is_no_http_is_answered_at_once(house: LiveServer, sent: bytes) -> None:
    began = time.monotonic()
    answer = exchange(house, sent)

    assert time.monotonic() - began < 3
    assert status_of(answer) == 400


def test_a_body_that_is_far_too_large_is_told_so(house: LiveServer) -> None:
    large = form(("file", "photo.jpg", bytes(40_000_000)))

    answers = [house.ask("POST", "/", *large) for _ in range(3)]

    assert [(answer.status, answer.error) for answer in answers] == [(413, "too_large")] * 3


# Slow clients, and workers that change, in the local run


def test_fifty_slow_bodies_do_not_silence_the_local_run(
    local_house: tuple[LiveServer, RunningUwsgi], photo: Photo
) -> None:
    house, _ = local_house
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))
    head = head_of(house, body, headers)
    with ExitStack() as opened:
        slow = [
            opened.enter_context(closing(socket.create_connection(("localhost", house.port), 20)))
            for _ in range(50)
        ]
        for client in slow:
            client.sendall(head + body[:1000])
        took = []
        for at in range(1000, 1005):
            for client in slow:
                client.sendall(body[at : at + 1])
            began = time.monotonic()
            assert house.ask("POST", "/", body, headers).json["outcome"] == "no_face"
            took.append(time.monotonic() - began)
        for client in slow[:3]:  # slow, and honest all the same
            client.sendall(body[1005:])
            assert client.recv(65536).startswith(b"HTTP/1.1 404 ")

    assert max(took) < 2


def test_no_request_is_lost_while_the_workers_are_renewed(
    local_house: tuple[LiveServer, RunningUwsgi],
) -> None:
    house, running = local_house
    before, statuses = set(running.workers()), list[int]()

    def ask_until_renewed(_: int) -> None:
        with requests.Session() as session:
            end = time.monotonic() + 60
            while before & set(running.workers()) and time.monotonic() < end:
                statuses.append(session.get(f"{url_of(house)}/health/live", timeout=30).status_code)

    with ThreadPoolExecutor(4) as pool:
        asking = pool.map(ask_until_renewed, range(4))
        Path(running.environ["PORTEIRO_DATA"], "run", "reload").touch()
        list(asking)
    for _ in before:  # both have their models before the next test
        running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))

    assert not before & set(running.workers())
    assert set(statuses) == {200}
