"""Whether a face can be judged at all: its size, light, sharpness and pose."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.faces import Box, Landmarks, MeasuredFace, Quality
from wsgi_app.base.outcomes import Outcome
from wsgi_app.vision.detect import Face


@dataclass(frozen=True)
class Standard:
    """What a face needs: each limit with the outcome that a face on its wrong side gets."""

    least_size_px: float
    least_brightness: float
    least_sharpness: float
    most_yaw: float

    def fault(self, quality: Quality) -> str | None:
        """The first reason why a face cannot be used, or ``None``."""
        checks = (
            (quality.size_px < self.least_size_px, Outcome.TOO_SMALL.value),
            (quality.brightness < self.least_brightness, Outcome.TOO_DARK.value),
            (quality.sharpness < self.least_sharpness, Outcome.BLURRED.value),
            (abs(quality.yaw) > self.most_yaw, "turned_away"),
        )
        return next((outcome for failed, outcome in checks if failed), None)


def measure(face: Face, crop: NDArray[np.uint8]) -> Quality:
    """Measure a face.

    Args:
        face: in pixels of the photo as sent.
        crop: uint8 [112, 112, 3], the same face aligned, RGB.
    """
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    first, second, nose = (np.array(point) for point in face.landmarks[:3])
    eyes = second - first
    distance = max(float(np.linalg.norm(eyes)), 1e-6)
    yaw = float((nose - (first + second) / 2) @ eyes) / distance**2
    return Quality(
        size_px=face.size_px,
        brightness=float(luma.mean()),
        sharpness=float(cv2.Laplacian(luma, cv2.CV_32F).var()),
        roll_degrees=float(np.degrees(np.arctan2(eyes[1], eyes[0]))),
        yaw=yaw,
    )


def measured_face(face: Face, quality: Quality) -> MeasuredFace:
    """A face as it is kept and shown, with as many digits as mean anything."""
    return MeasuredFace(
        box=Box(*(round(side, 1) for side in face.box)),
        landmarks=Landmarks(*((round(x, 1), round(y, 1)) for x, y in face.landmarks)),
        score=round(face.score, 4),
        quality=quality.rounded(),
    )


def brightness_of(pixels: NDArray[np.uint8]) -> float:
    """Mean luma of a whole picture, 0 to 255, from a sixteenth of its pixels."""
    sample = np.ascontiguousarray(pixels[::4, ::4])
    return float(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY).mean())
