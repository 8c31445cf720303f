import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pi_client.answers import judge, unheard
from pi_client.evidence import ExpectedProof, photo_digests, signing_key
from pi_client.faults import Fault
from pi_client.press import ButtonPress, PressAnswer, PressResult
from pi_client.transport import Reply
from tests.pi_client.hostile_server import evidence_of

KEY = signing_key("front-door.a-secret")
DIGESTS = photo_digests((b"first", b"second"))
EXPECTED = ExpectedProof(KEY, DIGESTS)
ANA = {"id": "7", "name": "Ana"}
NOW = datetime(2026, 11, 21, 12, 0, 2, tzinfo=UTC)
AT = NOW.isoformat()
PRESS = ButtonPress("press-1", at_s=100.0, at=NOW - timedelta(seconds=2), deadline_s=110.0)
REFUSALS = ("unknown", "no_face", "too_dark", "too_small", "blurred", "several_people", "not_now")
# Of a server that knows more than this device.
NEW_WORDS = ("asleep", "wears_a_mask", "wears-a-mask", "level_2", "Known", "x")


def evidence(
    outcome: str, press: str = "press-1", at: str = AT, key: bytes = KEY, digests: str = DIGESTS, **told: Any
) -> dict[str, Any]:
    return evidence_of(key, press, digests, at, {"outcome": outcome, **told})


def earlier_evidence(outcome: str) -> dict[str, str]:
    """As releases made it whose key was what the server's database has of the token."""
    key = hashlib.sha256(b"front-door.a-secret").digest()
    message = f"porteiro-door-1\npress-1\n{outcome}\n{AT}"
    return {"press": "press-1", "at": AT, "signature": hmac.digest(key, message.encode(), "sha256").hex()}


def numbers_of(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name in ("agreed", "retry_after_s", "photos")}


def honest(word: str, **changed: Any) -> dict[str, Any]:
    body = {
        "service": "porteiro",
        "status": "OK",
        "outcome": word,
        "evidence": evidence(word, **numbers_of(changed)),
    }
    return {**body, **changed}


def reply(status: int, body: Any, kind: str = "application/json", press: str = "press-1") -> Reply:
    return Reply(status, kind, press, body if isinstance(body, bytes) else json.dumps(body).encode(), 42.0)


def answer(result: PressResult, fault: Fault | None = None, detail: str = "") -> PressAnswer:
    return PressAnswer("press-1", result, fault, detail, 42.0)


def test_known_with_200_is_granted() -> None:
    assert judge(reply(200, honest("known")), PRESS, EXPECTED, NOW) == answer(
        PressResult.GRANTED, None, "known"
    )


@pytest.mark.parametrize("word", REFUSALS + NEW_WORDS)
def test_every_other_outcome_with_404_is_refused(word: str) -> None:
    assert judge(reply(404, honest(word)), PRESS, EXPECTED, NOW) == answer(PressResult.REFUSED, None, word)


