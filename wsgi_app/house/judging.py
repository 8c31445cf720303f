"""Judging a press: who is on its photos, whether they may come in now, and keeping both before it is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from wsgi_app.access.evidence import photo_digests
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.people import PersonName
from wsgi_app.base.steps import Steps
from wsgi_app.house.gallery import GalleryState
from wsgi_app.house.house import House
from wsgi_app.house.presses import Caller
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.presses import refuse_replayed
from wsgi_app.stores.visits import StoredAnswer, Visit
from wsgi_app.vision.verdicts import Policy, Verdict, agreed

LET_IN, NOT_LET_IN = 200, 404  # the statuses with which a door is answered


class Evidence(msgspec.Struct, frozen=True):
    """What proves an answer to a door with a token; ``at`` is the server's time of answering, ISO 8601.

    The signature is ``answer_signature`` of ``access/evidence.py``, of that version.
    """

    version: int
    press: str
    at: str
    signature: str


class Judgement(msgspec.Struct, frozen=True):
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


def earlier_answer(house: House, caller: Caller) -> StoredAnswer | None:
    """What this press was told before; ``None`` for one that is still to be judged.

    The device was read before the answer is: a retry whose first try is stored in between is no replay.

    Raises:
        Conflict: it was never answered, and is no later than the last press of that door.
    """
    stored = house.stores.visits.answer(caller.key) if caller.key else None
    if stored is None and caller.device is not None and caller.press is not None:
        refuse_replayed(caller.device, caller.press)
    return stored


def judge(house: House, caller: Caller, photos: Sequence[bytes], steps: Steps) -> StoredAnswer:
    """Judge the photos of one press, and keep the visit and its answer.

    Args:
        house: whose gallery, rules and stores.
        caller: the door that asks.
        photos: JPEGs of the same moment: the first is judged and kept, the others have to agree.
        steps: times each step.

    Returns:
        The answer that stands, on disk by now.

    Raises:
        RequestError: a photo cannot be decoded, or the networks are busy.
        Unavailable, Conflict, Forbidden: as ``VisitStore.add`` says; nothing is kept then.
    """
    digests = photo_digests(photos)
    photos = list(dict.fromkeys(photos))  # one sent twice is one: it agrees with itself whoever it shows
    visits = house.stores.visits
    at, visit_id = house.stores.now(), visits.new_id()
    gallery = house.gallery.now()
    picture = house.pipeline.decode(photos[0], steps)
    with visits.saving_photo(visit_id, at, photos[0]) as saved:
        policy = house.policy_at(caller.door)
        first = house.pipeline.judge(picture, gallery.gallery, policy, steps)
        others = (_verdict(house, gallery, photo, policy, steps) for photo in photos[1:])
        verdict = _ruled(house, gallery, at, agreed(first, others, house.config.agreeing_faces))
        took_ms = round(steps.elapsed_s() * 1000, 2)
        with steps("save"):
            photo_name = saved()
    judgement = _judgement(verdict, gallery, visit_id, took_ms)
    visit = Visit(
        number=0,
        id=visit_id,
        at=at,
        door=caller.door,
        outcome=verdict.outcome,
        person_id=verdict.person,
        score=judgement.score,
        face=verdict.measured,
        photo=photo_name,
        took_ms=took_ms,
        reason=verdict.reason,
    )
    status = LET_IN if verdict.outcome is Outcome.KNOWN else NOT_LET_IN
    answer = StoredAnswer(status, msgspec.json.encode(judgement), digests)
    probe = None if verdict.probe is None else Embedding(house.embedder, verdict.probe)
    with steps("store"):
        kept = visits.add(visit, answer, caller.key, caller.press, probe)
    house.tally.outcome(verdict.outcome)
    return kept


def _judgement(verdict: Verdict, gallery: GalleryState, visit_id: str, took_ms: float) -> Judgement:
    person = PersonName(verdict.person, gallery.names[verdict.person]) if verdict.person else None
    score = None if verdict.score is None else round(verdict.score, 4)
    return Judgement("porteiro", "OK", verdict.outcome, person, score, visit_id, took_ms)


def _verdict(house: House, gallery: GalleryState, photo: bytes, policy: Policy, steps: Steps) -> Verdict:
    picture = house.pipeline.decode(photo, steps)
    return house.pipeline.judge(picture, gallery.gallery, policy, steps)


def _ruled(house: House, gallery: GalleryState, at: datetime, verdict: Verdict) -> Verdict:
    """The verdict, as far as the person's rule lets it stand."""
    rule = gallery.rules.get(verdict.person) if verdict.person else None
    if rule is None or rule.may_enter(at.astimezone(house.config.timezone)):
        return verdict
    return replace(verdict, outcome=Outcome.NOT_NOW)
