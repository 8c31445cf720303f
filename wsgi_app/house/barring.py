"""Keeping faces as not somebody's.

To *bar* is what somebody does who says "not X"; the face that is kept of it is a *negative* one of X.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import Unavailable
from wsgi_app.house.enrolment import EmbeddedFace, Enroller
from wsgi_app.house.learning import best_first, no_face, taken_from
from wsgi_app.stores.changes import Change
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit


@dataclass(frozen=True)
class BarredFace:
    """The face that is kept as not somebody's, and the change that takes that back."""

    face: EnrolledFace
    change: Change | None


def bar(enroller: Enroller, visits: Sequence[Visit], person_id: str) -> BarredFace:
    """Keep the best photo of some visits as not somebody's, who then is taken for nobody like it.

    What they learnt from these visits goes, and what says that these are theirs; said again, it adds nothing.

    Raises:
        UnusablePhoto: the visits show no face.
        NotFound: nobody has that id, or the photo is gone.
        Unavailable: the networks are busy.
    """
    stores, ids = enroller.stores, [visit.id for visit in visits]
    stores.people.get(person_id)
    seen = look_to_bar(enroller, visits, person_id)
    with stores.changes.record(Deed.BARRED, person_id, [person_id], ids) as made:
        kept = bar_with(stores, visits, person_id, seen)
        for correction in stores.corrections.of(ids).values():
            if correction.person_id == person_id:
                stores.corrections.remove(correction.visit_id)
    return BarredFace(kept, made.change)


def look_to_bar(
    enroller: Enroller, visits: Sequence[Visit], person_id: str
) -> tuple[str, EmbeddedFace] | None:
    """The face that is to be kept as not somebody's, and its visit; ``None`` where one is kept already."""
    if _kept_negative(enroller.stores, visits, person_id) is not None:
        return None
    candidates = best_first(visits)
    if not candidates:
        raise no_face()
    # As the door looks, which is less strict than enrolling: whoever was let in wrongly can be barred.
    pipeline, steps = enroller.pipeline, enroller.steps
    picture = pipeline.decode(enroller.stores.visits.photo(candidates[0]), steps)
    faces = pipeline.detect(picture, steps)
    if not faces:
        raise no_face()
    return candidates[0].id, enroller.seen(pipeline.sight(picture, faces[0], steps))


def bar_with(
    stores: Stores, visits: Sequence[Visit], person_id: str, found: tuple[str, EmbeddedFace] | None
) -> EnrolledFace:
    """Keep a face as not somebody's, in the transaction of a change, unless one is kept already.

    Args:
        stores: where it is kept.
        visits: that it is from; what somebody learnt from these goes.
        person_id: whose it is not.
        found: as ``look_to_bar`` gave it.

    Raises:
        Unavailable: another was kept then, and is gone by now.
    """
    kept = _kept_negative(stores, visits, person_id)
    if kept is None:
        if found is None:  # there was one when the photo would have been looked at
            raise Unavailable("unavailable:gallery")
        visit_id, seen = found
        source = Source(visit_id, negative=True)
        kept = stores.faces.add(person_id, seen.crop, seen.quality, seen.embedding, source)
    for face in taken_from(stores, visits):
        if face.person_id == person_id and not face.negative:
            stores.faces.remove(person_id, face.id)
    return kept


def _kept_negative(stores: Stores, visits: Sequence[Visit], person_id: str) -> EnrolledFace | None:
    taken = (face for face in taken_from(stores, visits) if face.person_id == person_id)
    return next((face for face in taken if face.negative), None)
