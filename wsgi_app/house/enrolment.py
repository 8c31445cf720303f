"""Putting faces into the gallery: from photos, and anew from the kept crops when the models change."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Conflict, NotFound, PorteiroError, UnusablePhoto
from wsgi_app.base.faces import Objection
from wsgi_app.base.steps import Steps
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.gallery import GalleryStore
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.match import cosine
from wsgi_app.vision.pipeline import ENROLMENT, Pipeline
from wsgi_app.vision.verdicts import Policy

FROM_ELSEWHERE = Source()
MOST_FACES = 50  # of one person
SAME_PHOTO = 0.999  # cosine of two faces above which they are one photo: it adds nothing


@dataclass(frozen=True)
class Candidate:
    """A photo that is to become a face of somebody.

    Attributes:
        person_id: whose.
        photo: JPEG, PNG, WebP, HEIC or AVIF of that person alone.
        source: where it comes from.
        accept: the doubts in spite of which somebody insists.
    """

    person_id: str
    photo: bytes
    source: Source = FROM_ELSEWHERE
    accept: frozenset[Objection] = frozenset()


@dataclass(frozen=True)
class Likeness:
    """Somebody whom a face is like, and how much: the cosine to the best of their faces.

    ``face_id`` says which face that is, where one was asked for.
    """

    person_id: str
    name: str
    score: float
    face_id: str | None = None


@dataclass(frozen=True)
class Resemblances:
    """What a face is like.

    Attributes:
        own: the cosine to the best of the person's own faces that nobody has to look at, -1 without one.
        own_or_doubtful: the same with those that somebody has to look at.
        other: the likeliest other person, if there is any.
    """

    own: float
    own_or_doubtful: float
    other: Likeness | None


@dataclass(frozen=True)
class Enroller:
    """Puts faces into the gallery.

    Attributes:
        pipeline: with the present embedder.
        stores: where the faces are that a new one is compared with, and where it is kept; changes are told as
            made by whoever enrols.
        policy: when a face counts as another person's.
        steps: times each step.
    """

    pipeline: Pipeline
    stores: Stores
    policy: Policy
    steps: Steps

    def enrol(self, candidate: Candidate) -> EnrolledFace:
        """Add the face of a photo to a person's.

        Raises:
            UnusablePhoto: the photo shows no single good face, or one in doubt on which nobody insists; its
                code says why.
            Conflict: somebody has that photo already, or the person as many faces as anybody may have.
            RequestError: the photo cannot be decoded, the networks are busy, or nobody has that id.
        """
        pipeline, stores, steps = self.pipeline, self.stores, self.steps
        person = stores.people.get(candidate.person_id)
        _refuse_too_many(person)
        sighting = pipeline.single_face(candidate.photo, ENROLMENT, steps)
        embedding = pipeline.embed(sighting.crop, steps)
        embedder = pipeline.pack.embedder.sha256
        with steps("match"):
            like = resemblances(stores.gallery, embedder, embedding, person.id)
            own, other = like.own, like.other
            _refuse_again(like, person)
            source = candidate.source
            if other is not None and _is_another(own, other, self.policy):
                if Objection.LIKE_ANOTHER not in candidate.accept:
                    raise UnusablePhoto("like_another", other=other.name, score=other.score, name=person.name)
                source = replace(source, like=other.person_id)
            if like.own_or_doubtful > -1 and own < self.policy.own:
                if Objection.UNLIKE_OWN not in candidate.accept:
                    raise UnusablePhoto("unlike_own", score=max(own, 0.0), name=person.name)
                source = replace(source, unlike=round(own, 4))
        with steps("store"):
            kept = Embedding(embedder, embedding)
            return stores.faces.add(
                person.id, crop_to_png(sighting.crop), sighting.quality.rounded(), kept, source
            )


def candidate_of_visit(stores: Stores, person_id: str, visit_id: str) -> Candidate:
    """The photo of a visit that shows somebody, as far as is known.

    Raises:
        Conflict: somebody said that it shows another person, or nobody known.
        NotFound: the visit or its photo is gone.
    """
    correction = stores.corrections.of([visit_id]).get(visit_id)
    if (
        correction is not None
        and correction.verdict is not CorrectionVerdict.IGNORED
        and correction.person_id != person_id
    ):
        raise Conflict("corrected")
    return Candidate(person_id, stores.photos.read(stores.visits.get(visit_id).photo), Source(visit_id))


def resemblances(
    gallery: GalleryStore, embedder: str, embedding: NDArray[np.float32], person_id: str
) -> Resemblances:
    """How like a face is to a person's own faces, and to whom of all others it is the most.

    Args:
        gallery: what it is compared with; what is kept as not somebody's does not count.
        embedder: the sha256 of the network that made the embedding.
        embedding: float32 [size], of unit length.
        person_id: the person.
    """
    own, own_or_doubtful, other = -1.0, -1.0, None
    for face in gallery.rows(embedder).faces:
        if face.negative:
            continue
        score = cosine(face.vector, embedding)
        if face.person_id == person_id:
            own_or_doubtful = max(own_or_doubtful, score)
            own = own if face.doubtful else max(own, score)
        elif other is None or score > other.score:
            other = Likeness(face.person_id, face.name, score, face.face_id)
    return Resemblances(own, own_or_doubtful, other)


def _refuse_too_many(person: Person) -> None:
    if person.faces >= MOST_FACES:
        raise Conflict("too_many_faces", name=person.name, faces=person.faces)


def _refuse_again(like: Resemblances, person: Person) -> None:
    if like.own_or_doubtful > SAME_PHOTO:
        raise Conflict("duplicate:own", name=person.name)
    other = like.other
    if other is not None and other.score > SAME_PHOTO:
        address = f"/people/{other.person_id}/faces/{other.face_id}"
        raise Conflict("duplicate:other", name=person.name, other=other.name, address=address)


def _is_another(own: float, other: Likeness, policy: Policy) -> bool:
    return other.score >= policy.threshold and own - other.score < policy.margin


def embed_anew(
    pipeline: Pipeline,
    stores: Stores,
    steps: Steps,
    progress: Callable[[int, int], None],
) -> int:
    """Let the present embedder see every face that it has not seen yet, from the kept crops.

    What other embedders made of them stays, so the change can be taken back.

    Args:
        pipeline: with the present embedder.
        stores: the faces and their crops.
        steps: times each step.
        progress: called with (done, all) after each face.

    Returns:
        How many faces were embedded.

    Raises:
        PorteiroError: a crop is missing or broken.
    """
    embedder = pipeline.pack.embedder.sha256
    faces = stores.gallery.unseen_by(embedder)
    vectors = {}
    for done, face in enumerate(faces, start=1):
        try:
            crop = crop_from_png(stores.photos.read(face.crop))
        except (NotFound, OSError, ValueError) as error:
            path = stores.photos.path(face.crop)
            raise PorteiroError("bad_crop", file=path, why=str(error)) from error
        vectors[face.id] = pipeline.embed(crop, steps)
        progress(done, len(faces))
    if vectors:
        stores.gallery.add_embeddings(embedder, vectors)
    return len(vectors)
