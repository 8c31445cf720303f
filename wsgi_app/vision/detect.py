"""Faces in a picture: box, score and five landmarks.

The network is of YuNet's form: for strides 8, 16 and 32 the outputs ``cls_S``, ``obj_S``, ``bbox_S`` and
``kps_S``, one row for each cell of the grid. Decoding follows OpenCV's ``FaceDetectorYN``
(modules/objdetect/src/face_detect.cpp), but for the landmarks, which are blended.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError
from wsgi_app.vision.engines import Blob, Network
from wsgi_app.vision.packs import DetectorFile

STRIDES = (8, 16, 32)
LARGEST_CELL = max(STRIDES)
OUTPUTS = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES}
OVERLAP = 0.3  # boxes that overlap more than this (intersection over union) are one face
AGREEING = 0.7  # and those that overlap by this much say the same of it
MOST_FACES = 50
ALIASING = 2.0  # from this reduction on, skipping pixels would show: average them, at five times the cost

Point = tuple[float, float]


@dataclass(frozen=True)
class Face:
    """One face; all coordinates in pixels of the picture it was found in.

    Attributes:
        box: left, top, width, height.
        landmarks: the centre of the eye on the picture's left, of the other eye, the nose's tip, and the
            mouth's corners, left one first.
        score: the detector's certainty, 0 to 1.
    """

    box: tuple[float, float, float, float]
    landmarks: tuple[Point, Point, Point, Point, Point]
    score: float

    @property
    def size_px(self) -> float:
        """The shorter side of the box."""
        return min(self.box[2:])

    def shifted(self, right_px: float, down_px: float) -> "Face":
        """The same face in a picture that begins so much further to the left and further up."""
        left, top, width, height = self.box
        first, second, nose, left_corner, right_corner = (
            (x + right_px, y + down_px) for x, y in self.landmarks
        )
        landmarks = (first, second, nose, left_corner, right_corner)
        return Face((left + right_px, top + down_px, width, height), landmarks, self.score)

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture ``factor`` times as large."""
        left, top, width, height = (side * factor for side in self.box)
        first, second, nose, left_corner, right_corner = ((x * factor, y * factor) for x, y in self.landmarks)
        return Face((left, top, width, height), (first, second, nose, left_corner, right_corner), self.score)


def detector_blob(pixels: NDArray[np.uint8], file: DetectorFile) -> tuple[Blob, float]:
    """Fit a picture into the detector's input, at its top left, never enlarged.

    Returns:
        The blob, float32 [1, 3, height, width] in BGR 0..255, and the picture's pixels for each input pixel.
    """
    pixels, shrink = fitted(pixels, file.input_px)
    blob = np.zeros((1, 3, *_input_size(pixels, file)), np.float32)
    blob[0, :, : pixels.shape[0], : pixels.shape[1]] = pixels[:, :, ::-1].transpose(2, 0, 1)
    return blob, shrink


def fitted(pixels: NDArray[np.uint8], most_px: int) -> tuple[NDArray[np.uint8], float]:
    """Make a picture no longer than some pixels, never larger.

    Returns:
        uint8 [height, width, 3], and the picture's pixels for each of its own.
    """
    height, width = pixels.shape[:2]
    shrink = max(1.0, max(height, width) / most_px)
    if shrink == 1.0:
        return pixels, shrink
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    how = cv2.INTER_LINEAR if shrink < ALIASING else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8), shrink


def _input_size(pixels: NDArray[np.uint8], file: DetectorFile) -> tuple[int, int]:
    if file.sizes == "square":
        return file.input_px, file.input_px
    height, width = (-(-side // LARGEST_CELL) * LARGEST_CELL for side in pixels.shape[:2])
    return height, width


def find_faces(network: Network, pixels: NDArray[np.uint8], file: DetectorFile) -> tuple[Face, ...]:
    """Find the faces of a picture, the largest first.

    Args:
        network: the loaded detector.
        pixels: uint8 [height, width, 3], RGB.
        file: the pack's description of the detector.

    Raises:
        PackError: the network is no detector of this form.
    """
    blob, shrink = detector_blob(pixels, file)
    outputs = network.run(blob)
    if not outputs.keys() >= OUTPUTS:
        raise PackError("pack:no_detector", file=file.file, outputs=", ".join(outputs))
    boxes, landmarks, scores = _candidates(outputs, blob.shape[3], file.score_threshold)
    if not len(scores):
        return ()
    kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, OVERLAP)).reshape(-1)
    faces = [
        _face(boxes[i] * shrink, _blended(i, boxes, landmarks, scores) * shrink, float(scores[i]))
        for i in kept[:MOST_FACES]
    ]
    return tuple(sorted(faces, key=lambda face: face.size_px, reverse=True))


def _candidates(outputs: dict[str, Blob], width_px: int, score_threshold: float) -> tuple[Blob, Blob, Blob]:
    boxes, landmarks, scores = [], [], []
    for stride in STRIDES:
        certainty = np.sqrt(
            np.clip(outputs[f"cls_{stride}"].reshape(-1), 0, 1)
            * np.clip(outputs[f"obj_{stride}"].reshape(-1), 0, 1)
        )
        cells = np.flatnonzero(certainty >= score_threshold)
        columns = width_px // stride
        grid = np.stack((cells % columns, cells // columns), axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"].reshape(-1, 4)[cells]
        size = np.exp(np.clip(box[:, 2:], -10, 10)) * stride
        centre = (grid + box[:, :2]) * stride
        boxes.append(np.hstack((centre - size / 2, size)))
        points = outputs[f"kps_{stride}"].reshape(-1, 5, 2)[cells]
        landmarks.append((points + grid[:, None]) * stride)
        scores.append(certainty[cells])
    candidates = np.concatenate(boxes), np.concatenate(landmarks), np.concatenate(scores)
    sound = np.isfinite(candidates[0]).all(axis=1) & np.isfinite(candidates[1]).all(axis=(1, 2))
    return candidates[0][sound], candidates[1][sound], candidates[2][sound]


def _blended(kept: int, boxes: Blob, landmarks: Blob, scores: Blob) -> Blob:
    # The landmarks of all cells that see the same face, weighed by their certainty: steadier than those of
    # the surest alone (Bazarevsky et al., "BlazeFace", 2019).
    agreeing = overlaps(boxes[kept], boxes) >= AGREEING
    agreeing[kept] = True  # a box too small for its place in single precision does not even overlap itself
    weights = scores * agreeing
    return np.asarray(np.tensordot(weights / weights.sum(), landmarks, 1), np.float32)


def _face(box: Blob, landmarks: Blob, score: float) -> Face:
    left, top, width, height = (float(value) for value in box)
    first, second, nose, left_corner, right_corner = ((float(x), float(y)) for x, y in landmarks)
    return Face((left, top, width, height), (first, second, nose, left_corner, right_corner), score)


def shared_areas(box: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.floating]:
    """The area that a box [4] has in common with each of others [N, 4], px."""
    least = np.maximum(box[:2], others[:, :2])
    most = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    return np.asarray(np.prod(np.maximum(most - least, 0), axis=1))


def overlaps(box: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of a box [4] with each of others [N, 4]."""
    shared = shared_areas(box, others)
    return np.asarray(
        shared / np.maximum(box[2] * box[3] + others[:, 2] * others[:, 3] - shared, 1e-9), float
    )
