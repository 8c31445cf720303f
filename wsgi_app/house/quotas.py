"""Keeping what a door sends in a day within bounds: beyond them it is judged as ever, and keeps no photos."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import TooManyRequests
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.quotas import DoorDay, Keeps, quota_name
from wsgi_app.house.days import day_at
from wsgi_app.house.house import House
from wsgi_app.stores.visits import VisitStore

WAIT_S = 30  # for which a door waits that sent too much: no longer than after refusals

Saved = Callable[[Outcome], str]


@dataclass(frozen=True)
class Quota:
    """What is kept of the press of a door.

    Attributes:
        day: of the house, at that door.
        keeps: whose photo is kept.
    """

    day: DoorDay
    keeps: Keeps


def quota_at(house: House, door: DoorId, at: datetime, size: int) -> Quota:
    """What is kept of a press at a door, whose photo has so many bytes.

    Raises:
        TooManyRequests: the door sent more presses that day than any door does.
    """
    day = DoorDay(quota_name(door), day_at(at, house.config.timezone).on)
    rule, sent = house.config.quota_rule, house.stores.quotas.sent(day)
    if sent.visits >= rule.visits:
        raise TooManyRequests("too_soon:day", wait_s=WAIT_S, most=rule.visits)
    return Quota(day, rule.keeps(sent, size))


@contextmanager
def saving_photo(
    visits: VisitStore, keeps: Keeps, visit: tuple[str, datetime], jpeg: bytes
) -> Iterator[Saved]:
    """Put a photo on disk beside what is done inside, where it is kept whatever that comes to.

    Gives a function that waits for the end of that, or keeps the photo then if it is to be kept, and gives
    its name for ``Visit.photo``, ``""`` where it is not kept. It raises as ``PhotoStore.save_visit`` does.

    Args:
        visits: to which it belongs.
        keeps: whose photo is kept.
        visit: its id, and when the photo came.
        jpeg: the photo.
    """
    if keeps is Keeps.ALL:
        with visits.saving_photo(*visit, jpeg) as saved:
            yield lambda _: saved()
    else:
        yield lambda outcome: visits.save_photo(*visit, jpeg) if keeps.keeps(outcome) else ""
