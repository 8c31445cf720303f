"""Server and device make the same keys and signatures, though each has its own lines for it."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pi_client import evidence as device
from wsgi_app.access import evidence as server

texts = st.text(st.characters(codec="utf-8"))
TOKEN = "front-door.a-secret"
NAMES = ("VERSION", "ANSWER", "REQUEST", "SIGNING", "ANSWER_FIELDS", "SIGNED_HEADERS", "REQUEST_FIELDS")


@pytest.mark.parametrize(
    ("secret", "salt", "info", "made"),
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            bytes(range(80)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ],
)
@pytest.mark.parametrize("side", [server, device])
def test_keys_are_derived_as_rfc_5869_has_it(
    side: object, secret: bytes, salt: bytes, info: bytes, made: str
) -> None:
    class Purpose(str):  # the RFC's are bytes that are no text
        def encode(self, *_: object) -> bytes:
            return info

    assert side.derived(secret, Purpose(), salt).hex() == made  # type: ignore[attr-defined]


def test_what_signs_is_not_what_the_token_is_found_by() -> None:
    kept = server.token_key(TOKEN)

    assert kept == hashlib.sha256(TOKEN.encode()).digest()
    assert server.signing_key(TOKEN) == device.signing_key(TOKEN)
    assert server.signing_key(TOKEN) not in (kept, server.derived(kept, server.SIGNING))


def test_an_answer_is_signed_field_by_field() -> None:
    stated = {"press": "p", "outcome": "known", "person": "7", "name": "Zoë", "digests": "ab,cd", "at": "now"}
    stated |= {"agreed": "2", "retry_after_s": "8", "photos": "1"}
    message = "17:porteiro-answer-2,1:p,5:known,1:7,4:Zoë,1:2,5:ab,cd,1:8,1:1,3:now,"
    key = server.signing_key(TOKEN)

    assert server.answer_signature(key, stated) == hmac.new(key, message.encode(), "sha256").hexdigest()


def test_a_request_is_signed_with_its_headers() -> None:
    stated = {"method": "POST", "target": "/", "device": "d", "at": "now", "Content-Type": "image/jpeg"}
    message = "18:porteiro-request-2,4:POST,1:/,1:d,3:now,10:image/jpeg,0:,0:,0:,0:,0:,0:,0:,"
    key = server.signing_key(TOKEN)

    assert server.request_signature(key, stated) == hmac.new(key, message.encode(), "sha256").hexdigest()


def test_a_token_is_made_again_of_the_same_secret_and_salt_alone() -> None:
    made = server.door_token(b"s" * 32, "front-door", b"salt")

    assert made == server.door_token(b"s" * 32, "front-door", b"salt")
    others = {
        server.door_token(b"t" * 32, "front-door", b"salt"),
        server.door_token(b"s" * 32, "front-door", b"pepper"),
        server.door_token(b"s" * 32, "front-dooR", b"salt"),
    }
    assert len({made.partition(".")[2]} | {token.partition(".")[2] for token in others}) == 4


@given(st.lists(texts, min_size=9, max_size=9), texts)
def test_the_device_makes_the_same(said: list[str], token: str) -> None:
    stated = dict(zip(server.ANSWER_FIELDS, said, strict=True))
    key = server.signing_key(token)
    signed = server.answer_signature(key, stated)

    assert [getattr(device, name) for name in NAMES] == [getattr(server, name) for name in NAMES]
    assert device.signing_key(token) == key
    assert device.answer_signature(key, stated) == signed
    proof = device.AnswerProof(stated["press"], stated["at"], signed)
    assert device.is_proven(proof, key, stated["press"], stated)


@given(st.lists(texts, min_size=12, max_size=12))
def test_the_device_signs_requests_as_the_server_reads_them(said: list[str]) -> None:
    stated = dict(zip(server.REQUEST_FIELDS, said, strict=True))
    key = server.signing_key(TOKEN)

    assert device.request_signature(key, stated) == server.request_signature(key, stated)


nearly_alike = st.lists(st.text(",:0123456789a"), min_size=9, max_size=9)


@given(nearly_alike, nearly_alike)
def test_no_two_answers_are_signed_alike(one: list[str], other: list[str]) -> None:
    key = bytes(32)
    stated = [dict(zip(server.ANSWER_FIELDS, said, strict=True)) for said in (one, other)]
    signed = [server.answer_signature(key, fields) for fields in stated]

    assert (signed[0] == signed[1]) == (one == other)
