"""What the front refuses by itself, which reads like the application's own refusals."""

from http import HTTPStatus

import msgspec

from wsgi_app.base.errors import BadRequest, ContentTooLarge, PorteiroError, RequestError
from wsgi_app.base.limits import UploadLimits
from wsgi_app.base.sentences import Place
from wsgi_app.house.words.errors import sentence
from wsgi_app.web.errors import ErrorBody

Refusal = tuple[str, list[tuple[str, str]], bytes]


def refusal(error: PorteiroError) -> Refusal:
    """Status line, headers and body of a refusal; what is no ``RequestError`` is the server's own fault."""
    status = HTTPStatus(error.status if isinstance(error, RequestError) else 500)
    body = msgspec.json.encode(ErrorBody.of(error, sentence(error, Place.API)))
    own = error.headers if isinstance(error, RequestError) else {}
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *own.items()]
    return f"{status.value} {status.phrase}", headers, body


def of_status(status: int) -> PorteiroError:
    """What is wrong where the parser of requests says no more than a status."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return ContentTooLarge("too_large:body", bytes=UploadLimits().body_bytes)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        return PorteiroError("internal")
    return BadRequest("bad_request:http")
