"""The process that answers, as its WSGI server sees it."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place, Say

# Parameters of glibc's mallopt (malloc.h) and their values, bytes but for the last.
MALLOC = (
    (
        -3,
        32 * 1024 * 1024,
    ),  # M_MMAP_THRESHOLD: from here on memory is mapped anew each time; the most there is
    (-1, 256 * 1024 * 1024),  # M_TRIM_THRESHOLD: so much may stay free at the heap's end
    (-8, 1),  # M_ARENA_MAX: threads share one heap
)
NICENESS = 10  # of the workers that take more than presses: where the processor is busy, the door goes first
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


def worker_count() -> int:
    """How many of uWSGI's workers there are; 1 under any other server."""
    try:
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process
    except ImportError:
        return 1
    return int(uwsgi.numproc)


def restart_server() -> None:
    """Have uWSGI's master start everything anew, as SIGHUP does; under any other server nothing happens."""
    try:
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process
    except ImportError:
        return
    uwsgi.reload()


def give_way() -> None:
    """Have the processor go to the first worker first, which takes presses alone, where there are others."""
    number = worker_number()
    if number is not None and number > 1:
        os.nice(NICENESS)


def keep_freed_memory() -> bool:
    """Keep what one photo freed for the next one.

    The pixels of each photo take some ten megabytes for some ten milliseconds. By default glibc hands them
    back to the system and gets them again, page by page.

    Returns:
        Whether the C library heeds it; others than glibc do not, and nothing is lost but time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return all(mallopt(parameter, value) == 1 for parameter, value in MALLOC)
