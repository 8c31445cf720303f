"""Which workers a request goes to, and how many questions about pictures wait for one at once.

``nginx.conf`` has the same patterns and numbers.
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from wsgi_app.base.errors import TooManyRequests, Unavailable

# Below any mount: what doors send, and who watches over the server asks; and what has a picture looked at.
PRESS = re.compile(
    r"(?:POST (?:/[^/]+)*/|PUT (?:/[^/]+)*/devices/[^/]+/heartbeat|GET (?:/[^/]+)*/health/(?:live|ready))"
)
PICTURE = re.compile(r"POST (?:/[^/]+)*/(?:image-64|image-bin|faces|compare)")

PICTURES_OF_ONE = 8  # that one client may have looked at, or have wait for it
PICTURES = 16  # of all clients
RETRY_AFTER_S = 2


class Lane(Enum):
    """What is answered apart from what else comes."""

    PRESSES = auto()
    PICTURES = auto()
    OTHERS = auto()


def lane_of(method: str, path: str) -> Lane:
    """The lane of a request.

    Args:
        method: as it was sent.
        path: decoded, with the mount.
    """
    line = f"{method} {path}"
    if PRESS.fullmatch(line):
        return Lane.PRESSES
    return Lane.PICTURES if PICTURE.fullmatch(line) else Lane.OTHERS


class PictureAdmission:
    """Counts the questions about pictures that are not answered yet."""

    def __init__(self) -> None:
        self._lock, self._waiting = threading.Lock(), Counter[str]()

    @contextmanager
    def of(self, client: str) -> Iterator[None]:
        """Have one more be answered inside.

        Raises:
            TooManyRequests: this client has too many already.
            Unavailable: all clients together have.
        """
        with self._lock:
            if self._waiting[client] >= PICTURES_OF_ONE:
                raise TooManyRequests("too_many:pictures", wait_s=RETRY_AFTER_S, most=PICTURES_OF_ONE)
            if self._waiting.total() >= PICTURES:
                raise Unavailable("unavailable:pictures", retry_after_s=RETRY_AFTER_S)
            self._waiting[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[client] -= 1
                self._waiting += Counter()  # forgets who has none
