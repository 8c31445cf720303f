"""The fake camera shows a folder's pictures and fails on demand."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pi_client.errors import CameraError, DoorConfigError
from pi_client.fakes import pictures
from pi_client.fakes.camera import CameraFault, FakeCamera

SOON_S = 10.0
JPEGS = {
    "a.jpg": b"\xff\xd8\xffA\xff\xd9",
    "b.JPEG": b"\xff\xd8\xffB\xff\xd9",
    "c.jpg": b"\xff\xd8\xffC\xff\xd9",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in JPEGS.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "README.md").write_text("Who they are.")
    return tmp_path


@pytest.fixture
def camera(folder: Path) -> FakeCamera:
    made = FakeCamera(folder, lambda: 7.0)
    made.open()
    return made


class Outcome:
    """A call on a thread of its own: whether it has come back, and with which error."""

    def __init__(self, call: Callable[[], object]):
        self.error: CameraError | None = None
        self.begun, self._call = threading.Event(), call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self.begun.wait(SOON_S)

    def _run(self) -> None:
        self.begun.set()
        try:
            self._call()
        except CameraError as error:
            self.error = error

    def has_ended(self, within_s: float = SOON_S) -> bool:
        self._thread.join(within_s)
        return not self._thread.is_alive()


def test_the_pictures_of_the_folder_are_the_choices(camera: FakeCamera) -> None:
    assert camera.choices() == ("a.jpg", "b.JPEG", "c.jpg")


def test_pictures_come_in_turn(camera: FakeCamera) -> None:
    a, b, c = JPEGS.values()
    assert [camera.take(1) for _ in range(4)] == [(a,), (b,), (c,), (a,)]


def test_the_frames_of_a_press_show_the_same_person_and_are_no_copies(camera: FakeCamera) -> None:
    comments = [b"", b"\xff\xfe\x00\x03\x01", b"\xff\xfe\x00\x03\x02"]

    assert camera.take(3) == tuple(b"\xff\xd8" + comment + b"\xffA\xff\xd9" for comment in comments)


def test_who_was_chosen_stays_until_they_come_in_turn_again(camera: FakeCamera) -> None:
    camera.choose("c.jpg")
    assert [camera.take(1), camera.take(1)] == [(JPEGS["c.jpg"],)] * 2
    camera.choose(None)
    assert camera.take(1) == (JPEGS["c.jpg"],)  # the third in turn
    assert camera.take(1) == (JPEGS["a.jpg"],)


@pytest.mark.parametrize("name", ["d.jpg", "../a.jpg", "", "README.md"])
def test_nobody_else_can_be_chosen(camera: FakeCamera, name: str) -> None:
    with pytest.raises(CameraError, match="no photo"):
        camera.choose(name)


def test_exposures_are_those_of_the_clock_and_only_the_last_are_kept(camera: FakeCamera) -> None:
    camera.take(2)
    assert list(camera.exposures) == pytest.approx([7.0, 7.15])
    for _ in range(100):
        camera.take(3)
    assert len(camera.exposures) == 16


@pytest.mark.parametrize("fault", [CameraFault.ABSENT, CameraFault.BUSY])
def test_an_absent_or_busy_camera_does_not_open(camera: FakeCamera, fault: CameraFault) -> None:
    camera.break_by(fault)
    for ask in (camera.open, camera.probe, lambda: camera.take(1)):
        with pytest.raises(CameraError):
            ask()


@pytest.mark.parametrize("fault", [CameraFault.TIMEOUT, CameraFault.WEDGED])
def test_a_camera_without_frames_opens_and_gives_none(folder: Path, fault: CameraFault) -> None:
    camera = FakeCamera(folder, lambda: 7.0)
    camera.break_by(fault)
    camera.open()
    for ask in (camera.probe, lambda: camera.take(1)):
        with pytest.raises(CameraError, match="in time"):
            ask()


@pytest.mark.parametrize("ask", ["take", "probe"])
def test_point_15_what_hangs_comes_free_when_the_camera_is_closed(camera: FakeCamera, ask: str) -> None:
    camera.break_by(CameraFault.HANG)
    hanging = Outcome(lambda: camera.take(1) if ask == "take" else camera.probe())
    assert not hanging.has_ended(within_s=0.005)
    camera.close()
    assert hanging.has_ended()
    assert "hung" in str(hanging.error)


def test_point_15_what_hangs_goes_on_when_the_camera_is_mended(camera: FakeCamera) -> None:
    camera.break_by(CameraFault.HANG)
    hanging = Outcome(lambda: camera.take(1))
    assert not hanging.has_ended(within_s=0.005)
    camera.mend()
    assert (hanging.has_ended(), hanging.error) == (True, None)


def test_what_hangs_fails_when_another_fault_comes(camera: FakeCamera) -> None:
    camera.break_by(CameraFault.HANG)
    hanging = Outcome(lambda: camera.take(1))
    camera.break_by(CameraFault.ABSENT)
    assert hanging.has_ended()
    assert str(hanging.error) == "There is no camera."


def test_point_15_a_wedged_camera_closes_only_once_it_is_mended(camera: FakeCamera) -> None:
    camera.break_by(CameraFault.WEDGED)
    closing = Outcome(camera.close)
    assert not closing.has_ended(within_s=0.005)
    camera.mend()
    assert (closing.has_ended(), closing.error) == (True, None)
    camera.open()
    assert camera.take(1) == (JPEGS["a.jpg"],)


def test_a_wedged_camera_that_was_never_opened_closes(folder: Path) -> None:
    camera = FakeCamera(folder, lambda: 7.0)
    camera.break_by(CameraFault.WEDGED)
    camera.close()


def test_faults_go_by_their_names() -> None:
    assert [CameraFault(name) for name in ("absent", "busy", "hang", "wedged", "timeout", "truncated")] == [
        *CameraFault
    ]


# Folders that cannot be used.


def test_a_folder_without_photos_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(DoorConfigError, match=r"no photos: put files named \*\.jpg"):
        FakeCamera(tmp_path, lambda: 7.0)


@pytest.mark.parametrize("name", ["nowhere", "a.jpg", "a.jpg/b"])
def test_what_is_no_folder_is_named(folder: Path, name: str) -> None:
    with pytest.raises(DoorConfigError, match=str(folder / name)):
        FakeCamera(folder / name, lambda: 7.0)


def a_page(file: Path) -> None:
    file.write_text("<html>")


def a_huge_file(file: Path) -> None:
    with file.open("wb") as opened:
        opened.write(b"\xff\xd8\xff")
        opened.truncate(pictures.LARGEST_FILE + 1)


def a_pipe(file: Path) -> None:
    os.mkfifo(file)


def a_folder(file: Path) -> None:
    file.mkdir()


def a_link_to_nothing(file: Path) -> None:
    file.symlink_to("nothing")


@pytest.mark.parametrize("make", [a_page, a_huge_file, a_pipe, a_folder, a_link_to_nothing])
def test_a_file_that_cannot_be_used_is_named(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "bad.jpg")
    with pytest.raises(DoorConfigError, match=r"bad\.jpg"):
        FakeCamera(folder, lambda: 7.0)


def test_a_folder_of_very_many_photos_is_too_much(tmp_path: Path) -> None:
    for number in range(pictures.MOST_FILES + 1):
        (tmp_path / f"{number}.jpg").touch()
    with pytest.raises(DoorConfigError, match=f"more than {pictures.MOST_FILES}"):
        FakeCamera(tmp_path, lambda: 7.0)


@pytest.mark.parametrize("make", [a_page, a_huge_file, a_pipe, lambda file: None])
def test_a_photo_that_has_changed_for_the_worse_fails_its_press_only(
    folder: Path, camera: FakeCamera, make: Callable[[Path], None]
) -> None:
    (folder / "a.jpg").unlink()
    make(folder / "a.jpg")
    camera.choose("a.jpg")
    with pytest.raises(CameraError, match=r"a\.jpg"):
        camera.take(1)
    camera.choose("b.JPEG")
    assert camera.take(1) == (JPEGS["b.JPEG"],)
