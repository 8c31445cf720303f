"""People: what they are called, and when they may come in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.base.names import name_key
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell, tell_each
from wsgi_app.stores.forgetting import Forgotten, delete_person
from wsgi_app.stores.generation import start_generation
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.tables import faces, people


@dataclass(frozen=True)
class PersonDetails:
    """What somebody says of a person, each a column of that name.

    None has a default, so that whoever makes these is reminded of each.

    Attributes:
        name: what they are called.
        valid_from: from when on they may come in; ``None`` for always.
        valid_until: until when.
        hours: at which hours of the week, written as ``hours.Hours`` are; none for any.
    """

    name: str
    valid_from: datetime | None
    valid_until: datetime | None
    hours: tuple[str, ...]


DETAILS = tuple(field.name for field in fields(PersonDetails))


@dataclass(frozen=True)
class Person(PersonDetails):
    """Someone who may be recognised.

    Attributes:
        id: public name.
        revision: counts the changes to the person.
        created_at: since when they are known.
        faces: how many of their faces are enrolled.
        portrait: the id of the first of these; ``None`` without one.
    """

    id: str
    revision: int
    created_at: datetime
    faces: int = 0
    portrait: str | None = None


Edit = Callable[[Person], PersonDetails]
Expected = Callable[[Person], bool]


class PeopleStore(ActingStore):
    """People in the database; each change that a match depends on starts a new generation of the gallery."""

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ):
        self._database, self._photos, self._now, self._new_id = database, photos, now, new_id

    def add(self, name: str, edit: Edit = lambda person: person) -> Person:
        """Add a person without faces.

        Args:
            name: what they are called.
            edit: makes of a person of that name alone what is to be said of them.

        Raises:
            Conflict: somebody has that name, in capitals or not.
        """
        plain = Person(
            name=name,
            valid_from=None,
            valid_until=None,
            hours=(),
            id=self._new_id(),
            revision=1,
            created_at=self._now(),
        )
        person = replace(plain, **_values(edit(plain)))
        with self._database.write() as connection:
            _refuse_taken_name(connection, person.name)
            row = {"id": person.id, "revision": person.revision, "created_at": person.created_at}
            connection.execute(people.insert().values(row | _columns_of(person)))
            self._tell(connection, "added", person.id)
        return person

    def get(self, person_id: str) -> Person:
        """One person.

        Raises:
            NotFound: nobody has that id.
        """
        with self._database.read() as connection:
            return read_person(connection, person_id)

    def named(self, name: str) -> Person | None:
        """The person of that name, in capitals or not."""
        with self._database.read() as connection:
            row = connection.execute(PEOPLE.where(people.c.name_key == name_key(name))).first()
            return Person(**row._mapping) if row else None

    def page(self, limit: int, after: str = "", part: str = "") -> list[Person]:
        """People in the order of their names, from the first name past ``after``; those with a part of it."""
        query = PEOPLE.where(people.c.name_key > name_key(after))
        if part:
            query = query.where(people.c.name_key.contains(name_key(part), autoescape=True))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(people.c.name_key).limit(limit))
            return [Person(**row._mapping) for row in rows]

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of some people by their ids; who is not there is left out."""
        query = sa.select(people.c.id, people.c.name).where(people.c.id.in_(list(ids)))
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def change(self, person_id: str, edit: Edit, expected: Expected) -> Person:
        """Give a person another name or other rules, if they are still as the caller last saw them.

        Args:
            person_id: whose.
            edit: makes of the person as stored what is to be said of them; what it raises leaves everything
                as it is.
            expected: whether the person as stored is still what the caller saw.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
            Conflict: somebody else has that name.
        """
        with self._database.write() as connection:
            person = _expected_person(connection, person_id, expected)
            edited = replace(person, **_values(edit(person)), revision=person.revision + 1)
            if name_key(edited.name) != name_key(person.name):
                _refuse_taken_name(connection, edited.name)
            row = {"revision": edited.revision} | _columns_of(edited)
            connection.execute(people.update().where(people.c.id == person_id).values(row))
            start_generation(connection)
            self._tell(connection, "changed", person_id)
            return edited

    def remove(self, person_id: str, expected: Expected) -> Forgotten:
        """Forget a person, with everything that shows them; see ``forgetting.delete_person``.

        Copies of the database that were made before its schema was changed have them still, and go too.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
            StorageTrouble: the photos could not be removed; nothing is changed then.
        """
        self._photos.expect_removal()
        with self._database.write() as connection:
            _expected_person(connection, person_id, expected)
            forgotten = delete_person(connection, person_id)
            start_generation(connection)
            self._tell(connection, "forgotten", person_id)
            tell_each(connection, self._now(), ("visit", "removed"), forgotten.visits, person=person_id)
            self._database.once_kept(self._database.wipe)
            self._database.once_kept(self._database.remove_snapshots)
        for photo in forgotten.photos:
            self._photos.remove(photo)
        return forgotten

    def _tell(self, connection: sa.Connection, action: str, person_id: str, **details: str) -> None:
        tell(connection, self._now(), ("person", action, person_id), self._by, **details)


# Everybody, as ``Person`` takes them.
PEOPLE: sa.Select[Any] = sa.select(
    *(people.c[name] for name in DETAILS),
    people.c.id,
    people.c.revision,
    people.c.created_at,
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
# Who may not come at any time.
BOUND = sa.or_(
    people.c.valid_from.is_not(None),
    people.c.valid_until.is_not(None),
    sa.cast(people.c.hours, sa.Text) != "[]",
)


def read_person(connection: sa.Connection, person_id: str) -> Person:
    """One person, in a transaction.

    Raises:
        NotFound: nobody has that id.
    """
    row = connection.execute(PEOPLE.where(people.c.id == person_id)).first()
    if row is None:
        raise NotFound("not_found:person")
    return Person(**row._mapping)


def _values(details: PersonDetails) -> dict[str, Any]:
    return {name: getattr(details, name) for name in DETAILS}


def _columns_of(details: PersonDetails) -> dict[str, Any]:
    return {**_values(details), "name_key": name_key(details.name)}


def _expected_person(connection: sa.Connection, person_id: str, expected: Expected) -> Person:
    person = read_person(connection, person_id)
    if not expected(person):
        raise PreconditionFailed("precondition_failed:person")
    return person


def _refuse_taken_name(connection: sa.Connection, name: str) -> None:
    if connection.execute(sa.select(people.c.id).where(people.c.name_key == name_key(name))).first():
        raise Conflict("name_taken:person", name=name)
