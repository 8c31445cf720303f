"""The gallery as an embedder sees it: every face, every rule, and what it has not seen yet."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from wsgi_app.stores.database import Database
from wsgi_app.stores.embeddings import Embedding, keep_embedding, refuse_other_sizes, vector_from
from wsgi_app.stores.faces import FACES, EnrolledFace
from wsgi_app.stores.generation import GENERATION, start_generation
from wsgi_app.stores.people import BOUND, PEOPLE, Person
from wsgi_app.stores.tables import embeddings, faces, people


@dataclass(frozen=True, eq=False)
class GalleryFace:
    """What one embedder makes of one face: float32 [size], and whose face it is, or is not if negative.

    ``doubtful`` are those that were enrolled though they were not like enough to the person's others, and
    that nobody confirmed.
    """

    person_id: str
    name: str
    vector: NDArray[np.float32]
    negative: bool
    face_id: str
    doubtful: bool = False


@dataclass(frozen=True, eq=False)
class GalleryRows:
    """The gallery for one embedder, at one generation.

    Attributes:
        generation: of the gallery.
        faces: those that the embedder has seen.
        unseen: those that it has not seen yet.
        bound: who may not come at any time.
    """

    generation: int
    faces: list[GalleryFace]
    unseen: list[EnrolledFace]
    bound: list[Person]


class GalleryStore:
    """What the gallery in memory is made of."""

    def __init__(self, database: Database):
        self._database = database

    def generation(self) -> int:
        """Counted up by every change of the gallery, in any process."""
        return int(self._database.value("SELECT generation FROM gallery"))

    def rows(self, embedder: str) -> GalleryRows:
        """Every face as this embedder has seen it or not, and every rule, at one generation."""
        with self._database.read() as connection:
            generation = int(connection.execute(GENERATION).scalar_one())
            rows = connection.execute(_SEEN.where(embeddings.c.embedder == embedder)).all()
            unseen = connection.execute(_unseen_by(embedder)).all()
            bound = connection.execute(PEOPLE.where(BOUND)).all()
            return GalleryRows(
                generation,
                _faces_from(rows),
                [EnrolledFace(**row._mapping) for row in unseen],
                [Person(**row._mapping) for row in bound],
            )

    def of(self, embedder: str, people_ids: Collection[str]) -> list[GalleryFace]:
        """The faces of some people that this embedder has seen."""
        theirs = _SEEN.where(embeddings.c.embedder == embedder, faces.c.person_id.in_(people_ids))
        with self._database.read() as connection:
            return _faces_from(connection.execute(theirs).all())

    def unseen_by(self, embedder: str) -> list[EnrolledFace]:
        """The faces that this embedder has not seen yet."""
        with self._database.read() as connection:
            return [EnrolledFace(**row._mapping) for row in connection.execute(_unseen_by(embedder))]

    def add_embeddings(self, embedder: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Keep what an embedder makes of faces (by face id) that others have seen before.

        Faces that are gone by now, and those that the embedder has seen meanwhile, are left out; where none
        is left, the gallery stays as it is.
        """
        if not vectors:
            return
        with self._database.write() as connection:
            unseen = connection.scalars(_unseen_by(embedder).with_only_columns(faces.c.id))
            added = vectors.keys() & set(unseen)
            for face_id in added:
                keep_embedding(connection, face_id, Embedding(embedder, vectors[face_id]))
            if added:
                start_generation(connection)


_SEEN: sa.Select[Any] = (
    sa.select(
        faces.c.person_id,
        people.c.name,
        embeddings.c.vector,
        faces.c.negative,
        faces.c.id,
        faces.c.unlike.is_not(None).label("doubtful"),
    )
    .join(people, people.c.id == faces.c.person_id)
    .join(embeddings, embeddings.c.face_id == faces.c.id)
)


def _faces_from(rows: Iterable[sa.Row[Any]]) -> list[GalleryFace]:
    faces = [
        GalleryFace(
            row.person_id, row.name, vector_from(row.vector), row.negative, row.id, bool(row.doubtful)
        )
        for row in rows
    ]
    refuse_other_sizes(face.vector for face in faces)
    return faces


def _unseen_by(embedder: str) -> sa.Select[Any]:
    seen = sa.select(embeddings.c.face_id).where(embeddings.c.embedder == embedder)
    return FACES.where(faces.c.id.not_in(seen))
