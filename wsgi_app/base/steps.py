"""How long each step of one request took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Clock = Callable[[], float]


class Steps:
    """A stopwatch with laps: ``with steps("decode"): ...`` adds to that step's time."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._started = clock()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what happens inside under a name; the same name twice adds up."""
        started = self._clock()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - started

    def elapsed_s(self) -> float:
        """Seconds since the stopwatch was made."""
        return self._clock() - self._started

    def milliseconds(self) -> dict[str, float]:
        """Each step as ``name_ms``, for a log line."""
        return {f"{name}_ms": round(seconds * 1000, 2) for name, seconds in self.seconds.items()}
