"""Presses that were answered while no disk had room for their visits: in a file that has its room beforehand.

What a door was told is judged once all the same: each worker finds here the last press of each door, until
the database has it. Where the file cannot be read or written, nobody is let in by it.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Conflict, Forbidden, StorageFull
from wsgi_app.stores.database import Database
from wsgi_app.stores.devices import is_ahead
from wsgi_app.stores.presses import Press, keep_press
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer

ROOM = 128 * 1024  # bytes of the file: of more than a hundred doors
SUM_BYTES = 64  # a digest of what follows, hexadecimal: half of it is none
TORN_S = 120.0  # after which nobody takes a press any more of which half a file may have told
MOST_BOOTS = 8  # of one device, of which it may have been started anew meanwhile


class UnkeptDoor(msgspec.Struct):
    """What is known of a door.

    Attributes:
        presses: the last one of each boot, in their order; none of a door without a token.
        key: of the last press, for a retry of it.
        answer: what the door was told.
        at: when.
        refusals: in a row, since nothing is kept.
    """

    presses: list[Press]
    key: str
    answer: StoredAnswer
    at: datetime
    refusals: int = 0


Book = dict[str, UnkeptDoor]


class UnkeptPresses:
    """That file; all processes of a server share it.

    Args:
        file: which one.
        keep_s: for which a retry is told the same.
    """

    def __init__(self, file: Path, keep_s: int):
        self._file, self._keep_s = file, keep_s

    def make(self) -> None:
        """Take the room, where there is any; without it nobody is let in whose visit is not kept."""
        with suppress(OSError):
            number = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(number).st_size < ROOM:
                    os.pwrite(number, bytes(ROOM), 0)
                    os.fsync(number)
            finally:
                os.close(number)

    def is_empty(self) -> bool:
        """Whether nothing is in it, as almost always."""
        try:
            with self._file.open("rb") as file:
                return not any(file.read(SUM_BYTES))
        except OSError:
            return True

    def answer(self, key: IdempotencyKey, now: datetime) -> StoredAnswer | None:
        """What a press was told, while a retry may still ask."""
        if self.is_empty():
            return None
        with self._open() as (_, book):
            return self._told(book.get(str(key.door)), key.key, now)

    def refuse_replayed(self, press: Press) -> None:
        """Refuse a press that is not later than the last one here.

        Raises:
            Conflict: it is not.
            StorageFull: that cannot be told.
        """
        if self.is_empty():
            return
        with self._open() as (_, book):
            _refuse_replayed(book.get(_device(press)), press)

    def set_clock_back(self, device: str, now: datetime) -> bool:
        """As ``DeviceStore.set_clock_back``, of the presses here; whether it did.

        Raises:
            StorageFull: that cannot be told, or kept.
        """
        if self.is_empty():
            return False
        with self._open() as (number, book):
            entry = book.get(str(DoorId(DoorKind.DEVICE, device)))
            if entry is None or not any(is_ahead(press.at, now) for press in entry.presses):
                return False
            entry.presses = [replace(press, at=min(press.at, now)) for press in entry.presses]
            _write(number, _fitting(book))
        return True

    def keep(
        self,
        door: DoorId,
        key: IdempotencyKey | None,
        press: Press | None,
        told: tuple[StoredAnswer, datetime],
        most_refusals: int,
        *,
        opens: bool,
    ) -> StoredAnswer:
        """Keep what a door is about to be told, and when; gives what stands.

        Args:
            door: which one.
            key: of the press.
            press: what a device tells of it.
            told: the answer, and when it is given.
            most_refusals: in a row, after which nobody is let in here; 0 for any number.
            opens: whether the answer lets somebody in.

        Raises:
            Conflict: the press is not later than the last one here.
            StorageFull: it cannot be kept, or too many were refused before.
        """
        answer, at = told
        with self._open() as (number, book):
            before = book.pop(str(door), None)
            if key is not None and (earlier := self._told(before, key.key, at)) is not None:
                return earlier
            if press is not None:
                _refuse_replayed(before, press)
            refusals = before.refusals if before else 0
            if opens and 0 < most_refusals <= refusals:
                raise StorageFull("storage_full")
            presses = [each for each in before.presses if press and each.boot != press.boot] if before else []
            if press is not None:
                presses.append(press)
            if len(presses) > MOST_BOOTS:
                raise StorageFull("storage_full")
            name = key.key if key else ""
            book[str(door)] = UnkeptDoor(presses, name, answer, at, 0 if opens else refusals + 1)
            _write(number, _fitting(book))
        return answer

    def settle(self, database: Database) -> None:
        """Have the database know these presses as judged, now that it takes changes again.

        Raises:
            StorageFull: it does not, or what is here cannot be read.
        """
        if self.is_empty():
            return
        with self._open() as (number, book), database.write() as connection:
            for entry in book.values():
                for press in entry.presses:
                    with suppress(Conflict, Forbidden):  # a later one was kept, or the token is revoked
                        keep_press(connection, press)
            database.once_kept(lambda: _clear(number))

    def _told(self, entry: UnkeptDoor | None, key: str, now: datetime) -> StoredAnswer | None:
        if entry is None or not key or entry.key != key:
            return None
        return entry.answer if abs((now - entry.at).total_seconds()) < self._keep_s else None

    @contextmanager
    def _open(self) -> Iterator[tuple[int, Book]]:
        try:
            number = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise StorageFull("storage_full") from error
        try:
            fcntl.flock(number, fcntl.LOCK_EX)  # each has it for a moment
            yield number, _read(number)
        finally:
            os.close(number)


def _device(press: Press) -> str:
    return str(DoorId(DoorKind.DEVICE, press.device))


def _refuse_replayed(entry: UnkeptDoor | None, press: Press) -> None:
    for number, each in enumerate(reversed(entry.presses if entry else [])):
        if press.boot == each.boot and (number or press.ms <= each.ms):
            raise Conflict("replayed")
        if press.boot != each.boot and press.at <= each.at:
            raise Conflict("replayed")


def _fitting(book: Book) -> bytes:
    """What is kept, without the oldest doors without a token where there are too many."""
    while True:
        data = msgspec.json.encode(book)
        if len(data) <= ROOM - SUM_BYTES - 1:
            return data
        oldest = next((name for name, entry in book.items() if not entry.presses), None)
        if oldest is None or len(book) == 1:
            raise StorageFull("storage_full")
        del book[oldest]


def _write(number: int, data: bytes) -> None:
    whole = hashlib.sha256(data).hexdigest().encode() + data
    try:
        if os.fstat(number).st_size < ROOM:
            raise StorageFull("storage_full")
        os.pwrite(number, whole.ljust(ROOM, b"\0"), 0)
        os.fdatasync(number)
    except OSError as error:
        raise StorageFull("storage_full") from error


def _clear(number: int) -> None:
    with suppress(OSError):
        os.pwrite(number, bytes(ROOM), 0)


def _read(number: int) -> Book:
    try:
        data = os.pread(number, ROOM, 0).rstrip(b"\0")
        if data and hashlib.sha256(data[SUM_BYTES:]).hexdigest().encode() == data[:SUM_BYTES]:
            return msgspec.json.decode(data[SUM_BYTES:], type=Book)
        age_s = abs(time.time() - os.fstat(number).st_mtime)  # of one by a clock that was ahead, too
        if data and age_s < TORN_S:  # a power cut while it was written
            raise StorageFull("storage_full")
    except (OSError, msgspec.MsgspecError) as error:
        raise StorageFull("storage_full") from error
    return {}
