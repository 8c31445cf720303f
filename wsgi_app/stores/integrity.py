"""Whether a database is whole, as SQLite and its rows say, and repairing what loses nothing."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.database import Database
from wsgi_app.stores.database_file import read_only_connection
from wsgi_app.stores.generation import start_generation
from wsgi_app.stores.tables import faces, metadata, visits

MOST_MESSAGES = 20  # of what SQLite finds
AT_ONCE = 1000  # rows read at once
STEPS = 100_000  # of SQLite's between two signs of life

ROW: sa.ColumnClause[int] = sa.literal_column("rowid", sa.Integer)

# How SQLite words what is wrong with an index alone: the tables that it is made of are whole.
OF_INDEXES = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


@dataclass(frozen=True)
class Integrity:
    """What SQLite says of a database.

    Attributes:
        damage: what is wrong in the file; none where it is whole.
        revision: of its schema; ``None`` without one.
        orphans: how many rows of each table refer to a row that is not there.
    """

    damage: tuple[str, ...]
    revision: str | None = None
    orphans: tuple[tuple[str, int], ...] = ()

    @property
    def is_of_indexes(self) -> bool:
        """Whether all damage is in indexes, which can be made anew."""
        return bool(self.damage) and all(
            any(words in message for words in OF_INDEXES) for message in self.damage
        )


@dataclass(frozen=True)
class KeptPhoto:
    """A photo that a row names.

    Attributes:
        owner: the id of the visit or of the face.
        name: of the photo.
        sha256: that it had when it was kept; ``None`` for one of an earlier release.
    """

    owner: str
    name: str
    sha256: str | None = None


def integrity_of(path: Path, sign_of_life: Callable[[], None] = lambda: None) -> Integrity:
    """Have SQLite look through the whole of a database; it may be served meanwhile.

    Args:
        path: of the database.
        sign_of_life: is called now and then.
    """

    def go_on() -> int:
        sign_of_life()
        return 0

    try:
        with closing(read_only_connection(path)) as connection:
            connection.set_progress_handler(go_on, STEPS)
            said = [text for (text,) in connection.execute(f"PRAGMA integrity_check({MOST_MESSAGES})")]
            if said != ["ok"]:
                return Integrity(tuple(said))
            rows = connection.execute("PRAGMA foreign_key_check").fetchall()
            orphans = Counter(table for table, *_ in rows)
            return Integrity((), _revision(connection), tuple(sorted(orphans.items())))
    except sqlite3.DatabaseError as error:
        return Integrity((str(error),))


class IntegrityStore:
    """Repairs what SQLite found, and tells which photos the rows name."""

    def __init__(self, database: Database):
        self._database = database

    def make_indexes_anew(self) -> None:
        """Fill every index from its table."""
        with self._database.write() as connection:
            connection.execute(sa.text("REINDEX"))

    def repair_references(self) -> int:
        """Do with rows that refer to nothing what the schema says is done when that goes; gives their number.

        They are removed, or let go of it.
        """
        with self._database.write() as connection:
            wrong = connection.execute(sa.text("PRAGMA foreign_key_check")).all()
            for name, row, _, key in wrong:
                keys = connection.execute(sa.text(f"PRAGMA foreign_key_list({name})")).mappings()
                found = next(found for found in keys if found["id"] == key)
                table = metadata.tables[name]
                lets_go = found["on_delete"] == "SET NULL"
                change = table.update().values({found["from"]: None}) if lets_go else table.delete()
                connection.execute(change.where(row == ROW))
            if wrong:
                start_generation(connection)
        return len(wrong)

    def count(self) -> int:
        """How many photos the rows of visits and faces name."""
        with self._database.read() as connection:
            return sum(
                connection.scalar(sa.select(sa.func.count()).where(is_named)) or 0
                for is_named in (visits.c.photo != "", faces.c.crop != "")
            )

    def photos_of_visits(self) -> Iterator[KeptPhoto]:
        """The photo of each visit that has one."""
        after = 0
        while True:
            query = sa.select(visits.c.number, visits.c.id, visits.c.photo, visits.c.photo_sha256).where(
                visits.c.number > after, visits.c.photo != ""
            )
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(visits.c.number).limit(AT_ONCE)).all()
            yield from (KeptPhoto(row.id, row.photo, row.photo_sha256) for row in rows)
            if len(rows) < AT_ONCE:
                return
            after = rows[-1].number

    def crops_of_faces(self) -> Iterator[KeptPhoto]:
        """The crop of each face."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(faces.c.id, faces.c.crop, faces.c.crop_sha256).order_by(faces.c.id)
            ).all()
        yield from (KeptPhoto(row.id, row.crop, row.crop_sha256) for row in rows)

    def note(self, kind: str, sums: Mapping[str, str]) -> None:
        """Keep what photos of an earlier release are from now on held against, by their owners' ids."""
        table, column = (
            (visits, visits.c.photo_sha256) if kind == visits.name else (faces, faces.c.crop_sha256)
        )
        query = table.update().where(table.c.id == sa.bindparam("owner"), column.is_(None))
        with self._database.write() as connection:
            if sums:
                rows = [{"owner": owner, "sha256": sha256} for owner, sha256 in sums.items()]
                connection.execute(query.values({column: sa.bindparam("sha256")}), rows)


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return str(found[0]) if found else None
