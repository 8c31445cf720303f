"""Two measurements taken in turns: on a machine that does other things too, only their ratio counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes:
        rounds: how many ratios are taken.
        seconds: how long each of a round's four turns takes, two of each side.
    """

    rounds: int
    seconds: float


@dataclass(frozen=True)
class Pair:
    """What the two sides of one round gave, in the same unit."""

    first: float
    second: float

    @property
    def ratio(self) -> float:
        """The first for each one of the second."""
        return self.first / self.second


@dataclass(frozen=True)
class Target:
    """Where the median of the ratios shall lie: at least, or at most, at a bound."""

    word: str
    bound: float

    @classmethod
    def at_least(cls, bound: float) -> "Target":
        """A ratio that shall be high."""
        return cls("at least", bound)

    @classmethod
    def at_most(cls, bound: float) -> "Target":
        """A ratio that shall be low."""
        return cls("at most", bound)

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio lies there."""
        return ratio >= self.bound if self.word == "at least" else ratio <= self.bound

    def __str__(self) -> str:
        return f"{self.word} {self.bound:g}"


@dataclass(frozen=True)
class Summary:
    """The ratios of all rounds."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, pairs: list[Pair]) -> "Summary":
        """Sum up at least one round."""
        ratios = [pair.ratio for pair in pairs]
        return cls(min(ratios), median(ratios), max(ratios))

    def __str__(self) -> str:
        return f"{self.middle:.3f} (min {self.least:.3f}, max {self.most:.3f})"


def in_turns(first: Callable[[], float], second: Callable[[], float], rounds: int) -> Iterator[Pair]:
    """Measure both sides again and again: first, second, second, first, so that a drift hits both alike.

    Both are called once before, to warm up, and that is thrown away.
    """
    first()
    second()
    for _ in range(rounds):
        early, second_mean, late = first(), (second() + second()) / 2, first()
        yield Pair((early + late) / 2, second_mean)
