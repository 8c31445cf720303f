"""Faces for tests of what is kept: their pictures and vectors are made up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.doors import DoorId
from wsgi_app.base.faces import Quality
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.embedding import Unreadable
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

SHARP = Quality(size_px=100.0, brightness=120.0, sharpness=20.5, roll_degrees=0.0, yaw=0.0)


def vector(first: float) -> NDArray[np.float32]:
    """A vector that begins with a number of up to 7, in eighths, and is no longer than one."""
    return np.array([first / 8, -0.1875, 0.03125], np.float32)


def add_face(stores: Stores, person_id: str, embedder: str = "e1", first: float = 1.0) -> EnrolledFace:
    """Give somebody a face, as an embedder saw it."""
    return stores.faces.add(person_id, b"png", SHARP, Embedding(embedder, vector(first)))


def add_visit(stores: Stores, visit_id: str = "v1", person_id: str | None = None) -> str:
    """Somebody comes, whom the door takes for that person or for nobody; gives the visit's id."""
    at = stores.now()
    photo = stores.visits.save_photo(visit_id, at, b"jpeg")
    outcome = Outcome.KNOWN if person_id else Outcome.UNKNOWN
    visit = Visit(0, visit_id, at, DoorId.of("device:front"), outcome, person_id, 0.9, None, photo, 1.0)
    stores.visits.add(visit, StoredAnswer(200, b"{}"), None)
    return visit_id


def gallery_of(stores: Stores, embedder: str) -> list[tuple[str, str, list[float]]]:
    """What an embedder has seen: person id, name and vector of each face."""
    return sorted(
        (face.person_id, face.name, face.vector.tolist()) for face in stores.gallery.rows(embedder).faces
    )


def crops_on_disk(stores: Stores) -> list[str]:
    """What is in the folder of photos."""
    folder = stores.photos.path("")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def without_crops(faces: Sequence[EnrolledFace]) -> list[Unreadable]:
    """What embedding faces gives whose crops are made up: nothing."""
    return [Unreadable(face, ValueError("made up")) for face in faces]
