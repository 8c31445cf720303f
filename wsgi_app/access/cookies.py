"""The cookie of a sign-in: a random key and its signature; and what that sign-in's pages show as theirs.

The key is kept nowhere: the database has its SHA-256. The signature keeps made-up keys away from there.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

NAME = "porteiro_session"
KEY_BYTES = 32
VALUE = re.compile(r"([0-9A-Za-z_-]{43})\.([0-9A-Za-z_-]{43})")


def signed(key: bytes, secret: bytes) -> str:
    """The cookie's value for a key [32]."""
    return f"{_text(key)}.{_mac(key, secret, b'cookie')}"


def key_in(value: str, secret: bytes) -> bytes | None:
    """The key [32] in a cookie's value, ``None`` where nobody signed that here."""
    found = VALUE.fullmatch(value)
    if found is None:
        return None
    key = urlsafe_b64decode(found[1] + "=")
    return key if hmac.compare_digest(_mac(key, secret, b"cookie"), found[2]) else None


def csrf_of(key: bytes, secret: bytes) -> str:
    """What a change from a page of that sign-in has to bring."""
    return _mac(key, secret, b"csrf")


def _mac(key: bytes, secret: bytes, use: bytes) -> str:
    return _text(hmac.digest(secret, use + b":" + key, "sha256"))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
