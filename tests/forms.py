"""What a page's form sends."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.servers import Answer, Server

HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Fields = Mapping[str, str] | Sequence[tuple[str, str]]


def post_form(server: "Server", path: str, fields: Fields, **headers: str) -> "Answer":
    """Send what a page's form would; header names are given with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return server.ask("POST", path, urlencode(fields).encode(), {**FORM, **HTML, **named})
