"""Greetings: a header of the client's own, and a language chosen for it."""

from webob import Request, Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.lab.languages import in_language, language_of, name_to_show
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import text_answer

# By language: the greeting, and who is greeted where nobody says who they are.
GREETINGS = {
    "en": ("Hello, {}!", "student"),
    "zh": ("你好，{}！", "同学"),  # noqa: RUF001  # as Chinese is written
    "fr": ("Bonjour, {} !", "étudiant"),
    "pt": ("Olá, {}!", "estudante"),
    "ko": ("안녕하세요, {} 님!", "학생"),
}


def greeting(call: LabCall) -> Response:
    """``GET /greeting?lang=``: greets the student of the ``X-Student`` header."""
    language = language_of(call.request, GREETINGS)
    words, somebody = GREETINGS[language]
    text = words.format(student_of(call.request) or somebody)
    return in_language(text_answer(f"{text}\n"), call.request, language)


def student_of(request: Request) -> str:
    """The name in ``X-Student``: WSGI gives a header's bytes as Latin-1, whatever they were meant as.

    Raises:
        BadRequest: they are not UTF-8, or no name that can be shown.
    """
    try:
        name = request.headers.get("X-Student", "").encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise BadRequest("bad_name:not_utf8", header="X-Student") from error
    return name_to_show(name, "X-Student")
