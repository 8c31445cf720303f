"""The enrolled faces in this process's memory, renewed the moment any process changed them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from wsgi_app.base.errors import Unavailable
from wsgi_app.house.doubts import doubts_among
from wsgi_app.house.embedding import Unreadable
from wsgi_app.house.hours import NEVER, read_hours
from wsgi_app.house.rules import Rule
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.gallery import GalleryFace, GalleryRows, GalleryStore
from wsgi_app.stores.people import Person
from wsgi_app.vision.match import Gallery
from wsgi_app.vision.verdicts import Policy

log = structlog.get_logger("porteiro")

MOST_AT_ONCE = 256  # faces that are embedded while somebody waits

Embed = Callable[[Sequence[EnrolledFace]], Sequence[Unreadable]]


@dataclass(frozen=True, eq=False)
class GalleryState:
    """The gallery at one generation, and its people by their ids.

    Attributes:
        generation: of the gallery.
        gallery: their faces.
        names: what they are called.
        rules: when they may come in; who may at any time is left out.
    """

    generation: int
    gallery: Gallery
    names: dict[str, str]
    rules: dict[str, Rule]


class LiveGallery:
    """Hands out the gallery as it is now; threads may share it.

    A process with other models enrols faces that this one's embedder has not seen: while workers are renewed
    one after another, say. They are embedded before anybody is compared, for who is missing may be the one
    that somebody is taken for another of.

    Args:
        store: what it is made of.
        embedder: this process's; see ``EmbedderFile.key``.
        embed: lets that network see some faces; gives back those of which it can make nothing.
        policy: which faces are in doubt: nobody is known by those.
    """

    def __init__(self, store: GalleryStore, embedder: str, embed: Embed, policy: Policy):
        self._store, self._embedder, self._embed, self._policy = store, embedder, embed, policy
        self._lock = threading.Lock()
        self._state = GalleryState(-1, Gallery.of([]), {}, {})
        self._unreadable: set[str] = set()

    def now(self) -> GalleryState:
        """The gallery as the database has it: one small query, and a load only after a change.

        Never ask inside of a transaction that has changed something: it may fail, and this would be kept.

        Raises:
            Unavailable: so many faces are new to the embedder that the rest has to wait for the next time, or
                the networks are busy.
        """
        generation = self._store.generation()
        with self._lock:
            if self._state.generation != generation:
                self._state = self._load()
            return self._state

    def _load(self) -> GalleryState:
        rows = self._rows()
        doubted = _doubted(rows.faces, self._policy)
        theirs = (row for row in rows.faces if not row.negative and row.face_id not in doubted)
        faces = [(row.person_id, row.vector) for row in theirs]
        negatives = [(row.person_id, row.vector) for row in rows.faces if row.negative]
        return GalleryState(
            rows.generation,
            Gallery.of(faces, negatives, {face.person_id for face in rows.unseen if face.negative}),
            {row.person_id: row.name for row in rows.faces},
            {person.id: rule_of(person) for person in rows.bound},
        )

    def _rows(self) -> GalleryRows:
        """Every face, all of them seen but for those that cannot be."""
        left = MOST_AT_ONCE
        while True:
            rows = self._store.rows(self._embedder)
            waiting = [face for face in rows.unseen if face.id not in self._unreadable]
            if not waiting:
                return rows
            if not left:
                raise Unavailable("unavailable:embedding")
            for each in self._embed(waiting[:left]):
                self._unreadable.add(each.face.id)
                log.warning("a kept crop cannot be read", file=each.face.crop, why=str(each.error))
            left -= len(waiting[:left])


def _doubted(faces: Sequence[GalleryFace], policy: Policy) -> set[str]:
    """The faces that somebody has to look at."""
    marked: dict[str, list[GalleryFace]] = {face.person_id: [] for face in faces if face.doubtful}
    for face in faces if marked else ():
        if face.person_id in marked:
            marked[face.person_id].append(face)
    return {face for theirs in marked.values() for face in doubts_among(theirs, policy)}


def rule_of(person: Person) -> Rule:
    """When somebody may come in: never, where hours are kept that cannot be read."""
    try:
        hours = read_hours(person.hours)
    except ValueError:
        hours = ()
    if person.hours and not hours:
        hours = (NEVER,)
    return Rule(person.valid_from, person.valid_until, hours)
