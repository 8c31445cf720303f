"""What the house forgets by itself, and when: `porteiro purge`, which uWSGI's cron calls every hour."""

from datetime import datetime, timedelta

from wsgi_app.config import Config
from wsgi_app.services import Stores
from wsgi_app.stores.retention import AT_ONCE, KINDS, RetentionStore

MESSAGES = timedelta(days=30)
EVENTS = timedelta(days=365)  # the audit log
ATTEMPTS = timedelta(days=1)
STRAYS = timedelta(days=1)  # a press that is being answered has a photo too, and no row yet

STRAY_PHOTOS = "photos without a visit"


def horizons(config: Config, now: datetime) -> dict[str, datetime]:
    """Before which moment each of ``KINDS`` is too old."""
    ages = {
        "visits of people let in": timedelta(days=config.keep_known_days),
        "other visits": timedelta(days=config.keep_other_days),
        "messages": MESSAGES,
        "events": EVENTS,
        "stored answers": timedelta(seconds=config.limits.idempotency_s),
        "sessions": timedelta(0),
        "one-time links": timedelta(0),
        "failed sign-ins": ATTEMPTS,
    }
    return {name: now - age for name, age in ages.items()}


def survey(stores: Stores, config: Config, now: datetime) -> dict[str, int]:
    """How much of each kind ``purge`` would remove."""
    kept, before = RetentionStore(stores.database, stores.photos), horizons(config, now)
    counts = {kind.name: kept.count(kind, before[kind.name]) for kind in KINDS}
    return counts | {STRAY_PHOTOS: sum(1 for _ in kept.strays(now - STRAYS))}


def purge(stores: Stores, config: Config, now: datetime) -> dict[str, int]:
    """Remove what is too old; how much of each kind it was.

    It may run while doors ring, and several times at once: each transaction is short, a photo goes after the
    row that names it, and what a press that is answered just now has on disk is too young to be touched.
    """
    kept, before = RetentionStore(stores.database, stores.photos), horizons(config, now)
    counts = {}
    for kind in KINDS:
        counts[kind.name] = removed = kept.remove_some(kind, before[kind.name])
        while removed == AT_ONCE:
            removed = kept.remove_some(kind, before[kind.name])
            counts[kind.name] += removed
    counts[STRAY_PHOTOS] = 0
    for path in kept.strays(now - STRAYS):
        path.unlink(missing_ok=True)
        counts[STRAY_PHOTOS] += 1
    for day in stores.photos.days():
        if day < (now - STRAYS).date():
            stores.photos.remove_day(day)
    return counts
