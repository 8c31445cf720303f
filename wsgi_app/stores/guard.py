"""Refusing a database that cannot be used, or is not to be trusted: for good, or until it is well again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.errors import StorageTrouble
from wsgi_app.stores.database_file import FileIds, file_id, is_read_only, set_aside
from wsgi_app.stores.disks import has_no_room
from wsgi_app.stores.troubles import ERRORS, LASTING, Trouble, TroubleFile, TroubleLog, trouble_of


class DatabaseGuard:
    """Refuses a database whose file is not in its place, or was found damaged, and says why it fails.

    Once it is so, it stays so: what this process has in memory of the database may not be true any more.

    Args:
        path: of the database.
        shared: what other processes of the same server found wrong.
    """

    def __init__(self, path: Path, shared: TroubleFile | None):
        self._path, self._shared = path, shared
        self._log = TroubleLog(path)
        self._files: FileIds | None = None  # of the latest connection
        self._lasting: Trouble | None = None

    def opened(self) -> FileIds:
        """Know the files that a connection has opened just now; gives them."""
        self._files = FileIds.of(self._path)
        return self._files

    def refuse_known(self) -> None:
        """Refuse a database before it is opened or asked.

        Raises:
            DatabaseTrouble: it was found damaged or replaced, or another file is in its place.
        """
        self.refuse_other_file()
        if self._shared is not None and (told := self._shared.read()):
            raise self._found(told, "a process of this server found it")
        if self._lasting:
            raise self._found(self._lasting, "it was found before")

    def refuse_other_file(self) -> None:
        """Refuse another file, or none, where the database was; raises as ``refuse_known``."""
        if self._files and self._files.is_main_moved(self._path):
            raise self._moved(self._files)

    def refuse_moved(self, files: FileIds) -> None:
        """Refuse a connection of whose files one is not in its place; raises as ``refuse_known``."""
        if files.are_moved(self._path):
            raise self._moved(files)

    def refuse_read_only(self) -> None:
        """Refuse to change what may not be written to.

        Raises:
            DatabaseTrouble: its file, or its disk, is read-only.
        """
        if is_read_only(self._path):
            raise self._found(Trouble.READ_ONLY, f"{self._path} may not be written to")

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Say what is wrong where the database fails inside; what is wrong with a statement stays as it is.

        Raises:
            StorageTrouble: it cannot be used, or its disk is full.
        """
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, sa.exc.NoResultFound) as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            if trouble is Trouble.SILENT and has_no_room(self._path.parent):
                trouble = Trouble.FULL  # which SQLite itself tells of some writes alone
            cause = getattr(error, "orig", None) or error
            raise self._found(trouble, f"{type(cause).__name__}: {cause}") from error

    def tell_damage(self, error: BaseException) -> None:
        """Tell the other processes where an error says that the database is damaged."""
        if trouble_of(error) in LASTING and self._shared is not None:
            self._shared.write(Trouble.DAMAGED)

    def kept(self) -> None:
        """A change is kept, so all is well."""
        self._log.end()

    def _moved(self, files: FileIds) -> StorageTrouble:
        if file_id(self._path) not in (None, files.main):
            set_aside(self._path, files)
        return self._found(Trouble.REPLACED, f"{self._path} or its log is not the file that was opened")

    def _found(self, trouble: Trouble, why: str) -> StorageTrouble:
        self._log.tell(trouble, why)
        if trouble in LASTING and trouble != self._lasting:
            self._lasting = trouble
            if self._shared is not None and self._shared.read() is None:
                self._shared.write(trouble)
        return ERRORS[trouble]()
