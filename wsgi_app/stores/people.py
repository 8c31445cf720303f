"""People, their faces, and what each embedder makes of those faces."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from wsgi_app.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.database import Database, answers, embeddings, faces, gallery, people, visits
from wsgi_app.stores.photos import PhotoStore


@dataclass(frozen=True)
class Person:
    """Someone who may be recognised; ``faces`` counts theirs, ``revision`` counts changes to the person."""

    id: str
    name: str
    revision: int
    created_at: datetime
    faces: int


@dataclass(frozen=True)
class EnrolledFace:
    """One enrolled face; ``crop`` names its photo in the photo store."""

    id: str
    person_id: str
    crop: str
    quality: dict[str, float]
    created_at: datetime


@dataclass(frozen=True, eq=False)
class GalleryFace:
    """What one embedder makes of one face: float32 [size], and whose face it is."""

    person_id: str
    name: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GalleryRows:
    """The faces that one embedder has seen, and the generation they belong to."""

    generation: int
    faces: list[GalleryFace]


class PeopleStore:
    """People and faces in the database, crops on disk.

    Every change that a match depends on starts a new generation of the gallery.
    """

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ):
        self._database, self._photos, self._now, self._new_id = database, photos, now, new_id

    def add(self, name: str) -> Person:
        """Add a person without faces.

        Raises:
            Conflict: somebody has that name, in capitals or not.
        """
        person = Person(self._new_id(), name, revision=1, created_at=self._now(), faces=0)
        with self._database.write() as connection:
            _refuse_taken_name(connection, name)
            connection.execute(
                people.insert().values(
                    id=person.id,
                    name=name,
                    name_key=name.casefold(),
                    revision=person.revision,
                    created_at=person.created_at,
                )
            )
        return person

    def get(self, person_id: str) -> Person:
        """One person.

        Raises:
            NotFound: nobody has that id.
        """
        with self._database.read() as connection:
            return _person(connection, person_id)

    def named(self, name: str) -> Person | None:
        """The person of that name, in capitals or not."""
        with self._database.read() as connection:
            row = connection.execute(_PEOPLE.where(people.c.name_key == name.casefold())).first()
            return Person(**row._mapping) if row else None

    def page(self, limit: int, after: str = "") -> list[Person]:
        """People in the order of their names, from the first name past ``after``."""
        query = _PEOPLE.where(people.c.name_key > after.casefold()).order_by(people.c.name_key).limit(limit)
        with self._database.read() as connection:
            return [Person(**row._mapping) for row in connection.execute(query)]

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of some people by their ids; who is not there is left out."""
        query = sa.select(people.c.id, people.c.name).where(people.c.id.in_(list(ids)))
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def rename(self, person_id: str, name: str, expected: Callable[[Person], bool]) -> Person:
        """Give a person another name, if they are still as the caller last saw them.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
            Conflict: somebody else has that name.
        """
        with self._database.write() as connection:
            person = _expected_person(connection, person_id, expected)
            if name.casefold() != person.name.casefold():
                _refuse_taken_name(connection, name)
            connection.execute(
                people.update()
                .where(people.c.id == person_id)
                .values(name=name, name_key=name.casefold(), revision=person.revision + 1)
            )
            _start_generation(connection)
            return _person(connection, person_id)

    def remove(self, person_id: str, expected: Callable[[Person], bool]) -> None:
        """Forget a person: faces, crops, embeddings, and stored answers that name them; visits lose the name.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
        """
        with self._database.write() as connection:
            _expected_person(connection, person_id, expected)
            crops = connection.scalars(sa.select(faces.c.crop).where(faces.c.person_id == person_id)).all()
            their_visits = sa.select(visits.c.id).where(visits.c.person_id == person_id)
            connection.execute(answers.delete().where(answers.c.visit_id.in_(their_visits)))
            connection.execute(people.delete().where(people.c.id == person_id))
            _start_generation(connection)
        for crop in crops:
            self._photos.remove(crop)

    def faces(self, person_id: str) -> list[EnrolledFace]:
        """A person's faces, oldest first.

        Raises:
            NotFound: nobody has that id.
        """
        with self._database.read() as connection:
            _person(connection, person_id)
            query = sa.select(faces).where(faces.c.person_id == person_id)
            rows = connection.execute(query.order_by(faces.c.created_at, faces.c.id))
            return [EnrolledFace(**row._mapping) for row in rows]

    def face(self, person_id: str, face_id: str) -> EnrolledFace:
        """One face of a person.

        Raises:
            NotFound: they have no such face.
        """
        with self._database.read() as connection:
            return _face(connection, person_id, face_id)

    def add_face(
        self,
        person_id: str,
        png: bytes,
        quality: dict[str, float],
        embedder: str,
        vector: NDArray[np.float32],
    ) -> EnrolledFace:
        """Enrol a face: its aligned crop as PNG, its quality, and its embedding by one embedder.

        Raises:
            NotFound: nobody has that id; nothing is kept then.
        """
        self.get(person_id)
        face_id = self._new_id()
        crop = self._photos.save_crop(face_id, png)
        face = EnrolledFace(face_id, person_id, crop, quality, self._now())
        try:
            with self._database.write() as connection:
                _person(connection, person_id)
                connection.execute(faces.insert().values(vars(face)))
                _keep_embedding(connection, face_id, embedder, vector)
                _start_generation(connection)
        except BaseException:
            self._photos.remove(crop)
            raise
        return face

    def remove_face(self, person_id: str, face_id: str) -> None:
        """Remove one face and its crop.

        Raises:
            NotFound: they have no such face.
        """
        with self._database.write() as connection:
            face = _face(connection, person_id, face_id)
            connection.execute(faces.delete().where(faces.c.id == face_id))
            _start_generation(connection)
        self._photos.remove(face.crop)

    def generation(self) -> int:
        """Counted up by every change of the gallery, in any process."""
        return int(self._database.value("SELECT generation FROM gallery"))

    def gallery(self, embedder: str) -> "GalleryRows":
        """Every face that this embedder has seen, at one generation."""
        query = (
            sa.select(faces.c.person_id, people.c.name, embeddings.c.vector)
            .join(people, people.c.id == faces.c.person_id)
            .join(embeddings, embeddings.c.face_id == faces.c.id)
            .where(embeddings.c.embedder == embedder)
        )
        with self._database.read() as connection:
            generation = int(connection.execute(_GENERATION).scalar_one())
            rows = connection.execute(query).all()
        return GalleryRows(
            generation,
            [GalleryFace(row.person_id, row.name, np.frombuffer(row.vector, "<f4")) for row in rows],
        )

    def unseen_by(self, embedder: str) -> list[EnrolledFace]:
        """The faces that this embedder has not seen yet."""
        with self._database.read() as connection:
            return [EnrolledFace(**row._mapping) for row in connection.execute(_unseen_by(embedder))]

    def add_embeddings(self, embedder: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Keep what an embedder makes of faces (by face id) that others have seen before.

        Faces that are gone by now, and those that the embedder has seen meanwhile, are left out.
        """
        with self._database.write() as connection:
            unseen = set(connection.scalars(_unseen_by(embedder).with_only_columns(faces.c.id)))
            for face_id in unseen & vectors.keys():
                _keep_embedding(connection, face_id, embedder, vectors[face_id])
            _start_generation(connection)


_GENERATION = sa.select(gallery.c.generation)
_PEOPLE = sa.select(
    people.c.id,
    people.c.name,
    people.c.revision,
    people.c.created_at,
    sa.select(sa.func.count())
    .select_from(faces)
    .where(faces.c.person_id == people.c.id)
    .scalar_subquery()
    .label("faces"),
)


def _unseen_by(embedder: str) -> sa.Select[Any]:
    seen = sa.select(embeddings.c.face_id).where(embeddings.c.embedder == embedder)
    return sa.select(faces).where(faces.c.id.not_in(seen))


def _person(connection: sa.Connection, person_id: str) -> Person:
    row = connection.execute(_PEOPLE.where(people.c.id == person_id)).first()
    if row is None:
        raise NotFound("There is no such person.")
    return Person(**row._mapping)


def _expected_person(connection: sa.Connection, person_id: str, expected: Callable[[Person], bool]) -> Person:
    person = _person(connection, person_id)
    if not expected(person):
        raise PreconditionFailed("This person was changed since you last read them; read them again.")
    return person


def _face(connection: sa.Connection, person_id: str, face_id: str) -> EnrolledFace:
    query = sa.select(faces).where(faces.c.id == face_id, faces.c.person_id == person_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("This person has no such face.")
    return EnrolledFace(**row._mapping)


def _refuse_taken_name(connection: sa.Connection, name: str) -> None:
    if connection.execute(sa.select(people.c.id).where(people.c.name_key == name.casefold())).first():
        raise Conflict(f"There is already somebody called {name}.", code="name_taken")


def _keep_embedding(
    connection: sa.Connection, face_id: str, embedder: str, vector: NDArray[np.float32]
) -> None:
    row: dict[str, Any] = {
        "face_id": face_id,
        "embedder": embedder,
        "vector": vector.astype("<f4").tobytes(),
    }
    connection.execute(embeddings.insert().values(row))


def _start_generation(connection: sa.Connection) -> None:
    connection.execute(gallery.update().values(generation=gallery.c.generation + 1))
