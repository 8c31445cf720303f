"""Visits: what the door saw and answered, on disk before anyone is told."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import NotFound, Unavailable
from wsgi_app.base.faces import MeasuredFace
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.quotas import DoorDay
from wsgi_app.base.tries import Series, TryRule
from wsgi_app.stores.changes import forget_changes, telling_of
from wsgi_app.stores.database import Database
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.presses import Press, keep_press, refuse_press
from wsgi_app.stores.quotas import count_visit
from wsgi_app.stores.tables import answers, events, faces, probes, visits
from wsgi_app.stores.tries import keep_try
from wsgi_app.stores.visit_filters import EVERY_VISIT, VisitFilter, conditions, whom_shows
from wsgi_app.stores.visit_states import Expected, VisitState, read_state, refuse_changed


@dataclass(frozen=True)
class Visit:
    """One photo from a door and its verdict.

    Attributes:
        number: counts up; 0 before it is stored.
        id: public name.
        at: when the photo arrived.
        door: which one sent it.
        outcome: what it ended in.
        person_id: who was recognised; ``None`` for nobody, or somebody since forgotten.
        score: cosine to the likeliest person, where a face was compared.
        face: the face judged.
        photo: its name in the photo store; ``""`` where its door had sent too much that day to keep it.
        took_ms: from the request's start to the verdict.
        reason: why somebody was refused who was like enough.
        photo_sha256: of the photo as it was kept; ``None`` for none, and for one of an earlier release.
    """

    number: int
    id: str
    at: datetime
    door: DoorId
    outcome: Outcome
    person_id: str | None
    score: float | None
    face: MeasuredFace | None
    photo: str
    took_ms: float
    reason: Reason | None = None
    photo_sha256: str | None = None


@dataclass(frozen=True)
class StoredAnswer:
    """What a device was told under an idempotency key.

    Attributes:
        status: of HTTP.
        body: the answer, without what proves it.
        digests: of the photos that came, as ``photo_digests`` gives it; ``""`` for one of an earlier release.
    """

    status: int
    body: bytes
    digests: str = ""

    def after(self, series: Series | None) -> "StoredAnswer":  # noqa: ARG002
        """Itself, whatever goes on at the door."""
        return self


class Answer(Protocol):
    """What a device is told, which may depend on what goes on at the door."""

    def after(self, series: Series | None) -> StoredAnswer:
        """The answer; ``series`` is that of tries which goes on at the door with this visit."""


@dataclass(frozen=True)
class IdempotencyKey:
    """A door's name for one press, the same in each retry of it."""

    door: DoorId
    key: str


@dataclass(frozen=True)
class Counting:
    """What a visit counts for at its door.

    Attributes:
        rule: which refusals in a row make the door wait.
        day: of what the door sends; ``None`` where that is not counted.
        size: of the photo, in bytes, where it is kept.
    """

    rule: TryRule
    day: DoorDay | None = None
    size: int = 0


UNCOUNTED = Counting(TryRule(tries=0))


