"""What proves that an answer is the server's own, to this very press, and of now.

The server keeps no token, only its SHA-256, and that hash is the key which both sides have. The same lines
stand in the server's ``wsgi_app/access/evidence.py``: the two are installed apart, on different machines.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

CONTEXT = "porteiro-door-1"  # so that no signature made for another purpose fits
SKEW = timedelta(seconds=30)  # by which the clocks of door and server may differ


@dataclass(frozen=True)
class AnswerProof:
    """What an answer carries besides its outcome.

    Attributes:
        press: the id of the press that is answered.
        at: when the server answered, as it wrote it: ISO 8601 with its zone.
        signature: of press, outcome and time, hexadecimal.
    """

    press: str
    at: str
    signature: str


def token_key(token: str) -> bytes:
    """The key [32] that door and server share: the SHA-256 of the token."""
    return hashlib.sha256(token.encode()).digest()


def signature(key: bytes, press: str, outcome: str, at: str) -> str:
    """HMAC-SHA256 (RFC 2104) over the four lines, hexadecimal."""
    message = "\n".join((CONTEXT, press, outcome, at))
    return hmac.new(key, _bytes(message), hashlib.sha256).hexdigest()


def is_proven(evidence: AnswerProof, key: bytes, press: str, outcome: str) -> bool:
    """Whether the signature is that of the server, for this press and this outcome."""
    expected = signature(key, press, outcome, evidence.at)
    same = hmac.compare_digest(_bytes(expected), _bytes(evidence.signature))
    return same and hmac.compare_digest(_bytes(press), _bytes(evidence.press))


def is_of_now(evidence: AnswerProof, pressed_at: datetime, now: datetime) -> bool:
    """Whether the server's time lies between press and now, as far as two clocks agree."""
    try:
        at = datetime.fromisoformat(evidence.at)
    except ValueError:
        return False
    return at.tzinfo is not None and pressed_at - SKEW <= at <= now + SKEW


def _bytes(text: str) -> bytes:
    # JSON may hold half a character ("\\ud800"), which strict UTF-8 has no bytes for.
    return text.encode("utf-8", "surrogatepass")
