"""``python -m wsgi_app.front``: uWSGI runs it in the local run, and anew whenever it ends."""

import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping

import structlog

from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.logs import set_up_logs
from wsgi_app.base.sockets import listeners
from wsgi_app.front.forwarding import Workers
from wsgi_app.front.serving import Front

PAUSE_S = 5.0  # before uWSGI starts it anew: what fails at once should not fill the log
FILES = 4096  # a connection has up to four: its own, one to a worker, a body and an answer on the disk

log = structlog.get_logger("porteiro.front")


def main(environ: Mapping[str, str]) -> None:
    """Serve until a signal says to stop.

    Raises:
        PorteiroError, OSError: it cannot be served; the message says why.
    """
    config = load_config(environ)
    set_up_logs(config.log_level)
    logging.getLogger("waitress").setLevel(logging.ERROR)  # that a request waits is no news
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, wanted), most))
    workers = Workers(config.presses_address, config.others_address)
    front = Front(workers, listeners("PORTEIRO_HTTP", config.http))
    signal.signal(signal.SIGTERM, front.stop)
    log.info("front is served", address=config.http)
    master = os.getppid()
    front.run(is_alone=lambda: os.getppid() != master)  # a master that was killed tells nobody


if __name__ == "__main__":
    try:
        main(os.environ)
    except (PorteiroError, OSError) as error:
        log.error("front cannot be served", reason=str(error))  # noqa: TRY400  # one line, without a trace
        time.sleep(PAUSE_S)
        sys.exit(1)