class VisitStore(ActingStore):
    """Visits in the database, their photos on disk."""

    def __init__(
        self,
        database: Database,
        photos: PhotoStore,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        idempotency_s: int,
    ):
        self._database, self._photos, self._now, self.new_id = database, photos, now, new_id
        self._keep_answers = timedelta(seconds=idempotency_s)
        self._disk = ThreadPoolExecutor(thread_name_prefix="disk", initializer=_take_no_signals)

    def photo(self, visit: Visit) -> bytes:
        """The photo of a visit; raises as ``PhotoStore.read``."""
        return self._photos.read(visit.photo, visit.photo_sha256)

    def save_photo(self, visit_id: str, at: datetime, jpeg: bytes) -> str:
        """Put a visit's photo on disk; gives its name for ``Visit.photo``."""
        return self._photos.save_visit(visit_id, at, jpeg)

    @contextmanager
    def saving_photo(self, visit_id: str, at: datetime, jpeg: bytes) -> Iterator[Callable[[], str]]:
        """Put a photo on disk beside what is done inside: disk and networks work at once.

        Gives a function that waits for the end and gives the name for ``Visit.photo``; it raises as
        ``PhotoStore.save_visit`` does. Where the inside fails, the photo is removed.
        """
        saving = self._disk.submit(self.save_photo, visit_id, at, jpeg)
        try:
            yield saving.result
        except BaseException:
            if saving.exception() is None:
                self._photos.remove(saving.result())
            raise

    def add(
        self,
        visit: Visit,
        answer: Answer,
        key: IdempotencyKey | None,
        press: Press | None = None,
        probe: Embedding | None = None,
        counting: Counting = UNCOUNTED,
    ) -> StoredAnswer:
        """Store a visit and, under a key, the answer to it, in one transaction that is on disk at return.

        A press becomes its device's last one in the same transaction, and the live feed is told.

        Args:
            visit: to be stored.
            answer: what the device is told.
            key: under which the answer is kept for a retry.
            press: what a device with a token tells of the press.
            probe: what the embedder made of the face, where it was compared.
            counting: what it counts for at its door.

        Returns:
            The answer that stands: the given one, or that of another request with the same key which was
            faster; nothing of the later visit is kept then.

        Raises:
            Unavailable: the person was forgotten while the photo was judged.
            Conflict, Forbidden: as ``keep_press`` says; nothing is kept then.
            TooManyRequests: as ``keep_try`` says; likewise.
        """
        try:
            with self._database.write() as connection:
                earlier = _earlier_answer(connection, key, self._oldest()) if key else None
                if earlier is None:
                    if press is not None:
                        keep_press(connection, press)
                    series = keep_try(
                        connection,
                        visit.door,
                        (visit.id, visit.outcome, visit.reason),
                        counting.rule,
                        self._now(),
                    )
                    if counting.day is not None:
                        size = counting.size if visit.photo else None
                        count_visit(connection, counting.day, visit.at, size)
                    told = answer.after(series)
                    _insert(connection, visit, told, key)
                    if probe is not None:
                        row = {"visit_id": visit.id, "embedder": probe.embedder, "vector": probe.bytes}
                        connection.execute(_INSERT_PROBE, row)
        except BaseException as error:
            self._photos.remove(visit.photo)
            if isinstance(error, sa.exc.IntegrityError):
                raise Unavailable("unavailable:gallery") from error
            raise
        if earlier is not None:
            self._photos.remove(visit.photo)
        return earlier or told

    def answer(self, key: IdempotencyKey) -> StoredAnswer | None:
        """What the device was told under this key, while a retry may still ask."""
        with self._database.read() as connection:
            return _answer(connection, key, self._oldest())

    def refuse_press(self, press: Press) -> None:
        """Refuse a press that ``add`` would refuse, where nothing can be kept; raises as ``refuse_press``."""
        with self._database.read() as connection:
            refuse_press(connection, press)

    def get(self, visit_id: str) -> Visit:
        """One visit.

        Raises:
            NotFound: there is no such visit.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(visits).where(visits.c.id == visit_id)).first()
        if row is None:
            raise NotFound("not_found:visit")
        return _visit_from(row)

    def state(self, visit_id: str) -> VisitState:
        """What can change of a visit, as it is now.

        Raises:
            NotFound: there is no such visit.
        """
        with self._database.read() as connection:
            return read_state(connection, visit_id)

    def some(self, visit_ids: Iterable[str]) -> list[Visit]:
        """Some visits in the order of their ids as given, each once.

        Raises:
            NotFound: one of them is not there.
        """
        ids = list(dict.fromkeys(visit_ids))
        with self._database.read() as connection:
            rows = connection.execute(sa.select(visits).where(visits.c.id.in_(ids)))
            by_id = {row.id: _visit_from(row) for row in rows}
        if len(by_id) != len(ids):
            raise NotFound("not_found:visit")
        return [by_id[visit_id] for visit_id in ids]

    def counts(self, since: datetime) -> dict[Outcome, int]:
        """How many visits there were from a time on, by their outcomes."""
        query = sa.select(visits.c.outcome, sa.func.count()).where(visits.c.at >= since)
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(visits.c.outcome)).all()
        return {row[0]: row[1] for row in rows}

    def page(self, limit: int, before: int | None = None, criteria: VisitFilter = EVERY_VISIT) -> list[Visit]:
        """The latest visits that fit a filter, newest first, or those before a number."""
        query = sa.select(visits).where(*conditions(criteria)).order_by(visits.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(visits.c.number < before)
        with self._database.read() as connection:
            return [_visit_from(row) for row in connection.execute(query)]

    def moments(self, limit: int, criteria: VisitFilter) -> list[tuple[datetime, Outcome]]:
        """When the latest visits that fit a filter were, and their outcomes, newest first."""
        query = sa.select(visits.c.at, visits.c.outcome).where(*conditions(criteria))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(visits.c.number.desc()).limit(limit))
            return [(row.at, row.outcome) for row in rows]

    def doors(self, limit: int) -> list[DoorId]:
        """The doors that visits came from, in the order of their kinds and names."""
        doors: list[DoorId] = []
        with self._database.read() as connection:
            # Door by door: each is one step into the index, where DISTINCT would read all of it.
            while len(doors) < limit:
                last = vars(doors[-1]) if doors else {"kind": "", "name": ""}
                row = connection.execute(_NEXT_DOOR, last).first()
                if row is None:
                    break
                doors.append(DoorId(*row))
        return doors

    def remove(self, visit_id: str, expected: Expected) -> None:
        """Forget a visit with its photo and everything that was kept and told of it.

        Raises:
            NotFound: there is no such visit.
            PreconditionFailed: ``expected`` says no.
            StorageTrouble: the photo could not be removed; nothing is changed then.
        """
        self._photos.expect_removal()
        with self._database.write() as connection:
            refuse_changed(read_state(connection, visit_id), expected)
            photo = connection.execute(_PHOTO, {"visit": visit_id}).scalar_one()
            crops = remove_visits(connection, [visit_id])
            tell(connection, self._now(), ("visit", "removed", visit_id), self._by)
        for name in (photo, *crops):
            self._photos.remove(name)

    def _oldest(self) -> datetime:
        return self._now() - self._keep_answers


# Made once: SQLAlchemy finds a statement that it has seen before much faster than one made anew.
_INSERT_VISIT = visits.insert()
_INSERT_PROBE = probes.insert()
_INSERT_ANSWER = answers.insert()
_OLDEST: sa.BindParameter[datetime] = sa.bindparam("oldest", type_=answers.c.at.type)
_ANSWER = sa.select(answers.c.status, answers.c.body, answers.c.digests).where(
    answers.c.door_kind == sa.bindparam("kind"),
    answers.c.door == sa.bindparam("name"),
    answers.c.key == sa.bindparam("press"),
    answers.c.at > _OLDEST,
)
_FORGET_ANSWERS = answers.delete().where(answers.c.at <= _OLDEST)
_PHOTO = sa.select(visits.c.photo).where(visits.c.id == sa.bindparam("visit"))
_DOOR = (visits.c.door_kind, visits.c.door)
_NEXT_DOOR = (
    sa.select(*_DOOR)
    .where(sa.tuple_(*_DOOR) > sa.tuple_(sa.bindparam("kind"), sa.bindparam("name")))
    .order_by(*_DOOR)
    .limit(1)
)


def remove_visits(connection: sa.Connection, visit_ids: Iterable[str]) -> list[str]:
    """Forget some visits in a transaction, with their answers, probes, corrections and events.

    Their photos stay until the transaction is committed: whoever removes visits removes those afterwards,
    and the crops that this gives, of faces that could have come back until now. Faces that were taken from
    the visits stay, and tell whom they show in place of the visit.
    """
    ids = list(visit_ids)
    crops = forget_changes(connection, telling_of(ids))
    values = {"visit_id": None, "shows_id": whom_shows(faces.c.visit_id)}
    connection.execute(faces.update().where(faces.c.visit_id.in_(ids)).values(values))
    connection.execute(events.delete().where(events.c.subject.in_(ids), events.c.kind == "visit"))
    connection.execute(visits.delete().where(visits.c.id.in_(ids)))
    return crops


def _visit_from(row: sa.Row[Any]) -> Visit:
    values = dict(row._mapping)
    values["door"] = DoorId(values.pop("door_kind"), row.door)
    return Visit(**values)


def _columns_of(door: DoorId) -> dict[str, str]:
    return {"door_kind": door.kind, "door": door.name}


def _insert(
    connection: sa.Connection, visit: Visit, answer: StoredAnswer, key: IdempotencyKey | None
) -> None:
    row = {**vars(visit), **_columns_of(visit.door)}
    del row["number"]
    connection.execute(_INSERT_VISIT, row)
    tell(connection, visit.at, ("visit", "came", visit.id))
    if key is not None:
        answer_row = {
            "key": key.key,
            **_columns_of(key.door),
            **vars(answer),
            "visit_id": visit.id,
            "at": visit.at,
        }
        connection.execute(_INSERT_ANSWER, answer_row)


def _earlier_answer(connection: sa.Connection, key: IdempotencyKey, oldest: datetime) -> StoredAnswer | None:
    connection.execute(_FORGET_ANSWERS, {"oldest": oldest})
    return _answer(connection, key, oldest)


def _answer(connection: sa.Connection, key: IdempotencyKey, oldest: datetime) -> StoredAnswer | None:
    values = {**vars(key.door), "press": key.key, "oldest": oldest}
    row = connection.execute(_ANSWER, values).first()
    return StoredAnswer(**row._mapping) if row else None


def _take_no_signals() -> None:
    # For the reason that workers.built gives.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
