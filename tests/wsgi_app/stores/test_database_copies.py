"""Copies of a database, made while others write."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.database_copies import Counts, copy_database, examine, reading, why_of
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import people


def test_a_copy_is_one_moment_of_the_database_while_others_write(stores: Stores, tmp_path: Path) -> None:
    ends = threading.Event()

    def write() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            stores.people.add(f"Somebody {number}")

    writer = threading.Thread(target=write)
    stores.people.add("Ana")
    writer.start()
    try:
        for number in range(5):
            copy_database(stores.database.engine, tmp_path / f"{number}.db")
    finally:
        ends.set()
        writer.join()

    found = [examine(tmp_path / f"{number}.db") for number in range(5)]
    assert {schema for schema, _ in found} == {SCHEMA_REVISION}
    assert [counts.people for _, counts in found] == sorted(counts.people for _, counts in found)
    assert stat.S_IMODE((tmp_path / "0.db").stat().st_mode) == 0o600


def test_a_copy_takes_no_other_files_place(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"a letter")

    with pytest.raises(FileExistsError):
        copy_database(stores.database.engine, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_bytes() == b"a letter"


def test_a_database_that_is_damaged_gives_no_copy(stores: Stores, tmp_path: Path) -> None:
    for number in range(300):
        stores.people.add(f"Somebody {number}")
    stores.database.wipe()
    file = tmp_path / "porteiro.db"
    data = file.read_bytes()
    file.write_bytes(data[:8192] + bytes(len(data) - 8192))

    with pytest.raises(BackupError) as refused:
        copy_database(stores.database.engine, tmp_path / "copy.db")

    assert refused.value.key == "backup:database"
    assert "malformed" in refused.value.values["why"]
    assert not (tmp_path / "copy.db").exists()


def test_a_full_disk_is_none_that_is_damaged(stores: Stores, tmp_path: Path) -> None:
    def refuse() -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    class FullEngine:
        raw_connection = staticmethod(refuse)

    with pytest.raises(OSError, match="No space left on device"):
        copy_database(cast(sa.Engine, FullEngine()), tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()


def copied(stores: Stores, file: Path) -> Path:
    """A copy of a database with Ana in it."""
    stores.people.add("Ana")
    copy_database(stores.database.engine, file)
    return file


def test_a_copy_is_read_through_without_anything_put_beside_it(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "a # ? % folder").mkdir()
    file = copied(stores, tmp_path / "a # ? % folder" / "copy.db")

    assert examine(file) == (SCHEMA_REVISION, Counts(people=1))
    with reading(file) as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.execute(people.delete())
    assert list(file.parent.iterdir()) == [file]


def overwritten(data: bytes) -> bytes:
    return data[:4096] + b"\xff" * 8192 + data[4096 + 8192 :]


@pytest.mark.parametrize(
    "damaged",
    [lambda data: data[:-4096], overwritten, lambda data: b"", lambda data: b"a letter to Ana" * 999],
    ids=["cut off", "overwritten", "empty", "something else"],
)
def test_damage_is_found(stores: Stores, tmp_path: Path, damaged: object) -> None:
    assert callable(damaged)
    for number in range(300):
        stores.people.add(f"Somebody {number}")
    file = copied(stores, tmp_path / "copy.db")
    file.write_bytes(damaged(file.read_bytes()))

    with pytest.raises(BackupError) as refused:
        examine(file)

    assert refused.value.code == "backup"


def test_rows_that_name_others_that_are_not_there_are_found(stores: Stores, tmp_path: Path) -> None:
    file = copied(stores, tmp_path / "copy.db")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO embeddings VALUES ('nobody', 'e1', x'00')")
        connection.commit()

    with pytest.raises(BackupError) as refused:
        examine(file)

    assert refused.value.key == "backup:database_torn"


def test_what_sqlite_says_is_said_without_the_statement() -> None:
    error = sa.exc.OperationalError("SELECT name FROM people", {}, sqlite3.OperationalError("disk I/O error"))

    assert why_of(error) == "disk I/O error"
