"""Who was forgotten is kept beside the backups."""

from pathlib import Path

import pytest

from tests.backups import backed_up, enrolled
from tests.conftest import Clock
from wsgi_app.base.config import Config, load_config
from wsgi_app.house.tombstones import Gathered, TombstoneKeeper, gather
from wsgi_app.stores.backups.folder import LOCK
from wsgi_app.stores.files import locked
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tombstones import FILE, lines_in, lines_of, tombstones_in


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path.resolve())})


@pytest.fixture
def folder(config: Config, stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a backup of a house without anybody."""
    folder = tmp_path_factory.mktemp("disk") / "porteiro"
    backed_up(config, stores, folder)
    return folder


def forget(stores: Stores, name: str) -> None:
    stores.people.remove(enrolled(stores, name), lambda _: True)


def known(stores: Stores) -> list[str]:
    with stores.database.read() as connection:
        return lines_of(tombstones_in(connection))


def test_who_is_forgotten_is_kept_beside_each_folder_of_backups(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    clock.advance(60)
    second = folder.with_name("second")
    backed_up(config, stores, second)
    keeper = TombstoneKeeper(config, stores)
    for name in ("Ana", "Bruno"):
        forget(stores, name)
        assert keeper()
        assert lines_in(folder / FILE) == lines_in(second / FILE) == known(stores)


def test_nothing_is_touched_while_nobody_is_forgotten(
    config: Config, stores: Stores, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = TombstoneKeeper(config, stores)
    assert keeper()
    (folder / FILE).write_text("")
    enrolled(stores, "Ana")

    assert keeper()

    assert (folder / FILE).read_text() == ""


def test_a_disk_that_is_not_there_gets_it_with_the_next_backup(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()  # where it is mounted else
    forget(stores, "Ana")

    assert TombstoneKeeper(config, stores)()
    assert list(folder.iterdir()) == []

    folder.rmdir()
    away.rename(folder)
    clock.advance(60)
    backed_up(config, stores, folder)
    assert lines_in(folder / FILE) == known(stores)


def test_while_a_backup_is_made_it_waits(config: Config, stores: Stores, folder: Path) -> None:
    keeper = TombstoneKeeper(config, stores)
    forget(stores, "Ana")

    with locked(folder / LOCK):
        assert not keeper()
    assert lines_in(folder / FILE) == []
    assert keeper()
    assert lines_in(folder / FILE) == known(stores)


def test_all_that_is_known_anywhere_counts_and_what_cannot_be_read_is_named(
    stores: Stores, tmp_path: Path
) -> None:
    forget(stores, "Ana")
    (first, *_) = stones = gather((), (stores.database.path,)).stones
    (tmp_path / "list").write_text("".join(f"{line}\n" for line in [*lines_of([first]), "{", "junk"]))
    (tmp_path / "other.db").write_bytes(b"a letter, and no database at all" * 200)

    found = gather((tmp_path / "list", tmp_path / "none"), (stores.database.path, tmp_path / "other.db"))

    assert found == Gathered(
        stones, [f"{tmp_path}/list: 2 of its lines", f"{tmp_path}/other.db: file is not a database"]
    )
