"""The door: one photo in, a verdict out, on disk before it is told."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from webob import Response

from wsgi_app.access.doors import needed_holder, token_holder
from wsgi_app.access.evidence import signature
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Conflict
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.people import PersonName
from wsgi_app.house.gallery import GalleryState
from wsgi_app.house.presses import refuse_stale
from wsgi_app.stores.devices import Device
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.presses import Press, refuse_replayed
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit
from wsgi_app.vision.agreement import agreed
from wsgi_app.vision.verdicts import Verdict
from wsgi_app.web.call import Call
from wsgi_app.web.parts import read_burst
from wsgi_app.web.presses import ID_HEADER, read_press, read_press_id

PHOTO_FIELDS = ("file", "file2", "file3")  # the first is judged and kept, the others are of the same moment


class Evidence(msgspec.Struct):
    """What proves an answer to a door with a token; ``at`` is the server's time of answering, ISO 8601."""

    press: str
    at: str
    signature: str


class Answer(msgspec.Struct):
    """What the door is told; it is kept without evidence, which each answer gets anew.

    ``person`` is who was recognised: let in, or not at this hour.
    """

    service: str
    status: str
    outcome: Outcome
    person: PersonName | None
    score: float | None
    visit: str
    took_ms: float
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        door: which one, as visits have it.
        key: of its retries.
        press: what a door with a token tells of the press.
        device: that door, as it was when the request came.
    """

    door: DoorId
    key: IdempotencyKey | None
    press: Press | None = None
    device: Device | None = None


def answer(call: Call) -> Response:
    """``POST /``: 200 for somebody known, 404 for everybody else, both with the whole verdict as JSON."""
    try:
        caller = _caller(call)
        stored = _stored(call, caller) or _judge(call, caller)
    except Conflict as error:
        call.house.tally.press_refused(error.code)
        raise
    body = stored.body
    if caller.press is not None:
        told = msgspec.json.decode(body, type=Answer)
        at = call.house.stores.now().isoformat()
        told.evidence = evidence_for(caller.press, told.outcome, at)
        body = msgspec.json.encode(told)
    response = Response(body, status=stored.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if caller.key:
        response.headers[ID_HEADER] = caller.key.key
    return response


def evidence_for(press: Press, outcome: str, at: str) -> Evidence:
    """What proves to the device that it is the server that answers its press, and when."""
    return Evidence(press.id, at, signature(press.key, press.id, outcome, at))


def _caller(call: Call) -> Caller:
    house, headers = call.house, call.request.headers
    check = token_holder if house.config.takes_anonymous_doors else needed_holder
    holder = check(headers.get("Authorization", ""), house.stores.devices)
    if holder is None:
        door = DoorId(DoorKind.ADDRESS, call.request.environ.get("REMOTE_ADDR") or "local")
        press_id = read_press_id(headers)
        return Caller(door, None if press_id is None else IdempotencyKey(door, press_id))
    press = read_press(headers, holder.device.id, holder.key)
    refuse_stale(press, house.stores.now(), house.config.limits.press_age_s)
    door = DoorId(DoorKind.DEVICE, press.device)
    return Caller(door, IdempotencyKey(door, press.id), press, holder.device)


def _stored(call: Call, caller: Caller) -> StoredAnswer | None:
    """What this press was told before; one that is neither that nor a later one is refused before the work.

    The device was read before the answer is: a retry whose first try is stored in between is no replay.
    """
    stored = call.house.stores.visits.answer(caller.key) if caller.key else None
    if stored is None and caller.device is not None and caller.press is not None:
        refuse_replayed(caller.device, caller.press)
    return stored


def _judge(call: Call, caller: Caller) -> StoredAnswer:
    house, visits = call.house, call.house.stores.visits
    # The same photo sent twice is one: it agrees with itself whoever it shows.
    photos = list(dict.fromkeys(read_burst(call.request, PHOTO_FIELDS, house.config.limits)))
    at, visit_id = house.stores.now(), visits.new_id()
    gallery = house.gallery.now()
    picture = house.pipeline.decode(photos[0], call.steps)
    with visits.saving_photo(visit_id, at, photos[0]) as saved:
        first = house.pipeline.judge(picture, gallery.gallery, house.policy, call.steps)
        others = (_verdict(call, gallery, photo) for photo in photos[1:])
        verdict = _ruled(call, gallery, at, agreed(first, others, house.config.agreeing_faces))
        took_ms = round(call.steps.elapsed_s() * 1000, 2)
        with call.steps("save"):
            photo_name = saved()
    person = PersonName(verdict.person, gallery.names[verdict.person]) if verdict.person else None
    score = None if verdict.score is None else round(verdict.score, 4)
    told = Answer("porteiro", "OK", verdict.outcome, person, score, visit_id, took_ms)
    status = 200 if verdict.outcome is Outcome.KNOWN else 404
    with call.steps("store"):
        kept = visits.add(
            Visit(
                number=0,
                id=visit_id,
                at=at,
                door=caller.door,
                outcome=verdict.outcome,
                person_id=verdict.person,
                score=score,
                face=verdict.measured,
                photo=photo_name,
                took_ms=took_ms,
                reason=verdict.reason,
            ),
            StoredAnswer(status, msgspec.json.encode(told)),
            caller.key,
            caller.press,
            None if verdict.probe is None else Embedding(house.embedder, verdict.probe),
        )
    house.tally.outcome(verdict.outcome)
    return kept


def _verdict(call: Call, gallery: GalleryState, photo: bytes) -> Verdict:
    house = call.house
    picture = house.pipeline.decode(photo, call.steps)
    return house.pipeline.judge(picture, gallery.gallery, house.policy, call.steps)


def _ruled(call: Call, gallery: GalleryState, at: datetime, verdict: Verdict) -> Verdict:
    """The verdict, as far as the person's rule lets it stand."""
    rule = gallery.rules.get(verdict.person) if verdict.person else None
    if rule is None or rule.may_enter(at.astimezone(call.house.config.timezone)):
        return verdict
    return replace(verdict, outcome=Outcome.NOT_NOW)
