"""``python -m wsgi_app.front.start``: what uWSGI runs before it does anything of its own."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import ConfigError, PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.base.sockets import listeners
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.secret_file import open_secret
from wsgi_app.stores.unfinished import refuse_unfinished

PRIVATE = 0o077  # faces are nobody else's business: what is written is for this user alone


def prepare(environ: Mapping[str, str]) -> None:
    """Refuse settings that cannot be used, and make the folders that uWSGI writes to and the doors' secret.

    Raises:
        ConfigError: a setting cannot be used; it names it.
    """
    config = load_config(environ)
    refuse_addresses(config)
    refuse_unfinished(config)
    run = config.data / "run"
    try:
        for name in ("run", "log"):
            (config.data / name).mkdir(parents=True, exist_ok=True)
        (run / "reload").touch()
        point(run / "environment", Path(sys.prefix))
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename}"
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {why}") from error
    open_secret(config.door_secret_file)


def point(link: Path, folder: Path) -> None:
    """Have a symbolic link lead to a folder, at no moment to none."""
    beside = link.with_name(f"{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(folder)
    beside.replace(link)


def refuse_addresses(config: Config) -> None:
    """Try to listen where the local run will; behind nginx look at where the sockets are to be.

    Raises:
        ConfigError: that cannot be done; it names the setting.
    """
    if config.socket is not None:
        why = _why_no_place(config.socket, (config.data, config.data / "run"))
        if why:
            raise ConfigError(f"PORTEIRO_SOCKET={str(config.socket)!r}: {why}")
        return
    with ExitStack() as opened:
        for key, address in (("PORTEIRO_HTTP", config.http), ("PORTEIRO_LIVE", str(config.live_address))):
            for listener in listeners(key, address):
                opened.enter_context(closing(listener))


def _why_no_place(socket: Path, own: tuple[Path, ...]) -> str:
    """Why the sockets cannot be made there, or would take the place of something else; ``""`` if they can be.

    Args:
        socket: of the workers; that of the live feed lies beside it.
        own: folders that are made anyway.
    """
    if not socket.parent.is_dir() and socket.parent not in own:
        return f"there is no folder {socket.parent}"
    for path in (socket, socket.with_name("live.sock")):
        if os.path.lexists(path) and not path.is_socket():
            return f"{path} is there already, and is no socket"
    return ""


if __name__ == "__main__":
    os.umask(PRIVATE)
    try:
        prepare(os.environ)
    except PorteiroError as error:
        sys.exit(f"porteiro: {sentence(error, Place.TERMINAL)}")
