"""What a file that cannot be kept says of its disk."""

import errno
import os
from pathlib import Path

import pytest
import structlog

from wsgi_app.base.errors import StorageFull, StorageTrouble
from wsgi_app.stores.disks import DiskGuard, has_no_room


def failing(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/srv/photo.jpg")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_one(number: int) -> None:
    with pytest.raises(StorageFull, match=r"^storage_full$") as told, DiskGuard().keeping():
        raise failing(number)
    assert (told.value.status, told.value.headers) == (503, {"Retry-After": "30"})


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.EIO, "unavailable:disk"),
        (errno.EACCES, "unavailable:disk"),
        (errno.EROFS, "unavailable:disk_read_only"),
    ],
)
def test_a_disk_that_fails_is_told_as_one(number: int, key: str) -> None:
    with pytest.raises(StorageTrouble, match=f"^{key}$") as told, DiskGuard().keeping():
        raise failing(number)
    assert told.value.status == 503


def test_the_log_is_told_as_it_begins_and_when_it_is_over() -> None:
    guard = DiskGuard()
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            with pytest.raises(StorageFull), guard.keeping():
                raise failing(errno.ENOSPC)
        for _ in range(2):
            with guard.keeping():
                pass

    assert logged == [
        {
            "event": "the disk takes no file",
            "log_level": "error",
            "why": "No space left on device: /srv/photo.jpg",
        },
        {"event": "the disk takes files again", "log_level": "info"},
    ]


def test_a_disk_is_found_full_by_writing_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_no_room(tmp_path)
    assert not has_no_room(tmp_path / "nothing")

    def full(_: int) -> None:
        raise failing(errno.EDQUOT)

    monkeypatch.setattr(os, "fsync", full)
    assert has_no_room(tmp_path)
    assert list(tmp_path.iterdir()) == []
