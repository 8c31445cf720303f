"""Judging a press: who is on its photos, whether they may come in now, and keeping both before it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from wsgi_app.access.evidence import photo_digests
from wsgi_app.base.config import Config
from wsgi_app.base.errors import Conflict, StorageFull
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.people import PersonName
from wsgi_app.base.steps import Steps
from wsgi_app.base.tries import Series, is_try
from wsgi_app.house.gallery import GalleryState
from wsgi_app.house.house import House
from wsgi_app.house.presses import Caller
from wsgi_app.house.quotas import quota_at, saving_photo
from wsgi_app.house.unkept import answer_unkept
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.photos import sha256_of
from wsgi_app.stores.presses import refuse_replayed
from wsgi_app.stores.tries import refuse_too_soon
from wsgi_app.stores.visits import Counting, StoredAnswer, Visit
from wsgi_app.vision.ends import without_trailer
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

    Attributes:
        service: whose word it is: Porteiro's.
        status: of having judged.
        outcome: in one word.
        person: who was recognised: let in, or not at this hour.
        score: cosine to the likeliest person.
        visit: its id.
        took_ms: from the request's start to the verdict.
        agreed: how many photos know whoever is let in; 0 for nobody.
        reason: why somebody is ``unknown`` who is like enough to somebody.
        photos: how many different ones this door has to send of its next press.
        retry_after_s: how long it waits before that: until then no press is judged.
        evidence: what proves all that to a door with a token.
        kept: whether the visit is; it is not where no disk has room for it.
    """

    service: str
    status: str
    outcome: Outcome
    person: PersonName | None
    score: float | None
    visit: str
    took_ms: float
    agreed: int = 0
    reason: Reason | None = None
    photos: int = 1
    retry_after_s: int = 0
    evidence: Evidence | None = None
    kept: bool = True


def earlier_answer(house: House, caller: Caller) -> StoredAnswer | None:
    """What this press was told before; ``None`` for one that is still to be judged."""
    if caller.key is None:
        return None
    return house.stores.visits.answer(caller.key) or house.unkept.answer(caller.key, house.stores.now())


def series_at(house: House, caller: Caller) -> Series | None:
    """The tries that go on at the door, before a press is judged; ``None`` for none.

    The device was read before its earlier answers: a retry whose first try is stored in between is no replay.
    While the door waits, a press that was refused for that is refused for it again, and is no replay either.

    Raises:
        TooManyRequests: the door waits after the last of them.
        Conflict: the press is no later than the last one of that door; where that lies in the future, the
            next press is judged.
    """
    rule = house.config.try_rule
    series = house.stores.tries.at(caller.door, rule) if rule.tries else None
    refuse_too_soon(series, rule, house.stores.now())
    if caller.device is not None and caller.press is not None:
        try:
            house.unkept.refuse_replayed(caller.press)
            refuse_replayed(caller.device, caller.press)
        except Conflict as error:
            if _set_clock_back(house, caller.device.id):
                raise Conflict("replayed:clock") from error
            raise
    return series


def _set_clock_back(house: House, device: str) -> bool:
    """Take now for a device's last press that lies in the future, wherever it is kept; whether one did."""
    is_unkept_back = house.unkept.set_clock_back(device, house.stores.now())
    return house.stores.devices.set_clock_back(device) or is_unkept_back


@dataclass(frozen=True)
class DoorAnswer:
    """What a door is told of a press, but for what it has to do at its next one."""

    config: Config
    caller: Caller
    judgement: Judgement
    digests: str

    def after(self, series: Series | None) -> StoredAnswer:
        """The whole of it; ``series`` is that of tries which goes on at the door by now."""
        config, judgement, wait_s = self.config, self.judgement, 0
        if series is not None and is_try(judgement.outcome, judgement.reason):
            wait_s = config.try_rule.wait_s(series.tries)
        whole = msgspec.structs.replace(
            judgement, photos=agreeing_at(config, self.caller, series), retry_after_s=wait_s
        )
        status = LET_IN if judgement.outcome is Outcome.KNOWN else NOT_LET_IN
        return StoredAnswer(status, msgspec.json.encode(whole), self.digests)


def agreeing_at(config: Config, caller: Caller, series: Series | None) -> int:
    """How many different photos of a press have to show the same known person, for all that asks for some."""
    tried = 1 if series is None else config.tries_agreeing_faces
    return max(config.agreeing_faces, caller.agreeing, tried)


