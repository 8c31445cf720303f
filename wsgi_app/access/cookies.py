"""The cookie of a sign-in: a random key and its signature; and what that sign-in's pages show as theirs.

The key is kept nowhere: the database has its SHA-256. The signature keeps made-up keys away from there.
"""

import hmac
import re
from base64 import urlsafe_b64encode

from webob.cookies import SignedSerializer

NAME = "porteiro_session"
KEY_BYTES = 32
VALUE = re.compile(r"[0-9A-Za-z_-]{128}")  # the HMAC-SHA512 and the key, in base64


class BytesSerializer:
    """What WebOb's signer signs is bytes already."""

    def dumps(self, appstruct: bytes) -> bytes:
        """What is signed."""
        return appstruct

    def loads(self, bstruct: bytes) -> bytes:
        """What was signed."""
        return bstruct


def signed(key: bytes, secret: bytes) -> str:
    """The cookie's value for a key [32]."""
    return _signer(secret).dumps(key).decode("ascii")


def key_in(value: str, secret: bytes) -> bytes | None:
    """The key [32] in a cookie's value, ``None`` where nobody signed that here."""
    if not VALUE.fullmatch(value):  # Python's base64 would pass over letters that are none of its own
        return None
    try:
        key: bytes = _signer(secret).loads(value.encode("ascii"))
    except ValueError:
        return None
    return key


def csrf_of(key: bytes, secret: bytes) -> str:
    """What a change from a page of that sign-in has to bring."""
    return urlsafe_b64encode(hmac.digest(secret, b"csrf:" + key, "sha256")).decode().rstrip("=")


def _signer(secret: bytes) -> SignedSerializer:
    return SignedSerializer(secret, salt=NAME, hashalg="sha512", serializer=BytesSerializer())
