"""Greetings: a header of the client's own, and a language chosen for it."""

from collections.abc import Collection

from webob import Request, Response

from wsgi_app.errors import BadRequest
from wsgi_app.lab.services import Call
from wsgi_app.names import is_shown
from wsgi_app.rendering import query_text, text_answer

# By language: the greeting, and who is greeted where nobody says who they are.
GREETINGS = {
    "en": ("Hello, {}!", "student"),
    "zh": ("你好，{}！", "同学"),  # noqa: RUF001  # as Chinese is written
    "fr": ("Bonjour, {} !", "étudiant"),
    "pt": ("Olá, {}!", "estudante"),
    "ko": ("안녕하세요, {} 님!", "학생"),
}
LONGEST_NAME = 100
LONGEST_HEADER = 1000  # of Accept-Language: the time to read one grows faster than its length


def greeting(call: Call) -> Response:
    """``GET /greeting?lang=``: greets the student of the ``X-Student`` header."""
    language = language_of(call.request, GREETINGS)
    words, somebody = GREETINGS[language]
    text = words.format(student_of(call.request) or somebody)
    return in_language(text_answer(f"{text}\n"), call.request, language)


def language_of(request: Request, known: Collection[str]) -> str:
    """``?lang=`` decides, then ``Accept-Language`` (``zh-CN`` takes ``zh``), then English.

    Raises:
        BadRequest: that language is not known here, or the header is too long.
    """
    wanted = query_text(request, "lang")
    if wanted and wanted not in known:
        raise BadRequest(f"lang is one of {', '.join(known)}.", code="unknown_language")
    if len(request.headers.get("Accept-Language", "")) > LONGEST_HEADER:
        raise BadRequest(f"Accept-Language has at most {LONGEST_HEADER} characters.", code="header_too_long")
    return wanted or str(request.accept_language.lookup(list(known), default="en"))


def in_language(response: Response, request: Request, language: str) -> Response:
    """Say in which language an answer is, and tell caches where a header chose it."""
    response.headers["Content-Language"] = language
    if not query_text(request, "lang"):
        response.headers["Vary"] = "Accept-Language"
    return response


def student_of(request: Request) -> str:
    """The name in ``X-Student``: WSGI gives a header's bytes as Latin-1, whatever they were meant as."""
    try:
        name = request.headers.get("X-Student", "").encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise BadRequest("X-Student is not UTF-8.", code="bad_name") from error
    return short(name, "X-Student")


def short(name: str, where: str) -> str:
    """A name without the spaces around it, where it can be shown.

    Raises:
        BadRequest: it is too long, or holds control characters.
    """
    if len(name) > LONGEST_NAME or not all(map(is_shown, name)):
        raise BadRequest(
            f"{where} has at most {LONGEST_NAME} characters, none of them a control character.",
            code="bad_name",
        )
    return name.strip()
