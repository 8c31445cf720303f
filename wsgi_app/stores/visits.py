"""Visits: what the door saw and answered, on disk before anyone is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wsgi_app.errors import NotFound, Unavailable
from wsgi_app.stores.database import Database, answers, visits
from wsgi_app.stores.devices import Press, keep_press
from wsgi_app.stores.photos import PhotoStore


@dataclass(frozen=True)
class Visit:
    """One photo from a door and its verdict.

    Attributes:
        number: counts up; 0 before it is stored.
        id: public name.
        at: when the photo arrived.
        device: which door sent it.
        outcome: one of ``vision.pipeline.Outcome``.
        person_id: who was let in; ``None`` for nobody, or somebody since forgotten.
        score: cosine to the likeliest person, where a face was compared.
        face: box, landmarks, score and quality of the face judged.
        photo: its name in the photo store.
        took_ms: from the request's start to the verdict.
    """

    number: int
    id: str
    at: datetime
    device: str
    outcome: str
    person_id: str | None
    score: float | None
    face: dict[str, Any] | None
    photo: str
    took_ms: float


@dataclass(frozen=True)
class StoredAnswer:
    """What a device was told under an idempotency key."""

    status: int
    body: bytes


@dataclass(frozen=True)
class IdempotencyKey:
    """The device's name for one press, the same in each retry of it."""

    device: str
    key: str


class VisitStore:
    """Visits in the database, their photos on disk."""

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        idempotency_s: int,
    ):
        self._database, self._photos, self.now, self.new_id = database, photos, now, new_id
        self._keep_answers = timedelta(seconds=idempotency_s)
        self._disk = ThreadPoolExecutor(thread_name_prefix="disk")

    def save_photo(self, visit_id: str, at: datetime, jpeg: bytes) -> str:
        """Put a visit's photo on disk; gives its name for ``Visit.photo``."""
        return self._photos.save_visit(visit_id, at, jpeg)

    @contextmanager
    def saving_photo(self, visit_id: str, at: datetime, jpeg: bytes) -> Iterator[Callable[[], str]]:
        """Put a photo on disk beside what is done inside: disk and networks work at once.

        Gives a function that waits for the end and gives the name for ``Visit.photo``. Where the inside
        fails, the photo is removed.
        """
        saving = self._disk.submit(self.save_photo, visit_id, at, jpeg)
        try:
            yield saving.result
        except BaseException:
            self._photos.remove(saving.result())
            raise

    def add(
        self, visit: Visit, answer: StoredAnswer, key: IdempotencyKey | None, press: Press | None = None
    ) -> StoredAnswer:
        """Store a visit and, under a key, the answer to it, in one transaction that is on disk at return.

        A press becomes its device's last one in the same transaction.

        Returns:
            The answer that stands: the given one, or that of another request with the same key which was
            faster; nothing of the later visit is kept then.

        Raises:
            Unavailable: the person was forgotten while the photo was judged.
            Conflict, Forbidden: as ``keep_press`` says; nothing is kept then.
        """
        try:
            with self._database.write() as connection:
                earlier = self._answer(connection, key) if key else None
                if earlier is None:
                    if press is not None:
                        keep_press(connection, press)
                    _insert(connection, visit, answer, key)
        except BaseException as error:
            self._photos.remove(visit.photo)
            if isinstance(error, sa.exc.IntegrityError):
                raise Unavailable("The gallery changed while this photo was judged; try again.") from error
            raise
        if earlier is not None:
            self._photos.remove(visit.photo)
        return earlier or answer

    def answer(self, key: IdempotencyKey) -> StoredAnswer | None:
        """What the device was told under this key, while a retry may still ask."""
        with self._database.read() as connection:
            query = sa.select(answers.c.status, answers.c.body).where(
                answers.c.device == key.device, answers.c.key == key.key, answers.c.at > self._oldest()
            )
            row = connection.execute(query).first()
            return StoredAnswer(**row._mapping) if row else None

    def get(self, visit_id: str) -> Visit:
        """One visit.

        Raises:
            NotFound: there is no such visit.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(visits).where(visits.c.id == visit_id)).first()
        if row is None:
            raise NotFound("There is no such visit.")
        return Visit(**row._mapping)

    def page(self, limit: int, before: int | None = None) -> list[Visit]:
        """The latest visits, newest first, or those before a number."""
        query = sa.select(visits).order_by(visits.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(visits.c.number < before)
        with self._database.read() as connection:
            return [Visit(**row._mapping) for row in connection.execute(query)]

    def _answer(self, connection: sa.Connection, key: IdempotencyKey) -> StoredAnswer | None:
        connection.execute(answers.delete().where(answers.c.at <= self._oldest()))
        query = sa.select(answers.c.status, answers.c.body).where(
            answers.c.device == key.device, answers.c.key == key.key
        )
        row = connection.execute(query).first()
        return StoredAnswer(**row._mapping) if row else None

    def _oldest(self) -> datetime:
        return self.now() - self._keep_answers


# Made once: SQLAlchemy finds a statement that it has seen before much faster than one made anew.
_INSERT_VISIT = visits.insert()


def _insert(
    connection: sa.Connection, visit: Visit, answer: StoredAnswer, key: IdempotencyKey | None
) -> None:
    row = {column: value for column, value in vars(visit).items() if column != "number"}
    connection.execute(_INSERT_VISIT, row)
    if key is not None:
        told = {**vars(key), **vars(answer), "visit_id": visit.id, "at": visit.at}
        connection.execute(answers.insert(), told)
