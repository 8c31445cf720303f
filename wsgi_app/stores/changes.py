"""What somebody did by hand and can take back for a while.

A change is what differs between two snapshots of the rows that it may touch, taken at the begin and the end
of the one transaction that it is made in. Taking it back puts those rows back as they were, in one
transaction too, if none of them was changed since. Crops stay on disk as long as a change needs them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import Conflict, NotFound
from wsgi_app.stores.crops import remove_unnamed
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.generation import start_generation
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.snapshots import Row, RowChange, difference, names_in, restore, snapshot, still_so
from wsgi_app.stores.tables import change_names, changes, corrections, faces, people, visits

KEPT = timedelta(minutes=15)  # during which a change can be taken back


@dataclass(frozen=True)
class Change:
    """What somebody did.

    Attributes:
        id: names it to whoever takes it back.
        at: when.
        by: who.
        deed: what it was.
        subject: the id of the person or the visit that it was about.
    """

    id: str
    at: datetime
    by: str
    deed: Deed
    subject: str

    @property
    def until(self) -> datetime:
        """Until when it can be taken back."""
        return self.at + KEPT


@dataclass
class Recording:
    """A change that is being made.

    Attributes:
        subject: as that of ``Change``.
        people: the ids of those whose rows may change; whoever is added is told here.
        visits: the ids of those of which something may be said.
        change: what can be taken back, once it is made; ``None`` where nothing was changed.
    """

    subject: str
    people: set[str]
    visits: tuple[str, ...]
    change: Change | None = field(default=None, init=False)


@dataclass(frozen=True)
class TakenBack:
    """A change that was taken back.

    Attributes:
        change: which one.
        faces: that came back by it: their people's ids and theirs.
        visits: the ids of those of which something came back, said or learnt.
    """

    change: Change
    faces: list[tuple[str, str]]
    visits: set[str]


class ChangeStore(ActingStore):
    """Changes in the database, until their time is over."""

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ):
        self._database, self._photos, self._now, self._new_id = database, photos, now, new_id

    @contextmanager
    def record(
        self, deed: Deed, subject: str, people: Iterable[str] = (), visits: Iterable[str] = ()
    ) -> Iterator[Recording]:
        """Make everything inside one change: all of it is kept, or none, and it can be taken back.

        Args:
            deed: what is done.
            subject: the id of the person or visit that it is about.
            people: the ids of those whose rows may change.
            visits: the ids of those of which something may be said, or from which faces come.
        """
        recording = Recording(subject, set(people), tuple(visits))
        with self._database.write() as connection:
            before = snapshot(connection, recording.people, recording.visits)
            yield recording
            after = snapshot(connection, recording.people, recording.visits)
            if rows := difference(before, after):
                change = Change(self._new_id(), self._now(), self._by, deed, recording.subject)
                connection.execute(
                    changes.insert().values(vars(change) | {"rows": msgspec.msgpack.encode(rows)})
                )
                names = [{"change_id": change.id, "name": name} for name in names_in(rows, after)]
                connection.execute(change_names.insert(), names)
                recording.change = change

    def get(self, change_id: str) -> Change:
        """A change that can be taken back still.

        Raises:
            NotFound: there is none: it was taken back, its time is over, or what it tells of is forgotten.
        """
        with self._database.read() as connection:
            return self._read(connection, change_id)[0]

    def followers(self, change_id: str) -> list[str]:
        """What was done after a change to what that tells of, and can be undone: ids, the latest first."""
        subjects = sa.select(change_names.c.name).where(change_names.c.change_id == change_id)
        at = sa.select(changes.c.at).where(changes.c.id == change_id).scalar_subquery()
        query = sa.select(changes.c.id).where(
            changes.c.id != change_id,
            changes.c.at > at,
            changes.c.at > self._now() - KEPT,
            changes.c.id.in_(sa.select(change_names.c.change_id).where(change_names.c.name.in_(subjects))),
        )
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(changes.c.at.desc())))

    def take_back(self, change_id: str) -> TakenBack:
        """Make everything that a change changed as it was before.

        Where that takes somebody away who was new, other changes that tell of them are forgotten.

        Raises:
            NotFound: as ``get`` says.
            Conflict: something of it was changed since; nothing is taken back then.
        """
        with self._database.write() as connection:
            change, rows = self._read(connection, change_id)
            if not still_so(connection, rows):
                raise Conflict("changed_since")
            strangers = _added(rows, people)
            _refuse_known_meanwhile(connection, strangers, {row.key[0] for row in rows})
            crops = list(
                connection.scalars(sa.select(faces.c.crop).where(faces.c.id.in_(_added(rows, faces))))
            )
            restore(connection, rows)
            connection.execute(changes.delete().where(changes.c.id == change_id))
            crops += forget_changes(connection, telling_of(strangers))
            start_generation(connection)
            self._tell(connection, change, rows)
            remove_unnamed(self._database, self._photos, crops)
        removed = [(face["person_id"], face["id"]) for face in _removed_faces(rows)]
        return TakenBack(change, removed, _visits_of(rows))

    def _read(self, connection: sa.Connection, change_id: str) -> tuple[Change, list[RowChange]]:
        query = sa.select(changes).where(changes.c.id == change_id, changes.c.at > self._now() - KEPT)
        row = connection.execute(query).first()
        if row is None:
            raise NotFound("not_found:change")
        values = dict(row._mapping)
        rows = _DECODER.decode(values.pop("rows"))
        return Change(**values), rows

    def _tell(self, connection: sa.Connection, change: Change, rows: list[RowChange]) -> None:
        told = [("visit", row.key[0]) for row in rows if row.table == corrections.name]
        if ("visit", change.subject) not in told:
            told.append(("person", change.subject))
        for kind, subject in told:
            tell(connection, self._now(), (kind, "undone", subject), self._by, deed=change.deed)


def forget_changes(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[str]:
    """Forget some changes in a transaction: they cannot be taken back any more.

    Gives the crops that were kept for them alone; whoever forgets removes those afterwards.
    """
    rows = connection.execute(sa.select(changes.c.id, changes.c.rows).where(which)).all()
    connection.execute(changes.delete().where(changes.c.id.in_([row.id for row in rows])))
    return [face["crop"] for row in rows for face in _removed_faces(_DECODER.decode(row.rows))]


def telling_of(names: Collection[str]) -> sa.ColumnElement[bool]:
    """Which changes tell of some people or visits, by their ids."""
    return changes.c.id.in_(sa.select(change_names.c.change_id).where(change_names.c.name.in_(names)))


def _refuse_known_meanwhile(connection: sa.Connection, strangers: list[str], ours: set[str]) -> None:
    # Somebody who was added by the change and by now has more to their name is no part of it any more.
    theirs = sa.select(faces.c.id).where(faces.c.person_id.in_(strangers))
    seen = (
        sa.select(faces.c.id).where(faces.c.shows_id.in_(strangers)),
        sa.select(corrections.c.visit_id).where(corrections.c.person_id.in_(strangers)),
        sa.select(visits.c.number).where(visits.c.person_id.in_(strangers)).limit(1),
    )
    if any(set(connection.scalars(query)) - ours for query in seen):
        raise Conflict("changed_since:known")
    if set(connection.scalars(theirs)) - ours:
        raise Conflict("changed_since:photos")


def _added(rows: list[RowChange], table: sa.Table) -> list[str]:
    return [row.key[0] for row in rows if row.table == table.name and row.before is None]


def _visits_of(rows: list[RowChange]) -> set[str]:
    before = [row.before for row in rows if row.before and row.table in (faces.name, corrections.name)]
    return {row["visit_id"] for row in before if row["visit_id"]}


def _removed_faces(rows: list[RowChange]) -> list[Row]:
    return [row.before for row in rows if row.table == faces.name and row.before and row.after is None]


_DECODER = msgspec.msgpack.Decoder(list[RowChange])
