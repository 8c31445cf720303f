"""Doors that press without end, as the device does over plain http, and what each press was told."""

import hashlib
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO

import msgspec
import requests
from PIL import Image

from bench.material import Material
from pi_client.answers import judge
from pi_client.commands.options import CLOCK
from pi_client.config import ServerSettings
from pi_client.evidence import ExpectedProof, photo_digests, signing_key
from pi_client.failures import NoReply
from pi_client.faults import HANDLING
from pi_client.press import ButtonPress, PressAnswer
from pi_client.transport import Reply, Transport
from pi_client.uploader import press_headers, sign

PAUSE_S = (0.05, 0.6)  # between two presses of a door
WIDTH_PX, QUALITY = 640, 80
JPEG_BEGIN, COMMENT = b"\xff\xd8", b"\xff\xfe"
ANSWERED = (200, 404)
AGAIN = 0.1  # of all presses that were answered are sent once more, as where the answer was lost on its way


@dataclass(frozen=True)
class Guest:
    """Whoever presses: a name that the house knows, ``""`` for a stranger, and a photo."""

    name: str
    photo: bytes


class ToldPerson(msgspec.Struct, frozen=True):
    """Who the door is told it was."""

    id: str
    name: str


class Told(msgspec.Struct, frozen=True):
    """What a door believes of an answer."""

    outcome: str
    visit: str
    kept: bool
    person: ToldPerson | None


@dataclass
class SentPress:
    """One press, of a photo that no other press has.

    Attributes:
        id: the same in each retry.
        guest: who pressed.
        sha256: of the photo.
        told: each answer that the door believed; several where one was lost on its way.
    """

    id: str
    guest: Guest
    sha256: str
    told: list[Told] = field(default_factory=list)


@dataclass
class Ledger:
    """All that was sent and told."""

    presses: list[SentPress] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def acknowledged(self) -> list[SentPress]:
        """Those that were told a verdict, with what they were told up to now."""
        return [replace(press, told=press.told[:]) for press in self.presses[:] if press.told]


def guests_of(material: Material, known: int) -> list[Guest]:
    """Everybody on the photos: the first so many are those that the house knows."""
    names = list(material.enrolments)
    return [
        Guest(name if number < known else "", _small(photo))
        for number, (name, photo) in enumerate(zip(names, material.photos, strict=True))
    ]


class PressingDoor:
    """A door with a token, and those who come to it.

    Args:
        settings: of the device, with its retries and deadlines.
        token: of this door.
        guests: who come.
        ledger: is told of each press.
        chance: who comes when.
    """

    def __init__(
        self,
        settings: ServerSettings,
        token: str,
        guests: list[Guest],
        ledger: Ledger,
        chance: random.Random,
    ):
        self._settings, self._token, self._guests = settings, token, guests
        self._ledger, self._chance = ledger, chance
        self._boot, self._key = str(uuid.UUID(int=chance.getrandbits(128))), signing_key(token)
        self._transport = Transport(settings, CLOCK.monotonic)

    def run(self, stop: threading.Event) -> None:
        """Press until told to stop."""
        while not stop.wait(self._chance.uniform(*PAUSE_S)):
            self._press()
        self._transport.close()

    def _press(self) -> None:
        guest = self._chance.choice(self._guests)
        now_s = CLOCK.monotonic()
        press = ButtonPress(str(uuid.uuid4()), now_s, CLOCK.wall(), now_s + self._settings.deadline_s)
        photo = marked(guest.photo, press.id)
        sent = SentPress(press.id, guest, hashlib.sha256(photo).hexdigest())
        self._ledger.presses.append(sent)
        request, expected = self._request(press, photo), ExpectedProof(self._key, photo_digests([photo]))
        for attempt in range(self._settings.retries + 1):
            answer = self._attempt(request, press, expected, sent)
            if answer is not None and (answer.fault is None or not HANDLING[answer.fault].retried):
                break
            time.sleep(self._settings.backoff_s * 2**attempt)
        if sent.told and self._chance.random() < AGAIN:
            self._attempt(request, press, expected, sent)

    def _attempt(
        self, request: requests.PreparedRequest, press: ButtonPress, expected: ExpectedProof, sent: SentPress
    ) -> PressAnswer | None:
        try:
            reply = self._transport.send(request, press.deadline_s)
        except NoReply as error:
            self._ledger.refused[f"no reply: {error.fault.value}"] += 1
            return None
        answer = judge(reply, press, expected, CLOCK.wall())
        if answer.fault is not None or reply.status not in ANSWERED:
            self._ledger.refused[_refusal(reply, answer)] += 1
        else:
            sent.told.append(msgspec.json.decode(reply.body, type=Told))
        return answer

    def _request(self, press: ButtonPress, photo: bytes) -> requests.PreparedRequest:
        headers = press_headers(press, self._boot)
        files = {"file": ("door.jpg", photo, "image/jpeg")}
        request = requests.Request("POST", f"{self._settings.url}/", headers=headers, files=files).prepare()
        sign(request, self._token, CLOCK.wall(), "/")
        return request


@contextmanager
def pressing(doors: list[PressingDoor]) -> Iterator[None]:
    """All doors press while inside, each on a thread of its own."""
    stop = threading.Event()
    threads = [threading.Thread(target=door.run, args=(stop,), name="door") for door in doors]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def marked(photo: bytes, text: str) -> bytes:
    """The same JPEG with a comment, which makes it another file."""
    comment = text.encode()
    length = (len(comment) + 2).to_bytes(2, "big")
    return JPEG_BEGIN + COMMENT + length + comment + photo.removeprefix(JPEG_BEGIN)


def _refusal(reply: Reply, answer: PressAnswer) -> str:
    try:
        code = msgspec.json.decode(reply.body)["error"]["code"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        code = answer.detail
    return f"{reply.status} {code}"


def _small(photo: bytes) -> bytes:
    image = Image.open(BytesIO(photo)).convert("RGB")
    image.thumbnail((WIDTH_PX, WIDTH_PX))
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
