"""What signs an answer of the server, and a request of this device.

What signs is derived from the token, apart from its SHA-256, which the server's database has: a copy of that
signs nothing. The same lines stand in the server's ``wsgi_app/access/evidence.py``: the two are installed
apart, on different machines.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

VERSION = 2  # of all that is signed: whoever knows another one is to be updated
# So that no signature, and no key, made for one purpose fits another.
ANSWER, REQUEST, SIGNING = (f"porteiro-{purpose}-{VERSION}" for purpose in ("answer", "request", "sign"))
SKEW = timedelta(seconds=30)  # by which the clocks of door and server may differ

# What an answer states, in the order in which it is signed: the press's id; the outcome; id and name of who
# was recognised, empty for nobody; how many photos agreed; the SHA-256 of each photo that came, in order; how
# long the door waits, and how many photos it sends of its next press; the server's time.
ANSWER_FIELDS = (
    "press",
    "outcome",
    "person",
    "name",
    "agreed",
    "digests",
    "retry_after_s",
    "photos",
    "at",
)

# What a request states: method; path and query below the mount; which door; its time; the headers that count.
SIGNED_HEADERS = (
    "Content-Type",
    "Content-Digest",
    "Idempotency-Key",
    "Porteiro-Agreeing-Faces",
    "Porteiro-Boot",
    "Porteiro-Evidence",
    "Porteiro-Pressed-At",
    "Porteiro-Pressed-Monotonic-Ms",
)
REQUEST_FIELDS = ("method", "target", "device", "at", *SIGNED_HEADERS)


@dataclass(frozen=True)
class AnswerProof:
    """What an answer carries besides what it states.

    Attributes:
        press: the id of the press that is answered.
        at: when the server answered, as it wrote it: ISO 8601 with its zone.
        signature: of all that is stated, hexadecimal.
    """

    press: str
    at: str
    signature: str


@dataclass(frozen=True)
class ExpectedProof:
    """By what an answer has to be proven.

    Attributes:
        key: that door and server share [32].
        digests: of the photos that were sent, as ``photo_digests`` gives it.
    """

    key: bytes
    digests: str


def signing_key(token: str) -> bytes:
    """The key [32] that door and server share."""
    return derived(token.encode(), SIGNING)


def derived(secret: bytes, purpose: str, salt: bytes = b"") -> bytes:
    """A key [32] for one purpose: HKDF with SHA-256 (RFC 5869), of which this is the first block."""
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def photo_digests(photos: Iterable[bytes]) -> str:
    """The SHA-256 of each photo, hexadecimal, with commas between."""
    return ",".join(hashlib.sha256(photo).hexdigest() for photo in photos)


def answer_signature(key: bytes, stated: Mapping[str, str]) -> str:
    """The signature of an answer that states these ``ANSWER_FIELDS``, hexadecimal."""
    return _signature(key, ANSWER, (stated[name] for name in ANSWER_FIELDS))


def request_signature(key: bytes, stated: Mapping[str, str]) -> str:
    """The signature of a request that states these ``REQUEST_FIELDS``, hexadecimal; any may be missing."""
    return _signature(key, REQUEST, (stated.get(name, "") for name in REQUEST_FIELDS))


def is_proven(evidence: AnswerProof, key: bytes, press: str, stated: Mapping[str, str]) -> bool:
    """Whether the signature is that of the server, for this press and for what the answer states besides."""
    expected = answer_signature(key, {**stated, "press": press, "at": evidence.at})
    same = hmac.compare_digest(_bytes(expected), _bytes(evidence.signature))
    return same and hmac.compare_digest(_bytes(press), _bytes(evidence.press))


def is_of_now(evidence: AnswerProof, pressed_at: datetime, now: datetime) -> bool:
    """Whether the server's time lies between press and now, as far as two clocks agree."""
    try:
        at = datetime.fromisoformat(evidence.at)
    except ValueError:
        return False
    return at.tzinfo is not None and pressed_at - SKEW <= at <= now + SKEW


def signed_headers(token: str, at: datetime, request: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers that prove a request in place of the token, which stays here.

    Args:
        token: of this device, ``NAME.SECRET``.
        at: now, by the wall clock.
        request: its method, its target below the mount, and its headers, by the names of ``REQUEST_FIELDS``.
        body: of the request.
    """
    device = token.partition(".")[0]
    time = at.astimezone(UTC).isoformat(timespec="microseconds")
    digest = f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"  # RFC 9530
    stated = {**request, "device": device, "at": time, "Content-Digest": digest}
    signed = request_signature(signing_key(token), stated)
    return {
        "Content-Digest": digest,
        "Authorization": f'Porteiro device="{device}", at="{time}", signature="{signed}"',
    }


def _signature(key: bytes, context: str, texts: Iterable[str]) -> str:
    # HMAC-SHA256 (RFC 2104) over netstrings: a text tells its length, so no two lists make the same message.
    message = b"".join(b"%d:%s," % (len(data), data) for data in map(_bytes, (context, *texts)))
    return hmac.digest(key, message, "sha256").hex()


def _bytes(text: str) -> bytes:
    # JSON may hold half a character ("\\ud800"), which strict UTF-8 has no bytes for.
    return text.encode("utf-8", "surrogatepass")
