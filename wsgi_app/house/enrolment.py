"""Putting faces into the gallery, from photos."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import Conflict, RequestError, UnusablePhoto
from wsgi_app.base.faces import Objection, Quality
from wsgi_app.base.steps import Steps
from wsgi_app.house.doubts import DIGITS
from wsgi_app.house.resemblance import Likeness, OwnLikeness, likeliest_others, own_likeness
from wsgi_app.stores.changes import Change
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, Source
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_to_png
from wsgi_app.vision.pipeline import Pipeline, Sighting
from wsgi_app.vision.standards import ENROLMENT
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


@dataclass(frozen=True, eq=False)
class EmbeddedFace:
    """What is kept of the face on a photo: its crop as PNG, its quality, and its embedding."""

    crop: bytes
    quality: Quality
    embedding: Embedding


@dataclass(frozen=True)
class Others:
    """Whom of all but one person a face was the most like, at one generation of the gallery."""

    generation: int
    likeliest: Likeness | None


@dataclass(frozen=True)
class _Examined:
    """What is to be said against a face, by its code, where whoever knows better may insist."""

    own: OwnLikeness
    other: Likeness | None
    objections: dict[Objection, UnusablePhoto]


@dataclass(frozen=True)
class Enrolment:
    """A face that was added, and the change that takes it away again."""

    face: EnrolledFace
    change: Change | None


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

    def enrol(self, candidate: Candidate) -> Enrolment:
        """Add the face of a photo to a person's.

        Raises:
            UnusablePhoto: the photo shows no single good face, or one in doubt on which nobody insists; its
                code says why.
            Conflict: somebody has that photo already, or the person as many faces as anybody may have.
            RequestError: the photo cannot be decoded, the networks are busy, or nobody has that id.
        """
        person = self.stores.people.get(candidate.person_id)
        seen = self.look(candidate.photo)
        with self.steps("match"):
            (others,) = self.others([seen], person.id)
        changes = self.stores.changes
        with self.steps("store"), changes.record(Deed.ENROLLED, person.id, people=[person.id]) as made:
            face = self.keep(seen, candidate, others)
        return Enrolment(face, made.change)

    def look(self, photo: bytes) -> EmbeddedFace:
        """What would be kept of a photo of one person alone.

        Raises:
            UnusablePhoto, RequestError: as ``enrol`` says of photos.
        """
        return self.seen(self.pipeline.single_face(photo, ENROLMENT, self.steps))

    def seen(self, sighting: Sighting) -> EmbeddedFace:
        """What would be kept of a face that is found."""
        vector = self.pipeline.embed(sighting.crop, self.steps)
        embedding = Embedding(self.pipeline.pack.embedder.key, vector)
        return EmbeddedFace(crop_to_png(sighting.crop), sighting.quality.rounded(), embedding)

    def others(self, seen: Sequence[EmbeddedFace], person_id: str) -> list[Others]:
        """Whom faces that somebody is to get are like of everybody else: what takes long in a large house."""
        rows = self.stores.gallery.rows(self.pipeline.pack.embedder.key)
        found = likeliest_others(rows.faces, [each.embedding.vector for each in seen], person_id)
        return [Others(rows.generation, likeliest) for likeliest in found]

    def keep(self, seen: EmbeddedFace, candidate: Candidate, others: Others) -> EnrolledFace:
        """Add a face that was looked at to a person's, if it may be: nobody else changes anything meanwhile.

        Args:
            seen: of the candidate's photo.
            candidate: whose it is.
            others: whom it was like; looked for anew where the gallery was changed since.

        Raises:
            UnusablePhoto, Conflict: as ``enrol`` says.
            NotFound: nobody has that id, or the visit is gone.
        """
        stores, source = self.stores, candidate.source
        with stores.database.write():
            person = stores.people.get(candidate.person_id)
            if source.visit_id is not None:
                _refuse_corrected(stores, source.visit_id, person)
            if others.generation != stores.gallery.generation():
                (others,) = self.others([seen], person.id)
            examined = self._examine(seen, person, others)
            for objection, refusal in examined.objections.items():
                if objection not in candidate.accept:
                    raise refusal
            if Objection.LIKE_ANOTHER in examined.objections and examined.other is not None:
                source = replace(source, like=examined.other.person_id)
            if examined.own.in_doubt:
                insisted = Objection.UNLIKE_OWN in examined.objections
                source = replace(source, unlike=round(examined.own.score, DIGITS), insisted=insisted)
            return stores.faces.add(person.id, seen.crop, seen.quality, seen.embedding, source)

    def refusals(self, candidate: Candidate) -> tuple[RequestError, ...]:
        """Why the face of a photo would not be added now; nothing is stored, and nothing raised.

        There are several where somebody may insist in spite of each, and none where it would be added.
        """
        try:
            person = self.stores.people.get(candidate.person_id)
            seen = self.look(candidate.photo)
            objections = self._examine(seen, person, *self.others([seen], person.id)).objections
        except RequestError as error:
            return (error,)
        return tuple(
            refusal for objection, refusal in objections.items() if objection not in candidate.accept
        )

    def _examine(self, seen: EmbeddedFace, person: Person, others: Others) -> _Examined:
        embedding, other = seen.embedding, others.likeliest
        theirs = self.stores.gallery.of(embedding.embedder, [person.id])
        own = own_likeness(theirs, embedding.vector, self.policy)
        _refuse_again(own, other, person)
        _refuse_too_many(person)
        return _Examined(own, other, _objections(own, other, person, self.policy))


def candidate_of_visit(stores: Stores, person_id: str, visit_id: str) -> Candidate:
    """The photo of a visit that shows somebody, as far as is known.

    Raises:
        Conflict: somebody said that it shows another person, or nobody known, or not this one.
        NotFound: nobody has that id, or the visit or its photo is gone.
    """
    _refuse_corrected(stores, visit_id, stores.people.get(person_id))
    return Candidate(person_id, stores.visits.photo(stores.visits.get(visit_id)), Source(visit_id))


def refuse_returned(stores: Stores, embedder: str, face: EnrolledFace) -> None:
    """Refuse a face that is kept again where it could not be any more.

    Raises:
        Conflict: somebody has that photo by now, the person too many, or the present embedder has never seen
            it, so that nothing would be compared with it.
    """
    rows = stores.gallery.rows(embedder).faces
    returned = next((row for row in rows if row.face_id == face.id), None)
    if returned is None:
        raise Conflict("never_compared")
    if face.negative:
        return
    person = stores.people.get(face.person_id)
    _refuse_too_many(replace(person, faces=person.faces - 1))
    others = [row for row in rows if row is not returned]
    theirs = [each for each in others if each.person_id == person.id]
    own = own_likeness(theirs, returned.vector, Policy(threshold=1.0, margin=0.0))
    if own.nearest is not None and own.nearest.score > SAME_PHOTO:
        raise Conflict("duplicate:returned", counterpart=own.nearest, name=person.name)
    (other,) = likeliest_others(others, [returned.vector], person.id)
    _refuse_again(own, other, person)


def _refuse_too_many(person: Person) -> None:
    if person.faces >= MOST_FACES:
        raise Conflict("too_many_faces", name=person.name, faces=person.faces)


def _refuse_again(own: OwnLikeness, other: Likeness | None, person: Person) -> None:
    if own.nearest is not None and own.nearest.score > SAME_PHOTO:
        raise Conflict("duplicate:own", counterpart=own.nearest, name=person.name)
    if other is not None and other.score > SAME_PHOTO:
        raise Conflict("duplicate:other", counterpart=other.face, name=person.name, other=other.name)


def _objections(
    own: OwnLikeness, other: Likeness | None, person: Person, policy: Policy
) -> dict[Objection, UnusablePhoto]:
    found = {}
    if other is not None and _is_another(own.score, other, policy):
        found[Objection.LIKE_ANOTHER] = UnusablePhoto(
            "like_another", counterpart=other.face, other=other.name, score=other.score, name=person.name
        )
    if own.nearest is not None and own.score < policy.own:
        found[Objection.UNLIKE_OWN] = UnusablePhoto(
            "unlike_own",
            counterpart=own.sure or own.nearest,
            score=max(own.score, 0.0),
            name=person.name,
        )
    return found


def _refuse_corrected(stores: Stores, visit_id: str, person: Person) -> None:
    correction = stores.corrections.of([visit_id]).get(visit_id)
    if (
        correction is not None
        and correction.verdict is not CorrectionVerdict.IGNORED
        and correction.person_id != person.id
    ):
        raise Conflict("corrected")
    taken = stores.faces.taken_from([visit_id])
    if any(face.negative and face.person_id == person.id for face in taken):
        raise Conflict("barred", name=person.name)


def _is_another(own: float, other: Likeness, policy: Policy) -> bool:
    return other.score >= policy.threshold and own - other.score < policy.margin
