"""Whether a face can be judged at all: its size, light, sharpness and pose."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import Face


@dataclass(frozen=True)
class Quality:
    """What was measured on one face.

    Attributes:
        size_px: shorter side of its box in the photo as sent.
        brightness: mean luma of the aligned crop, 0 to 255.
        sharpness: variance of the Laplacian of the aligned crop's luma.
        roll_degrees: tilt of the line of the eyes; 0 is level.
        yaw: the nose's distance from the middle of the eyes, along their line, in eye distances: 0 looks
            straight ahead, about 0.5 is a profile. Signed: positive looks to the picture's right.
    """

    size_px: float
    brightness: float
    sharpness: float
    roll_degrees: float
    yaw: float

    def rounded(self) -> dict[str, float]:
        """What was measured by its names, with as many digits as mean anything: as it is kept and told."""
        return {name: round(value, 3) for name, value in vars(self).items()}


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
            (quality.size_px < self.least_size_px, "too_small"),
            (quality.brightness < self.least_brightness, "too_dark"),
            (quality.sharpness < self.least_sharpness, "blurred"),
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


def brightness_of(pixels: NDArray[np.uint8]) -> float:
    """Mean luma of a whole picture, 0 to 255, from a sixteenth of its pixels."""
    sample = np.ascontiguousarray(pixels[::4, ::4])
    return float(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY).mean())