@pytest.mark.parametrize(("status", "word"), [(200, "known"), (404, "blurred"), (404, "asleep")])
def test_without_a_token_the_press_id_must_come_back(status: int, word: str) -> None:
    body = {"service": "porteiro", "status": "OK", "outcome": word}
    results = {200: PressResult.GRANTED, 404: PressResult.REFUSED}

    assert judge(reply(status, body), PRESS, None, NOW) == answer(results[status], None, word)
    for other in ("press-2", "", "PRESS-1"):
        doubted = judge(reply(status, body, press=other), PRESS, None, NOW)
        assert doubted == answer(PressResult.FAILED, Fault.UNPROVEN, f"the answer is for the press {other!a}")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, honest("unknown"), "application/json"),
        (404, honest("known"), "application/json"),
        (200, honest("asleep"), "application/json"),
        (200, honest("Known"), "application/json"),
        (404, honest(""), "application/json"),
        (404, honest("asleep", outcome=None), "application/json"),
        (404, honest("asleep", outcome=["asleep"]), "application/json"),
        (404, honest("asleep", service="other"), "application/json"),
        (404, honest("asleep", status="error"), "application/json"),
        (200, honest("known"), "text/html"),
        (200, honest("known"), ""),
        (404, honest("unknown"), "text/plain"),
        (200, honest("known", service="other"), "application/json"),
        (200, honest("known", service=None), "application/json"),
        (200, honest("known", status="ok"), "application/json"),
        (200, honest("known", status=1), "application/json"),
        (200, honest("known", outcome=["known"]), "application/json"),
        (200, honest("known", outcome={"known": 1}), "application/json"),
        (200, honest("known", outcome=True), "application/json"),
        (200, [honest("known")], "application/json"),
        (200, "known", "application/json"),
        (200, None, "application/json"),
        (200, b"", "application/json"),
        (200, b"<html>Welcome to our Wi-Fi</html>", "application/json"),
        (200, json.dumps(honest("known")).encode()[:-1], "application/json"),
        (200, b"[" * 60_000, "application/json"),
        (200, b'{"outcome": ' + b"9" * 60_000 + b"}", "application/json"),
        (200, b"\xff\xfe\xfd", "application/json"),
        (404, {"error": {"code": "not_found", "message": "No such path."}}, "application/json"),
    ],
)
def test_point_6_what_is_not_porteiros_answer_is_of_the_wrong_server(
    status: int, body: Any, kind: str
) -> None:
    judged = judge(reply(status, body, kind), PRESS, EXPECTED, NOW)

    assert (judged.result, judged.fault) == (PressResult.FAILED, Fault.WRONG_SERVER)
    assert judged == judge(reply(status, body, kind), PRESS, None, NOW)


@pytest.mark.parametrize(("status", "word"), [(200, "known"), (404, "unknown"), (404, "asleep")])
@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (lambda word: None, Fault.UNPROVEN),
        (lambda word: "signed", Fault.UNPROVEN),
        (lambda word: [], Fault.UNPROVEN),
        (lambda word: {}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "signature": None}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "signature": "0" * 64}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "press": 1}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "at": "\ud800"}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "at": (NOW + timedelta(seconds=1)).isoformat()}, Fault.UNPROVEN),
        (lambda word: evidence(word, press="press-2"), Fault.UNPROVEN),
        (lambda word: evidence("known" if word != "known" else "unknown"), Fault.UNPROVEN),
        (lambda word: evidence(word, key=signing_key("front-door.another")), Fault.UNPROVEN),
        (lambda word: evidence(word, at="1970-01-01T00:00:00+00:00"), Fault.CLOCK),
        (lambda word: evidence(word, at=(NOW + timedelta(minutes=1)).isoformat()), Fault.CLOCK),
        (lambda word: evidence(word, at="2026-11-21T12:00:02"), Fault.CLOCK),
        (lambda word: evidence(word, at="now"), Fault.CLOCK),
        (lambda word: evidence(word, digests=photo_digests((b"first",))), Fault.UNPROVEN),
        (lambda word: evidence(word, digests=photo_digests((b"second", b"first"))), Fault.UNPROVEN),
        (lambda word: evidence(word, digests=""), Fault.UNPROVEN),
        (lambda word: evidence(word, person=ANA), Fault.UNPROVEN),
        (lambda word: evidence(word, agreed=2), Fault.UNPROVEN),
        (lambda word: evidence(word, retry_after_s=30), Fault.UNPROVEN),
        (lambda word: evidence(word, photos=3), Fault.UNPROVEN),
        (lambda word: {**evidence(word), "version": True}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "version": "2"}, Fault.UNPROVEN),
        (lambda word: {**evidence(word), "version": 3}, Fault.OLD_DEVICE),
        (lambda word: {**evidence(word), "version": 1}, Fault.OLD_SERVER),
        (lambda word: {**evidence(word), "version": 0}, Fault.OLD_SERVER),
        (earlier_evidence, Fault.OLD_SERVER),
    ],
)
def test_an_answer_to_a_door_with_a_token_must_be_proven_and_of_now(
    status: int, word: str, changed: Any, fault: Fault
) -> None:
    judged = judge(reply(status, honest(word, evidence=changed(word))), PRESS, EXPECTED, NOW)

    assert (judged.result, judged.fault) == (PressResult.FAILED, fault)


