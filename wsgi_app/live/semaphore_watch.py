"""Looking after the semaphores of uWSGI's locks: without them each worker ends that wants to count."""

from collections.abc import Callable
from pathlib import Path

import structlog

from wsgi_app.base.semaphores import are_there

log = structlog.get_logger("porteiro.live")


class SemaphoreWatch:
    """Has the server start anew where somebody removed its semaphores.

    systemd does where the server's user logs out, unless that is a system user or one that lingers.

    Args:
        file: tells which they are.
        restart: begins that; it takes some seconds.
    """

    def __init__(self, file: Path, restart: Callable[[], None]):
        self._file, self._restart = file, restart
        self._are_gone = False

    def look(self) -> bool:
        """Whether they are there."""
        if not self._are_gone and not are_there(self._file):
            self._are_gone = True
            log.error("the semaphores of the server are gone, so it starts anew")
            self._restart()
        return not self._are_gone
