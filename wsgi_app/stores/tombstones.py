"""Who and what was forgotten, or shut out, by ids alone: what a restored backup must not bring back.

The events that told of it are where it is kept, for as long as the audit log. A file beside the backups has
the same as lines of JSON, and outlives the house.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec
import sqlalchemy as sa

from wsgi_app.stores.database_copies import Counts, reading
from wsgi_app.stores.events import AT_THE_MACHINE, tell, tell_each
from wsgi_app.stores.files import write_whole
from wsgi_app.stores.forgetting import among, delete_person
from wsgi_app.stores.generation import start_generation
from wsgi_app.stores.tables import accounts, devices, events, faces, people, visits
from wsgi_app.stores.visits import remove_visits

FILE = "tombstones.jsonl"


class Gone(StrEnum):
    """What can be forgotten or shut out."""

    PERSON = "person"
    VISIT = "visit"
    FACE = "face"
    DEVICE = "device"
    ACCOUNT = "account"


# The events that tell of each: their kinds and actions.
TOLD = {
    ("person", "forgotten"): Gone.PERSON,
    ("visit", "removed"): Gone.VISIT,
    ("person", "face_removed"): Gone.FACE,
    ("device", "revoked"): Gone.DEVICE,
    ("account", "removed"): Gone.ACCOUNT,
}
EVENTS = {gone: told for told, gone in TOLD.items()}
ACTIONS = tuple({action for _, action in TOLD})


class Tombstone(msgspec.Struct, frozen=True, omit_defaults=True):
    """That somebody or something is gone.

    Attributes:
        gone: what it was.
        id: of the person, the visit, the face or the account; of a door its name.
        at: when.
        person: the id of whom a face was, or with whom a visit was forgotten; ``""`` for neither.
        back: whether it came back: a face can, for a while.
    """

    gone: Gone
    id: str
    at: datetime
    person: str = ""
    back: bool = False


def tombstones_in(connection: sa.Connection) -> list[Tombstone]:
    """All that a database tells of, oldest first."""
    query = sa.select(events.c.at, events.c.kind, events.c.action, events.c.subject, events.c.details).where(
        sa.tuple_(events.c.kind, events.c.action).in_(list(TOLD))
    )
    there = set(connection.scalars(sa.select(faces.c.id)))
    rows = connection.execute(query.order_by(events.c.number))
    return [
        Tombstone(*stone, back=stone[0] is Gone.FACE and stone[1] in there)
        for stone in (_of(*row) for row in rows)
    ]


def tombstones_of(file: Path) -> list[Tombstone]:
    """Those of a house's database, which may be of another release, and in use.

    Raises:
        sqlalchemy.exc.DatabaseError, sqlite3.DatabaseError: it cannot be read.
    """
    with reading(file, still=False) as connection:
        if not sa.inspect(connection).has_table(events.name):  # the first releases told nothing
            return []
        return tombstones_in(connection)


def lines_of(stones: Iterable[Tombstone]) -> list[str]:
    """Tombstones as lines of JSON, the same for the same one."""
    return [msgspec.json.encode(stone).decode() for stone in stones]


def read_lines(lines: Iterable[str]) -> tuple[list[Tombstone], int]:
    """The tombstones of some lines, and how many lines are none."""
    stones, unreadable = [], 0
    for line in filter(str.strip, lines):
        try:
            stones.append(msgspec.json.decode(line, type=Tombstone))
        except (msgspec.MsgspecError, UnicodeError):
            unreadable += 1
    return stones, unreadable


def lines_in(file: Path) -> list[str]:
    """The lines of a file; none where there is no file."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()


def keep_in(file: Path, stones: Iterable[Tombstone]) -> bool:
    """Add to a file what it lacks of some tombstones; whether it lacked any. What it has stays as it is."""
    before = lines_in(file)
    lines = list(dict.fromkeys([*before, *lines_of(stones)]))
    if file.exists() and lines == before:
        return False
    write_whole(file, "".join(f"{line}\n" for line in lines).encode())
    return True


