"""The live feed's own process: uWSGI runs this file as a mule, and anew whenever it ends."""

import asyncio
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import structlog

from wsgi_app.access.identity import open_identifier
from wsgi_app.access.passwords import Passwords
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.counters import shared_counters
from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.limits import FeedLimits
from wsgi_app.base.log_files import NginxLog
from wsgi_app.base.logs import set_up_logs
from wsgi_app.base.workers import restart_server
from wsgi_app.live.semaphore_watch import SemaphoreWatch
from wsgi_app.live.serving import serve_feed
from wsgi_app.stores.counts import CountsKeeper
from wsgi_app.stores.database_watch import DatabaseWatch
from wsgi_app.stores.patience import FEED
from wsgi_app.stores.stores import open_stores
from wsgi_app.stores.troubles import TroubleFile

FURTHER_FILES = 1000  # the lab's rooms, the database, the libraries, connections on their way in
NICENESS = 10  # where the processor is busy, the door goes first
LOOK_S = 1.0  # between two looks at the database's file, and at the semaphores
KEEP_S = 5.0  # after which what was counted is kept: as much is lost where the server is killed
LOG_S = 10.0  # between two looks at the size of nginx's log
PAUSE_S = 5.0  # before uWSGI starts it anew: what fails at once should not fill the log
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = structlog.get_logger("porteiro.live")


def main(environ: Mapping[str, str]) -> None:
    """Serve the live feed until a signal says to stop.

    Raises:
        PorteiroError, OSError: it cannot be served; the message says why.
    """
    config = load_config(environ)
    set_up_logs(config.log_level)
    allow_files(config.limits.feed)
    asyncio.run(serve_until_told(config))


async def serve_until_told(config: Config) -> None:
    """Open what the feed reads, and serve it; raises as ``main`` does."""
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    trouble = TroubleFile(config.trouble_file)
    stores = open_stores(config, FEED, trouble)
    watch = DatabaseWatch(stores.database.path, trouble)
    try:
        with keeping_counts(config), doing_aside(watch.look, LOOK_S), bounding_log(config):
            await serve_feed(config, stores, open_identifier(config, stores, Passwords()), stop)
    finally:
        stores.database.close()


@contextmanager
def keeping_counts(config: Config) -> Iterator[None]:
    """Keep what all processes count while inside and at the end, and look after the locks that it takes."""
    watch = SemaphoreWatch(config.semaphores_file, restart_server)
    keeper = CountsKeeper(config.counts_file, shared_counters())

    def keep() -> None:
        if watch.look():
            keeper.keep()

    with doing_aside(watch.look, LOOK_S), doing_aside(keep, KEEP_S):
        yield
    keep()


def bounding_log(config: Config) -> AbstractContextManager[None]:
    """Have nginx's log begin anew while inside whenever it is large; in the local run there is none."""
    if config.socket is None:
        return nullcontext()
    return doing_aside(NginxLog(config.socket.parent).look, LOG_S)


@contextmanager
def doing_aside(act: Callable[[], object], pause_s: float) -> Iterator[None]:
    """Do something now and then on a thread of its own while inside, however long it takes."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(pause_s):
            try:
                act()
            except Exception:  # nobody else would do it
                log.exception("what is done now and then failed")

    threading.Thread(target=run, name="watch", daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def allow_files(limits: FeedLimits) -> None:
    """Let this process open a file for each socket, as far as the machine allows."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = limits.sockets + FURTHER_FILES
    if most != resource.RLIM_INFINITY:
        files = min(files, most)
    if allowed != resource.RLIM_INFINITY and allowed < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


def run(environ: Mapping[str, str]) -> None:
    """Serve, and where that cannot be done say why and wait: uWSGI starts it anew when it ends."""
    try:
        main(environ)
    except (PorteiroError, OSError, OverflowError) as error:
        log.error("live feed cannot be served", reason=str(error))  # noqa: TRY400  # one line, without a trace
        time.sleep(PAUSE_S)
    except Exception:  # a mule that ends with an exception would stay without doing anything
        log.exception("live feed failed")
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    os.nice(NICENESS)
    with suppress(KeyboardInterrupt):  # uWSGI's way to end it while it waits
        run(os.environ)
    sys.exit()
