"""The process that answers, as its WSGI server sees it."""

import sys
from collections.abc import Callable
from typing import TypeVar

from wsgi_app.errors import PorteiroError

CANNOT_LOAD = 22  # uWSGI's own exit status for it: the master ends then, instead of trying for ever

Built = TypeVar("Built")


def built(build: Callable[[], Built]) -> Built:
    """What a server mounts; where it cannot be built, the reason in one line and the end of this process."""
    try:
        return build()
    except PorteiroError as error:
        sys.stderr.write(f"porteiro: {error}\n")
        sys.exit(CANNOT_LOAD)


def worker_number() -> int | None:
    """Which of uWSGI's workers this process is, from 1; ``None`` under any other server."""
    try:
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process
    except ImportError:
        return None
    return int(uwsgi.worker_id())