def test_an_answer_without_evidence_is_not_enough_for_a_door_with_a_token() -> None:
    body = {"service": "porteiro", "status": "OK", "outcome": "known"}

    assert judge(reply(200, body), PRESS, EXPECTED, NOW) == answer(
        PressResult.FAILED, Fault.UNPROVEN, "the answer has no evidence"
    )


def test_who_it_is_comes_with_a_proof_too() -> None:
    body = honest("known", person=ANA, evidence=evidence("known", person=ANA))

    assert judge(reply(200, body), PRESS, EXPECTED, NOW).person == "'Ana'"


@pytest.mark.parametrize(
    "person",
    [
        None,
        {},
        {"id": "8", "name": "Ana"},
        {"id": "7", "name": "Anna"},
        {"id": "7", "name": "A\u0301na"},
        {"id": "7", "name": "Ana\ud800"},
        {"id": "", "name": "7Ana"},
        {"id": "7,3:Ana", "name": ""},
        {"id": 7, "name": "Ana"},
        ["7", "Ana"],
        "Ana",
    ],
)
def test_nobody_else_can_be_put_in_their_place(person: Any) -> None:
    body = honest("known", person=person, evidence=evidence("known", person=ANA))

    judged = judge(reply(200, body), PRESS, EXPECTED, NOW)

    assert (judged.result, judged.fault, judged.person) == (PressResult.FAILED, Fault.UNPROVEN, "")


@pytest.mark.parametrize(
    ("status", "evidence", "fault"),
    [
        (204, "2", None),
        (204, "", Fault.OLD_SERVER),
        (204, "1", Fault.OLD_SERVER),
        (204, "two", Fault.OLD_SERVER),
        (204, "2, 2", Fault.OLD_SERVER),
        (204, "9" * 5000, Fault.OLD_SERVER),
        (204, "3", Fault.OLD_DEVICE),
        (401, "2", Fault.TOKEN),
        (403, "2", Fault.TOKEN),
        (503, "2", Fault.UNREACHABLE),
        (200, "2", Fault.WRONG_SERVER),
    ],
)
def test_a_heartbeat_tells_which_of_the_two_is_of_an_earlier_release(
    status: int, evidence: str, fault: Fault | None
) -> None:
    assert unheard(Reply(status, "text/plain", "", b"", 1.0, evidence)) is fault