def apply(connection: sa.Connection, stones: Collection[Tombstone]) -> tuple[Counts, set[str]]:
    """Forget again all that is there of them, in a transaction, and keep that it was told.

    Gives how much that was, and the names of the photos that are the caller's to remove.
    """
    standing, seen = _standing(stones), _counts(connection)
    photos: set[str] = set()
    theirs: dict[str, list[str]] = {stone.id: [] for stone in standing if stone.gone is Gone.PERSON}
    for stone in standing:
        if stone.gone is Gone.VISIT and stone.person in theirs:
            theirs[stone.person].append(stone.id)
    for person, shown_in in theirs.items():
        photos.update(delete_person(connection, person, shown_in).photos)
    photos.update(_remove_visits(connection, _ids(standing, Gone.VISIT)))
    photos.update(_remove_faces(connection, _ids(standing, Gone.FACE)))
    connection.execute(accounts.delete().where(among(accounts.c.id, _ids(standing, Gone.ACCOUNT))))
    revoked = sum(_revoke(connection, stone) for stone in standing if stone.gone is Gone.DEVICE)
    _tell(connection, standing)
    start_generation(connection)
    left = _counts(connection)
    return Counts(**{name: seen[name] - left[name] for name in seen}, devices=revoked), photos


def _standing(stones: Iterable[Tombstone]) -> list[Tombstone]:
    """Those of what did not come back after."""
    stones = list(stones)
    back = {(stone.gone, stone.id, stone.at) for stone in stones if stone.back}
    return [stone for stone in stones if (stone.gone, stone.id, stone.at) not in back]


def _of(
    at: datetime, kind: str, action: str, subject: str, details: dict[str, str]
) -> tuple[Gone, str, datetime, str]:
    gone = TOLD[kind, action]
    if gone is Gone.FACE:
        return gone, details.get("face", ""), at, subject
    return gone, subject, at, details.get("person", "")


def _ids(stones: Collection[Tombstone], gone: Gone) -> list[str]:
    return [stone.id for stone in stones if stone.gone is gone]


def _remove_visits(connection: sa.Connection, ids: Collection[str]) -> Iterator[str]:
    rows = connection.execute(sa.select(visits.c.id, visits.c.photo).where(among(visits.c.id, ids))).all()
    yield from remove_visits(connection, [row.id for row in rows])
    yield from (row.photo for row in rows)


def _remove_faces(connection: sa.Connection, ids: Collection[str]) -> list[str]:
    crops = list(connection.scalars(sa.select(faces.c.crop).where(among(faces.c.id, ids))))
    connection.execute(faces.delete().where(among(faces.c.id, ids)))
    return crops


def _revoke(connection: sa.Connection, stone: Tombstone) -> int:
    held = devices.c.revoked_at.is_(None) & (devices.c.created_at <= stone.at)
    statement = devices.update().where(devices.c.id == stone.id, held)
    return connection.execute(statement.values(revoked_at=stone.at)).rowcount


def _tell(connection: sa.Connection, stones: Iterable[Tombstone]) -> None:
    told = {(stone.gone, stone.id, stone.at) for stone in tombstones_in(connection)}
    for stone in stones:
        if (stone.gone, stone.id, stone.at) not in told:
            kind, action = EVENTS[stone.gone]
            if stone.gone is Gone.FACE:
                tell(connection, stone.at, (kind, action, stone.person), AT_THE_MACHINE, face=stone.id)
            elif stone.person:
                tell_each(connection, stone.at, (kind, action), [stone.id], person=stone.person)
            else:
                tell(connection, stone.at, (kind, action, stone.id), AT_THE_MACHINE)


def _counts(connection: sa.Connection) -> dict[str, int]:
    tables = {"people": people, "visits": visits, "faces": faces, "accounts": accounts}
    count = sa.func.count()
    return {
        name: connection.execute(sa.select(count).select_from(table)).scalar_one()
        for name, table in tables.items()
    }
