"""What proves to a door that an answer is the server's own, to this very press, and of now.

The server keeps no token, only its SHA-256, and that hash is the key which both sides have. The same lines
stand in the device's ``pi_client/evidence.py``: the two are installed apart, on different machines.
"""

import hashlib
import hmac

CONTEXT = "porteiro-door-1"  # so that no signature made for another purpose fits


def token_key(token: str) -> bytes:
    """The key [32] that door and server share: the SHA-256 of the token."""
    return hashlib.sha256(token.encode()).digest()


def signature(key: bytes, press: str, outcome: str, at: str) -> str:
    """HMAC-SHA256 (RFC 2104) over the four lines, hexadecimal."""
    message = "\n".join((CONTEXT, press, outcome, at))
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
