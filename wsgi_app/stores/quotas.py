"""What each door sent in a day, counted with the visits: a row for each door, of the last day of it."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from wsgi_app.base.doors import DoorId
from wsgi_app.base.quotas import DaySent, DoorDay, quota_name
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import tell
from wsgi_app.stores.tables import door_days

NOTHING = DaySent()


class QuotaStore:
    """That in the database, where every worker finds it."""

    def __init__(self, database: Database):
        self._database = database

    def sent(self, day: DoorDay) -> DaySent:
        """What a door has sent on a day up to now."""
        with self._database.read() as connection:
            row = connection.execute(_SENT, {"of": day.door, "day": day.on}).first()
        return DaySent(**row._mapping) if row else NOTHING

    def beyond(self, on: date) -> list[tuple[str, int]]:
        """The doors that sent more on a day than is kept, and how many photos were not, most first."""
        with self._database.read() as connection:
            return [(row.door, row.unkept) for row in connection.execute(_BEYOND, {"day": on})]


def count_visit(connection: sa.Connection, day: DoorDay, at: datetime, size: int | None) -> None:
    """Count a visit in its transaction; that a photo is not kept is told once a day and door.

    Args:
        connection: of that transaction.
        day: on which, at which door.
        at: when.
        size: of its photo, in bytes; ``None`` where that is not kept.
    """
    row = {"door": day.door, "day": day.on, "photo_bytes": size or 0, "unkept": size is None}
    unkept = connection.execute(_COUNT, row).scalar_one()
    if size is None and unkept == 1:
        tell(connection, at, ("quota", "spent", day.door))


def forget_days(connection: sa.Connection, door: DoorId) -> None:
    """Have a door begin anew in a transaction, as one with another token does."""
    connection.execute(door_days.delete().where(door_days.c.door == quota_name(door)))


def _added(column: sa.Column[int], new: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """A count with what is new, which on another day is all there is."""
    return sa.case((door_days.c.day == _NEW.excluded.day, column + new), else_=new)


# Made once, as in ``visits``.
_DAY: sa.BindParameter[date] = sa.bindparam("day", type_=door_days.c.day.type)
_SENT = sa.select(door_days.c.visits, door_days.c.photo_bytes, door_days.c.unkept).where(
    door_days.c.door == sa.bindparam("of"), door_days.c.day == _DAY
)
_BEYOND = (
    sa.select(door_days.c.door, door_days.c.unkept)
    .where(door_days.c.day == _DAY, door_days.c.unkept > 0)
    .order_by(door_days.c.unkept.desc(), door_days.c.door)
)
_NEW = insert(door_days).values(visits=1)
_COUNT = _NEW.on_conflict_do_update(
    index_elements=[door_days.c.door],
    set_={
        "day": _NEW.excluded.day,
        "visits": _added(door_days.c.visits, _NEW.excluded.visits),
        "photo_bytes": _added(door_days.c.photo_bytes, _NEW.excluded.photo_bytes),
        "unkept": _added(door_days.c.unkept, _NEW.excluded.unkept),
    },
).returning(door_days.c.unkept)
