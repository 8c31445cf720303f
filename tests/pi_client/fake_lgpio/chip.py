"""The lines of a Raspberry Pi as a chip has them: levels, resistors, owners. Both libraries' fakes use it."""

from collections import deque
from dataclasses import dataclass, field

LINES = 54
LOW, HIGH = 0, 1


@dataclass
class Line:
    """One line.

    Attributes:
        is_ours: claimed by this program.
        is_anothers: claimed by another one.
        driven: its level as an output; ``None`` for an input.
        pull: the level of the resistor inside the chip; ``None`` without.
        outside: the level of what is wired to it, where nothing else decides.
        grounded: a button connects it to ground.
        bounces: levels that the next readings give, whatever else is so.
        is_broken: nothing can be written to it any more.
    """

    is_ours: bool = False
    is_anothers: bool = False
    driven: int | None = None
    pull: int | None = None
    outside: int = LOW
    grounded: bool = False
    bounces: deque[int] = field(default_factory=deque)
    is_broken: bool = False

    @property
    def level(self) -> int:
        """What a voltmeter shows."""
        if self.driven is not None:
            return self.driven
        if self.grounded:
            return LOW
        return self.outside if self.pull is None else self.pull


class Chip:
    """All lines, and every write to them in turn."""

    def __init__(self) -> None:
        self.lines = [Line() for _ in range(LINES)]
        self.writes: list[tuple[int, int]] = []
        self.freed: list[int] = []
        self.edges_asked = 0

    @property
    def ours(self) -> set[int]:
        """The lines that this program has."""
        return {number for number, line in enumerate(self.lines) if line.is_ours}

    def level(self, number: int) -> int:
        """What a voltmeter shows."""
        return self.lines[number].level

    def read(self, number: int) -> int:
        """What a program reads."""
        line = self.lines[number]
        return line.bounces.popleft() if line.bounces else line.level

    def drive(self, number: int, level: int) -> None:
        """Make it an output of a level."""
        self.lines[number].driven = level
        self.writes.append((number, level))

    def listen(self, number: int, pull: int | None) -> None:
        """Make it an input."""
        self.lines[number].driven, self.lines[number].pull = None, pull

    def free(self, number: int) -> None:
        """Give it back."""
        self.lines[number].is_ours = False
        self.freed.append(number)
