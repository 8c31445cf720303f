"""The folder of the photos: which one is right, and which one lies beneath a disk that is not mounted."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.backups import enrolled, visited
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import ConfigError
from wsgi_app.stores import photo_folder, tables
from wsgi_app.stores.photo_folder import (
    LOOKED_FOR,
    has_most_photos,
    photos_of,
    put_marker,
    refuse_other_folder,
    take_folder,
    why_other,
)
from wsgi_app.stores.photos import MARKER
from wsgi_app.stores.stores import Stores


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path.resolve())})


def marked(stores: Stores) -> int:
    """How often the database was told of a marker."""
    query = sa.select(sa.func.count()).select_from(tables.photo_folder)
    with stores.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def forget_photos(stores: Stores, *, but: int) -> None:
    """Have all but so many photos gone from the folder."""
    for path in sorted(stores.photos.path("").rglob("*.jpg"))[but:]:
        path.unlink()


def test_a_new_house_has_its_folder_made_and_marked_once(config: Config, stores: Stores) -> None:
    for _ in range(2):
        take_folder(config, stores.database)

    assert (photos_of(config) / MARKER).is_file()
    assert marked(stores) == 1


def test_a_house_of_an_earlier_release_has_its_folder_marked(config: Config, stores: Stores) -> None:
    visited(stores)

    take_folder(config, stores.database)

    assert ((photos_of(config) / MARKER).is_file(), marked(stores)) == (True, 1)


def lie_beneath(folder: Path) -> None:
    """Have an empty folder there, as where a disk is not mounted."""
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "marker": (lambda folder: (folder / MARKER).unlink(), "has no file .porteiro"),
    "folder": (lambda folder: folder.rename(folder.with_name("elsewhere")), "there is no folder"),
    "disk": (lie_beneath, "Is its disk not mounted?"),
}


@pytest.mark.parametrize(("loses", "says"), REFUSED.values(), ids=REFUSED)
def test_a_folder_that_is_not_the_marked_one_is_refused_and_left_as_it_is(
    config: Config, stores: Stores, loses: Callable[[Path], object], says: str
) -> None:
    visited(stores)
    take_folder(config, stores.database)
    loses(photos_of(config))
    before = sorted(config.data.rglob("*"))

    refusals: list[Callable[[], None]] = [
        lambda: take_folder(config, stores.database),
        lambda: refuse_other_folder(config),
    ]
    for refuse in refusals:
        with pytest.raises(ConfigError) as refused:
            refuse()
        assert f"PORTEIRO_DATA='{config.data}': " in str(refused.value)
        assert says in str(refused.value)

    assert sorted(config.data.rglob("*")) == before


@pytest.mark.parametrize(("left", "is_right"), [(10, True), (5, True), (4, False), (0, False)])
def test_without_a_marker_the_one_with_most_of_the_photos_is_right(
    config: Config, stores: Stores, left: int, is_right: bool
) -> None:
    for number in range(10):
        visited(stores, b"photo %d" % number)
    for small in photos_of(config).rglob("*.thumb.jpg"):
        small.unlink()
    forget_photos(stores, but=left)

    with stores.database.read() as connection:
        why = why_other(connection, photos_of(config))

    assert (why == "", has_most_photos(stores.database, photos_of(config))) == (is_right, is_right)


def test_of_many_photos_the_oldest_and_the_newest_are_looked_for(
    config: Config, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_folder, "LOOKED_FOR", 2)
    assert LOOKED_FOR > 2
    shown = [visited(stores, b"photo %d" % number) for number in range(8)]
    for visit in shown[2:-2]:
        stores.photos.remove(visit.photo)

    assert has_most_photos(stores.database, photos_of(config))


def test_visits_whose_photos_were_not_kept_tell_nothing_of_the_folder(config: Config, stores: Stores) -> None:
    visit = visited(stores)
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE visits SET photo = ''"))
    stores.photos.remove(visit.photo)

    with stores.database.read() as connection:
        assert why_other(connection, config.data / "none") == ""


def test_faces_alone_are_photos_too(config: Config, stores: Stores) -> None:
    enrolled(stores, "Ana")

    with stores.database.read() as connection:
        assert why_other(connection, photos_of(config)) == ""
        assert "there is no folder" in why_other(connection, config.data / "none")


def test_where_there_is_no_database_yet_no_folder_is_wrong(tmp_path: Path) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path / "new")})

    refuse_other_folder(config)

    assert not (tmp_path / "new").exists()


def test_a_database_that_cannot_be_read_is_somebody_elses_to_refuse(tmp_path: Path) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})
    config.database_file.write_bytes(b"no database" * 1000)

    refuse_other_folder(config)


def test_a_folder_that_cannot_be_made_is_refused_by_name(config: Config, stores: Stores) -> None:
    photos_of(config).write_text("in the way")

    with pytest.raises(ConfigError, match=r"File exists: .*photos"):
        take_folder(config, stores.database)
    assert marked(stores) == 0


def test_the_marker_says_what_it_is_for(tmp_path: Path) -> None:
    put_marker(tmp_path / "a" / "photos")
    assert (tmp_path / "a" / "photos" / MARKER).read_text().startswith("Porteiro keeps its photos here.")
