"""What doors were told, held against what is kept."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.fault_doors import SentPress, Told

KNOWN = "known"
BUSY_S = 30.0


@dataclass(frozen=True)
class KeptVisit:
    """A visit as the database has it."""

    id: str
    outcome: str
    person: str
    photo: str
    sha256: str


@dataclass(frozen=True)
class Reckoning:
    """What came of it.

    Attributes:
        kept: visits that a door was told of as kept.
        unkept: those that it was told of as not kept, for there was no room.
        lost: what is wrong of visits, or photos, that are not there.
        doubled: what is wrong of presses that are more than one visit.
        wrong: what is wrong of those that are another one than was told, or let in who is not known.
    """

    kept: int
    unkept: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.wrong)


def reckoned(data: Path, told: Iterable[SentPress], sent: Iterable[SentPress]) -> Reckoning:
    """Hold what doors were told against a data folder.

    Args:
        data: the folder.
        told: presses of which a door was told.
        sent: all presses; who was not told of one may be a visit too, but a single one.
    """
    visits = visits_in(data)
    by_photo = Counter(visit.sha256 for visit in visits.values())
    kept, unkept = 0, 0
    lost, doubled, wrong = list[str](), list[str](), list[str]()
    for press in told:
        of_kept = {one.visit: one for one in press.told if one.kept}
        kept, unkept = kept + len(of_kept), unkept + (not of_kept)
        wrong += [f"{press.id}: {why}" for one in press.told for why in _let_in_wrongly(press, one)]
        lost += [f"{press.id}: {why}" for id_ in of_kept for why in _missing(press, visits.get(id_), data)]
        wrong += [
            f"{press.id}: {why}"
            for id_, one in of_kept.items()
            if id_ in visits
            for why in _differences(press, one, visits[id_])
        ]
        if len(of_kept) > 1:
            doubled.append(f"{press.id}: told as {sorted(of_kept)}")
    doubled += [
        f"{press.id}: {by_photo[press.sha256]} visits" for press in sent if by_photo[press.sha256] > 1
    ]
    return Reckoning(kept, unkept, tuple(lost), tuple(doubled), tuple(wrong))


def visits_in(data: Path) -> dict[str, KeptVisit]:
    """Every visit that a database has."""
    address = f"file:{data / 'porteiro.db'}?mode=ro"
    query = "SELECT id, outcome, coalesce(person_id, ''), photo, coalesce(photo_sha256, '') FROM visits"
    with closing(sqlite3.connect(address, timeout=BUSY_S, uri=True)) as connection:
        return {row[0]: KeptVisit(*row) for row in connection.execute(query)}


def _let_in_wrongly(press: SentPress, told: Told) -> list[str]:
    name = told.person.name if told.person else ""
    if told.outcome == KNOWN and name != press.guest.name:
        return [f"{press.guest.name or 'a stranger'} was let in as {name}"]
    return []


def _missing(press: SentPress, visit: KeptVisit | None, data: Path) -> list[str]:
    if visit is None:
        return ["its visit is not there"]
    file = data / "photos" / visit.photo
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != press.sha256:
        return [f"photo {visit.photo} is not there, or not what was sent"]
    return []


def _differences(press: SentPress, told: Told, visit: KeptVisit) -> list[str]:
    pairs = (
        (told.outcome, visit.outcome),
        (told.person.id if told.person else "", visit.person),
        (press.sha256, visit.sha256),
    )
    return [f"told {ours!r}, kept {theirs!r}" for ours, theirs in pairs if ours != theirs]
