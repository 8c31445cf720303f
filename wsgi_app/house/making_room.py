"""Making room on a disk that is short: refused visits go before their time, where the settings let them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from wsgi_app.base.clocks import Clocks, read_clocks
from wsgi_app.base.config import Config
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.house.days import day_at
from wsgi_app.house.purges import find_doubt
from wsgi_app.house.storage import BACK, free_for_photos
from wsgi_app.stores.purges import RoomTold
from wsgi_app.stores.retention import AT_ONCE, OTHERS
from wsgi_app.stores.stores import Stores

STAYS = timedelta(days=1)  # before now, or before the newest visit
MOST = 0.5  # of all visits, in one run
TOLD_AGAIN = timedelta(days=1)  # that nothing could be done

log = structlog.get_logger("porteiro")


@dataclass(frozen=True)
class RoomMade:
    """What was done for room.

    Attributes:
        visits: how many were removed.
        of: how many there had been.
        enough: whether the disk has room now.
    """

    visits: int
    of: int
    enough: bool


class RoomKeeper:
    """Looks whether the disk of the photos is short, and makes room then."""

    def __init__(self, config: Config, stores: Stores):
        self._config, self._stores = config, stores

    def __call__(self) -> None:
        """Look once; raises as ``make_room``."""
        make_room(self._stores, self._config, read_clocks(self._stores.now()))


def make_room(stores: Stores, config: Config, clocks: Clocks) -> RoomMade | None:
    """Remove the oldest refused visits, a day of the house at a time, while the disk of the photos is short.

    At most half of all visits go at once, and none of the last day, nor any without a photo, which gives no
    room. What it did is told.

    Args:
        stores: from which.
        config: whether it may, and how much room there should be.
        clocks: as they are now.

    Returns:
        What was done; ``None`` where there is room, the settings do not let it, or the clock is in doubt.

    Raises:
        StorageTrouble: the disk takes nothing, not even that visits are gone, or lets no photo go.
    """
    least = config.least_free_bytes
    if not (config.purge_when_full and stores.photos.is_there()) or free_for_photos(config) >= least:
        return None
    state = stores.purges.state()
    if state.hold is not None or find_doubt(stores, config, clocks, state) is not None:
        return None
    made = _remove(stores, config, clocks.at, round(BACK * least))
    _tell(stores, config, made, clocks.at)
    return made


def _remove(stores: Stores, config: Config, now: datetime, wanted: int) -> RoomMade:
    kept = stores.retention
    last = kept.last_visit()
    of, newest = kept.count_visits(last), kept.newest_visit(now, last)
    before, most = (newest or now) - STAYS, int(MOST * of)
    removed, enough = 0, False
    while removed < most and not enough:
        oldest = kept.oldest_photo(OTHERS, before)
        if oldest is None:
            break
        until = min(day_at(oldest, config.timezone).until, before)
        removed += _remove_until(stores, until, most - removed)
        stores.database.wipe()
        enough = free_for_photos(config) >= wanted
    return RoomMade(removed, of, enough)


def _remove_until(stores: Stores, until: datetime, most: int) -> int:
    removed = 0
    while removed < most:
        asked = min(AT_ONCE, most - removed)
        found = stores.retention.remove_for_room(OTHERS, until, asked)
        removed += found
        if found < asked:
            break
    return removed


def _tell(stores: Stores, config: Config, made: RoomMade, now: datetime) -> None:
    told = RoomTold.MADE_ROOM if made.enough else RoomTold.NO_ROOM
    if not made.visits:
        before = stores.purges.last_told_of_room()
        if before is not None and before.action == told and abs(now - before.at) < TOLD_AGAIN:
            return
    free_mib, least_mib = free_for_photos(config) // MEBIBYTE, config.least_free_mib
    counts = {"visits": made.visits, "of": made.of, "free_mib": free_mib, "least_mib": least_mib}
    if made.enough:
        log.warning("refused visits went before their time, for room", **counts)
    else:
        log.error("refused visits went before their time, and the disk is short all the same", **counts)
    stores.purges.tell_room(told, made.visits, made.of)
