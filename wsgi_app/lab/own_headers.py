"""Headers of the client's choice for an answer: safe names and safe values alone."""

import re
from urllib.parse import parse_qsl

from webob import Request

from wsgi_app.base.errors import BadRequest

MOST_HEADERS = 8
LONGEST_NAME = 64
LONGEST_VALUE = 200
NAME = re.compile(r"[Xx](-[0-9A-Za-z]+)+")
VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")  # printable ASCII, no space around it

# How names begin, in small letters, to which somebody on the way gives a meaning.
FOR_SERVERS = ("x-accel-", "x-sendfile", "x-lighttpd-", "x-litespeed-", "x-reproxy-", "x-offload-")
FOR_PROXIES = (
    *("x-forwarded-", "x-real-", "x-client-", "x-remote-", "x-host", "x-original-", "x-rewrite-"),
    *("x-proxy", "x-http-", "x-method-", "x-cache", "x-varnish", "x-purge", "x-surrogate-", "x-vary"),
)
FOR_BROWSERS = (
    *("x-frame-", "x-content-", "x-webkit-", "x-xss-", "x-permitted-", "x-download-", "x-dns-"),
    *("x-ua-", "x-sourcemap", "x-chrome-", "x-firefox-", "x-auto-login", "x-pingback", "x-robots-"),
)
OWN = ("x-auth-", "x-csrf-", "x-xsrf-", "x-request", "x-correlation-", "x-powered-", "x-lab")
MEANT = FOR_SERVERS + FOR_PROXIES + FOR_BROWSERS + OWN


def named_headers(request: Request) -> list[tuple[str, str]]:
    """The headers that a query names, such as ``?X-Lesson=WSGI``.

    Raises:
        BadRequest: there are too many, or one of them has a name or a value that could do something.
    """
    try:
        pairs = parse_qsl(request.query_string, keep_blank_values=True, max_num_fields=MOST_HEADERS)
    except ValueError as error:
        raise BadRequest("too_many_headers", most=MOST_HEADERS) from error
    for name, value in pairs:
        _check_name(name)
        _check_value(value)
    return pairs


def _check_name(name: str) -> None:
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise BadRequest("bad_header_name", most=LONGEST_NAME)
    if name.lower().startswith(MEANT):
        raise BadRequest("bad_header_name:meant")


def _check_value(value: str) -> None:
    # A line's end in it would end the header, and what follows would be headers or a body of its own.
    if len(value) > LONGEST_VALUE or not VALUE.fullmatch(value):
        raise BadRequest("bad_header_value", most=LONGEST_VALUE)
