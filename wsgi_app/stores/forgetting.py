"""What shows a person, and how it is deleted."""

import json
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from wsgi_app.stores.changes import forget_changes, telling_of
from wsgi_app.stores.tables import answers, faces, people, visits
from wsgi_app.stores.visit_filters import shows
from wsgi_app.stores.visits import remove_visits

AT_ONCE = 1000  # ids in one statement, fewer than any database takes


@dataclass(frozen=True)
class Forgotten:
    """What was deleted with a person.

    Attributes:
        faces: how many of their faces.
        visits: the ids of the visits that showed them.
        photos: names of the kept photos that nothing names any more.
    """

    faces: int
    visits: tuple[str, ...]
    photos: tuple[str, ...]


def delete_person(
    connection: sa.Connection, person_id: str, further_visits: Collection[str] = ()
) -> Forgotten:
    """Delete a person's row and all rows that show them; the photos are the caller's to remove, later.

    Those are their faces, what is kept as not theirs, the visits that show them with all that belongs to
    these, what was kept as not somebody else's from these or from such visits that are gone by now, what
    could be taken back of all this, and answers to doors that name them.

    Args:
        connection: in whose transaction.
        person_id: whom.
        further_visits: ids of visits that show them, too, though nothing in this database says so.
    """
    shown = shows(person_id) | among(visits.c.id, further_visits)
    theirs = faces.c.person_id == person_id
    from_their_visits = faces.c.visit_id.in_(sa.select(visits.c.id).where(shown))
    taken_from_them = sa.and_(faces.c.negative, from_their_visits | (faces.c.shows_id == person_id))
    own = connection.scalar(sa.select(sa.func.count()).where(theirs, ~faces.c.negative)) or 0
    crops = list(connection.scalars(sa.select(faces.c.crop).where(theirs | taken_from_them)))
    rows = connection.execute(sa.select(visits.c.id, visits.c.photo).where(shown)).all()
    named = sa.select(visits.c.id).where(visits.c.person_id == person_id)
    connection.execute(answers.delete().where(answers.c.visit_id.in_(named)))
    connection.execute(faces.delete().where(taken_from_them))
    crops += forget_changes(connection, telling_of([person_id]))
    for first in range(0, len(rows), AT_ONCE):
        crops += remove_visits(connection, [row.id for row in rows[first : first + AT_ONCE]])
    connection.execute(people.delete().where(people.c.id == person_id))
    return Forgotten(own, tuple(row.id for row in rows), (*crops, *(row.photo for row in rows)))


def among(column: sa.Column[str], ids: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a column has one of some ids: of more than a statement takes values, too."""
    return column.in_(sa.select(sa.func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
