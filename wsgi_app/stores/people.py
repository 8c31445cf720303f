"""People, their faces, and what each embedder makes of those faces."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from wsgi_app.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.database import Database
from wsgi_app.stores.embeddings import Embedding, vector_from
from wsgi_app.stores.events import AT_THE_MACHINE, tell
from wsgi_app.stores.forgetting import Forgotten, delete_person, visits_showing
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.tables import embeddings, faces, gallery, people, visits
from wsgi_app.stores.visits import Visit

Expected = Callable[["Person"], bool]


@dataclass(frozen=True)
class Person:
    """Someone who may be recognised.

    Attributes:
        id: public name.
        name: what they are called.
        revision: counts the changes to the person.
        created_at: since when they are known.
        valid_from: from when on they may come in; ``None`` for always.
        valid_until: until when.
        hours: at which hours of the week, written as ``rules.Hours`` are; none for any.
        faces: how many of their faces are enrolled.
        portrait: the id of the first of these; ``None`` without one.
    """

    id: str
    name: str
    revision: int
    created_at: datetime
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    hours: tuple[str, ...] = ()
    faces: int = 0
    portrait: str | None = None


@dataclass(frozen=True)
class EnrolledFace:
    """One face, kept to be compared with.

    Attributes:
        id: public name.
        person_id: whose.
        crop: name of its photo in the photo store.
        quality: as ``vision.quality.Quality`` has it.
        created_at: when it was enrolled.
        negative: whether it is kept because it is not that person's.
        visit_id: the visit it was taken from.
    """

    id: str
    person_id: str
    crop: str
    quality: dict[str, float]
    created_at: datetime
    negative: bool
    visit_id: str | None


@dataclass(frozen=True)
class Source:
    """Where a face comes from.

    Attributes:
        visit_id: the visit it was taken from; ``None`` for elsewhere.
        negative: whether it is kept as *not* that person's.
        like: the id of somebody else whom it is as like, where somebody insisted all the same.
    """

    visit_id: str | None = None
    negative: bool = False
    like: str | None = None


@dataclass(frozen=True, eq=False)
class GalleryFace:
    """What one embedder makes of one face: float32 [size], and whose face it is, or is not if negative."""

    person_id: str
    name: str
    vector: NDArray[np.float32]
    negative: bool
    face_id: str


@dataclass(frozen=True, eq=False)
class GalleryRows:
    """The faces that one embedder has seen, who may not come at any time, and the generation of both."""

    generation: int
    faces: list[GalleryFace]
    bound: list[Person]


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
        self._by = AT_THE_MACHINE

    def acting(self, by: str) -> "PeopleStore":
        """The same store, with the changes told as somebody's."""
        store = copy(self)
        store._by = by
        return store

    def add(self, name: str, edit: Callable[[Person], Person] = lambda person: person) -> Person:
        """Add a person without faces.

        Args:
            name: what they are called.
            edit: gives them their rules.

        Raises:
            Conflict: somebody has that name, in capitals or not.
        """
        person = edit(Person(self._new_id(), name, 1, self._now()))
        with self._database.write() as connection:
            _refuse_taken_name(connection, name)
            row = {"id": person.id, "revision": person.revision, "created_at": person.created_at}
            connection.execute(people.insert().values(row | _edited(person)))
            self._tell(connection, "added", person.id)
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
            return _person_of(row) if row else None

    def page(self, limit: int, after: str = "", part: str = "") -> list[Person]:
        """People in the order of their names, from the first name past ``after``; those with a part of it."""
        query = _PEOPLE.where(people.c.name_key > after.casefold())
        if part:
            query = query.where(people.c.name_key.contains(part.casefold(), autoescape=True))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(people.c.name_key).limit(limit))
            return [_person_of(row) for row in rows]

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of some people by their ids; who is not there is left out."""
        query = sa.select(people.c.id, people.c.name).where(people.c.id.in_(list(ids)))
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def portraits(self, ids: Iterable[str]) -> dict[str, str]:
        """The face by which to show each of some people: the first enrolled; who has none is left out."""
        query = (
            sa.select(faces.c.person_id, faces.c.id)
            .where(faces.c.person_id.in_(list(ids)), ~faces.c.negative)
            .order_by(faces.c.created_at.desc(), faces.c.id.desc())
        )
        with self._database.read() as connection:
            return {row.person_id: row.id for row in connection.execute(query)}

    def change(self, person_id: str, edit: Callable[[Person], Person], expected: Expected) -> Person:
        """Give a person another name or other rules, if they are still as the caller last saw them.

        Args:
            person_id: whose.
            edit: makes of the person as stored the one to be; what it raises leaves everything as it is.
            expected: whether the person as stored is still what the caller saw.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
            Conflict: somebody else has that name.
        """
        with self._database.write() as connection:
            person = _expected_person(connection, person_id, expected)
            edited = replace(edit(person), revision=person.revision + 1)
            if edited.name.casefold() != person.name.casefold():
                _refuse_taken_name(connection, edited.name)
            row = {"revision": edited.revision} | _edited(edited)
            connection.execute(people.update().where(people.c.id == person_id).values(row))
            _start_generation(connection)
            self._tell(connection, "changed", person_id)
            return edited

    def remove(self, person_id: str, expected: Expected) -> Forgotten:
        """Forget a person, with everything that shows them; see ``forgetting.delete_person``.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
        """
        with self._database.write() as connection:
            _expected_person(connection, person_id, expected)
            forgotten = delete_person(connection, person_id)
            _start_generation(connection)
            self._tell(connection, "forgotten", person_id)
        for photo in forgotten.photos:
            self._photos.remove(photo)
        return forgotten

    def visits(self, person_id: str, limit: int, before: int | None = None) -> list[Visit]:
        """The latest visits that show a person, newest first, or those before a number."""
        query = sa.select(visits).where(visits.c.id.in_(visits_showing(person_id)))
        if before is not None:
            query = query.where(visits.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(visits.c.number.desc()).limit(limit))
            return [Visit(**row._mapping) for row in rows]

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
        embedding: Embedding,
        source: Source = Source(),
    ) -> EnrolledFace:
        """Enrol a face: its aligned crop as PNG, its quality, and its embedding by one embedder.

        Raises:
            NotFound: nobody has that id; nothing is kept then.
        """
        self.get(person_id)
        face_id = self._new_id()
        crop = self._photos.save_crop(face_id, png)
        face = EnrolledFace(face_id, person_id, crop, quality, self._now(), source.negative, source.visit_id)
        try:
            with self._database.write() as connection:
                _person(connection, person_id)
                connection.execute(faces.insert().values(vars(face)))
                _keep_embedding(connection, face_id, embedding)
                _start_generation(connection)
                details = {"face": face_id} | ({"like": source.like} if source.like else {})
                self._tell(connection, "barred" if source.negative else "enrolled", person_id, **details)
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
            self._tell(connection, "face_removed", person_id, face=face_id)
        self._photos.remove(face.crop)

    def taken_from(self, visit_ids: Iterable[str]) -> list[EnrolledFace]:
        """The faces that were taken from some visits, whose ever they are, or are not."""
        query = sa.select(faces).where(faces.c.visit_id.in_(list(visit_ids)))
        with self._database.read() as connection:
            return [EnrolledFace(**row._mapping) for row in connection.execute(query)]

    def generation(self) -> int:
        """Counted up by every change of the gallery, in any process."""
        return int(self._database.value("SELECT generation FROM gallery"))

    def gallery(self, embedder: str) -> "GalleryRows":
        """Every face that this embedder has seen, and every rule, at one generation."""
        query = (
            sa.select(faces.c.person_id, people.c.name, embeddings.c.vector, faces.c.negative, faces.c.id)
            .join(people, people.c.id == faces.c.person_id)
            .join(embeddings, embeddings.c.face_id == faces.c.id)
            .where(embeddings.c.embedder == embedder)
        )
        with self._database.read() as connection:
            generation = int(connection.execute(_GENERATION).scalar_one())
            rows = connection.execute(query).all()
            bound = connection.execute(_PEOPLE.where(_BOUND)).all()
        return GalleryRows(
            generation,
            [
                GalleryFace(row.person_id, row.name, vector_from(row.vector), row.negative, row.id)
                for row in rows
            ],
            [_person_of(row) for row in bound],
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
                _keep_embedding(connection, face_id, Embedding(embedder, vectors[face_id]))
            _start_generation(connection)

    def _tell(self, connection: sa.Connection, action: str, person_id: str, **details: str) -> None:
        tell(connection, self._now(), ("person", action, person_id), self._by, **details)


_GENERATION = sa.select(gallery.c.generation)
_PEOPLE: sa.Select[Any] = sa.select(
    people.c.id,
    people.c.name,
    people.c.revision,
    people.c.created_at,
    people.c.valid_from,
    people.c.valid_until,
    people.c.hours,
    sa.select(sa.func.count())
    .select_from(faces)
    .where(faces.c.person_id == people.c.id, ~faces.c.negative)
    .scalar_subquery()
    .label("faces"),
    sa.select(faces.c.id)
    .where(faces.c.person_id == people.c.id, ~faces.c.negative)
    .order_by(faces.c.created_at, faces.c.id)
    .limit(1)
    .scalar_subquery()
    .label("portrait"),
)
_BOUND = sa.or_(
    people.c.valid_from.is_not(None),
    people.c.valid_until.is_not(None),
    sa.cast(people.c.hours, sa.Text) != "[]",
)


def _unseen_by(embedder: str) -> sa.Select[Any]:
    seen = sa.select(embeddings.c.face_id).where(embeddings.c.embedder == embedder)
    return sa.select(faces).where(faces.c.id.not_in(seen))


def _person(connection: sa.Connection, person_id: str) -> Person:
    row = connection.execute(_PEOPLE.where(people.c.id == person_id)).first()
    if row is None:
        raise NotFound("There is no such person.")
    return _person_of(row)


def _person_of(row: sa.Row[Any]) -> Person:
    return Person(**{**row._mapping, "hours": tuple(row.hours)})


def _edited(person: Person) -> dict[str, Any]:
    """The columns that ``PeopleStore.change`` may change."""
    return {
        "name": person.name,
        "name_key": person.name.casefold(),
        "valid_from": person.valid_from,
        "valid_until": person.valid_until,
        "hours": list(person.hours),
    }


def _expected_person(connection: sa.Connection, person_id: str, expected: Expected) -> Person:
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


def _keep_embedding(connection: sa.Connection, face_id: str, embedding: Embedding) -> None:
    row = {"face_id": face_id, "embedder": embedding.embedder, "vector": embedding.bytes}
    connection.execute(embeddings.insert().values(row))


def _start_generation(connection: sa.Connection) -> None:
    connection.execute(gallery.update().values(generation=gallery.c.generation + 1))
