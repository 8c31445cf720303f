"""What signs an answer to a door, and a request of one, and what a token is found by.

A token is found by its SHA-256, which is all that the database has of it. What signs is derived from the
token itself, apart from that hash, so that a copy of the database signs nothing. The same lines stand in the
device's ``pi_client/evidence.py``: the two are installed apart, on different machines.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping

VERSION = 2  # of all that is signed: whoever knows an earlier one is to be updated
HEADER = "Porteiro-Evidence"  # of requests and answers: the version that its sender knows
# So that no signature, and no key, made for one purpose fits another.
ANSWER, REQUEST, SIGNING, TOKEN = (
    f"porteiro-{purpose}-{VERSION}" for purpose in ("answer", "request", "sign", "token")
)

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
    HEADER,
    "Porteiro-Pressed-At",
    "Porteiro-Pressed-Monotonic-Ms",
)
REQUEST_FIELDS = ("method", "target", "device", "at", *SIGNED_HEADERS)


def token_key(token: str) -> bytes:
    """What a token is found by [32]: its SHA-256. It signs nothing."""
    return hashlib.sha256(token.encode()).digest()


def signing_key(token: str) -> bytes:
    """The key [32] that door and server share; the server forgets it with the request."""
    return derived(token.encode(), SIGNING)


def door_token(secret: bytes, name: str, salt: bytes) -> str:
    """The token of a door: its name, and 43 letters that nobody can tell without the server's secret [32]."""
    made = derived(secret, f"{TOKEN}:{name}", salt)
    return f"{name}.{urlsafe_b64encode(made).decode().rstrip('=')}"


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


def _signature(key: bytes, context: str, texts: Iterable[str]) -> str:
    # HMAC-SHA256 (RFC 2104) over netstrings: a text tells its length, so no two lists make the same message.
    message = b"".join(b"%d:%s," % (len(data), data) for data in map(_bytes, (context, *texts)))
    return hmac.digest(key, message, "sha256").hex()


def _bytes(text: str) -> bytes:
    # JSON may hold half a character ("\\ud800"), which strict UTF-8 has no bytes for.
    return text.encode("utf-8", "surrogatepass")
