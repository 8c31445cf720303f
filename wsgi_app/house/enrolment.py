"""Putting faces into the gallery: from photos, and anew from the kept crops when the models change."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Conflict, NotFound, PorteiroError, RequestError, UnusablePhoto
from wsgi_app.base.faces import Counterpart, Objection
from wsgi_app.base.steps import Steps
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.gallery import GalleryStore
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.match import cosine
from wsgi_app.vision.pipeline import ENROLMENT, Pipeline, Sighting
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

    @property
    def face(self) -> Counterpart | None:
        """That face, where it was asked for."""
        return None if self.face_id is None else Counterpart(self.person_id, self.face_id, self.score)


@dataclass(frozen=True)
class Resemblances:
    """What a face is like.

    Attributes:
        sure: the likeliest of the person's own faces that nobody has to look at, if there is any.
        nearest: the likeliest of these and of those that somebody has to look at.
        other: the likeliest other person, if there is any.
    """

    sure: Counterpart | None
    nearest: Counterpart | None
    other: Likeness | None

    @property
    def own(self) -> float:
        """The cosine to the likeliest own face that nobody has to look at, -1 without one."""
        return -1.0 if self.sure is None else self.sure.score


@dataclass(frozen=True, eq=False)
class _Examined:
    """A photo that can be enrolled, and what is to be said against it.

    Attributes:
        sighting: its face.
        embedding: of that.
        like: what that is like.
        objections: each with its code; whoever knows better may insist.
    """

    sighting: Sighting
    embedding: NDArray[np.float32]
    like: Resemblances
    objections: dict[Objection, UnusablePhoto]


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
        stores, source = self.stores, candidate.source
        examined = self._examine(candidate)
        for objection, refusal in examined.objections.items():
            if objection not in candidate.accept:
                raise refusal
        if Objection.LIKE_ANOTHER in examined.objections and examined.like.other is not None:
            source = replace(source, like=examined.like.other.person_id)
        if Objection.UNLIKE_OWN in examined.objections:
            source = replace(source, unlike=round(examined.like.own, 4))
        sighting = examined.sighting
        with self.steps("store"):
            kept = Embedding(self.pipeline.pack.embedder.sha256, examined.embedding)
            return stores.faces.add(
                candidate.person_id, crop_to_png(sighting.crop), sighting.quality.rounded(), kept, source
            )

    def refusals(self, candidate: Candidate) -> tuple[RequestError, ...]:
        """Why the face of a photo would not be added now; nothing is stored, and nothing raised.

        There are several where somebody may insist in spite of each, and none where it would be added.
        """
        try:
            objections = self._examine(candidate).objections
        except RequestError as error:
            return (error,)
        return tuple(
            refusal for objection, refusal in objections.items() if objection not in candidate.accept
        )

    def _examine(self, candidate: Candidate) -> _Examined:
        pipeline, stores, steps = self.pipeline, self.stores, self.steps
        person = stores.people.get(candidate.person_id)
        _refuse_too_many(person)
        sighting = pipeline.single_face(candidate.photo, ENROLMENT, steps)
        embedding = pipeline.embed(sighting.crop, steps)
        with steps("match"):
            like = resemblances(stores.gallery, pipeline.pack.embedder.sha256, embedding, person.id)
            _refuse_again(like, person)
            return _Examined(sighting, embedding, like, _objections(like, person, self.policy))


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
    sure: Counterpart | None = None
    nearest: Counterpart | None = None
    other: Likeness | None = None
    for face in gallery.rows(embedder).faces:
        if face.negative:
            continue
        score = cosine(face.vector, embedding)
        if face.person_id == person_id:
            counterpart = Counterpart(face.person_id, face.face_id, score)
            nearest = _likelier(nearest, counterpart)
            sure = sure if face.doubtful else _likelier(sure, counterpart)
        elif other is None or score > other.score:
            other = Likeness(face.person_id, face.name, score, face.face_id)
    return Resemblances(sure, nearest, other)


def _likelier(best: Counterpart | None, one: Counterpart) -> Counterpart:
    return one if best is None or one.score > best.score else best


def _refuse_too_many(person: Person) -> None:
    if person.faces >= MOST_FACES:
        raise Conflict("too_many_faces", name=person.name, faces=person.faces)


def _refuse_again(like: Resemblances, person: Person) -> None:
    nearest, other = like.nearest, like.other
    if nearest is not None and nearest.score > SAME_PHOTO:
        raise Conflict("duplicate:own", counterpart=nearest, name=person.name)
    if other is not None and other.score > SAME_PHOTO:
        raise Conflict("duplicate:other", counterpart=other.face, name=person.name, other=other.name)


def _objections(like: Resemblances, person: Person, policy: Policy) -> dict[Objection, UnusablePhoto]:
    own, nearest, other = like.own, like.nearest, like.other
    found = {}
    if other is not None and _is_another(own, other, policy):
        found[Objection.LIKE_ANOTHER] = UnusablePhoto(
            "like_another", counterpart=other.face, other=other.name, score=other.score, name=person.name
        )
    if nearest is not None and own < policy.own:
        found[Objection.UNLIKE_OWN] = UnusablePhoto(
            "unlike_own", counterpart=like.sure or nearest, score=max(own, 0.0), name=person.name
        )
    return found


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
