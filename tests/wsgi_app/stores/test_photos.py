import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wsgi_app.base.errors import NotFound, StorageFull
from wsgi_app.stores.photos import PhotoStore

MONDAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
PATIENCE_S = 60


@pytest.fixture
def photos(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos")


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what is in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_made_before_the_first_photo(tmp_path: Path, photos: PhotoStore) -> None:
    assert list(tmp_path.iterdir()) == []


def test_a_visits_photo_lies_in_its_days_folder(tmp_path: Path, photos: PhotoStore) -> None:
    name = photos.save_visit("v1", MONDAY, b"jpeg")
    assert name == "visits/2026-01-05/v1.jpg"
    assert photos.path(name) == tmp_path / "photos" / "visits" / "2026-01-05" / "v1.jpg"
    assert files_in(tmp_path) == {"photos/visits/2026-01-05/v1.jpg": b"jpeg"}


def test_a_crop_lies_in_its_persons_folder(tmp_path: Path, photos: PhotoStore) -> None:
    assert photos.save_crop("face", b"png") == "people/face.png"
    assert files_in(tmp_path) == {"photos/people/face.png": b"png"}


@pytest.mark.parametrize("data", [b"", b"\x00\xff\r\n" * 1_000_000], ids=["nothing", "four megabytes"])
def test_the_bytes_come_back_as_they_were(photos: PhotoStore, data: bytes) -> None:
    assert photos.path(photos.save_visit("v1", MONDAY, data)).read_bytes() == data


def test_a_photo_is_read_until_it_is_gone(photos: PhotoStore) -> None:
    name = photos.save_visit("v1", MONDAY, b"jpeg")
    assert photos.read(name) == b"jpeg"

    photos.remove(name)

    with pytest.raises(NotFound) as gone:
        photos.read(name)
    assert gone.value.code == "photo_gone"


def test_no_unfinished_file_stays(tmp_path: Path, photos: PhotoStore) -> None:
    for number in range(3):
        photos.save_visit(f"v{number}", MONDAY, b"jpeg")
    assert sorted(files_in(tmp_path / "photos" / "visits" / "2026-01-05")) == ["v0.jpg", "v1.jpg", "v2.jpg"]


def test_a_kept_photo_is_never_overwritten(tmp_path: Path, photos: PhotoStore) -> None:
    photos.save_crop("face", b"first")
    with pytest.raises(FileExistsError):
        photos.save_crop("face", b"second")
    assert files_in(tmp_path) == {"photos/people/face.png": b"first"}


def test_a_photo_and_the_folders_on_its_way_are_flushed_before_its_name_is_given(
    photos: PhotoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    fsync = os.fsync

    def noted_fsync(handle: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{handle}").readlink().relative_to(tmp_path.resolve())))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    day = "photos/visits/2026-01-05"
    photos.save_visit("v1", MONDAY, b"jpeg")
    assert flushed == [".", "photos", "photos/visits", f"{day}/v1.jpg", day]
    flushed.clear()
    photos.save_visit("v2", MONDAY, b"jpeg")
    assert flushed == [f"{day}/v2.jpg", day]


def test_a_photo_that_cannot_be_written_leaves_nothing(
    photos: PhotoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos.save_visit("v1", MONDAY, b"jpeg")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match=r"^storage_full$"):
        photos.save_visit("v2", MONDAY, b"jpeg")
    assert files_in(tmp_path) == {"photos/visits/2026-01-05/v1.jpg": b"jpeg"}


def test_removing_leaves_the_others(tmp_path: Path, photos: PhotoStore) -> None:
    first, second = (photos.save_visit(name, MONDAY, name.encode()) for name in ("v1", "v2"))
    photos.remove(first)
    assert files_in(tmp_path) == {"photos/visits/2026-01-05/v2.jpg": b"v2"}
    assert photos.path(second).read_bytes() == b"v2"


def test_a_photo_that_is_gone_already_can_be_removed(tmp_path: Path, photos: PhotoStore) -> None:
    name = photos.save_crop("face", b"png")
    photos.remove(name)
    photos.remove(name)
    photos.remove("visits/1999-12-31/never.jpg")
    assert files_in(tmp_path) == {}


def test_a_folder_may_be_emptied_by_one_while_another_saves_into_it(photos: PhotoStore) -> None:
    times = 300
    begin = threading.Barrier(2)

    def save_and_remove(visit_id: str) -> None:
        begin.wait(PATIENCE_S)
        for _ in range(times):
            name = photos.save_visit(visit_id, MONDAY, b"jpeg")
            assert photos.path(name).read_bytes() == b"jpeg"
            photos.remove(name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(save_and_remove, ["v1", "v2"]))


# Small copies


def test_a_small_copy_lies_beside_its_photo_and_goes_with_it(tmp_path: Path, photos: PhotoStore) -> None:
    name = photos.save_visit("v1", MONDAY, b"jpeg")
    photos.save_thumbnail(name, b"first")
    photos.save_thumbnail(name, b"small")
    day = "photos/visits/2026-01-05"
    assert photos.thumbnail_path(name).read_bytes() == b"small"
    assert files_in(tmp_path) == {f"{day}/v1.jpg": b"jpeg", f"{day}/v1.thumb.jpg": b"small"}
    photos.remove(name)
    assert files_in(tmp_path) == {}


def test_a_small_copy_that_cannot_be_written_leaves_nothing(
    photos: PhotoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = photos.save_visit("v1", MONDAY, b"jpeg")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match=r"^storage_full$"):
        photos.save_thumbnail(name, b"small")
    assert files_in(tmp_path) == {"photos/visits/2026-01-05/v1.jpg": b"jpeg"}


# Days


def test_the_days_of_visits_are_found_whatever_else_lies_there(tmp_path: Path, photos: PhotoStore) -> None:
    assert photos.days() == []
    photos.save_visit("v2", MONDAY + timedelta(days=1), b"jpeg")
    photos.save_visit("v1", MONDAY, b"jpeg")
    for other in ("lost+found", "20260105", "2026-13-01"):
        (tmp_path / "photos" / "visits" / other).mkdir()
    assert photos.days() == [MONDAY.date(), (MONDAY + timedelta(days=1)).date()]


def test_the_files_of_a_day_are_those_that_are_old_enough_with_the_ids_of_their_visits(
    photos: PhotoStore,
) -> None:
    names = [photos.save_visit(visit_id, MONDAY, b"jpeg") for visit_id in ("old", "new")]
    folder = photos.path(names[0]).parent
    photos.save_thumbnail(names[0], b"small")
    for name in ("old.thumb.jpg.tmp1", "notes.txt"):
        (folder / name).write_bytes(b"")
    (folder / "folder.jpg").mkdir()
    for path in folder.iterdir():
        moment = MONDAY if path.name == "new.jpg" else MONDAY - timedelta(seconds=1)
        os.utime(path, (moment.timestamp(), moment.timestamp()))
    found = {path.name: visit_id for visit_id, path in photos.files_of(MONDAY.date(), MONDAY)}
    assert found == {"old.jpg": "old", "old.thumb.jpg": "old", "old.thumb.jpg.tmp1": ""}


def test_a_day_is_removed_only_when_nothing_is_in_it(photos: PhotoStore) -> None:
    name = photos.save_visit("v1", MONDAY, b"jpeg")
    assert photos.remove_day(MONDAY.date()) is False
    photos.remove(name)
    assert photos.remove_day(MONDAY.date()) is True
    assert photos.days() == []
    assert photos.remove_day(MONDAY.date()) is False
