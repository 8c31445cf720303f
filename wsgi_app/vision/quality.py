"""Whether a face can be judged at all: its size, light, sharpness and pose."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.faces import Box, Landmarks, MeasuredFace, Quality
from wsgi_app.vision.align import outside
from wsgi_app.vision.detect import Face

# Second derivatives along the rows, the columns and both diagonals, for steps of equal length.
CURVATURES = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[0.7071, 0, 0], [0, -1.4142, 0], [0, 0, 0.7071]],
        [[0, 0, 0.7071], [0, -1.4142, 0], [0.7071, 0, 0]],
    )
)
NOISE_PX = 0.8  # what is finer is the camera's noise

# The face in a crop, from its brows to its chin, and what is looked at for whether it is plain.
FACE_ROWS, FACE_COLUMNS, BLOCK_PX = slice(36, 108), slice(20, 92), 12
PLAIN_SHARE = 0.04  # of the deviation of the whole crop's luma


def measure(face: Face, crop: NDArray[np.uint8], width: int, height: int) -> Quality:
    """Measure a face.

    Args:
        face: in pixels of the photo as sent.
        crop: uint8 [112, 112, 3], the same face aligned, RGB.
        width: of the photo, px.
        height: of the photo, px.
    """
    luma = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
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
        outside=outside(face, width, height),
        detail=_detail(luma),
        plain=_plain(luma),
        aspect=_aspect(face),
    )


def _detail(luma: NDArray[np.uint8]) -> float:
    smooth = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), NOISE_PX)
    curved = min(float(cv2.filter2D(smooth, cv2.CV_32F, kernel).var()) for kernel in CURVATURES)
    return 1000 * curved / max(float(luma.var()), 1.0)


def _plain(luma: NDArray[np.uint8]) -> float:
    face = luma[FACE_ROWS, FACE_COLUMNS].astype(np.float32)
    side = len(face) // BLOCK_PX
    blocks = face.reshape(side, BLOCK_PX, side, BLOCK_PX).std(axis=(1, 3))
    return float((blocks < PLAIN_SHARE * max(float(luma.std()), 1.0)).mean())


def _aspect(face: Face) -> float:
    first, second, _, left_corner, right_corner = (np.array(point) for point in face.landmarks)
    height = float(np.linalg.norm((left_corner + right_corner - first - second) / 2))
    return float(np.linalg.norm(second - first)) / max(height, 1e-6)


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
