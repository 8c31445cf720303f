"""Putting faces into the gallery: from photos, and anew from the kept crops when the models change."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wsgi_app.errors import Conflict, PorteiroError, UnusablePhoto
from wsgi_app.steps import Steps
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.people import EnrolledFace, PeopleStore, Person, Source
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.match import cosine
from wsgi_app.vision.pipeline import ENROLMENT, Pipeline, Policy

LONGEST_NAME = 80
JOINERS = "\u200c\u200d"  # invisible, and part of how Persian and Indic names are written
FROM_ELSEWHERE = Source()
SAME_PHOTO = 0.999  # cosine of two faces above which they are one photo: it adds nothing


@dataclass(frozen=True)
class Candidate:
    """A photo that is to become a face of somebody.

    Attributes:
        person_id: whose.
        photo: JPEG, PNG or WebP of that person alone.
        source: where it comes from.
        accept_like_another: whether somebody insists although the face is as like another person's.
    """

    person_id: str
    photo: bytes
    source: Source = FROM_ELSEWHERE
    accept_like_another: bool = False


@dataclass(frozen=True)
class Resemblance:
    """Somebody whom a face is like, and how much: the cosine to the best of their faces."""

    person_id: str
    name: str
    score: float


def clean_name(text: str) -> str:
    """A person's name as it is kept: composed (NFC), no space around it, single spaces inside.

    Raises:
        ValueError: nothing is left, it is too long, or it holds control characters.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise ValueError("a name needs at least one letter")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    if not all(letter.isprintable() or letter in JOINERS for letter in name):
        raise ValueError("a name holds no control characters")
    return name


def enrol(
    pipeline: Pipeline, people: PeopleStore, policy: Policy, candidate: Candidate, steps: Steps
) -> EnrolledFace:
    """Add the face of a photo to a person's.

    Args:
        pipeline: with the present embedder.
        people: whose faces are compared with, and where the new one is kept.
        policy: when a face counts as another person's.
        candidate: the photo.
        steps: times each step.

    Raises:
        UnusablePhoto: the photo shows no single good face, or one that is as like another person's; its code
            says why.
        Conflict: the person has that photo already, or as many faces as anybody may have.
        RequestError: the photo cannot be decoded, the networks are busy, or nobody has that id.
    """
    person = people.get(candidate.person_id)
    _refuse_too_many(person, pipeline.limits.faces_per_person)
    sighting = pipeline.single_face(candidate.photo, ENROLMENT, steps)
    embedding = pipeline.embed(sighting.crop, steps)
    embedder = pipeline.pack.embedder.sha256
    with steps("match"):
        own, other = resemblances(people, embedder, embedding, person.id)
        _refuse_again(own, person)
        source = candidate.source
        if other is not None and _is_another(own, other, policy):
            if not candidate.accept_like_another:
                raise _like_another(person, other)
            source = replace(source, like=other.person_id)
    quality = {name: round(value, 3) for name, value in vars(sighting.quality).items()}
    with steps("store"):
        kept = Embedding(embedder, embedding)
        return people.add_face(person.id, crop_to_png(sighting.crop), quality, kept, source)


def resemblances(
    people: PeopleStore, embedder: str, embedding: NDArray[np.float32], person_id: str
) -> tuple[float, Resemblance | None]:
    """How like a face is to a person's own faces, and to whom of all others it is the most.

    Args:
        people: whose faces are compared with; what is kept as not somebody's does not count.
        embedder: the sha256 of the network that made the embedding.
        embedding: float32 [size], of unit length.
        person_id: the person.

    Returns:
        The cosine to the best of their own faces, -1 without one; and the likeliest other, if there is any.
    """
    own, other = -1.0, None
    for face in people.gallery(embedder).faces:
        if face.negative:
            continue
        score = cosine(face.vector, embedding)
        if face.person_id == person_id:
            own = max(own, score)
        elif other is None or score > other.score:
            other = Resemblance(face.person_id, face.name, score)
    return own, other


def _refuse_too_many(person: Person, most: int) -> None:
    if person.faces >= most:
        raise Conflict(
            f"{person.name} has {person.faces} photos, as many as anybody may have; remove one first.",
            code="too_many_faces",
        )


def _refuse_again(own: float, person: Person) -> None:
    if own > SAME_PHOTO:
        raise Conflict(f"{person.name} has this photo already; use another one.", code="duplicate")


def _is_another(own: float, other: Resemblance, policy: Policy) -> bool:
    return other.score >= policy.threshold and own - other.score < policy.margin


def _like_another(person: Person, other: Resemblance) -> UnusablePhoto:
    return UnusablePhoto(
        f"This face is as like {other.name}, who is enrolled already ({other.score:.2f}); "
        f"if it is {person.name} all the same, such as a twin, insist on it.",
        code="like_another",
    )


def embed_anew(
    pipeline: Pipeline,
    people: PeopleStore,
    photos: PhotoStore,
    steps: Steps,
    progress: Callable[[int, int], None],
) -> int:
    """Let the present embedder see every face that it has not seen yet, from the kept crops.

    What other embedders made of them stays, so the change can be taken back.

    Args:
        pipeline: with the present embedder.
        people: whose faces.
        photos: their crops.
        steps: times each step.
        progress: called with (done, all) after each face.

    Returns:
        How many faces were embedded.

    Raises:
        PorteiroError: a crop is missing or broken.
    """
    embedder = pipeline.pack.embedder.sha256
    faces = people.unseen_by(embedder)
    vectors = {}
    for done, face in enumerate(faces, start=1):
        try:
            crop = crop_from_png(photos.path(face.crop).read_bytes())
        except (OSError, ValueError) as error:
            raise PorteiroError(f"The kept crop {photos.path(face.crop)} cannot be read: {error}") from error
        vectors[face.id] = pipeline.embed(crop, steps)
        progress(done, len(faces))
    if vectors:
        people.add_embeddings(embedder, vectors)
    return len(vectors)
