"""The faces that are kept to be compared with: rows in the database, crops on disk."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.errors import NotFound, PreconditionFailed
from wsgi_app.base.faces import Quality
from wsgi_app.stores.crops import remove_unnamed
from wsgi_app.stores.database import Database
from wsgi_app.stores.embeddings import Embedding, keep_embedding
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.generation import start_generation
from wsgi_app.stores.people import read_person
from wsgi_app.stores.photos import PhotoStore, sha256_of
from wsgi_app.stores.tables import faces
from wsgi_app.stores.visit_states import read_state


@dataclass(frozen=True)
class EnrolledFace:
    """One face, kept to be compared with.

    Attributes:
        id: public name.
        person_id: whose.
        crop: name of its photo in the photo store.
        quality: what was measured on it; ``None`` where what was kept of that cannot be read.
        created_at: when it was enrolled.
        negative: whether it is kept because it is not that person's.
        visit_id: the visit it was taken from.
        unlike: how like it was to the person's others when it was enrolled though that left a doubt; ``None``
            where there was none, or somebody confirmed it since.
        crop_sha256: of the crop as it was kept; ``None`` for one of an earlier release.
    """

    id: str
    person_id: str
    crop: str
    quality: Quality | None
    created_at: datetime
    negative: bool
    visit_id: str | None
    unlike: float | None = None
    crop_sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a face comes from.

    Attributes:
        visit_id: the visit it was taken from; ``None`` for elsewhere.
        negative: whether it is kept as *not* that person's.
        like: the id of somebody else whom it is as like, where somebody insisted all the same.
        unlike: the likeness to the person's own faces, where that leaves a doubt.
        insisted: whether somebody insisted in spite of that.
    """

    visit_id: str | None = None
    negative: bool = False
    like: str | None = None
    unlike: float | None = None
    insisted: bool = False


class FaceStore(ActingStore):
    """Faces of people; each change starts a new generation of the gallery."""

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ):
        self._database, self._photos, self._now, self._new_id = database, photos, now, new_id

    def of(self, person_id: str) -> list[EnrolledFace]:
        """A person's faces, oldest first.

        Raises:
            NotFound: nobody has that id.
        """
        with self._database.read() as connection:
            read_person(connection, person_id)
            query = FACES.where(faces.c.person_id == person_id)
            rows = connection.execute(query.order_by(faces.c.created_at, faces.c.id))
            return [EnrolledFace(**row._mapping) for row in rows]

    def get(self, person_id: str, face_id: str) -> EnrolledFace:
        """One face of a person.

        Raises:
            NotFound: they have no such face.
        """
        with self._database.read() as connection:
            return _face(connection, person_id, face_id)

    def crop(self, face: EnrolledFace) -> bytes:
        """The crop of a face; raises as ``PhotoStore.read``."""
        return self._photos.read(face.crop, face.crop_sha256)

    def add(
        self,
        person_id: str,
        png: bytes,
        quality: Quality,
        embedding: Embedding,
        source: Source = Source(),
    ) -> EnrolledFace:
        """Enrol a face: its aligned crop as PNG, its quality, and its embedding by one embedder.

        Raises:
            NotFound: nobody has that id, or the visit is gone; nothing is kept then.
        """
        with self._database.read() as connection:
            read_person(connection, person_id)
        face_id = self._new_id()
        crop = self._photos.save_crop(face_id, png)
        face = EnrolledFace(
            face_id,
            person_id,
            crop,
            quality,
            self._now(),
            negative=source.negative,
            visit_id=source.visit_id,
            unlike=source.unlike,
            crop_sha256=sha256_of(png),
        )
        try:
            with self._database.write() as connection:
                read_person(connection, person_id)
                if source.visit_id is not None:  # gone, it may have shown somebody who was just forgotten
                    read_state(connection, source.visit_id)
                connection.execute(faces.insert().values(vars(face)))
                keep_embedding(connection, face_id, embedding)
                start_generation(connection)
                details = {"face": face_id} | ({"like": source.like} if source.like else {})
                if source.unlike is not None:
                    details["unlike" if source.insisted else "doubt"] = f"{source.unlike:.2f}"
                self._tell(connection, "barred" if source.negative else "enrolled", person_id, **details)
                self._database.unless_kept(lambda: self._photos.remove(crop))
        except BaseException:
            self._photos.remove(crop)
            raise
        return face

    def remove(
        self,
        person_id: str,
        face_id: str,
        expected: Callable[[EnrolledFace], bool] = lambda _face: True,
    ) -> None:
        """Remove one face, and its crop as soon as nothing can bring the face back.

        Args:
            person_id: whose it is.
            face_id: which one.
            expected: whether it still is as the caller last saw it.

        Raises:
            NotFound: they have no such face.
            PreconditionFailed: ``expected`` says no.
        """
        with self._database.write() as connection:
            face = _face(connection, person_id, face_id)
            if not expected(face):
                raise PreconditionFailed("precondition_failed:face")
            connection.execute(faces.delete().where(faces.c.id == face_id))
            start_generation(connection)
            self._tell(connection, "face_removed", person_id, face=face_id)
            remove_unnamed(self._database, self._photos, [face.crop])

    def confirm(self, person_id: str, face_id: str) -> EnrolledFace:
        """Say that a face is the person's, as like or unlike their others as it is.

        Raises:
            NotFound: they have no such face.
        """
        with self._database.write() as connection:
            face = _face(connection, person_id, face_id)
            if face.unlike is not None:
                connection.execute(faces.update().where(faces.c.id == face_id).values(unlike=None))
                start_generation(connection)
                self._tell(connection, "face_confirmed", person_id, face=face_id)
            return replace(face, unlike=None)

    def doubtful(self, limit: int) -> list[EnrolledFace]:
        """Faces that were enrolled though that left a doubt, and that nobody confirmed, the latest first."""
        query = FACES.where(faces.c.unlike.is_not(None)).order_by(faces.c.created_at.desc(), faces.c.id)
        with self._database.read() as connection:
            return [EnrolledFace(**row._mapping) for row in connection.execute(query.limit(limit))]

    def taken_from(self, visit_ids: Iterable[str]) -> list[EnrolledFace]:
        """The faces that were taken from some visits, whose ever they are, or are not."""
        query = FACES.where(faces.c.visit_id.in_(list(visit_ids)))
        with self._database.read() as connection:
            return [EnrolledFace(**row._mapping) for row in connection.execute(query)]

    def _tell(self, connection: sa.Connection, action: str, person_id: str, **details: str) -> None:
        tell(connection, self._now(), ("person", action, person_id), self._by, **details)


# All faces, as ``EnrolledFace`` takes them.
FACES: sa.Select[Any] = sa.select(*(column for column in faces.c if column.name != "shows_id"))


def _face(connection: sa.Connection, person_id: str, face_id: str) -> EnrolledFace:
    query = FACES.where(faces.c.id == face_id, faces.c.person_id == person_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("not_found:face")
    return EnrolledFace(**row._mapping)
