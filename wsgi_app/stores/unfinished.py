"""A data folder that is restored only in part: nobody starts on it."""

from wsgi_app.base.config import Config
from wsgi_app.base.errors import ConfigError

UNFINISHED = ".restoring"  # what a restore has in the data folder until its end


def refuse_unfinished(config: Config) -> None:
    """Refuse a data folder in which a part of a backup may lie.

    Raises:
        ConfigError: a restore into it was cut off.
    """
    if (config.data / UNFINISHED).exists():
        raise ConfigError(
            f"PORTEIRO_DATA={str(config.data)!r}: a restore into this folder did not come to its end, so "
            "only a part of the house may be here; empty the folder, and restore again"
        )
