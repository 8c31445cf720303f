"""What saying who it was does: visits are settled, and faces learnt, barred and unlearnt.

Nothing here is done but by somebody's word, and the last word counts. Each is a short sequence of changes
whose last one takes the visits out of the inbox: cut off anywhere, it is simply said again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wsgi_app.enrolment import Candidate, clean_name, enrol
from wsgi_app.errors import Conflict, NotFound, RequestError, Unprocessable, UnusablePhoto
from wsgi_app.services import Call
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.people import EnrolledFace, Person, Source
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.crops import crop_to_png
from wsgi_app.vision.pipeline import ENROLMENT, REFUSALS, Sighting
from wsgi_app.vision.quality import Quality, Standard

LEARNT_AT_ONCE = 3  # photos of one naming


@dataclass(frozen=True)
class Learnt:
    """What naming some visits taught.

    Attributes:
        enrolled: how many of their faces the person now has.
        refused: why others of the best ones cannot be used, by the visits' ids.
    """

    enrolled: int
    refused: dict[str, RequestError]


def name(call: Call, visits: Sequence[Visit], person_id: str) -> Learnt:
    """Say that somebody who is known made some visits, and learn the best photos of them.

    Photos that cannot be used change nothing about who it was.

    Raises:
        NotFound: nobody has that id, or a visit is gone.
        Unavailable: the networks are busy; the visits are in the inbox still.
    """
    call.stores.people.get(person_id)
    unlearn(call, visits, person_id)
    learnt = _learn(call, best_first(visits)[:LEARNT_AT_ONCE], person_id)
    call.stores.corrections.set([visit.id for visit in visits], "person", person_id)
    return learnt


def bar(call: Call, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    """Keep the best photo of some visits as not somebody's, who then is taken for nobody like it.

    What they learnt from these visits goes; said again, it adds nothing.

    Raises:
        UnusablePhoto: the visits show no face.
        NotFound: nobody has that id, or the photo is gone.
        Unavailable: the networks are busy.
    """
    people = call.stores.people
    people.get(person_id)
    taken = [face for face in _taken_from(call, visits) if face.person_id == person_id]
    kept = next((face for face in taken if face.negative), None) or _keep_negative(call, visits, person_id)
    for face in taken:
        if not face.negative:
            people.remove_face(person_id, face.id)
    return kept


def unlearn(call: Call, visits: Sequence[Visit], person_id: str | None = None) -> None:
    """Take back what was learnt from visits that now are said to be of somebody, or of nobody known.

    These are the faces that others have from them, and that they are not that somebody's.
    """
    for face in _taken_from(call, visits):
        if face.negative == (face.person_id == person_id):
            call.stores.people.remove_face(face.person_id, face.id)


def person_called(call: Call, text: str) -> Person:
    """The person of a name, added where nobody has it.

    Raises:
        Unprocessable: it cannot be a name.
    """
    try:
        called = clean_name(text)
    except ValueError as error:
        raise Unprocessable(f"This cannot be a name: {error}.", code="bad_name") from error
    people = call.stores.people
    return people.named(called) or people.add(called)


def best_first(visits: Sequence[Visit]) -> list[Visit]:
    """Those of some visits that show a face, the best one first."""
    faces = [(_goodness(visit.face), visit) for visit in visits if visit.face is not None]
    return [visit for _, visit in sorted(faces, key=lambda face: face[0], reverse=True)]


def photo_of(call: Call, visit: Visit) -> bytes:
    """The photo of a visit, as the door sent it.

    Raises:
        NotFound: it is gone.
    """
    try:
        return call.stores.photos.path(visit.photo).read_bytes()
    except FileNotFoundError as error:
        raise NotFound("The photo of this visit is gone.", code="photo_gone") from error


def _learn(call: Call, visits: Sequence[Visit], person_id: str) -> Learnt:
    services, stores = call.services, call.stores
    had = {face.visit_id for face in _taken_from(call, visits) if face.person_id == person_id}
    refused: dict[str, RequestError] = {}
    for visit in visits:
        if visit.id in had:
            continue
        try:
            candidate = Candidate(person_id, photo_of(call, visit), Source(visit.id))
            enrol(services.pipeline, stores.people, services.policy, candidate, call.steps)
        except (Unprocessable, Conflict, NotFound) as error:
            refused[visit.id] = error
    return Learnt(len(visits) - len(refused), refused)


def _keep_negative(call: Call, visits: Sequence[Visit], person_id: str) -> EnrolledFace:
    candidates = best_first(visits)
    if not candidates:
        raise _no_face()
    sighting = _main_face(call, photo_of(call, candidates[0]))
    vector = call.services.pipeline.embed(sighting.crop, call.steps)
    quality = {measure: round(value, 3) for measure, value in vars(sighting.quality).items()}
    return call.stores.people.add_face(
        person_id,
        crop_to_png(sighting.crop),
        quality,
        Embedding(call.services.embedder, vector),
        Source(candidates[0].id, negative=True),
    )


def _main_face(call: Call, photo: bytes) -> Sighting:
    # As the door looks, which is less strict than enrolling: whoever was let in wrongly can be barred.
    pipeline, steps = call.services.pipeline, call.steps
    picture = pipeline.decode(photo, steps)
    found = pipeline.detect(picture, steps)
    if not found:
        raise _no_face()
    return pipeline.sight(picture, found[0], steps)


def _taken_from(call: Call, visits: Sequence[Visit]) -> list[EnrolledFace]:
    return call.stores.people.taken_from(visit.id for visit in visits)


def _no_face() -> UnusablePhoto:
    return UnusablePhoto(REFUSALS["no_face"], code="no_face")


def _goodness(face: dict[str, Any], standard: Standard = ENROLMENT) -> float:
    # How many times over a face meets what enrolling needs, where it meets it least.
    quality = Quality(**face["quality"])
    return min(
        quality.size_px / standard.least_size_px,
        quality.brightness / standard.least_brightness,
        quality.sharpness / standard.least_sharpness,
        standard.most_yaw / max(abs(quality.yaw), 0.01),
    )
