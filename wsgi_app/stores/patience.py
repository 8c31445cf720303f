"""How long whoever writes waits for others who do, and how many processes of a server may at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.troubles import Trouble, trouble_of

MOMENT_S = 0.05  # for which everybody waits: writers take turns


class Places:
    """Places to wait in, of which each process takes one at most: who finds none goes on and answers.

    A place is a byte of a file that is locked, which the system lets go with the process.

    Args:
        file: made where it is not there.
        count: how many.
    """

    def __init__(self, file: Path, count: int):
        self._count = count
        try:  # once for all: where a process closes such a file, all its locks on it are gone
            self._number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self._count = 0

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Have a place while inside; gives whether there was one."""
        place = next(filter(self._take, range(self._count)), None)
        try:
            yield place is not None
        finally:
            if place is not None:
                fcntl.lockf(self._number, fcntl.LOCK_UN, 1, place)

    def _take(self, place: int) -> bool:
        try:
            fcntl.lockf(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Patience:
    """How somebody waits for the database.

    Attributes:
        wait_s: at most for so long.
        places: with them, beyond a moment only in one of these, and not where waiting was in vain of late.
    """

    wait_s: float
    places: Places | None = None

    @property
    def wait_ms(self) -> int:
        """The same as SQLite takes it."""
        return round(1000 * self.wait_s)


COMMANDS = Patience(10.0)  # nobody waits for a command at a door
FEED = Patience(1.5)

PRESS_S, ALONE_S = 1.5, 0.3  # with other workers that answer meanwhile, and without


def patience_of_workers(file: Path, workers: int) -> Patience:
    """The patience of each of so many workers: one of them is always left to answer.

    Where there is one alone, that is so for all but a part of a second.
    """
    return Patience(PRESS_S if workers > 1 else ALONE_S, Places(file, max(workers - 1, 1)))


class Turns:
    """Begins transactions that write, one after the other among all processes.

    Attributes:
        are_stuck: whether waiting for others was in vain the last time.
    """

    def __init__(self, patience: Patience):
        self._patience = patience
        self.are_stuck = False

    def begin(self, connection: sa.Connection) -> None:
        """Get the write lock; without a place to wait in, or where waiting was in vain of late, in a moment.

        Raises:
            sa.exc.OperationalError: others have it, or the database cannot be written to.
        """
        places = self._patience.places
        if places is None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        were_stuck, self.are_stuck = self.are_stuck, True
        try:
            self.begin_within(connection, MOMENT_S)
        except sa.exc.OperationalError as error:
            if were_stuck or trouble_of(error) is not Trouble.LOCKED:
                raise
            with places.one() as has_place:
                if not has_place:
                    raise
                self.begin_within(connection, self._patience.wait_s - MOMENT_S)
        self.are_stuck = False

    def begin_within(self, connection: sa.Connection, seconds: float) -> None:
        """Get the write lock within some seconds; raises as ``begin``."""
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {self._patience.wait_ms}")
