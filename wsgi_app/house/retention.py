"""What the house forgets by itself, and when. Whether it does so now is asked in ``purges``."""

from datetime import datetime, timedelta

from wsgi_app.base.config import Config
from wsgi_app.stores import retention as kinds
from wsgi_app.stores.changes import KEPT
from wsgi_app.stores.retention import AT_ONCE, Kind
from wsgi_app.stores.stores import Stores

MONTH = timedelta(days=30)
YEAR = timedelta(days=365)  # for the audit log
DAY = timedelta(days=1)
STRAYS = timedelta(hours=1)  # what is being answered or enrolled has a photo too, and no row yet

WIPES = 100  # tries at most, where others keep the database busy

SNAPSHOTS = timedelta(days=7)  # they name people who were forgotten since
OLD_SNAPSHOTS = "copies of the database from before an upgrade"
STRAY_PHOTOS = "photos without a visit or a face"


def horizons(config: Config, now: datetime) -> dict[Kind, datetime]:
    """Before which moment each kind of rows is too old, in the order of removing."""
    ages = {
        kinds.LET_IN: timedelta(days=config.keep_known_days),
        kinds.OTHERS: timedelta(days=config.keep_other_days),
        kinds.MESSAGES: MONTH,
        kinds.EVENTS: YEAR,
        kinds.ANSWERS: timedelta(seconds=config.limits.presses.idempotency_s),
        kinds.SESSIONS: timedelta(0),
        kinds.LINKS: timedelta(0),
        kinds.FAILURES: DAY,
        kinds.CHANGES: KEPT,
        kinds.TRIES: config.try_rule.window,
        kinds.BOOTS: YEAR,
    }
    return {kind: now - age for kind, age in ages.items()}


def survey(stores: Stores, config: Config, now: datetime) -> dict[str, int]:
    """How much of each kind ``purge`` would remove."""
    kept = stores.retention
    counts = {kind.name: kept.count(kind, before) for kind, before in horizons(config, now).items()}
    strays = sum(1 for _ in kept.strays(now - STRAYS))
    return counts | {OLD_SNAPSHOTS: stores.database.count_snapshots(now - SNAPSHOTS), STRAY_PHOTOS: strays}


def purge(stores: Stores, config: Config, now: datetime) -> dict[str, int]:
    """Remove what is too old; how much of each kind it was.

    It may run while doors ring, and several times at once: each transaction is short, a photo goes after the
    row that names it, and what a press that is answered just now has on disk is too young to be touched.

    Raises:
        StorageTrouble: the disk of the photos is not there, or lets none go; nothing is removed then.
    """
    stores.photos.expect_removal()
    kept, counts = stores.retention, {}
    for kind, before in horizons(config, now).items():
        counts[kind.name] = removed = kept.remove_some(kind, before)
        while removed == AT_ONCE:
            removed = kept.remove_some(kind, before)
            counts[kind.name] += removed
    counts[OLD_SNAPSHOTS] = stores.database.remove_snapshots(now - SNAPSHOTS)
    counts[STRAY_PHOTOS] = sum(stores.photos.discard(path) for path in kept.strays(now - STRAYS))
    for day in stores.photos.days():
        if day < (now - DAY).date():
            stores.photos.remove_day(day)
    any(stores.database.wipe() for _ in range(WIPES))
    return counts
