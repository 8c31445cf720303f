"""What saying who it was does: visits are settled, and faces learnt, barred and unlearnt.

Nothing here is done but by somebody's word, and the last word counts. Each is a short sequence of changes
whose last one takes the visits out of the inbox: cut off anywhere, it is simply said again.

To *learn* from a visit is to enrol the face on its photo; to *unlearn* one is to remove what was
kept of it. To *bar* is what somebody does who says "not X"; the face that is kept of it is a *negative* one
of X.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Conflict, NotFound, RequestError, Unfit, Unprocessable, UnusablePhoto
from wsgi_app.base.faces import MeasuredFace, Objection
from wsgi_app.base.names import clean_name
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.people import PeopleStore, Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visit_states import Expected, refuse_changed
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.crops import crop_to_png
from wsgi_app.vision.pipeline import ENROLMENT, Sighting
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
    """What naming some visits added to the gallery.

    Attributes:
        enrolled: how many of their faces the person now has.
        refused: why the others were not learnt, by the visits' ids.
    """

    enrolled: int
    refused: dict[str, RequestError]


def name(
    enroller: Enroller,
    visits: Sequence[Visit],
    person_id: str,
    accept: frozenset[Objection] = frozenset(),
) -> Enrolments:
    """Say that somebody who is known made some visits, and learn the best photos of them.

    Photos that cannot be used change nothing about who it was.

    Args:
        enroller: learns.
        visits: of which it is said.
        person_id: who made them.
        accept: the objections in spite of which photos are learnt.

    Raises:
        NotFound: nobody has that id, or a visit is gone.
        Unavailable: the networks are busy; the visits are in the inbox still.
    """
    enroller.stores.people.get(person_id)
    unlearn(enroller.stores, visits, person_id)
    enrolments = _learn(enroller, visits, person_id, accept)
    enroller.stores.corrections.set([visit.id for visit in visits], CorrectionVerdict.PERSON, person_id)
    return enrolments


def correct(enroller: Enroller, visit: Visit, statement: Statement, expected: Expected) -> None:
    """Say of a visit what somebody says, instead of what was said before.

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
        Unprocessable: as ``person_meant``.
    """
    stores, person_id = enroller.stores, None
    refuse_changed(stores.visits.state(visit.id), expected)
    if statement.verdict is CorrectionVerdict.PERSON:
        person_id = person_meant(stores.people, statement.person_id, statement.name).id
    if statement.verdict is not CorrectionVerdict.IGNORED:
        unlearn(stores, [visit], person_id)
        if visit.person_id is not None and visit.person_id != person_id:
            bar(enroller, [visit], visit.person_id)
    stores.corrections.set([visit.id], statement.verdict, person_id, expected)


def take_back(stores: Stores, visit: Visit, expected: Expected) -> None:
    """Let the door's own verdict on a visit stand again.

    Raises:
        NotFound: nothing was said of it.
        PreconditionFailed: ``expected`` says no.
    """
    stores.corrections.remove(visit.id, expected)
    unlearn(stores, [visit], visit.person_id)


def bar(enroller: Enroller, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    """Keep the best photo of some visits as not somebody's, who then is taken for nobody like it.

    What they learnt from these visits goes; said again, it adds nothing.

    Raises:
        UnusablePhoto: the visits show no face.
        NotFound: nobody has that id, or the photo is gone.
        Unavailable: the networks are busy.
    """
    enroller.stores.people.get(person_id)
    taken = [face for face in _taken_from(enroller.stores, visits) if face.person_id == person_id]
    kept = next((face for face in taken if face.negative), None) or _keep_negative(
        enroller, visits, person_id
    )
    for face in taken:
        if not face.negative:
            enroller.stores.faces.remove(person_id, face.id)
    return kept


def unlearn(stores: Stores, visits: Sequence[Visit], person_id: str | None = None) -> None:
    """Take back what was learnt from visits that now are said to be of somebody, or of nobody known.

    These are the faces that others have from them, and that they are not that somebody's.
    """
    for face in _taken_from(stores, visits):
        if face.negative == (face.person_id == person_id):
            stores.faces.remove(face.person_id, face.id)


def person_meant(people: PeopleStore, person_id: str | None, called: str | None) -> Person:
    """The person of an id, or else of a name: somebody new is added.

    Raises:
        NotFound: nobody has that id.
        Unprocessable: as ``checked_name``.
    """
    if person_id is not None:
        return people.get(person_id)
    cleaned = checked_name(called or "")
    return people.named(cleaned) or people.add(cleaned)


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


def _learn(
    enroller: Enroller, visits: Sequence[Visit], person_id: str, accept: frozenset[Objection]
) -> Enrolments:
    had = {face.visit_id for face in _taken_from(enroller.stores, visits) if face.person_id == person_id}
    new = [visit for visit in visits if visit.id not in had]
    best = best_first(visits)
    refused: dict[str, RequestError] = {visit.id: _no_face() for visit in new if visit.face is None}
    refused |= {
        visit.id: Conflict("enough_photos", most=MOST_ENROLLED)
        for visit in best[MOST_ENROLLED:]
        if visit in new
    }
    for visit in best[:MOST_ENROLLED]:
        if visit not in new:
            continue
        try:
            photo = enroller.stores.photos.read(visit.photo)
            enroller.enrol(Candidate(person_id, photo, Source(visit.id), accept))
        except (Unprocessable, Conflict, NotFound) as error:
            refused[visit.id] = error
    return Enrolments(len(visits) - len(refused), refused)


def _keep_negative(enroller: Enroller, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    candidates = best_first(visits)
    if not candidates:
        raise _no_face()
    pipeline, stores = enroller.pipeline, enroller.stores
    sighting = _main_face(enroller, stores.photos.read(candidates[0].photo))
    vector = pipeline.embed(sighting.crop, enroller.steps)
    return stores.faces.add(
        person_id,
        crop_to_png(sighting.crop),
        sighting.quality.rounded(),
        Embedding(pipeline.pack.embedder.sha256, vector),
        Source(candidates[0].id, negative=True),
    )


def _main_face(enroller: Enroller, photo: bytes) -> Sighting:
    # As the door looks, which is less strict than enrolling: whoever was let in wrongly can be barred.
    pipeline, steps = enroller.pipeline, enroller.steps
    picture = pipeline.decode(photo, steps)
    faces = pipeline.detect(picture, steps)
    if not faces:
        raise _no_face()
    return pipeline.sight(picture, faces[0], steps)


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
