"""Files of logs: for this user alone from their first byte on, and no larger than so much."""

import os
import signal
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600
MOST_BYTES = 10_000_000  # as uwsgi.ini has it for the server's own
NGINX = "nginx"  # what the system calls its processes


def keep_private(path: Path) -> None:
    """Have a file be there that nobody but its owner may read; what it has stays.

    Raises:
        OSError: that cannot be done.
    """
    path.touch(PRIVATE)
    if path.stat().st_mode & 0o777 != PRIVATE:
        path.chmod(PRIVATE)


class NginxLog:
    """nginx's log of requests where nginx runs in a folder as this user: it lets its log grow without end.

    Args:
        folder: of ``access.log`` and ``nginx.pid``.
        most_bytes: from which size on the log begins anew; one older is kept.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES):
        self._path, self._older = folder / "access.log", folder / "access.log.1"
        self._pid_file, self._most_bytes = folder / "nginx.pid", most_bytes

    def look(self) -> None:
        """Have it begin anew where it is too large; nginx, told by a signal, goes on in the new one.

        Where nginx cannot be told of it, nothing happens. What the disk has no room for, the next look tries
        again.
        """
        with suppress(OSError, ValueError):  # it does not run, is somebody else's, or the disk is full
            process = self._nginx()
            opened = _opened_by(process)
            os.kill(process, 0)
            if self._path.exists() and self._path.stat().st_size > self._most_bytes:
                self._path.replace(self._older)
            keep_private(self._path)
            older = self._older.stat()
            if any(os.path.samestat(older, one) for one in opened):
                os.kill(process, signal.SIGUSR1)

    def _nginx(self) -> int:
        process = int(self._pid_file.read_text())
        if Path(f"/proc/{process}/comm").read_text().strip() != NGINX:
            raise ProcessLookupError(f"{process} is not nginx")
        return process


def _opened_by(process: int) -> list[os.stat_result]:
    """The files that a process has open.

    Raises:
        OSError: it has ended, or is somebody else's.
    """
    links = Path(f"/proc/{process}/fd").iterdir()
    return [link.stat() for link in links if link.exists()]
