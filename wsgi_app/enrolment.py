"""Putting faces into the gallery: from photos, and anew from the kept crops when the models change."""

import unicodedata
from collections.abc import Callable

from wsgi_app.errors import PorteiroError
from wsgi_app.steps import Steps
from wsgi_app.stores.people import EnrolledFace, PeopleStore
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.pipeline import ENROLMENT, Pipeline

LONGEST_NAME = 80
JOINERS = "\u200c\u200d"  # invisible, and part of how Persian and Indic names are written


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
    pipeline: Pipeline, people: PeopleStore, person_id: str, photo: bytes, steps: Steps
) -> EnrolledFace:
    """Add the face of a photo to a person's.

    Raises:
        UnusablePhoto: the photo shows no single good face; its code says why.
        RequestError: the photo cannot be decoded, the networks are busy, or nobody has that id.
    """
    sighting = pipeline.single_face(photo, ENROLMENT, steps)
    embedding = pipeline.embed(sighting.crop, steps)
    quality = {name: round(value, 3) for name, value in vars(sighting.quality).items()}
    with steps("store"):
        return people.add_face(
            person_id, crop_to_png(sighting.crop), quality, pipeline.pack.embedder.sha256, embedding
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
