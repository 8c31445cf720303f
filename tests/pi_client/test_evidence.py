import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pi_client.evidence import SKEW, AnswerProof, is_of_now, is_proven, signature, token_key

KEY = token_key("front-door.a-secret")
AT = "2026-11-21T12:00:00+00:00"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRUE = AnswerProof("press-1", AT, signature(KEY, "press-1", "known", AT))


def test_the_key_is_the_hash_of_the_token() -> None:
    assert hashlib.sha256(b"front-door.a-secret").digest() == KEY


def test_the_signature_is_an_hmac_of_press_outcome_and_time() -> None:
    expected = hmac.new(KEY, b"porteiro-door-1\npress-1\nknown\n" + AT.encode(), "sha256").hexdigest()

    assert expected == TRUE.signature


def test_the_servers_own_answer_is_proven() -> None:
    assert is_proven(TRUE, KEY, "press-1", "known")


@pytest.mark.parametrize(
    ("evidence", "key", "press", "outcome"),
    [
        (TRUE, token_key("front-door.another"), "press-1", "known"),
        (TRUE, KEY, "press-2", "known"),
        (TRUE, KEY, "press-1", "unknown"),
        (AnswerProof("press-2", TRUE.at, TRUE.signature), KEY, "press-1", "known"),
        (AnswerProof("press-1", "2026-11-21T12:00:01+00:00", TRUE.signature), KEY, "press-1", "known"),
        (AnswerProof("press-1", TRUE.at, ""), KEY, "press-1", "known"),
        (AnswerProof("press-1", TRUE.at, "é\ud800"), KEY, "press-1", "known"),
        (AnswerProof("press-1", TRUE.at, TRUE.signature.upper()), KEY, "press-1", "known"),
    ],
)
def test_anything_else_is_not(evidence: AnswerProof, key: bytes, press: str, outcome: str) -> None:
    assert not is_proven(evidence, key, press, outcome)


any_text = st.text(st.characters())  # halves of characters too, which JSON may hold


@given(any_text, any_text, any_text, any_text)
@example("\ud800", "\ud800", "\ud800", "\ud800")
def test_no_text_makes_it_fail(press: str, at: str, signed: str, outcome: str) -> None:
    evidence = AnswerProof(press, at, signed)

    assert not is_proven(evidence, KEY, "press-1", outcome)
    assert isinstance(is_of_now(evidence, NOW, NOW), bool)


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
