"""Who may ask the simulator's page for what: only pages of its own, only so much, only what is known.

The page listens on this computer alone. What is left are other sites in the same browser: a page of theirs
may send requests here (cross-site requests, DNS rebinding), and must neither press nor look.
"""

import json
import re
from email.message import Message
from http import HTTPStatus
from typing import Any

LARGEST_BODY, MOST_READ = 1000, 64_000
OWN_HOSTS = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]{1,5})?", re.IGNORECASE)
LENGTH = re.compile(r"[0-9]{1,9}")

# https://www.w3.org/TR/CSP3/: nothing but our own files, in nobody's frame.
SAFETY = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


class RequestRefused(Exception):
    """What is asked for is not given; the text says why."""

    def __init__(self, status: HTTPStatus, text: str):
        super().__init__(text)
        self.status = status


def check_host(headers: Message) -> str:
    """The host that was asked for, if it is this computer by one of its own names.

    Raises:
        RequestRefused: it is another: a foreign name that leads here, or none.
    """
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1 or not OWN_HOSTS.fullmatch(hosts[0]):
        raise RequestRefused(HTTPStatus.FORBIDDEN, "Open this page as http://localhost, with its port.")
    return str(hosts[0])


def check_site(headers: Message, host: str, *, may_be_opened: bool = False) -> None:
    """See that no other site's page asks.

    Args:
        headers: of the request.
        host: that was asked for.
        may_be_opened: a person may come here by a link on any site.

    Raises:
        RequestRefused: another site's page asks. Programs without these headers may.
    """
    origin = headers.get("Origin")
    site = headers.get("Sec-Fetch-Site", "same-origin")
    own_origin = origin is None or origin.lower() == f"http://{host}".lower()
    if not own_origin or (site not in ("same-origin", "none") and not may_be_opened):
        raise RequestRefused(HTTPStatus.FORBIDDEN, "Only the simulator's own page may do this.")


def body_length(headers: Message) -> int:
    """How much of the body to read; somewhat more than is accepted, for the refusal to arrive.

    Raises:
        RequestRefused: it does not say so, or not in a way that can be relied on.
    """
    lengths = headers.get_all("Content-Length", [])
    if "Transfer-Encoding" in headers or len(lengths) != 1 or not LENGTH.fullmatch(lengths[0]):
        raise RequestRefused(HTTPStatus.LENGTH_REQUIRED, "Send a body with its Content-Length.")
    return min(int(lengths[0]), MOST_READ)


def read_json(headers: Message, body: bytes, key: str, kind: type) -> Any:
    """The value of the only key of a JSON object.

    Raises:
        RequestRefused: it is something else.
    """
    if len(body) > LARGEST_BODY:
        raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {LARGEST_BODY} bytes.")
    if headers.get_content_type() != "application/json":
        raise RequestRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "This is no JSON.") from error
    if not isinstance(sent, dict) or sent.keys() != {key} or type(sent[key]) is not kind:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f'Send an object with "{key}" and nothing else.')
    return sent[key]
