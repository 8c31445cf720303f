"""What saying who it was does: visits are settled, and faces learnt, barred and unlearnt.

Nothing here is done but by somebody's word, and the last word counts. Photos are looked at first; then each
is one change, which is made whole or not at all, and can be taken back.

To *learn* from a visit is to enrol the face on its photo; to *unlearn* one is to remove what was
kept of it. To *bar* is what somebody does who says "not X"; the face that is kept of it is a *negative* one
of X.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import (
    Conflict,
    NotFound,
    RequestError,
    Unavailable,
    Unfit,
    Unprocessable,
    UnusablePhoto,
)
from wsgi_app.base.faces import MeasuredFace, Objection
from wsgi_app.base.names import clean_name
from wsgi_app.house.enrolment import Candidate, Enroller, Others, Seen
from wsgi_app.stores.changes import Change
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.people import PeopleStore, Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visit_states import Expected, refuse_changed
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.pipeline import ENROLMENT
from wsgi_app.vision.quality import Standard

MOST_ENROLLED = 3  # photos of one naming


@dataclass(frozen=True)
class Statement:
    """What somebody says of a visit.

    Attributes:
        verdict: in one word.
        person_id: who it was, with ``PERSON`` alone.
        name: who it was where no id is given; somebody new is added.
    """

    verdict: CorrectionVerdict
    person_id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Enrolments:
    """What naming some visits did.

    Attributes:
        person: who made them.
        enrolled: how many of their faces the person now has.
        refused: why the others were not learnt, by the visits' ids.
        change: takes it back; ``None`` where it changed nothing.
    """

    person: Person
    enrolled: int
    refused: dict[str, RequestError]
    change: Change | None


@dataclass(frozen=True)
class Barred:
    """The face that is kept as not somebody's, and the change that takes that back."""

    face: EnrolledFace
    change: Change | None


def name(
    enroller: Enroller,
    visits: Sequence[Visit],
    statement: Statement,
    accept: frozenset[Objection] = frozenset(),
) -> Enrolments:
    """Say who made some visits, and learn the best photos of them.

    Photos that cannot be used change nothing about who it was.

    Args:
        enroller: learns.
        visits: of which it is said.
        statement: who made them.
        accept: the objections in spite of which photos are learnt.

    Raises:
        NotFound: nobody has that id, or a visit is gone.
        Unprocessable: as ``checked_name``.
        Unavailable: the networks are busy; the visits are in the inbox still.
    """
    stores, ids = enroller.stores, [visit.id for visit in visits]
    known = known_person(stores.people, statement)
    had = _learnt(stores, visits, known)
    best = best_first(visits)[:MOST_ENROLLED]
    seen, refused = _look(enroller, [visit for visit in best if visit.id not in had])
    others = enroller.others(list(seen.values()), known.id if known else "")
    with stores.database.write():
        known = known_person(stores.people, statement)
        changing = stores.changes.record(Deed.NAMED, "", [known.id] if known else [], ids)
        with changing as made:
            person = known or stores.people.add(checked_name(statement.name or ""))
            made.subject = person.id
            made.people.add(person.id)
            unlearn(stores, visits, person.id)
            stores.corrections.set(ids, CorrectionVerdict.PERSON, person.id)
            refused |= _learn(enroller, seen, others, person, accept)
            learnt = _learnt(stores, visits, person)
    refused = _untried(visits) | refused
    refused = {visit: error for visit, error in refused.items() if visit not in learnt}
    return Enrolments(person, len(visits) - len(refused), refused, made.change)


