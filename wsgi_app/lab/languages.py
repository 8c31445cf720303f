"""Which language an answer is in, and names that it can say."""

from collections.abc import Collection

from webob import Request, Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.base.names import is_shown
from wsgi_app.web.rendering import query_text

LONGEST_NAME = 100
LONGEST_HEADER = 1000  # of Accept-Language: the time to read one grows faster than its length


def language_of(request: Request, languages: Collection[str]) -> str:
    """``?lang=`` decides, then ``Accept-Language`` (``zh-CN`` takes ``zh``), then English.

    Raises:
        BadRequest: that language is not known here, or the header is too long.
    """
    language = query_text(request, "lang")
    if language and language not in languages:
        raise BadRequest("unknown_language", languages=", ".join(languages))
    if len(request.headers.get("Accept-Language", "")) > LONGEST_HEADER:
        raise BadRequest("header_too_long", header="Accept-Language", most=LONGEST_HEADER)
    return language or str(request.accept_language.lookup(list(languages), default="en"))


def in_language(response: Response, request: Request, language: str) -> Response:
    """Say in which language an answer is, and tell caches where a header chose it."""
    response.headers["Content-Language"] = language
    if not query_text(request, "lang"):
        response.headers["Vary"] = "Accept-Language"
    return response


def name_to_show(text: str, where: str) -> str:
    """A name without the spaces around it.

    Args:
        text: as it was sent.
        where: it was sent.

    Raises:
        BadRequest: it is too long, or holds control characters.
    """
    if len(text) > LONGEST_NAME or not all(map(is_shown, text)):
        raise BadRequest("bad_name:shown", where=where, most=LONGEST_NAME)
    return text.strip()
