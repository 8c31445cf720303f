"""The process that answers, as its WSGI server sees it."""

import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place, Say

CANNOT_LOAD = 22  # uWSGI's own exit status for it: the master ends then, instead of trying for ever

Built = TypeVar("Built")


def built(build: Callable[[], Built], say: Say) -> Built:
    """What a server mounts; where it cannot be built, the reason in one line and the end of this process.

    Signals wait meanwhile, and the threads that libraries start inherit that. In one of these uWSGI's way to
    stop would never end: it would wait for the main thread, which waits for the libraries' threads.

    Args:
        build: gives it, or raises a ``PorteiroError``.
        say: says that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        application = build()
    except PorteiroError as error:
        sys.stderr.write(f"porteiro: {say(error, Place.TERMINAL)}\n")
        sys.exit(CANNOT_LOAD)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except KeyboardInterrupt:  # waited: another worker could not be built, and uWSGI ends this one too
        sys.exit(CANNOT_LOAD)
    return application


def worker_number() -> int | None:
    """Which of uWSGI's workers this process is, from 1; ``None`` under any other server."""
    try:
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process
    except ImportError:
        return None
    return int(uwsgi.worker_id())
