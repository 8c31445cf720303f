"""What another embedder makes of the faces that are there, from their kept crops."""

from collections.abc import Callable

from wsgi_app.base.errors import NotFound, PorteiroError
from wsgi_app.base.steps import Steps
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png
from wsgi_app.vision.pipeline import Pipeline


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