@pytest.mark.parametrize(
    ("expected", "evidence", "fault"),
    [
        (EXPECTED, "", Fault.OLD_SERVER),
        (EXPECTED, "1", Fault.OLD_SERVER),
        (EXPECTED, "none", Fault.OLD_SERVER),
        (EXPECTED, "2", Fault.ALTERED),
        (EXPECTED, "3", Fault.ALTERED),
        (None, "", Fault.TOKEN),
        (None, "2", Fault.TOKEN),
    ],
)
def test_a_door_that_did_prove_who_it_is_and_is_asked_for_its_token_knows_why(
    expected: ExpectedProof | None, evidence: str, fault: Fault
) -> None:
    asked = reply(401, {"error": {"code": "token_needed", "message": "..."}})

    assert judge(replace(asked, evidence=evidence), PRESS, expected, NOW).fault is fault


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (400, "update_device", Fault.OLD_DEVICE),
        (400, "update_server", Fault.OLD_SERVER),
        (400, "bad_press", Fault.ALTERED),
        (400, "press_needed", Fault.ALTERED),
        (400, "bad_idempotency_key", Fault.ALTERED),
        (400, "bad_header", Fault.ALTERED),
        (400, "bad_form", Fault.ALTERED),
        (401, "bad_signature", Fault.SIGNATURE),
        (401, "unauthorized", Fault.TOKEN),
        (403, "revoked", Fault.TOKEN),
        (413, "too_large", Fault.PHOTO_REJECTED),
        (415, "not_a_jpeg", Fault.PHOTO_REJECTED),
        (422, "no_file", Fault.PHOTO_REJECTED),
        (409, "clock", Fault.CLOCK),
        (409, "replayed", Fault.CLOCK),
        (409, None, Fault.SERVER_ERROR),
        (400, "clock", Fault.SERVER_ERROR),
        (405, "method", Fault.SERVER_ERROR),
        (429, "too_many", Fault.SERVER_ERROR),
        (500, "internal", Fault.SERVER_ERROR),
        (507, "full", Fault.SERVER_ERROR),
        (502, None, Fault.UNREACHABLE),
        (503, "overloaded", Fault.UNREACHABLE),
        (503, None, Fault.UNREACHABLE),
        (504, None, Fault.UNREACHABLE),
        (201, None, Fault.WRONG_SERVER),
        (204, None, Fault.WRONG_SERVER),
        (301, None, Fault.WRONG_SERVER),
        (302, None, Fault.WRONG_SERVER),
        (304, None, Fault.WRONG_SERVER),
        (307, None, Fault.WRONG_SERVER),
        (101, None, Fault.WRONG_SERVER),
        (999, None, Fault.WRONG_SERVER),
    ],
)
def test_every_other_status_is_a_fault(status: int, code: str | None, fault: Fault) -> None:
    body = b"<html>" if code is None else {"error": {"code": code, "message": "..."}}
    kind = "text/html" if code is None else "application/json"
    detail = f"status {status}" + (f", '{code}'" if code else "")

    assert judge(reply(status, body, kind), PRESS, EXPECTED, NOW) == answer(PressResult.FAILED, fault, detail)


@pytest.mark.parametrize("status", [201, 301, 401, 403, 409, 413, 500, 503])
def test_the_best_body_does_not_make_up_for_another_status(status: int) -> None:
    assert judge(reply(status, honest("known")), PRESS, EXPECTED, NOW).result is PressResult.FAILED


# What the door has to do at its next press


@pytest.mark.parametrize(
    ("told", "wait_s", "photos"),
    [
        ({}, 0, 0),
        ({"retry_after_s": 0, "photos": 1}, 0, 1),
        ({"retry_after_s": 8, "photos": 2}, 8, 2),
        ({"retry_after_s": 86_400, "photos": 4}, 30, 0),
        ({"retry_after_s": 10**400, "photos": 10**400}, 0, 0),
        ({"retry_after_s": -1, "photos": 0}, 0, 0),
        ({"retry_after_s": 8.5, "photos": 2.0}, 0, 0),
        ({"retry_after_s": True, "photos": True}, 0, 0),
        ({"retry_after_s": "8", "photos": "2"}, 0, 0),
        ({"retry_after_s": None, "photos": []}, 0, 0),
    ],
)
def test_a_refusal_tells_how_long_to_wait_and_how_many_photos_to_take(
    told: dict[str, Any], wait_s: float, photos: int
) -> None:
    judged = judge(reply(404, honest("unknown", **told)), PRESS, EXPECTED, NOW)

    assert judged == replace(answer(PressResult.REFUSED, None, "unknown"), wait_s=wait_s, photos=photos)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [("4", 4), ("30", 30), ("86400", 30), ("0", 1), ("", 1), ("-5", 1), ("9" * 99, 1), ("soon", 1), ("٣", 1)],
)
@pytest.mark.parametrize("expected", [EXPECTED, None])
def test_a_press_that_came_too_soon_waits_for_as_long_as_the_server_says_but_never_for_long(
    retry_after: str, wait_s: float, expected: ExpectedProof | None
) -> None:
    refusal = replace(reply(429, {"error": {"code": "too_soon"}}), retry_after=retry_after)

    judged = judge(refusal, PRESS, expected, NOW)

    assert judged == replace(answer(PressResult.TOO_SOON, None, "too_soon"), wait_s=wait_s)


