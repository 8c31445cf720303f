"""``python -m wsgi_app.front.start``: what uWSGI runs before it does anything of its own."""

import os
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import ConfigError, PorteiroError
from wsgi_app.base.locks import lock_file, server_of, take_lock
from wsgi_app.base.log_files import keep_private
from wsgi_app.base.logs import set_up_logs
from wsgi_app.base.semaphores import refuse_none, remove_left
from wsgi_app.base.sentences import Place
from wsgi_app.base.sockets import listeners, short_address
from wsgi_app.house.models import chosen_pack, load_pipeline
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.counts import set_aside_unusable
from wsgi_app.stores.database_file import refuse_unusable, why_not_made
from wsgi_app.stores.photo_folder import refuse_other_folder
from wsgi_app.stores.schema_snapshots import remove_unfinished
from wsgi_app.stores.secret_file import open_secret, read_secret
from wsgi_app.stores.stores import naming_data
from wsgi_app.stores.troubles import TroubleFile
from wsgi_app.stores.unfinished import refuse_unfinished

PRIVATE = 0o077  # faces are nobody else's business: what is written is for this user alone
LISTENER_S = 2.0  # for which whoever listens at a socket may let a connection wait


def prepare(environ: Mapping[str, str]) -> None:
    """Refuse a start that could not serve, and make the folders that uWSGI writes to and the doors' secret.

    Nothing is written before everything is looked at: a server that runs in the folder stays as it is.

    Raises:
        ConfigError: a setting cannot be used, it names it; or the data folder has a server.
        PackError: the models that are set cannot be used.
    """
    config = load_config(environ)
    if why := why_not_made(config.data):
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {why}")
    refuse_second(config)
    refuse_addresses(config)
    refuse_unfinished(config)
    refuse_models(config)
    read_secret(config.door_secret_file)
    with naming_data(config):
        refuse_unusable(config.database_file)
    refuse_other_folder(config)
    run = config.data / "run"
    try:
        for name in ("run", "log"):
            (config.data / name).mkdir(parents=True, exist_ok=True)
        for file in (lock_file(config.data), run / "reload"):
            if not file.exists():  # touched, it would renew the workers of one that starts at the same moment
                file.touch()
        point(run / "environment", Path(sys.prefix))
        point(run / "beside", config.presses_address.parent)
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename}"
        raise ConfigError(f"PORTEIRO_DATA={str(config.data)!r}: {why}") from error
    make_logs(config)
    refuse_second(config)  # by now there is something to be locked
    open_secret(config.door_secret_file)
    TroubleFile(config.trouble_file).write(None)  # found with the files that the server before had open
    make_ready_to_count(config)
    remove_unfinished(config.database_file)


def make_logs(config: Config) -> None:
    """Make the files of logs for this user alone, where the disk has room; nginx's too, which it would not.

    With the older of its own, uWSGI needs no new file where it begins anew: it would end where it got none.
    """
    files = [config.data / "log" / name for name in ("porteiro.log", "porteiro.log.1")]
    if config.socket is not None:
        files.append(config.socket.parent / "access.log")
    for file in files:
        with suppress(OSError):
            keep_private(file)


def make_ready_to_count(config: Config) -> None:
    """See to it that uWSGI finds what it counts with: semaphores, and what was counted before.

    Raises:
        ConfigError: the system gives it no semaphores.
    """
    set_aside_unusable(config.counts_file)
    for old in config.counts_file.parent.glob("counters-*.cache"):  # of releases before
        old.unlink()
    try:
        remove_left(config.semaphores_file)
        refuse_none()
    except OSError as error:
        raise ConfigError(
            f"the system gives no semaphores, which uWSGI's locks are: {error.strerror}. The kernel needs "
            "CONFIG_SYSVIPC; `sysctl kernel.sem` says how many there may be, `ipcs -s` who has them"
        ) from error


def refuse_second(config: Config) -> None:
    """Refuse a data folder that has a server; until this process ends, no other start finds it free.

    One that starts itself anew, as on SIGHUP, is no other.

    Raises:
        ConfigError: it has one; it names both.
    """
    try:
        server = server_of(config.data)
        if server in (None, os.getppid()) and take_lock(config.data):
            return
    except OSError as error:
        raise ConfigError(
            f"PORTEIRO_DATA={str(config.data)!r}: {error.strerror}: {error.filename}"
        ) from error
    who = f"process {server}" if server else "one that cannot be seen from here"
    raise ConfigError(
        f"PORTEIRO_DATA={str(config.data)!r}: a server runs there already ({who}); stop that one first, or "
        "set another folder"
    )


def refuse_models(config: Config) -> None:
    """Look at the models in force; try them where a setting names some.

    Raises:
        PackError: they cannot be used; it names the setting.
    """
    if config.pack or config.nose_model:
        load_pipeline(config)
    else:
        chosen_pack(config)


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


def _why_no_place(path: Path, own: tuple[Path, ...]) -> str:
    """Why the sockets cannot be made there, or would take the place of something else; ``""`` if they can be.

    Args:
        path: of the workers' socket for presses; two others lie beside it.
        own: folders that are made anyway.
    """
    if not path.parent.is_dir() and path.parent not in own:
        return f"there is no folder {path.parent}"
    for place in (path, path.with_name("live.sock"), path.with_name("others.sock")):
        if os.path.lexists(place) and not place.is_socket():
            return f"{place} is there already, and is no socket"
        listener = _listener_at(place)
        if listener not in (None, os.getppid()):
            return f"a server listens at {place} already; stop that one first, or set another path"
    return ""


def _listener_at(path: Path) -> int | None:
    """The process that listens at a Unix socket, 0 where that is not told; ``None`` where nobody does."""
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(LISTENER_S)
        try:
            client.connect(short_address(path))
            credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError:  # as where nobody takes the connections that wait
            return 0
    process: int = struct.unpack("3i", credentials)[0]
    return process


if __name__ == "__main__":
    os.umask(PRIVATE)
    set_up_logs("info")
    try:
        prepare(os.environ)
    except PorteiroError as error:
        sys.exit(f"porteiro: {sentence(error, Place.TERMINAL)}")
