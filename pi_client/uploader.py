"""The server, asked over HTTP: a press's photos up, an answer to trust or a fault down."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from pi_client import __version__
from pi_client.answers import failed, judge, unheard
from pi_client.config import ServerSettings
from pi_client.evidence import VERSION, ExpectedProof, photo_digests, signed_headers, signing_key
from pi_client.failures import NoReply
from pi_client.faults import HANDLING, Fault
from pi_client.press import ButtonPress, Clock, PressAnswer, StatusReport
from pi_client.settings import is_private
from pi_client.transport import Reply, Transport

FIELDS = ("file", "file2", "file3")
HEADERS = {
    "User-Agent": f"porteiro-door/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


class HttpServer:
    """A Porteiro server; safe to use from several threads, which share its connections.

    The token goes over https alone, or to this very machine; otherwise requests are signed with it.
    """

    def __init__(
        self,
        settings: ServerSettings,
        token: str,
        boot: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ):
        """Nothing is connected yet.

        Args:
            settings: whom to ask, and how long to wait.
            token: of this device, ``NAME.SECRET``; ``""`` for none.
            boot: the machine's boot id, which tells the server what the monotonic clock counts from.
            clock: measures the waiting, and says when an answer came.
            sleep: waits before a press is sent again.

        Raises:
            DoorConfigError: ``server.ca_file`` cannot be used.
        """
        self._settings, self._token, self._boot = settings, token, boot
        self._clock, self._sleep = clock, sleep
        self._key = signing_key(token) if token else None
        self._sends_token = is_private(settings.url)
        self._transport = Transport(settings, clock.monotonic)

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        """Who is it? Never raises, and ends at the press's deadline unless a name's look-up hangs."""
        try:
            return self._ask(press, photos)
        except Exception as error:  # noqa: BLE001 - a door never opens on a doubt, whichever it is
            # Its text might quote a header, and so the token.
            return failed(press, Fault.SERVER_ERROR, type(error).__name__)

    def is_reachable(self) -> bool:
        """Whether the server says that it is well; also keeps a connection open."""
        reply = self._small(lambda: self._prepared("GET", self._settings.health_path, {}))
        return reply is not None and HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES

    def report(self, report: StatusReport) -> Fault | None:
        """Tell the server how the device is; why it was not heard. Without a token there is nobody to be."""
        device, _, secret = self._token.partition(".")
        if not secret:
            return Fault.TOKEN
        path = f"/devices/{quote(device, safe='')}/heartbeat"
        # Made anew when it is sent again: the server takes no signature twice.
        reply = self._small(lambda: self._proven("PUT", path, json=_plain(report)))
        return Fault.UNREACHABLE if reply is None else unheard(reply)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def _ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        # Made once: what is sent again has the same id, and the same bytes.
        request = self._proven("POST", "/", press_headers(press, self._boot), files=_files(photos))
        expected = None if self._key is None else ExpectedProof(self._key, photo_digests(photos))
        answer = self._attempt(request, press, expected)
        for attempt in range(self._settings.retries):
            pause_s = self._settings.backoff_s * 2**attempt
            too_late = self._clock.monotonic() + pause_s >= press.deadline_s
            if answer.fault is None or not HANDLING[answer.fault].retried or too_late:
                break
            self._sleep(pause_s)
            answer = self._attempt(request, press, expected)
        return answer

    def _attempt(
        self, request: requests.PreparedRequest, press: ButtonPress, expected: ExpectedProof | None
    ) -> PressAnswer:
        try:
            reply = self._transport.send(request, press.deadline_s)
        except NoReply as error:
            return failed(press, error.fault, error.detail, error.ms)
        if self._clock.monotonic() > press.deadline_s:
            return failed(press, Fault.TOO_LATE, f"status {reply.status}, after the deadline", reply.ms)
        return judge(reply, press, expected, self._clock.wall())

    def _small(self, made: Callable[[], requests.PreparedRequest]) -> Reply | None:
        """The reply to a small request that takes the read timeout as a whole; ``None`` for none.

        It may be sent twice: a server that closes its connections without a word is seen only by asking.
        """
        deadline_s = self._clock.monotonic() + self._settings.read_timeout_s
        try:
            try:
                return self._transport.send(made(), deadline_s)
            except NoReply as error:
                if not HANDLING[error.fault].retried:
                    raise
                return self._transport.send(made(), deadline_s)
        except Exception:  # noqa: BLE001 - not to be reached is all that there is to know
            return None

    def _proven(
        self, method: str, path: str, headers: dict[str, str] | None = None, **content: Any
    ) -> requests.PreparedRequest:
        """A request that proves whose it is: by the token, or where others could read it, by a signature."""
        every = headers or {}
        if self._token and self._sends_token:
            every = {"Authorization": f"Bearer {self._token}", **every}
        request = self._prepared(method, path, every, **content)
        if self._token and not self._sends_token:
            sign(request, self._token, self._clock.wall(), path)
        return request

    def _prepared(
        self, method: str, path: str, headers: dict[str, str], **content: Any
    ) -> requests.PreparedRequest:
        url = self._settings.url + path
        return requests.Request(method, url, headers={**HEADERS, **headers}, **content).prepare()


def press_headers(press: ButtonPress, boot: str) -> dict[str, str]:
    """What a request says of a press, on a machine of that boot id."""
    return {
        "Idempotency-Key": press.id,
        "Porteiro-Boot": boot,
        "Porteiro-Pressed-At": press.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "Porteiro-Pressed-Monotonic-Ms": str(int(press.at_s * 1000)),
        "Porteiro-Evidence": str(VERSION),
        "Porteiro-Agreeing-Faces": str(press.agreeing),
    }


def sign(request: requests.PreparedRequest, token: str, at: datetime, path: str) -> None:
    """Add headers to a request that prove by whose token it is made, and do not tell it.

    Args:
        request: is not changed any more otherwise.
        token: ``NAME.SECRET``.
        at: now.
        path: that is asked for, below the mount.
    """
    stated = {**request.headers, "method": request.method or "", "target": path}
    body = request.body if isinstance(request.body, bytes) else b""
    request.headers.update(signed_headers(token, at, stated, body))


def _files(photos: tuple[bytes, ...]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The parts of the form: the first photo is ``file``, the others of a burst ``file2`` and ``file3``."""
    return [
        (field, (field.replace("file", "door") + ".jpg", photo, "image/jpeg"))
        for field, photo in zip(FIELDS, photos, strict=False)
    ]


def _plain(report: StatusReport) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(report).items()
    }
