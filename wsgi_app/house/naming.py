"""What saying who it was does: visits are settled, and faces learnt, barred and unlearnt.

Nothing here is done but by somebody's word, and the last word counts. Each is a short sequence of changes
whose last one takes the visits out of the inbox: cut off anywhere, it is simply said again.

To *bar* is what somebody does who says "not X"; the face that is kept of it is a *negative* one of X.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Conflict, NotFound, RequestError, Unprocessable, UnusablePhoto
from wsgi_app.base.faces import MeasuredFace
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Candidate, enrol
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.people import PeopleStore, Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.crops import crop_to_png
from wsgi_app.vision.pipeline import ENROLMENT, Pipeline, Sighting
from wsgi_app.vision.quality import Standard
from wsgi_app.vision.verdicts import REFUSALS, Policy

LEARNT_AT_ONCE = 3  # photos of one naming


@dataclass(frozen=True)
class Means:
    """What it takes to learn from visits.

    Attributes:
        stores: what is kept; changes are told as made by whoever says who it was.
        pipeline: looks at the photos.
        policy: when a face counts as another person's.
        steps: times each step.
    """

    stores: Stores
    pipeline: Pipeline
    policy: Policy
    steps: Steps


@dataclass(frozen=True)
class Learnt:
    """What naming some visits taught.

    Attributes:
        enrolled: how many of their faces the person now has.
        refused: why others of the best ones cannot be used, by the visits' ids.
    """

    enrolled: int
    refused: dict[str, RequestError]


def name(means: Means, visits: Sequence[Visit], person_id: str) -> Learnt:
    """Say that somebody who is known made some visits, and learn the best photos of them.

    Photos that cannot be used change nothing about who it was.

    Raises:
        NotFound: nobody has that id, or a visit is gone.
        Unavailable: the networks are busy; the visits are in the inbox still.
    """
    means.stores.people.get(person_id)
    unlearn(means.stores, visits, person_id)
    learnt = _learn(means, best_first(visits)[:LEARNT_AT_ONCE], person_id)
    means.stores.corrections.set([visit.id for visit in visits], CorrectionVerdict.PERSON, person_id)
    return learnt


def bar(means: Means, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    """Keep the best photo of some visits as not somebody's, who then is taken for nobody like it.

    What they learnt from these visits goes; said again, it adds nothing.

    Raises:
        UnusablePhoto: the visits show no face.
        NotFound: nobody has that id, or the photo is gone.
        Unavailable: the networks are busy.
    """
    means.stores.people.get(person_id)
    taken = [face for face in _taken_from(means.stores, visits) if face.person_id == person_id]
    kept = next((face for face in taken if face.negative), None) or _keep_negative(means, visits, person_id)
    for face in taken:
        if not face.negative:
            means.stores.faces.remove(person_id, face.id)
    return kept


def unlearn(stores: Stores, visits: Sequence[Visit], person_id: str | None = None) -> None:
    """Take back what was learnt from visits that now are said to be of somebody, or of nobody known.

    These are the faces that others have from them, and that they are not that somebody's.
    """
    for face in _taken_from(stores, visits):
        if face.negative == (face.person_id == person_id):
            stores.faces.remove(face.person_id, face.id)


def person_called(people: PeopleStore, called: str) -> Person:
    """The person of a name that ``names.clean_name`` has cleaned, added where nobody has it."""
    return people.named(called) or people.add(called)


def best_first(visits: Sequence[Visit]) -> list[Visit]:
    """Those of some visits that show a face, the best one first."""
    faces = [(_goodness(visit.face), visit) for visit in visits if visit.face is not None]
    return [visit for _, visit in sorted(faces, key=lambda face: face[0], reverse=True)]


def _learn(means: Means, visits: Sequence[Visit], person_id: str) -> Learnt:
    had = {face.visit_id for face in _taken_from(means.stores, visits) if face.person_id == person_id}
    refused: dict[str, RequestError] = {}
    for visit in visits:
        if visit.id in had:
            continue
        try:
            candidate = Candidate(person_id, means.stores.photos.read(visit.photo), Source(visit.id))
            enrol(means.pipeline, means.stores, means.policy, candidate, means.steps)
        except (Unprocessable, Conflict, NotFound) as error:
            refused[visit.id] = error
    return Learnt(len(visits) - len(refused), refused)


def _keep_negative(means: Means, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    candidates = best_first(visits)
    if not candidates:
        raise _no_face()
    pipeline, stores = means.pipeline, means.stores
    sighting = _main_face(means, stores.photos.read(candidates[0].photo))
    vector = pipeline.embed(sighting.crop, means.steps)
    return stores.faces.add(
        person_id,
        crop_to_png(sighting.crop),
        sighting.quality.rounded(),
        Embedding(pipeline.pack.embedder.sha256, vector),
        Source(candidates[0].id, negative=True),
    )


def _main_face(means: Means, photo: bytes) -> Sighting:
    # As the door looks, which is less strict than enrolling: whoever was let in wrongly can be barred.
    pipeline, steps = means.pipeline, means.steps
    picture = pipeline.decode(photo, steps)
    found = pipeline.detect(picture, steps)
    if not found:
        raise _no_face()
    return pipeline.sight(picture, found[0], steps)


def _taken_from(stores: Stores, visits: Sequence[Visit]) -> list[EnrolledFace]:
    return stores.faces.taken_from(visit.id for visit in visits)


def _no_face() -> UnusablePhoto:
    return UnusablePhoto(REFUSALS[Outcome.NO_FACE], code=str(Outcome.NO_FACE))


def _goodness(face: MeasuredFace, standard: Standard = ENROLMENT) -> float:
    # How many times over a face meets what enrolling needs, where it meets it least.
    quality = face.quality
    return min(
        quality.size_px / standard.least_size_px,
        quality.brightness / standard.least_brightness,
        quality.sharpness / standard.least_sharpness,
        standard.most_yaw / max(abs(quality.yaw), 0.01),
    )