def correct(enroller: Enroller, visit: Visit, statement: Statement, expected: Expected) -> Change | None:
    """Say of a visit what somebody says, instead of what was said before; gives what takes that back.

    Faces are unlearnt that the visit taught wrongly. Where the door took it for somebody else, that face is
    barred from being taken for them again.

    Args:
        enroller: keeps what is barred.
        visit: of which it is said.
        statement: what is said.
        expected: whether the visit still is as the caller last saw it.

    Raises:
        PreconditionFailed: it is not; nothing is unlearnt, and nobody added then.
        NotFound, UnusablePhoto, Unavailable: as ``bar``.
        Unprocessable: as ``checked_name``.
    """
    stores, verdict = enroller.stores, statement.verdict
    refuse_changed(stores.visits.state(visit.id), expected)
    is_person, says_who = verdict is CorrectionVerdict.PERSON, verdict is not CorrectionVerdict.IGNORED
    taken_for = visit.person_id if says_who else None
    known = known_person(stores.people, statement) if is_person else None
    seen = None
    if taken_for is not None and (known is None or known.id != taken_for):
        seen = _look_to_bar(enroller, [visit], taken_for)
    with stores.database.write():
        known = known_person(stores.people, statement) if is_person else None
        people = {person for person in (taken_for, known and known.id) if person}
        with stores.changes.record(Deed.CORRECTED, visit.id, people, [visit.id]) as made:
            refuse_changed(stores.visits.state(visit.id), expected)
            if is_person:
                known = known or stores.people.add(checked_name(statement.name or ""))
                made.people.add(known.id)
            person_id = known.id if known else None
            if says_who:
                unlearn(stores, [visit], person_id)
            if taken_for is not None and taken_for != person_id:
                _bar(stores, [visit], taken_for, seen)
            stores.corrections.set([visit.id], verdict, person_id)
    return made.change


def take_back(stores: Stores, visit: Visit, expected: Expected) -> Change | None:
    """Let the door's own verdict on a visit stand again; gives what takes that back.

    Raises:
        NotFound: nothing was said of it.
        PreconditionFailed: ``expected`` says no.
    """
    people = [visit.person_id] if visit.person_id else []
    with stores.changes.record(Deed.CORRECTION_REMOVED, visit.id, people, [visit.id]) as made:
        stores.corrections.remove(visit.id, expected)
        unlearn(stores, [visit], visit.person_id)
    return made.change


def ignore(stores: Stores, visit_ids: Sequence[str]) -> Change | None:
    """Leave visits out of the inbox, and learn nothing; gives what takes that back.

    Raises:
        NotFound: one of the visits is not there.
    """
    with stores.changes.record(Deed.IGNORED, visit_ids[0], visits=visit_ids) as made:
        stores.corrections.set(visit_ids, CorrectionVerdict.IGNORED)
    return made.change


def bar(enroller: Enroller, visits: Sequence[Visit], person_id: str) -> Barred:
    """Keep the best photo of some visits as not somebody's, who then is taken for nobody like it.

    What they learnt from these visits goes; said again, it adds nothing.

    Raises:
        UnusablePhoto: the visits show no face.
        NotFound: nobody has that id, or the photo is gone.
        Unavailable: the networks are busy.
    """
    stores = enroller.stores
    stores.people.get(person_id)
    seen = _look_to_bar(enroller, visits, person_id)
    with stores.changes.record(Deed.BARRED, person_id, [person_id], [visit.id for visit in visits]) as made:
        kept = _bar(stores, visits, person_id, seen)
    return Barred(kept, made.change)


def unlearn(stores: Stores, visits: Sequence[Visit], person_id: str | None = None) -> None:
    """Take back what was learnt from visits that now are said to be of somebody, or of nobody known.

    These are the faces that others have from them, and that they are not that somebody's.
    """
    for face in _taken_from(stores, visits):
        if face.negative == (face.person_id == person_id):
            stores.faces.remove(face.person_id, face.id)


def known_person(people: PeopleStore, statement: Statement) -> Person | None:
    """The person that is meant, by their id, or else by their name; ``None`` for somebody new of that name.

    Raises:
        NotFound: nobody has that id.
        Unprocessable: as ``checked_name``.
    """
    if statement.person_id is not None:
        return people.get(statement.person_id)
    return people.named(checked_name(statement.name or ""))


def checked_name(text: str) -> str:
    """What somebody is to be called, as it is kept; see ``names.clean_name``.

    Raises:
        Unprocessable: it cannot be a name.
    """
    try:
        return clean_name(text)
    except Unfit as error:
        raise Unprocessable.of(error) from error


def best_first(visits: Sequence[Visit]) -> list[Visit]:
    """Those of some visits that show a face, the best one first."""
    faces = [(_goodness(visit.face), visit) for visit in visits if visit.face is not None]
    return [visit for _, visit in sorted(faces, key=lambda face: face[0], reverse=True)]


