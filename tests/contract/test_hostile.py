"""Whatever is sent, in this process and through nginx and uWSGI: a 4xx with a JSON error, and on it goes."""

import re
import socket
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import pytest
from requests.structures import CaseInsensitiveDict

from tests.hostile import ATTACKS, BESIDE, TRAVERSALS, Attack
from tests.servers import Answer, InProcessServer, LiveServer, RunningUwsgi, enrolled, post_json, post_photo
from wsgi_app.routes import ROUTES

HANG_S = 20.0


def ask_in_process(server: InProcessServer, attack: Attack) -> Answer:
    path, _, query = attack.path.partition("?")
    decoded = unquote_to_bytes(path).decode("latin-1")
    body = attack.body() if attack.body else None
    headers = dict(attack.headers)
    if "Transfer-Encoding" in headers:
        # As uWSGI's own HTTP hands it over: no length, and nothing to read.
        return server.ask(attack.method, decoded, None, headers)
    return server.ask(attack.method, f"{decoded}?{query}" if query else decoded, body, headers)


def ask_live(server: LiveServer, attack: Attack) -> Answer | None:
    """Send the bytes as they are; gives ``None`` where the connection ends without an answer."""
    body = attack.body() if attack.body else None
    headers = {"Host": "127.0.0.1", "Connection": "close", **server.headers, **attack.headers}
    if body is not None and not {"Content-Length", "Transfer-Encoding"} & set(headers):
        headers["Content-Length"] = str(len(body))
    lines = [
        f"{attack.method} {server.prefix}{attack.path} HTTP/1.1",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    with socket.create_connection(("127.0.0.1", server.port), HANG_S) as connection:
        try:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
            if 0 in attack.through_nginx:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before everything was sent: the answer is there all the same
        return parsed(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


def parsed(answer: bytes) -> Answer | None:
    if not answer:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(status.split()[1]), CaseInsensitiveDict(headers), body)


def assert_is_an_honest_refusal(answer: Answer) -> None:
    if "outcome" in answer.json:
        assert answer.json["outcome"] == "no_face"
    else:
        error = answer.json["error"]
        assert set(error) == {"code", "message"}
        assert re.fullmatch(r"[a-z0-9_]+", error["code"])
        assert "Traceback" not in error["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_application_answers_with_a_4xx(server: InProcessServer, attack: Attack) -> None:
    answer = ask_in_process(replace(server, checked=False), attack)

    assert answer.status in attack.expected
    assert_is_an_honest_refusal(answer)


@pytest.mark.live
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nginx_and_uwsgi_answer_with_a_4xx_and_go_on(
    live_house: tuple[LiveServer, RunningUwsgi], attack: Attack
) -> None:
    server, running = live_house
    workers = running.workers()

    answer = ask_live(server, attack)

    assert (answer.status if answer else 0) in (attack.through_nginx or attack.expected)
    if answer:
        assert_is_an_honest_refusal(answer)
    assert server.ask("GET", "/health/live").status == 200
    assert running.workers() == workers


@pytest.mark.live
@pytest.mark.parametrize(("path", "statuses"), TRAVERSALS.items())
def test_no_way_leads_out_of_the_folder_of_the_pages_files(
    live_house: tuple[LiveServer, RunningUwsgi], path: str, statuses: set[int]
) -> None:
    answer = live_house[0].ask("GET", f"/static{path.replace(BESIDE, 'README.md')}")

    assert answer.status in statuses
    assert_is_an_honest_refusal(answer)


MARKUP = "<script>alert('it\\'s \"me\"')</script>"


def test_markup_in_a_name_is_shown_as_text_on_every_page(
    server: InProcessServer, photo: Callable[[str], bytes]
) -> None:
    person = enrolled(server, MARKUP, photo("ana-1"), photo("ana-2"))
    visit = post_photo(server, "/", photo("ana-3")).json["visit"]
    post_photo(server, "/", photo("bruno-1"))
    post_json(server, "/messages", {"text": MARKUP})
    known = {"person": person, "visit": visit}
    paths = [
        route.pattern.format(**known)
        for route in ROUTES
        if route.method == "GET"
        and "html" in route.formats
        and set(re.findall(r"{(\w+)}", route.pattern)) <= set(known)
    ]

    pages = {path: server.ask("GET", path, headers={"Accept": "text/html"}) for path in paths}

    shown = [path for path, page in pages.items() if b"&lt;script&gt;alert(" in page.body]
    assert {"/", "/people", f"/people/{person}", "/visits", f"/visits/{visit}"} <= set(shown)
    assert [path for path, page in pages.items() if b"<script>alert" in page.body] == []


def test_a_face_is_found_under_its_own_person_alone(
    server: InProcessServer, photo: Callable[[str], bytes]
) -> None:
    ana, bruno = enrolled(server, "Ana", photo("ana-1")), enrolled(server, "Bruno", photo("bruno-1"))
    (face,) = server.ask("GET", f"/people/{ana}/faces").json["faces"]

    for method, path in (("GET", ""), ("GET", "/photo"), ("DELETE", "")):
        assert server.ask(method, f"/people/{bruno}/faces/{face['id']}{path}").status == 404
    assert server.ask("GET", face["links"]["photo"].partition("/porteiro")[2]).status == 200
