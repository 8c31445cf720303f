"""A server that says where the nose is in a picture: Porteiro's, or any other of the same two addresses."""

import base64
import http.client
import mimetypes
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3

from wsgi_app.base.addresses import is_loopback
from wsgi_app.commands.folders import printable

MOST_ANSWER_BYTES = 64 * 1024
CHUNK_BYTES = 4096
MOST_LETTERS = 200  # of what an answer says
LATER = (requests.codes.too_many_requests, requests.codes.service_unavailable)
WAIT_S, LONGEST_WAIT_S = 1.0, 10.0  # before it is asked again, where it does not say; and where it does


class ImageKind(StrEnum):
    """How a picture is sent."""

    BASE64 = "base64"
    BINARY = "binary"


PATHS = {ImageKind.BASE64: "/image-64", ImageKind.BINARY: "/image-bin"}


@dataclass(frozen=True)
class LoadedPicture:
    """A picture's file: where it lies, its bytes, and an ending that fits them."""

    path: Path
    data: bytes
    ending: str


class NosePoint(msgspec.Struct, frozen=True):
    """The right answer: where the nose is, as fractions of the picture's width and height."""

    x: float
    y: float


class SaidError(msgspec.Struct, frozen=True):
    """What Porteiro says of an error."""

    message: str


class SaidRefusal(msgspec.Struct, frozen=True):
    """Porteiro's answer to what it cannot take."""

    error: SaidError


class WrongAnswer(Exception):
    """An answer that does not say where the nose is; the message tells what it says.

    Attributes:
        wait_s: after which the server wants to be asked again, if it does.
    """

    def __init__(self, message: str, wait_s: float | None = None):
        super().__init__(message)
        self.wait_s = wait_s


class NoseServer:
    """A server, asked over one connection that lasts as long as the server keeps it.

    Args:
        url: its address, without a slash at its end.
        timeout_s: for which an answer is waited for.
    """

    def __init__(self, url: str, timeout_s: float):
        self._url, self._timeout_s = url, timeout_s
        self._session, self._answered = requests.Session(), False
        self._session.headers["Accept-Encoding"] = "identity"  # what is read of an answer is bounded
        # No proxy in between, and no password out of a file, where the server is on this machine.
        self._session.trust_env = not is_loopback(urlsplit(url).hostname or "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._session.close()

    def nose(self, picture: LoadedPicture, kind: ImageKind) -> NosePoint:
        """Where the nose is in a picture.

        Raises:
            WrongAnswer: the server does not say so.
            requests.RequestException: no answer came, or none in time.
        """
        request = self._session.prepare_request(_request(self._url + PATHS[kind], picture, kind))
        is_kept, self._answered = self._answered, False
        try:
            return self._ask(request)
        except requests.ConnectionError as error:
            # A server may end a kept connection just when the next request is on its way.
            if not (is_kept and error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError)):
                raise
            return self._ask(request)

    def _ask(self, request: requests.PreparedRequest) -> NosePoint:
        start = time.monotonic()
        settings = self._session.merge_environment_settings(request.url, {}, True, None, None)  # noqa: FBT003
        answer = self._session.send(request, timeout=self._timeout_s, allow_redirects=False, **settings)
        with answer:
            body = b""
            for piece in answer.iter_content(CHUNK_BYTES):
                body += piece
                if time.monotonic() - start > self._timeout_s:
                    raise requests.ReadTimeout
                if len(body) > MOST_ANSWER_BYTES:
                    raise WrongAnswer(f"answered with more than {MOST_ANSWER_BYTES} bytes")
            self._answered = True
            return _point(answer, body)


def reason(error: BaseException, timeout_s: float) -> str:
    """Why no answer came, in words: what is at the root of it."""
    root = error
    while (below := root.__cause__ or root.__context__) is not None:
        root = below
    if isinstance(root, TimeoutError | requests.Timeout):
        return f"no answer within {timeout_s:g} s"
    return _short(getattr(root, "strerror", None) or str(root) or type(root).__name__)


def _request(url: str, picture: LoadedPicture, kind: ImageKind) -> requests.Request:
    if kind is ImageKind.BASE64:
        return requests.Request("POST", url, json={"image": base64.b64encode(picture.data).decode("ascii")})
    name = f"image{picture.ending}"  # not the file's own, which not every server could read
    part = (name, picture.data, mimetypes.guess_type(name)[0])
    return requests.Request("POST", url, files={"image": part})


def _point(answer: requests.Response, body: bytes) -> NosePoint:
    status = answer.status_code
    if status != requests.codes.ok:
        words = f"answered {status} {http.client.responses.get(status, '')}".rstrip()
        raise WrongAnswer(words + _what_more(answer, body), _wait_s(answer) if status in LATER else None)
    try:
        return msgspec.json.decode(body, type=NosePoint)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WrongAnswer("answered without the numbers x and y") from error


def _what_more(answer: requests.Response, body: bytes) -> str:
    if answer.is_redirect:
        return _short(f", go to {answer.headers['Location']}")
    try:
        return _short(f": {msgspec.json.decode(body, type=SaidRefusal).error.message}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _wait_s(answer: requests.Response) -> float:
    delay = answer.headers.get("Retry-After", "")
    return min(float(delay), LONGEST_WAIT_S) if delay.isascii() and delay.isdigit() else WAIT_S


def _short(text: str) -> str:
    return printable(text[:MOST_LETTERS])
