"""How many may be connected at once: in all, of one address, and how much each may send."""

from collections import Counter, deque
from collections.abc import Callable

from wsgi_app.base.errors import TooManyRequests, Unavailable

WAIT_S = 10  # after which a refused one may try again
STRANGERS = 500  # connections beside the admitted ones: on their way in, or out


class Seats:
    """So many in all, and of one address."""

    def __init__(self, most: int, most_of_one: int):
        self._most, self._most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> None:
        """Count one in.

        Raises:
            TooManyRequests: there are too many of that address.
            Unavailable: there are too many in all.
        """
        if self._taken[address] >= self._most_of_one:
            raise TooManyRequests("too_many:sockets", wait_s=WAIT_S)
        if self._taken.total() >= self._most:
            raise Unavailable("unavailable:sockets", retry_after_s=WAIT_S)
        self._taken[address] += 1

    def leave(self, address: str) -> None:
        """Count one out again."""
        _count_down(self._taken, address)


class Crowd:
    """All connections, and those of them that are on their way in, by their addresses.

    Attributes:
        connections: how many there are, of all kinds.
    """

    def __init__(self, most: int, most_of_one: int):
        self._most, self._most_of_one = most, most_of_one
        self._strangers: Counter[str] = Counter()
        self.connections = 0

    def has_room(self, peer: str | None) -> bool:
        """Whether a further connection is listened to at all; ``None`` for one that nginx made.

        Not where there are too many, nor where one address has as many on their way in as may be let in.
        """
        if self.connections >= self._most + STRANGERS:
            return False
        return peer is None or self._strangers[peer] < self._most_of_one

    def come(self, peer: str | None) -> None:
        """Count a connection that is on its way in."""
        self.connections += 1
        if peer is not None:
            self._strangers[peer] += 1

    def go_on(self, peer: str | None) -> None:
        """Count it among those on their way in no more: it was let in, or ended before."""
        if peer is not None:
            _count_down(self._strangers, peer)


class RateLimit:
    """So many times within so many seconds, and no more."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]):
        self._seconds, self._clock = seconds, clock
        self._times: deque[float] = deque(maxlen=most)

    def allows(self) -> bool:
        """Whether it may happen now; if so, it counts."""
        now = self._clock()
        if len(self._times) == self._times.maxlen and now - self._times[0] < self._seconds:
            return False
        self._times.append(now)
        return True


def _count_down(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
