"""The generation of the gallery, counted up with every change that a match depends on."""

import sqlalchemy as sa

from wsgi_app.base.doors import DoorKind
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.tables import answers, gallery, visits

GENERATION = sa.select(gallery.c.generation)


def start_generation(connection: sa.Connection) -> None:
    """Count one up in the transaction of a change, so that every process loads the gallery anew.

    Who was let in is judged anew too, should the door ask again. A door with a token does not: the server
    takes each of its presses once, and none that is not of now.
    """
    connection.execute(gallery.update().values(generation=gallery.c.generation + 1))
    connection.execute(_FORGET_LET_IN)


_LET_IN = sa.select(visits.c.id).where(visits.c.outcome == Outcome.KNOWN, visits.c.id == answers.c.visit_id)
_FORGET_LET_IN = answers.delete().where(answers.c.door_kind != DoorKind.DEVICE, _LET_IN.exists())