def judge(
    house: House, caller: Caller, photos: Sequence[bytes], steps: Steps, series: Series | None = None
) -> StoredAnswer:
    """Judge the photos of one press, and keep the visit and its answer, where a disk has room for them.

    Args:
        house: whose gallery, rules and stores.
        caller: the door that asks.
        photos: of the same moment: the first is judged and kept, up to its end, the others have to agree.
        steps: times each step.
        series: of tries that goes on at the door.

    Returns:
        The answer that stands, on disk by now; or one that says that it is not.

    Raises:
        RequestError: a photo cannot be decoded, or the networks are busy.
        StorageFull: as ``answer_unkept`` says.
        TooManyRequests: as ``quota_at`` says, too.
        Unavailable, Conflict, Forbidden, TooManyRequests: as ``VisitStore.add`` says; nothing is kept then.
    """
    digests = photo_digests(photos)
    photos = list(dict.fromkeys(photos))  # one sent twice is one: it agrees with itself whoever it shows
    visits = house.stores.visits
    at, visit_id, kept_photo = house.stores.now(), visits.new_id(), without_trailer(photos[0])
    quota = quota_at(house, caller.door, at, len(kept_photo))
    gallery = house.gallery.now()
    picture = house.pipeline.decode(photos[0], steps)
    with saving_photo(visits, quota.keeps, (visit_id, at), kept_photo) as saved:
        policy = house.policy_at(caller.door, gallery)
        first = house.pipeline.judge(picture, gallery.gallery, policy, steps)
        others = (_verdict(house, gallery, photo, policy, steps) for photo in photos[1:])
        needed = agreeing_at(house.config, caller, series)
        verdict = _ruled(house, gallery, at, agreed(first, others, needed))
        took_ms = round(steps.elapsed_s() * 1000, 2)
    judgement = _judgement(verdict, gallery, visit_id, took_ms, needed)
    answer = DoorAnswer(house.config, caller, judgement, digests)
    visit = Visit(
        number=0,
        id=visit_id,
        at=at,
        door=caller.door,
        outcome=verdict.outcome,
        person_id=verdict.person,
        score=judgement.score,
        face=verdict.measured,
        photo="",
        photo_sha256=sha256_of(kept_photo) if quota.keeps.keeps(verdict.outcome) else None,
        took_ms=took_ms,
        reason=verdict.reason,
    )
    probe = None if verdict.probe is None else Embedding(house.embedder, verdict.probe)
    try:
        with steps("save"):
            visit = replace(visit, photo=saved(verdict.outcome))
        with steps("store"):
            _settle(house, visit.photo)
            kept = visits.add(
                visit,
                answer,
                caller.key,
                caller.press,
                probe,
                Counting(house.config.try_rule, quota.day, len(kept_photo)),
            )
    except StorageFull:
        unkept = replace(answer, judgement=msgspec.structs.replace(judgement, kept=False))
        kept = answer_unkept(house, caller, visit, unkept, gallery.generation)
    house.tally.outcome(verdict.outcome)
    return kept


def _settle(house: House, photo: str) -> None:
    """Have the database know what it had no room for; where it has none yet, the photo goes that was kept."""
    try:
        house.unkept.settle(house.stores.database)
    except BaseException:
        house.stores.photos.remove(photo)
        raise


def _judgement(
    verdict: Verdict, gallery: GalleryState, visit_id: str, took_ms: float, needed: int
) -> Judgement:
    person = PersonName(verdict.person, gallery.names[verdict.person]) if verdict.person else None
    score = None if verdict.score is None else round(verdict.score, 4)
    agreeing = needed if verdict.outcome is Outcome.KNOWN else 0
    return Judgement(
        "porteiro", "OK", verdict.outcome, person, score, visit_id, took_ms, agreeing, verdict.reason
    )


def _verdict(house: House, gallery: GalleryState, photo: bytes, policy: Policy, steps: Steps) -> Verdict:
    picture = house.pipeline.decode(photo, steps)
    return house.pipeline.judge(picture, gallery.gallery, policy, steps)


def _ruled(house: House, gallery: GalleryState, at: datetime, verdict: Verdict) -> Verdict:
    """The verdict, as far as the person's rule lets it stand."""
    rule = gallery.rules.get(verdict.person) if verdict.person else None
    if rule is None or rule.may_enter(at.astimezone(house.config.timezone)):
        return verdict
    return replace(verdict, outcome=Outcome.NOT_NOW)
