import io
from pathlib import Path

import pytest
from PIL import Image

from pi_client.errors import CameraError
from pi_client.fakes.camera import FakeCamera
from pi_client.simulator.stage import FRESH_S, THUMBNAIL_BYTES, PhotoStage, WebcamStage
from tests.pi_client.simulator.staging import PHOTOS, photo_folder

ANA, BRUNO = "ana-1.jpg", "bruno-1.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return photo_folder(tmp_path / "photos", ANA, BRUNO)


def test_the_first_photo_is_before_the_camera(folder: Path) -> None:
    camera = FakeCamera(folder, lambda: 0.0)
    stage = PhotoStage(folder, camera)
    camera.open()

    assert (stage.chosen, stage.choices()) == (ANA, (ANA, BRUNO))
    assert [camera.take(1), camera.take(1)] == [((PHOTOS / ANA).read_bytes(),)] * 2


def test_the_camera_and_the_page_see_what_was_chosen(folder: Path) -> None:
    camera = FakeCamera(folder, lambda: 0.0)
    stage = PhotoStage(folder, camera)
    camera.open()

    stage.choose(BRUNO)

    assert camera.take(1) == (stage.picture(),) == ((PHOTOS / BRUNO).read_bytes(),)


def test_a_photo_that_is_not_there_cannot_be_chosen(folder: Path) -> None:
    stage = PhotoStage(folder, FakeCamera(folder, lambda: 0.0))

    with pytest.raises(CameraError):
        stage.choose("../secret.jpg")
    with pytest.raises(CameraError):
        stage.thumbnail("../secret.jpg")

    assert stage.chosen == ANA


def test_a_large_photo_has_a_small_thumbnail(folder: Path) -> None:
    Image.effect_noise((2000, 1500), 90).convert("RGB").save(folder / "large.jpg", quality=95)
    stage = PhotoStage(folder, FakeCamera(folder, lambda: 0.0))

    small = stage.thumbnail("large.jpg")

    assert len(small) <= THUMBNAIL_BYTES
    assert Image.open(io.BytesIO(small)).format == "JPEG"


def test_what_is_no_picture_after_all_is_left_to_the_browser(folder: Path) -> None:
    broken = b"\xff\xd8\xff" + bytes(THUMBNAIL_BYTES)
    (folder / "broken.jpg").write_bytes(broken)
    stage = PhotoStage(folder, FakeCamera(folder, lambda: 0.0))

    assert stage.thumbnail("broken.jpg") == broken


def test_a_webcam_s_picture_is_taken_once_for_all_who_look(folder: Path) -> None:
    now = [100.0]
    stage = WebcamStage(FakeCamera(folder, lambda: 0.0), lambda: now[0])
    ana, bruno = (PHOTOS / ANA).read_bytes(), (PHOTOS / BRUNO).read_bytes()
    with pytest.raises(CameraError):
        stage.picture()

    stage.open()
    seen = [stage.picture(), stage.picture()]
    now[0] += FRESH_S
    seen.append(stage.picture())

    assert seen == [ana, ana, bruno]  # the camera shows its photos in turn
    assert stage.take(1) == (ana,)


def test_nobody_can_be_chosen_before_a_webcam(folder: Path) -> None:
    stage = WebcamStage(FakeCamera(folder, lambda: 0.0), lambda: 0.0)

    with pytest.raises(CameraError):
        stage.choose(ANA)

    assert (stage.is_live, stage.chosen, stage.choices()) == (True, "", ())


def test_a_closed_webcam_shows_nothing(folder: Path) -> None:
    stage = WebcamStage(FakeCamera(folder, lambda: 0.0), lambda: 0.0)
    stage.open()
    stage.probe()
    stage.picture()

    stage.close()

    with pytest.raises(CameraError):
        stage.picture()
