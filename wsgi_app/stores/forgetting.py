"""What shows a person, and how it is deleted."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wsgi_app.stores.tables import answers, corrections, faces, people, visits
from wsgi_app.stores.visits import remove_visits

AT_ONCE = 1000  # ids in one statement, fewer than any database takes


@dataclass(frozen=True)
class Forgotten:
    """What was deleted with a person.

    Attributes:
        faces: how many of their faces.
        visits: how many visits that showed them.
        photos: names of the kept photos that nothing names any more.
    """

    faces: int
    visits: int
    photos: tuple[str, ...]


def visits_showing(person_id: str) -> sa.CompoundSelect[Any]:
    """The ids of the visits that show a person: a correction says so, or the verdict and no correction.

    One that was taken for them and said to be somebody else, or nobody known, does not show them.
    """
    said = sa.select(corrections.c.visit_id).where(corrections.c.person_id == person_id)
    denied = sa.exists().where(corrections.c.visit_id == visits.c.id, corrections.c.verdict != "ignored")
    judged = sa.select(visits.c.id).where(visits.c.person_id == person_id, ~denied)
    return said.union_all(judged)  # each half by its own index


def delete_person(connection: sa.Connection, person_id: str) -> Forgotten:
    """Delete a person's row and all rows that show them; the photos are the caller's to remove, later.

    Those are their faces, what is kept as not theirs, the visits that show them with all that belongs to
    these, what was kept from these as not somebody else's, and answers to doors that name them.
    """
    shown = visits_showing(person_id)
    theirs = faces.c.person_id == person_id
    taken_from_them = sa.and_(faces.c.negative, faces.c.visit_id.in_(shown))
    own = connection.scalar(sa.select(sa.func.count()).where(theirs, ~faces.c.negative)) or 0
    crops = connection.scalars(sa.select(faces.c.crop).where(theirs | taken_from_them)).all()
    rows = connection.execute(sa.select(visits.c.id, visits.c.photo).where(visits.c.id.in_(shown))).all()
    named = sa.select(visits.c.id).where(visits.c.person_id == person_id)
    connection.execute(answers.delete().where(answers.c.visit_id.in_(named)))
    connection.execute(faces.delete().where(taken_from_them))
    for first in range(0, len(rows), AT_ONCE):
        remove_visits(connection, [row.id for row in rows[first : first + AT_ONCE]])
    connection.execute(people.delete().where(people.c.id == person_id))
    return Forgotten(own, len(rows), (*crops, *(row.photo for row in rows)))
