"""Rows as the database has them: how they differ after a change, and putting them back."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from wsgi_app.base.errors import Conflict
from wsgi_app.stores.tables import corrections, embeddings, faces, people

Row = dict[str, Any]  # by columns, as the driver gives them
Place = tuple[str, tuple[str, ...]]  # a table, and a primary key in it
Snapshot = dict[Place, Row]


class RowChange(msgspec.Struct, frozen=True):
    """How one row was changed.

    Attributes:
        table: its table's name.
        key: its primary key.
        before: the row; ``None`` where there was none.
        after: the SHA-256 of the row; ``None`` where there is none any more.
    """

    table: str
    key: tuple[str, ...]
    before: Row | None
    after: bytes | None


def snapshot(connection: sa.Connection, people_ids: Collection[str], visit_ids: Collection[str]) -> Snapshot:
    """All that naming, enrolling and correcting can change of some people and visits.

    These are the people, what was said of the visits, and the faces that are the people's or from the visits.
    """
    _people, _faces, _embeddings, _corrections = RAW.values()
    shown = _faces.c.person_id.in_(people_ids) | _faces.c.visit_id.in_(visit_ids)
    queries = {
        people.name: sa.select(_people).where(_people.c.id.in_(people_ids)),
        faces.name: sa.select(_faces).where(shown),
        embeddings.name: sa.select(_embeddings).where(
            _embeddings.c.face_id.in_(sa.select(_faces.c.id).where(shown))
        ),
        corrections.name: sa.select(_corrections).where(_corrections.c.visit_id.in_(visit_ids)),
    }
    return {
        (str(name), tuple(row._mapping[key] for key in KEYS[name])): _plain(row)
        for name, query in queries.items()
        for row in connection.execute(query)
    }


def difference(before: Snapshot, after: Snapshot) -> list[RowChange]:
    """How the rows of the later snapshot differ from those of the earlier one."""
    return [
        RowChange(*place, before.get(place), _digest(after.get(place)))
        for place in before | after
        if before.get(place) != after.get(place)
    ]


def still_so(connection: sa.Connection, changes: Iterable[RowChange]) -> bool:
    """Whether every row is as some changes left it behind."""
    return all(_digest(_row(connection, change)) == change.after for change in changes)


def restore(connection: sa.Connection, changes: Collection[RowChange]) -> None:
    """Take the rows away that some changes added, and put those back that they replaced or removed.

    Raises:
        Conflict: a row that is taken away or replaced is not there, or one that comes back refers to one that
            is not; nothing is to be kept of the transaction then.
    """
    try:
        for change, statement in _statements(changes):
            result = connection.execute(statement)
            was_there = change.before is None or change.after is not None
            if was_there and result.rowcount != 1:
                raise Conflict("changed_since")
    except sa.exc.IntegrityError as error:
        raise Conflict("changed_since") from error


def names_in(changes: Iterable[RowChange], afterwards: Snapshot) -> set[str]:
    """Whom and what some changes tell of: ids of people and visits, and crops that only they need."""
    names: set[str] = set()
    for change in changes:
        now = afterwards.get((change.table, change.key))
        for row in (change.before or {}, now or {}):
            names |= {row[column] for column in NAMING[change.table] if row.get(column)}
        if change.table == faces.name and change.before and now is None:
            names.add(change.before["crop"])
    return names


def _statements(changes: Collection[RowChange]) -> Iterator[tuple[RowChange, sa.Executable]]:
    # What refers to others goes before them, and comes after them. Whoever was added goes last of all:
    # until then rows that are to be put back may still be theirs, and would go with them.
    order = list(RAW)
    added = [change for change in changes if change.before is None]
    theirs = [change for change in added if change.table != people.name]
    for change in sorted(theirs, key=lambda change: -order.index(change.table)):
        yield change, RAW[change.table].delete().where(_is(change))
    for change in sorted(changes, key=lambda change: order.index(change.table)):
        table = RAW[change.table]
        if change.before is not None:
            put = table.insert() if change.after is None else table.update().where(_is(change))
            yield change, put.values(change.before)
    for change in added:
        if change.table == people.name:
            yield change, RAW[change.table].delete().where(_is(change))


def _row(connection: sa.Connection, change: RowChange) -> Row | None:
    row = connection.execute(sa.select(RAW[change.table]).where(_is(change))).first()
    return None if row is None else _plain(row)


def _plain(row: sa.Row[Any]) -> Row:
    return {str(column): value for column, value in row._mapping.items()}  # without SQLAlchemy's kind of text


def _is(change: RowChange) -> sa.ColumnElement[bool]:
    columns = RAW[change.table].c
    return sa.and_(
        *(columns[name] == value for name, value in zip(KEYS[change.table], change.key, strict=True))
    )


def _digest(row: Row | None) -> bytes | None:
    return None if row is None else hashlib.sha256(msgspec.msgpack.encode(row, order="sorted")).digest()


# The tables without the types of their columns: values go in as they came out. Who is referred to is first.
RAW = {
    table.name: sa.table(table.name, *(sa.column(column.name) for column in table.c))
    for table in (people, faces, embeddings, corrections)
}
KEYS = {
    table.name: tuple(column.name for column in table.primary_key)
    for table in (people, faces, embeddings, corrections)
}
NAMING = {
    people.name: ("id",),
    faces.name: ("person_id", "visit_id", "shows_id"),
    embeddings.name: (),
    corrections.name: ("person_id", "visit_id"),
}
