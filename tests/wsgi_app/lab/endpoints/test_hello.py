"""Plain words, in this process and under every server."""

import pytest

from tests.servers import Server


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/hello", 200, "Hello, world!\n"),
        ("GET", "/good", 200, "Good: 200 says that all went well.\n"),
        ("GET", "/bad", 200, "Bad: your GET was wrong, say these words; 200 says it was not.\n"),
        ("POST", "/bad", 200, "Bad: your POST was wrong, say these words; 200 says it was not.\n"),
        ("GET", "/greet/Hello/world", 200, "Hello, world!\n"),
        ("GET", "/greet/Ol%C3%A1/Jo%C3%A3o", 200, "Olá, João!\n"),
        ("GET", "/greet/%EC%95%88%EB%85%95/%3Cb%3E", 200, "안녕, <b>!\n"),
    ],
)
def test_words_come_as_plain_text(any_lab: Server, method: str, path: str, status: int, text: str) -> None:
    answer = any_lab.ask(method, path, b"x" if method == "POST" else None)

    assert (answer.status, answer.body.decode()) == (status, text)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Lab"] == "hello"


@pytest.mark.parametrize("path", ["/hello", "/good", "/bad"])
def test_the_two_headers_of_a_course_s_exercise_come_beside_the_labs_own(any_lab: Server, path: str) -> None:
    headers = any_lab.ask("GET", path).headers

    assert {name: headers[name] for name in ("X-INE-Student", "X-INE-Course", "X-Lab")} == {
        "X-INE-Student": "student",
        "X-INE-Course": "WSGI",
        "X-Lab": "hello",
    }


def test_a_name_that_is_not_utf_8_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/greet/Hello/%FF")

    assert (answer.status, answer.error) == (400, "bad_path")