def _untried(visits: Sequence[Visit]) -> dict[str, RequestError]:
    """Why nothing is tried to be learnt from those of some visits that are none of the best."""
    faceless: dict[str, RequestError] = {visit.id: _no_face() for visit in visits if visit.face is None}
    further = best_first(visits)[MOST_ENROLLED:]
    return faceless | {visit.id: Conflict("enough_photos", most=MOST_ENROLLED) for visit in further}


def _look(enroller: Enroller, visits: Sequence[Visit]) -> tuple[dict[str, Seen], dict[str, RequestError]]:
    """What can be learnt from visits, and why nothing can be from others."""
    seen: dict[str, Seen] = {}
    refused: dict[str, RequestError] = {}
    for visit in visits:
        try:
            seen[visit.id] = enroller.look(enroller.stores.photos.read(visit.photo))
        except (Unprocessable, NotFound) as error:
            refused[visit.id] = error
    return seen, refused


def _learn(
    enroller: Enroller,
    seen: dict[str, Seen],
    others: Sequence[Others],
    person: Person,
    accept: frozenset[Objection],
) -> dict[str, RequestError]:
    stores = enroller.stores
    had = {face.visit_id for face in stores.faces.of(person.id)}
    if any(each.generation != stores.gallery.generation() for each in others):
        others = enroller.others(list(seen.values()), person.id)
    refused: dict[str, RequestError] = {}
    for (visit_id, face), earlier in zip(seen.items(), others, strict=True):
        # What is added here is the person's own, and changes nothing of the others.
        unchanged = replace(earlier, generation=stores.gallery.generation())
        try:
            if visit_id not in had:
                enroller.keep(face, Candidate(person.id, b"", Source(visit_id), accept), unchanged)
        except (Unprocessable, Conflict) as error:
            refused[visit_id] = error
    return refused


def _learnt(stores: Stores, visits: Sequence[Visit], person: Person | None) -> set[str | None]:
    """The visits of which somebody has the face already."""
    taken = _taken_from(stores, visits)
    return {face.visit_id for face in taken if person and face.person_id == person.id and not face.negative}


def _look_to_bar(enroller: Enroller, visits: Sequence[Visit], person_id: str) -> tuple[str, Seen] | None:
    """The face that is to be kept as not somebody's, and its visit; ``None`` where one is kept already."""
    if _kept_negative(enroller.stores, visits, person_id) is not None:
        return None
    candidates = best_first(visits)
    if not candidates:
        raise _no_face()
    # As the door looks, which is less strict than enrolling: whoever was let in wrongly can be barred.
    pipeline, steps = enroller.pipeline, enroller.steps
    picture = pipeline.decode(enroller.stores.photos.read(candidates[0].photo), steps)
    faces = pipeline.detect(picture, steps)
    if not faces:
        raise _no_face()
    return candidates[0].id, enroller.seen(pipeline.sight(picture, faces[0], steps))


def _bar(
    stores: Stores, visits: Sequence[Visit], person_id: str, found: tuple[str, Seen] | None
) -> EnrolledFace:
    kept = _kept_negative(stores, visits, person_id)
    if kept is None:
        if found is None:  # there was one when the photo would have been looked at
            raise Unavailable("unavailable:gallery")
        visit_id, seen = found
        source = Source(visit_id, negative=True)
        kept = stores.faces.add(person_id, seen.crop, seen.quality, seen.embedding, source)
    for face in _taken_from(stores, visits):
        if face.person_id == person_id and not face.negative:
            stores.faces.remove(person_id, face.id)
    return kept


def _kept_negative(stores: Stores, visits: Sequence[Visit], person_id: str) -> EnrolledFace | None:
    taken = (face for face in _taken_from(stores, visits) if face.person_id == person_id)
    return next((face for face in taken if face.negative), None)


def _taken_from(stores: Stores, visits: Sequence[Visit]) -> list[EnrolledFace]:
    return stores.faces.taken_from(visit.id for visit in visits)


def _no_face() -> UnusablePhoto:
    return UnusablePhoto("no_face")


def _goodness(face: MeasuredFace, standard: Standard = ENROLMENT) -> float:
    # How many times over a face meets what enrolling needs, where it meets it least.
    quality = face.quality
    return min(
        quality.size_px / standard.least_size_px,
        quality.brightness / standard.least_brightness,
        quality.sharpness / standard.least_sharpness,
        standard.most_yaw / max(abs(quality.yaw), 0.01),
    )
