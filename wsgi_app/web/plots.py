"""Where the lines of a plot lie: plain geometry, which a template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

GAP = 1.0  # between two bars, in units of the plot
LEAST_BAR = 2.0  # units: what happened once among thousands is to be seen


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of a histogram, in units of the plot."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A mark on the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Axis:
    """A span of values along a plot's width."""

    low: float
    high: float
    width: float

    def place(self, value: float) -> float:
        """Where a value lies, at the ends at most."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(share * self.width, 1)

    def ticks(self, count: int) -> list[Tick]:
        """Some values at even distances, both ends among them."""
        step = (self.high - self.low) / (count - 1)
        values = [self.low + step * at for at in range(count)]
        return [Tick(self.place(value), f"{value + 0.0:.1f}".replace("-0.0", "0.0")) for value in values]


@dataclass(frozen=True)
class Mirror:
    """Two histograms over one axis, one standing on it and one hanging from it."""

    axis: Axis
    middle: float
    standing: list[Bar]
    hanging: list[Bar]


def mirror(axis: Axis, half: float, counts: tuple[Sequence[int], Sequence[int]]) -> Mirror:
    """Lay out two histograms of equal bins, each as high as its highest bin allows.

    Args:
        axis: of both.
        half: height of each.
        counts: those that stand, and those that hang.
    """
    standing, hanging = ([_height(count, max(each), half) for count in each] for each in counts)
    return Mirror(
        axis,
        half,
        [_bar(axis, len(standing), at, half - high, high) for at, high in enumerate(standing) if high],
        [_bar(axis, len(hanging), at, half, high) for at, high in enumerate(hanging) if high],
    )


def _bar(axis: Axis, bins: int, at: int, top: float, high: float) -> Bar:
    step = axis.width / bins
    return Bar(x=round(at * step, 1), y=round(top, 1), width=round(step - GAP, 1), height=high)


def _height(count: int, most: int, half: float) -> float:
    return round(max(count / most * half, LEAST_BAR), 1) if count else 0.0
