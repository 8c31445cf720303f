"""The time of day beside the machine's own time, which nobody sets: so one sees a jump of the first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

# Of the files and not of CLOCK_BOOTTIME: whatever sets a program's clocks, as for a trial, sets that one too.
PROC = Path("/proc")
BOOT, UPTIME = Path("sys/kernel/random/boot_id"), Path("uptime")


@dataclass(frozen=True)
class Clocks:
    """Both at one moment.

    Attributes:
        at: the time of day.
        boot: names this start of the machine; ``""`` where it tells none.
        uptime: what has passed since that start.
    """

    at: datetime
    boot: str
    uptime: timedelta

    @property
    def started(self) -> datetime:
        """When the machine was started, by the time of day as it is now."""
        return self.at - self.uptime

    def drift(self, earlier: "Clocks") -> timedelta | None:
        """How much more the time of day moved since an earlier moment than time has passed; less is negative.

        ``None`` where nobody knows what has passed: the machine was started anew, or the container that has
        an uptime of its own.
        """
        passed = self.uptime - earlier.uptime
        if not self.boot or self.boot != earlier.boot or passed < timedelta(0):
            return None
        return self.at - earlier.at - passed


def read_clocks(at: datetime, proc: Path = PROC) -> Clocks:
    """The machine's own time at a time of day, which is now."""
    try:
        boot, uptime = (proc / BOOT).read_text().strip(), (proc / UPTIME).read_text().split()
        return Clocks(at, boot, timedelta(seconds=float(uptime[0])))
    except (OSError, ValueError, IndexError):  # as where it is no Linux
        return Clocks(at, "", timedelta(0))
