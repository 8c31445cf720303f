"""What photos of visits teach: faces of a person, each with the visit that it was taken from.

To *learn* from a visit is to enrol the face on its photo; to *unlearn* one is to remove what was kept of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from wsgi_app.base.errors import (
    Conflict,
    NotFound,
    RequestError,
    Unprocessable,
    UnusablePhoto,
)
from wsgi_app.base.faces import MeasuredFace, Objection
from wsgi_app.house.enrolment import Candidate, EmbeddedFace, Enroller, Others
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.standards import ENROLMENT, Standard

MOST_ENROLLED = 3  # photos of one naming


def best_first(visits: Sequence[Visit]) -> list[Visit]:
    """Those of some visits that show a face, the best one first."""
    faces = [(_goodness(visit.face), visit) for visit in visits if visit.face is not None]
    return [visit for _, visit in sorted(faces, key=lambda face: face[0], reverse=True)]


def unlearn(stores: Stores, visits: Sequence[Visit], person_id: str | None = None) -> None:
    """Take back what was learnt from visits that now are said to be of somebody, or of nobody known.

    These are the faces that others have from them, and that they are not that somebody's.
    """
    for face in taken_from(stores, visits):
        if face.negative == (face.person_id == person_id):
            stores.faces.remove(face.person_id, face.id)


def look_at(
    enroller: Enroller, visits: Sequence[Visit]
) -> tuple[dict[str, EmbeddedFace], dict[str, RequestError]]:
    """What can be learnt from visits, and why nothing can be from others."""
    seen: dict[str, EmbeddedFace] = {}
    refused: dict[str, RequestError] = {}
    for visit in visits:
        try:
            seen[visit.id] = enroller.look(enroller.stores.visits.photo(visit))
        except (Unprocessable, NotFound) as error:
            refused[visit.id] = error
    return seen, refused


def learn(
    enroller: Enroller,
    seen: dict[str, EmbeddedFace],
    others: Sequence[Others],
    person: Person,
    accept: frozenset[Objection],
) -> dict[str, RequestError]:
    """Add faces that were looked at to a person's, in the transaction of a change; why others are not.

    Args:
        enroller: learns.
        seen: the faces, by the visits that they are from.
        others: whom each is like of everybody else, as ``Enroller.others`` told then.
        person: whose they are.
        accept: the objections in spite of which they are learnt.
    """
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


def untried_of(visits: Sequence[Visit]) -> dict[str, RequestError]:
    """Why nothing is tried to be learnt from those of some visits that are none of the best."""
    faceless: dict[str, RequestError] = {visit.id: no_face() for visit in visits if visit.face is None}
    further = best_first(visits)[MOST_ENROLLED:]
    return faceless | {visit.id: Conflict("enough_photos", most=MOST_ENROLLED) for visit in further}


def learnt_from(stores: Stores, visits: Sequence[Visit], person: Person | None) -> set[str | None]:
    """The visits of which somebody has the face already."""
    taken = taken_from(stores, visits)
    return {face.visit_id for face in taken if person and face.person_id == person.id and not face.negative}


def taken_from(stores: Stores, visits: Sequence[Visit]) -> list[EnrolledFace]:
    """All faces that are kept of some visits, whose ever they are, or are not."""
    return stores.faces.taken_from(visit.id for visit in visits)


def no_face() -> UnusablePhoto:
    """What is said of a visit that shows none."""
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
