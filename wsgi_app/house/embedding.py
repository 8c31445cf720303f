"""What another embedder makes of the faces that are there, from their kept crops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wsgi_app.base.errors import NotFound, PackError
from wsgi_app.base.steps import Steps
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png
from wsgi_app.vision.pipeline import Pipeline

TOGETHER = 32  # faces are kept at once: so many are embedded again where it is broken off


@dataclass(frozen=True)
class Unreadable:
    """A face that cannot be embedded, and why."""

    face: EnrolledFace
    error: Exception


def embed_anew(
    pipeline: Pipeline,
    stores: Stores,
    steps: Steps,
    progress: Callable[[int, int], None],
) -> list[Unreadable]:
    """Let the present embedder see every face that it has not seen yet, from the kept crops.

    What other embedders made of them stays, so the change can be taken back. What is broken off goes on where
    it was the next time.

    Args:
        pipeline: with the present embedder.
        stores: the faces and their crops.
        steps: times each step.
        progress: called with (done, all) after each face.

    Returns:
        Those that are still there and cannot be embedded.

    Raises:
        Unavailable: the networks are busy, or the database does not answer.
    """
    embedder = pipeline.pack.embedder.key
    unreadable = embed_faces(pipeline, stores, stores.gallery.unseen_by(embedder), steps, progress)
    there = {face.id for face in stores.gallery.unseen_by(embedder)} if unreadable else set()
    return [each for each in unreadable if each.face.id in there]


def embed_faces(
    pipeline: Pipeline,
    stores: Stores,
    faces: Sequence[EnrolledFace],
    steps: Steps,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Unreadable]:
    """The same of some faces; those that are removed meanwhile may be among the ones that it gives back."""
    unreadable = []
    for start in range(0, len(faces), TOGETHER):
        vectors = {}
        for done, face in enumerate(faces[start : start + TOGETHER], start=start + 1):
            try:
                vectors[face.id] = pipeline.embed(crop_from_png(stores.faces.crop(face)), steps)
            except (NotFound, OSError, ValueError, PackError) as error:
                unreadable.append(Unreadable(face, error))
            progress(done, len(faces))
        stores.gallery.add_embeddings(pipeline.pack.embedder.key, vectors)
    return unreadable
