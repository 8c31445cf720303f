"""A laptop's webcam, here behind a stand-in for OpenCV."""

import sys
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pi_client.config import load_config
from pi_client.errors import CameraError
from pi_client.fakes.webcam import WAITING_FRAMES, WebcamCamera

SETTINGS = load_config(None, {}).camera
FRAME_S = 0.04


@dataclass
class Webcam:
    """The webcam behind OpenCV: frames number ``grabbed``, of which the first lie in a queue."""

    is_there: bool = True
    gives_frames: bool = True
    retrieves: bool = True
    encodes: bool = True
    is_held: bool = False
    now_s: float = 100.0
    grabbed: int = 0
    properties: dict[int, int] = field(default_factory=dict)
    quality: int = 0

    def monotonic(self) -> float:
        return self.now_s

    # As cv2.VideoCapture.

    def isOpened(self) -> bool:  # noqa: N802
        return self.is_there

    def set(self, name: int, value: int) -> bool:
        self.properties[name] = value
        return True

    def grab(self) -> bool:
        self.grabbed += 1
        self.now_s += FRAME_S
        return self.gives_frames

    def retrieve(self) -> tuple[bool, int]:
        return self.retrieves, self.grabbed

    def release(self) -> None:
        self.is_held = False

    # As the module.

    def module(self) -> Any:
        cv2 = ModuleType("cv2")
        vars(cv2).update(
            CAP_PROP_FRAME_WIDTH=3,
            CAP_PROP_FRAME_HEIGHT=4,
            IMWRITE_JPEG_QUALITY=1,
            VideoCapture=self.capture,
            imencode=self.encode,
        )
        return cv2

    def capture(self, device: int) -> "Webcam":
        assert device == 0
        self.is_held = True
        return self

    def encode(self, suffix: str, picture: int, options: list[int]) -> tuple[bool, Any]:
        assert (suffix, options[0]) == (".jpg", 1)
        self.quality = options[1]
        data = b"\xff\xd8\xff" + str(picture).encode() + b"\xff\xd9"
        return self.encodes, SimpleNamespace(tobytes=lambda: data)


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> Webcam:
    made = Webcam()
    monkeypatch.setitem(sys.modules, "cv2", made.module())
    return made


@pytest.fixture
def camera(webcam: Webcam) -> WebcamCamera:
    made = WebcamCamera(SETTINGS, webcam.monotonic)
    made.open()
    return made


def test_photos_have_the_size_and_quality_of_the_settings(webcam: Webcam, camera: WebcamCamera) -> None:
    assert len(camera.take(1)) == 1
    assert (webcam.properties, webcam.quality) == ({3: 1536, 4: 864}, 85)


def test_frames_from_before_the_press_are_thrown_away(webcam: Webcam, camera: WebcamCamera) -> None:
    before = webcam.grabbed
    assert camera.take(1) == (b"\xff\xd8\xff%d\xff\xd9" % (before + WAITING_FRAMES + 1),)


def test_the_frames_of_a_press_are_150_ms_apart(webcam: Webcam, camera: WebcamCamera) -> None:
    numbers = [int(photo[3:-2]) for photo in camera.take(3)]
    gaps_s = [(later - earlier) * FRAME_S for earlier, later in pairwise(numbers)]
    assert gaps_s == pytest.approx([0.15, 0.15], abs=FRAME_S)


def test_without_a_webcam_the_error_says_what_else_there_is(webcam: Webcam) -> None:
    webcam.is_there = False
    with pytest.raises(CameraError, match="--photos FOLDER"):
        WebcamCamera(SETTINGS, webcam.monotonic).open()
    assert not webcam.is_held


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(CameraError, match="pip install opencv-python"):
        WebcamCamera(SETTINGS).open()


def test_a_webcam_that_was_pulled_out_gives_no_photo_and_works_when_it_is_back(
    webcam: Webcam, camera: WebcamCamera
) -> None:
    webcam.gives_frames = False
    for ask in (camera.probe, lambda: camera.take(1), camera.open):
        with pytest.raises(CameraError, match="still connected"):
            ask()
    webcam.gives_frames = True
    camera.open()
    assert len(camera.take(1)) == 1


def test_frames_that_come_too_slowly_are_no_photos(webcam: Webcam) -> None:
    camera = WebcamCamera(replace(SETTINGS, capture_timeout_s=5.5 * FRAME_S), webcam.monotonic)
    camera.open()
    with pytest.raises(CameraError, match="in time"):
        camera.take(1)


@pytest.mark.parametrize("part", ["retrieves", "encodes"])
def test_a_frame_that_cannot_be_used_is_no_photo(webcam: Webcam, camera: WebcamCamera, part: str) -> None:
    setattr(webcam, part, False)
    with pytest.raises(CameraError, match="frame"):
        camera.take(1)


def test_closing_gives_the_webcam_back_and_may_be_repeated(webcam: Webcam, camera: WebcamCamera) -> None:
    held = [webcam.is_held]
    camera.close()
    camera.close()
    held.append(webcam.is_held)
    assert held == [True, False]
    with pytest.raises(CameraError, match="not open"):
        camera.take(1)
