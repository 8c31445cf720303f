"""How the backups are, and when the next one is due: uWSGI's cron asks every ten minutes."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from wsgi_app.base.config import Config
from wsgi_app.stores.backups.folder import backups_in, is_ahead, moment_of
from wsgi_app.stores.backups.state import read_state

DAY = timedelta(days=1)
RETRY = timedelta(hours=1)  # after one that failed
LATE = timedelta(hours=26)  # from when on a nightly one is missed


@dataclass(frozen=True)
class BackupHealth:
    """How the backups are.

    Attributes:
        at: of which moment the last whole one is; ``None`` before the first.
        age_s: how old it is, in seconds; ``None`` likewise, and where a clock was ahead that gave its moment.
        why: the last one failed, in a sentence; ``""`` where it did not.
        lost: how many photos the database named that the house had not, or not as they were.
        is_late: whether the nightly one should have been made by now, or nobody can tell how old the last is.
    """

    at: datetime | None
    age_s: float | None
    why: str
    lost: int
    is_late: bool

    @property
    def ok(self) -> bool:
        """Whether there is one as there should be."""
        return self.at is not None and not (self.why or self.lost or self.is_late)


def health(config: Config, now: datetime) -> BackupHealth | None:
    """How the backups are; ``None`` where none is wanted and none was made."""
    state = read_state(config.data)
    if config.backup is None and state.tried_at is None:
        return None
    was_ahead = is_ahead(state.at, now)
    age = None if state.at is None or was_ahead else max(timedelta(0), now - state.at)
    is_late = was_ahead or (config.backup is not None and (age is None or age > LATE))
    return BackupHealth(
        state.at, None if age is None else age.total_seconds(), state.why, state.lost, is_late
    )


def is_due(config: Config, folder: Path, now: datetime) -> bool:
    """Whether the nightly backup is to be put into a folder now: none is there, nor was tried just now.

    What lies there counts as well as what is kept of it, which a full disk may have kept nobody from losing.
    """
    state = read_state(config.data)
    if state.tried_at is not None and state.why and timedelta(0) <= now - state.tried_at < RETRY:
        return False
    since = _last_hour(config, now)
    return not any(since <= at <= now for at in (state.at, *_moments(folder)) if at is not None)


def _moments(folder: Path) -> list[datetime | None]:
    try:
        return [moment_of(path.name) for path in backups_in(folder)]
    except OSError:  # whoever makes one says so
        return []


def _last_hour(config: Config, now: datetime) -> datetime:
    """The last time at which the clock struck the hour of the nightly backup."""
    local = now.astimezone(config.timezone)
    today = datetime.combine(local.date(), time(config.backup_hour), local.tzinfo)
    return today if today <= now else datetime.combine(local.date() - DAY, today.time(), local.tzinfo)
