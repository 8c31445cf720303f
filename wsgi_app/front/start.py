"""``python -m wsgi_app.front.start``: what uWSGI runs before it does anything of its own."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.base.sockets import listeners
from wsgi_app.house.words.errors import sentence

PRIVATE = 0o077  # faces are nobody else's business: what is written is for this user alone


def prepare(environ: Mapping[str, str]) -> None:
    """Refuse settings that cannot be used, and make the folders that uWSGI writes to.

    Raises:
        ConfigError: a setting cannot be used; it names it.
        OSError: a folder cannot be made.
    """
    config = load_config(environ)
    refuse_addresses(config)
    for name in ("run", "log"):
        (config.data / name).mkdir(parents=True, exist_ok=True)
    run = config.data / "run"
    (run / "reload").touch()
    point(run / "environment", Path(sys.prefix))


def point(link: Path, folder: Path) -> None:
    """Have a symbolic link lead to a folder, at no moment to none."""
    beside = link.with_name(f"{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(folder)
    beside.replace(link)


def refuse_addresses(config: Config) -> None:
    """Try to listen where the local run will.

    Raises:
        ConfigError: that cannot be done; it names the setting.
    """
    if config.socket is not None:
        return
    with ExitStack() as opened:
        for key, address in (("PORTEIRO_HTTP", config.http), ("PORTEIRO_LIVE", str(config.live_address))):
            for listener in listeners(key, address):
                opened.enter_context(closing(listener))


if __name__ == "__main__":
    os.umask(PRIVATE)
    try:
        prepare(os.environ)
    except PorteiroError as error:
        sys.exit(f"porteiro: {sentence(error, Place.TERMINAL)}")
    except OSError as error:
        sys.exit(f"porteiro: {error.filename or ''}: {error.strerror or error}")
