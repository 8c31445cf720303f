import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pi_client.evidence import (
    SKEW,
    AnswerProof,
    answer_signature,
    is_of_now,
    is_proven,
    photo_digests,
    request_signature,
    signed_headers,
    signing_key,
)

TOKEN = "front-door.a-secret"
KEY = signing_key(TOKEN)
AT = "2026-11-21T12:00:00+00:00"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATED = {"outcome": "known", "person": "7", "name": "Ana", "digests": photo_digests((b"one", b"two"))}
STATED |= {"agreed": "2", "retry_after_s": "0", "photos": "1"}
TRUE = AnswerProof("press-1", AT, answer_signature(KEY, {**STATED, "press": "press-1", "at": AT}))


def test_a_photo_is_told_by_its_hash() -> None:
    assert photo_digests(()) == ""
    assert photo_digests((b"one", b"two")) == ",".join(
        hashlib.sha256(photo).hexdigest() for photo in (b"one", b"two")
    )


def test_the_servers_own_answer_is_proven() -> None:
    assert is_proven(TRUE, KEY, "press-1", STATED)


@pytest.mark.parametrize(
    ("evidence", "key", "press", "changed"),
    [
        (TRUE, signing_key("front-door.another"), "press-1", {}),
        (TRUE, hashlib.sha256(TOKEN.encode()).digest(), "press-1", {}),
        (TRUE, KEY, "press-2", {}),
        (TRUE, KEY, "press-1", {"outcome": "unknown"}),
        (TRUE, KEY, "press-1", {"person": "8"}),
        (TRUE, KEY, "press-1", {"person": "", "name": ""}),
        (TRUE, KEY, "press-1", {"name": "Ann"}),
        (TRUE, KEY, "press-1", {"agreed": "3"}),
        (TRUE, KEY, "press-1", {"agreed": ""}),
        (TRUE, KEY, "press-1", {"retry_after_s": "8"}),
        (TRUE, KEY, "press-1", {"photos": "2"}),
        (TRUE, KEY, "press-1", {"digests": photo_digests((b"one",))}),
        (TRUE, KEY, "press-1", {"digests": photo_digests((b"two", b"one"))}),
        (TRUE, KEY, "press-1", {"digests": photo_digests((b"one", b"two", b"two"))}),
        (AnswerProof("press-2", TRUE.at, TRUE.signature), KEY, "press-1", {}),
        (AnswerProof("press-1", "2026-11-21T12:00:01+00:00", TRUE.signature), KEY, "press-1", {}),
        (AnswerProof("press-1", TRUE.at, ""), KEY, "press-1", {}),
        (AnswerProof("press-1", TRUE.at, TRUE.signature[:-1]), KEY, "press-1", {}),
        (AnswerProof("press-1", TRUE.at, "é\ud800"), KEY, "press-1", {}),
        (AnswerProof("press-1", TRUE.at, TRUE.signature.upper()), KEY, "press-1", {}),
    ],
)
def test_anything_else_is_not(evidence: AnswerProof, key: bytes, press: str, changed: dict[str, str]) -> None:
    assert not is_proven(evidence, key, press, {**STATED, **changed})


any_text = st.text(st.characters())  # halves of characters too, which JSON may hold


@given(any_text, any_text, any_text, any_text)
@example("\ud800", "\ud800", "\ud800", "\ud800")
def test_no_text_makes_it_fail(press: str, at: str, signed: str, name: str) -> None:
    evidence = AnswerProof(press, at, signed)

    assert not is_proven(evidence, KEY, "press-1", {**STATED, "name": name})
    assert isinstance(is_of_now(evidence, NOW, NOW), bool)


def test_a_signed_request_names_the_device_and_never_the_token() -> None:
    request = {"method": "POST", "target": "/", "Content-Type": "image/jpeg"}

    headers = signed_headers(TOKEN, NOW + timedelta(microseconds=5), request, b"photo")

    at, digest = "2026-11-21T12:00:00.000005+00:00", "sha-256=:XHaiFoa1OgRNGj/D+hfb8JWQMCIe9J+T5vEo73+/qvQ=:"
    stated = {**request, "device": "front-door", "at": at, "Content-Digest": headers["Content-Digest"]}
    assert re.fullmatch(r"sha-256=:[A-Za-z0-9+/]{43}=:", digest)
    assert headers["Authorization"] == (
        f'Porteiro device="front-door", at="{at}", signature="{request_signature(KEY, stated)}"'
    )
    assert "a-secret" not in str(headers)


@pytest.mark.parametrize(
    ("at", "of_now"),
    [
        (NOW, True),
        (NOW - SKEW, True),
        (NOW + timedelta(seconds=2) + SKEW, True),
        (NOW - SKEW - timedelta(seconds=1), False),
        (NOW + SKEW + timedelta(seconds=3), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
    ],
)
def test_an_answer_is_of_now_as_far_as_two_clocks_agree(at: datetime, *, of_now: bool) -> None:
    evidence = AnswerProof("press-1", at.isoformat(), "")

    assert is_of_now(evidence, NOW, NOW + timedelta(seconds=2)) is of_now


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-21T12:00:00", "2026-11-21", "9" * 4000])
def test_a_time_without_zone_or_sense_is_not_of_now(at: str) -> None:
    assert not is_of_now(AnswerProof("press-1", at, ""), NOW, NOW)
