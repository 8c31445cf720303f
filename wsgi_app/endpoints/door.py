"""The door: one photo in, a verdict out, on disk before it is told."""

import re
from typing import Any

import msgspec
from webob import Response

from wsgi_app.errors import BadRequest
from wsgi_app.services import Call
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit
from wsgi_app.uploads import read_jpeg
from wsgi_app.vision.pipeline import Outcome, Verdict

KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,128}")


class PersonInAnswer(msgspec.Struct):
    """Who was let in."""

    id: str
    name: str


class Answer(msgspec.Struct):
    """What the door is told."""

    service: str
    status: str
    outcome: str
    person: PersonInAnswer | None
    score: float | None
    visit: str
    took_ms: float


def answer(call: Call) -> Response:
    """``POST /``: 200 for somebody known, 404 for everybody else, both with the whole verdict as JSON."""
    key = _idempotency_key(call)
    stored = call.services.stores.visits.answer(key) if key else None
    if stored is None:
        stored = _judge(call, key)
    response = Response(stored.body, status=stored.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if key:
        response.headers[KEY_HEADER] = key.key
    return response


def device_of(call: Call) -> str:
    """The device that asks: anonymous doors are told apart by their address."""
    return f"address:{call.request.environ.get('REMOTE_ADDR') or 'local'}"


def describe_face(verdict: Verdict) -> dict[str, Any] | None:
    """The face judged and its quality, as kept with the visit: pixels of the photo as sent."""
    if verdict.face is None or verdict.quality is None:
        return None
    return {
        "box": [round(value, 1) for value in verdict.face.box],
        "landmarks": [[round(x, 1), round(y, 1)] for x, y in verdict.face.landmarks],
        "score": round(verdict.face.score, 4),
        "quality": {name: round(value, 3) for name, value in vars(verdict.quality).items()},
    }


def _judge(call: Call, key: IdempotencyKey | None) -> StoredAnswer:
    services, visits = call.services, call.services.stores.visits
    photo = read_jpeg(call.request, "file", services.config.limits)
    at, visit_id = visits.now(), visits.new_id()
    gallery = services.gallery.now()
    picture = services.pipeline.decode(photo, call.steps)
    with visits.saving_photo(visit_id, at, photo) as saved:
        verdict = services.pipeline.judge(picture, gallery.gallery, services.policy, call.steps)
        took_ms = round(call.steps.elapsed_s() * 1000, 2)
        with call.steps("save"):
            photo_name = saved()
    person = PersonInAnswer(verdict.person, gallery.names[verdict.person]) if verdict.person else None
    score = None if verdict.score is None else round(verdict.score, 4)
    told = Answer("porteiro", "OK", verdict.outcome, person, score, visit_id, took_ms)
    status = 200 if verdict.outcome is Outcome.KNOWN else 404
    with call.steps("store"):
        kept = visits.add(
            Visit(
                number=0,
                id=visit_id,
                at=at,
                device=device_of(call),
                outcome=verdict.outcome,
                person_id=verdict.person,
                score=score,
                face=describe_face(verdict),
                photo=photo_name,
                took_ms=took_ms,
            ),
            StoredAnswer(status, msgspec.json.encode(told)),
            key,
        )
    services.tally.outcome(verdict.outcome)
    return kept


def _idempotency_key(call: Call) -> IdempotencyKey | None:
    key = call.request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise BadRequest(f"{KEY_HEADER} takes 1 to 128 visible ASCII characters.", code="bad_idempotency_key")
    return IdempotencyKey(device_of(call), key)
