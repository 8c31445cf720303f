"""The enrolled faces in this process's memory, renewed the moment any process changed them."""

import threading
from dataclasses import dataclass

import numpy as np
import structlog

from wsgi_app.base.errors import DatabaseTrouble
from wsgi_app.house.hours import NEVER, read_hours
from wsgi_app.house.rules import Rule
from wsgi_app.stores.gallery import GalleryRows, GalleryStore
from wsgi_app.stores.people import Person
from wsgi_app.vision.match import Gallery

LONGEST = 1.001  # embeddings are of unit length

log = structlog.get_logger("porteiro")


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
    """Hands out the gallery as it is now; threads may share it."""

    def __init__(self, store: GalleryStore, embedder: str):
        self._store, self._embedder = store, embedder
        self._lock = threading.Lock()
        self._state = GalleryState(-1, Gallery.of([]), {}, {})
        self._refused = -1  # the generation of which the log was told so

    def now(self) -> GalleryState:
        """The gallery as the database has it: one small query, and a load only after a change.

        Never ask inside of a transaction that has changed something: it may fail, and this would be kept.
        """
        generation = self._store.generation()
        with self._lock:
            if self._state.generation != generation:
                self._state = self._load()
            return self._state

    def _load(self) -> GalleryState:
        rows = self._store.rows(self._embedder)
        self._refuse_damaged(rows)
        faces = [(row.person_id, row.vector) for row in rows.faces if not row.negative]
        negatives = [(row.person_id, row.vector) for row in rows.faces if row.negative]
        return GalleryState(
            rows.generation,
            Gallery.of(faces, negatives),
            {row.person_id: row.name for row in rows.faces},
            {person.id: rule_of(person) for person in rows.bound},
        )

    def _refuse_damaged(self, rows: GalleryRows) -> None:
        """Refuse vectors that no embedder made: of another size, or longer, and so like anybody."""
        vectors = [row.vector for row in rows.faces]
        with np.errstate(all="ignore"):
            fit = all(np.linalg.norm(vector) <= LONGEST for vector in vectors)  # not so of what is no number
        if fit and len({vector.size for vector in vectors}) <= 1:
            return
        if self._refused != rows.generation:
            self._refused = rows.generation
            log.error("the gallery cannot be used: an embedding in the database is none")
        raise DatabaseTrouble("unavailable:database_damaged")


def rule_of(person: Person) -> Rule:
    """When somebody may come in: never, where hours are kept that cannot be read."""
    try:
        hours = read_hours(person.hours)
    except ValueError:
        hours = ()
    if person.hours and not hours:
        hours = (NEVER,)
    return Rule(person.valid_from, person.valid_until, hours)
