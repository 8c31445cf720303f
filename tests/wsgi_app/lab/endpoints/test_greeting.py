"""Greetings in a chosen language, in this process and under every server."""

import pytest

from tests.servers import Server


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hello, student!\n"),
        ("zh", "你好，同学！\n"),  # noqa: RUF001  # as Chinese is written
        ("fr", "Bonjour, étudiant !\n"),
        ("pt", "Olá, estudante!\n"),
        ("ko", "안녕하세요, 학생 님!\n"),
    ],
)
def test_the_query_names_the_language(any_lab: Server, language: str, text: str) -> None:
    answer = any_lab.ask("GET", f"/greeting?lang={language}", headers={"Accept-Language": "en"})

    assert (answer.status, answer.body.decode()) == (200, text)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Language"] == language
    assert answer.headers["X-Lab"] == "greeting"
    assert "Accept-Language" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("ko", "ko"),
        ("zh-CN, en;q=0.5", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en;q=0.2, pt-BR;q=0.9", "pt"),
        ("de, FR;q=0.1", "fr"),
        ("fr;q=0, ko;q=0.5", "ko"),
        ("de", "en"),
        ("*", "en"),
        ("not; a, language", "en"),
        ("", "en"),
    ],
)
def test_the_header_chooses_where_the_query_does_not(any_lab: Server, wanted: str, language: str) -> None:
    answer = any_lab.ask("GET", "/greeting", headers={"Accept-Language": wanted})

    assert (answer.status, answer.headers["Content-Language"]) == (200, language)
    assert answer.headers["Vary"] == "Accept-Language"


def test_without_any_wish_it_is_english(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/greeting")

    assert (answer.status, answer.body) == (200, b"Hello, student!\n")


@pytest.mark.parametrize("wanted", ["xx", "EN", "zh-CN", "%20", "%3Cb%3E"])
def test_an_unknown_language_is_refused_with_the_known_ones(any_lab: Server, wanted: str) -> None:
    answer = any_lab.ask("GET", f"/greeting?lang={wanted}")

    assert answer.status == 400
    message = "lang is one of en, zh, fr, pt, ko."
    assert answer.json == {"error": {"code": "unknown_language", "message": message}}


def test_a_header_that_would_take_long_to_read_is_refused(any_lab: Server) -> None:
    longest = any_lab.ask("GET", "/greeting", headers={"Accept-Language": "a" + "-a" * 499 + "-"})
    longer = any_lab.ask("GET", "/greeting", headers={"Accept-Language": "a" + "-a" * 500})

    assert (longest.status, longest.headers["Content-Language"]) == (200, "en")
    assert (longer.status, longer.error) == (400, "header_too_long")


@pytest.mark.parametrize(
    ("student", "text"),
    [
        ("Ana", "Hello, Ana!\n"),
        (" João ", "Hello, João!\n"),
        ("예나", "Hello, 예나!\n"),
        ("<b>{0}</b>", "Hello, <b>{0}</b>!\n"),
        ("é" * 100, f"Hello, {'é' * 100}!\n"),
        ("", "Hello, student!\n"),
    ],
)
def test_the_student_is_greeted_by_name(any_lab: Server, student: str, text: str) -> None:
    answer = any_lab.ask("GET", "/greeting?lang=en", headers={"X-Student": sent(student)})

    assert (answer.status, answer.body.decode()) == (200, text)


@pytest.mark.parametrize(
    "student", ["\xff", "Jo\xe3o", "x" * 101, "a\tb", "a\x7fb", "a\xc2\x85b", "\xe2\x80\xae"]
)
def test_what_cannot_be_a_name_is_refused(shipped_lab: Server, student: str) -> None:
    answer = shipped_lab.ask("GET", "/greeting?lang=en", headers={"X-Student": student})

    assert (answer.status, answer.error) == (400, "bad_name")


def sent(text: str) -> str:
    """A header's text in UTF-8, as WSGI and http.client take it: bytes as Latin-1."""
    return text.encode().decode("latin-1")
