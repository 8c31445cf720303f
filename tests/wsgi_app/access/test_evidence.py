"""Server and device make the same keys and signatures, though each has its own lines for it."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from pi_client import evidence as device
from wsgi_app.access import evidence as server

texts = st.text(st.characters(codec="utf-8"))


def test_a_signature_is_the_hmac_of_the_four_lines() -> None:
    key = hashlib.sha256(b"front-door.secret").digest()
    message = b"porteiro-door-1\npress-1\nknown\n2026-01-05T10:00:00+00:00"
    signed = hmac.new(key, message, "sha256").hexdigest()

    assert server.token_key("front-door.secret") == key
    assert server.signature(key, "press-1", "known", "2026-01-05T10:00:00+00:00") == signed


@given(token=texts, press=texts, outcome=texts, at=texts)
def test_the_device_makes_the_same(token: str, press: str, outcome: str, at: str) -> None:
    key = server.token_key(token)
    signed = server.signature(key, press, outcome, at)

    assert (device.CONTEXT, device.token_key(token)) == (server.CONTEXT, key)
    assert device.signature(key, press, outcome, at) == signed
    assert device.is_proven(device.AnswerProof(press, at, signed), key, press, outcome)
