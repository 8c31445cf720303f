"""The lab's notes, in a database of their own beside the attempts at the lab's sign-in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.errors import ConfigError, Conflict, NotFound, StorageFull, Unavailable, is_full
from wsgi_app.stores.database import Database
from wsgi_app.stores.tables import attempts

MOST_NOTES = 100  # as many as one page shows

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("text", sa.String, nullable=False),
)


_NOTES = sa.select(notes.c.id, notes.c.text)


@dataclass(frozen=True)
class Note:
    """What somebody noted."""

    id: str
    text: str


class Notebook(Database):
    """The lab's database: nothing of it is touched, or made, before it is first needed.

    Args:
        path: of its file.
    """

    def __init__(self, path: Path):
        super().__init__(f"sqlite:///{path}")
        self._path, self._is_made = path, False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """As ``Database.read``; Unavailable also where the file cannot be opened."""
        self._make()
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """As ``Database.write``; Unavailable also where the file cannot be opened."""
        self._make()
        with super().write() as connection:
            yield connection

    def _make(self) -> None:
        if self._is_made:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with super().write() as connection:
                notes.create(connection, checkfirst=True)
                attempts.create(connection, checkfirst=True)
        except StorageFull:
            raise
        except (OSError, sa.exc.DatabaseError, Unavailable) as error:
            if isinstance(error, OSError) and is_full(error):
                raise
            why = ConfigError(
                f"PORTEIRO_DATA: the lab's database {self._path} cannot be opened; let this user write "
                f"there, or turn the lab off with PORTEIRO_LAB=0. ({error.__cause__ or error})"
            )
            raise Unavailable("unavailable:notebook") from why
        self._is_made = True


class NoteStore:
    """Notes in the order in which they were made.

    Args:
        notebook: where they are.
        new_id: makes ids.
    """

    def __init__(self, notebook: Database, new_id: Callable[[], str]):
        self._notebook, self._new_id = notebook, new_id

    def add(self, text: str) -> Note:
        """Keep a new one.

        Raises:
            Conflict: there are as many as there may be.
            Unavailable: the database does not answer.
        """
        with self._notebook.write() as connection:
            count, last = connection.execute(
                sa.select(sa.func.count(), sa.func.max(notes.c.number)).select_from(notes)
            ).one()
            if count >= MOST_NOTES:
                raise Conflict("full", most=MOST_NOTES)
            note = Note(self._new_id(), text)
            connection.execute(notes.insert().values(**vars(note), number=(last or 0) + 1))
        return note

    def all(self) -> list[Note]:
        """Every one, in the order in which they were made.

        Raises:
            Unavailable: the database does not answer.
        """
        with self._notebook.read() as connection:
            rows = connection.execute(_NOTES.order_by(notes.c.number))
            return [Note(row.id, row.text) for row in rows]

    def get(self, note_id: str) -> Note:
        """One of them.

        Raises:
            NotFound: there is no such note.
            Unavailable: the database does not answer.
        """
        with self._notebook.read() as connection:
            row = connection.execute(_NOTES.where(notes.c.id == note_id)).first()
        if row is None:
            raise _nothing()
        return Note(row.id, row.text)

    def replace(self, note_id: str, text: str) -> Note:
        """Put another text in its place; raises as ``get`` does."""
        with self._notebook.write() as connection:
            changed = connection.execute(notes.update().where(notes.c.id == note_id).values(text=text))
        if not changed.rowcount:
            raise _nothing()
        return Note(note_id, text)

    def remove(self, note_id: str) -> None:
        """Forget one; raises as ``get`` does."""
        with self._notebook.write() as connection:
            gone = connection.execute(notes.delete().where(notes.c.id == note_id))
        if not gone.rowcount:
            raise _nothing()


def _nothing() -> NotFound:
    return NotFound("not_found:note")