# How many photos agree


@pytest.mark.parametrize(
    ("needed", "agreed", "granted"),
    [
        (1, {}, True),
        (1, {"agreed": 1}, True),
        (1, {"agreed": 0}, False),
        (2, {}, False),
        (2, {"agreed": 1}, False),
        (2, {"agreed": 2}, True),
        (2, {"agreed": 3}, True),
        (3, {"agreed": 2}, False),
        (2, {"agreed": "2"}, False),
        (2, {"agreed": 2.0}, False),
        (1, {"agreed": True}, False),
        (2, {"agreed": None}, False),
        (2, {"agreed": [2, 2]}, False),
    ],
)
@pytest.mark.parametrize("proof", [EXPECTED, None])
def test_nobody_is_let_in_on_fewer_photos_than_the_door_asks_for(
    needed: int, agreed: dict[str, Any], granted: bool, proof: ExpectedProof | None
) -> None:
    judged = judge(reply(200, honest("known", **agreed)), replace(PRESS, agreeing=needed), proof, NOW)

    expected = (PressResult.GRANTED, None) if granted else (PressResult.FAILED, Fault.NOT_AGREED)
    assert (judged.result, judged.fault) == expected


def test_what_a_stranger_writes_comes_short_and_plain_into_the_log() -> None:
    strange = "\x1b[31m\ud800" * 1000
    bodies = (
        (200, honest("known", outcome=strange), "application/json"),
        (200, b"", strange),
        (500, {"error": {"code": strange}}, "application/json"),
        (200, honest("known", evidence=evidence("known", at="\x1b" * 9000)), "application/json"),
    )

    details = [judge(reply(*body), PRESS, EXPECTED, NOW).detail for body in bodies]

    assert all(detail.isprintable() and detail.isascii() and len(detail) < 200 for detail in details)
    assert judge(reply(200, honest("known"), press=strange), PRESS, None, NOW).detail.isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
keys = st.sampled_from(["service", "status", "outcome", "evidence", "error"])


@given(
    st.integers(100, 999),
    st.dictionaries(keys, json_values) | json_values,
    st.sampled_from([EXPECTED, None]),
)
def test_no_body_makes_it_fail_and_none_that_is_not_signed_opens(
    status: int, body: Any, expected: ExpectedProof | None
) -> None:
    judged = judge(reply(status, body, press="press-2"), PRESS, expected, NOW)

    assert judged.result is PressResult.FAILED
    assert judged.fault is not None


def test_a_word_that_steers_a_terminal_is_written_out() -> None:
    judged = judge(reply(404, honest("asleep\x1b[2J\n" + "x" * 100)), PRESS, EXPECTED, NOW)

    assert (judged.result, judged.detail) == (PressResult.REFUSED, "asleep\\x1b[2J\\n" + "x" * 45)


words = st.sampled_from(["known", *REFUSALS]) | st.from_regex(r"[a-z_]{1,45}", fullmatch=True) | st.text()


@given(st.sampled_from([200, 404]) | st.integers(100, 999), words)
def test_the_best_proof_is_green_for_one_answer_and_red_for_any_other_word_with_404(
    status: int, word: str
) -> None:
    judged = judge(reply(status, honest(word)), PRESS, EXPECTED, NOW)

    assert (judged.result is PressResult.GRANTED) == ((status, word) == (200, "known"))
    assert (judged.result is PressResult.REFUSED) == (status == 404 and word not in ("", "known"))
    assert (judged.fault is None) == (judged.result is not PressResult.FAILED)


@given(st.binary())
def test_no_bytes_make_it_fail(body: bytes) -> None:
    assert judge(reply(200, body), PRESS, EXPECTED, NOW).fault is Fault.WRONG_SERVER
