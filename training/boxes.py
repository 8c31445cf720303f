"""Where boxes lie around landmarks."""

import numpy as np
from numpy.typing import NDArray

from training.scenes import Scene

UPRIGHT = 0.2  # least sine of a turn that is too much to learn from
LEAST_PX = 4.0  # of a face that is precise enough to learn from


class BoxFit:
    """The box that belongs to landmarks, as the scenes' faces have it: linear in the face's own frame."""

    def __init__(self, weights: NDArray[np.float32]):
        self._weights = weights

    def __call__(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Left, top, width, height around five landmarks [5, 2]."""
        middle, right, size = _frame(landmarks)
        # The oval's middle and half-axes in the face's frame, turned with the face.
        across, down, half_width, half_height = _features(landmarks) @ self._weights
        linear = size * np.array([[right[0], -right[1]], [right[1], right[0]]])
        centre = middle + linear @ np.array([across, down])
        halves = np.sqrt(linear**2 @ np.array([half_width, half_height]) ** 2)
        return np.array([*(centre - halves), *(2 * halves)], np.float32)


def fit_boxes(scenes: list[Scene]) -> BoxFit:
    """Learn from upright faces where boxes lie around landmarks."""
    features, wanted = [], []
    for scene in scenes:
        for box, landmarks in zip(scene.boxes[~scene.ignored], scene.landmarks[~scene.ignored], strict=True):
            middle, right, size = _frame(landmarks)
            if abs(right[1]) > UPRIGHT or size < LEAST_PX:
                continue
            offset = (box[:2] + box[2:] / 2 - middle) / size
            features.append(_features(landmarks))
            wanted.append([right @ offset, np.array([-right[1], right[0]]) @ offset, *(box[2:] / 2 / size)])
    weights, *_ = np.linalg.lstsq(np.array(features), np.array(wanted), rcond=None)
    return BoxFit(np.asarray(weights, np.float32))


def _frame(landmarks: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """A face's middle, the direction to its right, and its size: mean of eye distance and eyes to mouth."""
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:].mean(0)
    down = mouth - eyes
    across = landmarks[1] - landmarks[0]
    size = float(np.linalg.norm(down) + np.linalg.norm(across)) / 2
    direction = across + np.array([down[1], -down[0]])
    return (eyes + mouth) / 2, direction / max(float(np.linalg.norm(direction)), 1e-6), max(size, 1e-3)


def _features(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    middle, right, size = _frame(landmarks)
    to_frame = np.array([[right[0], right[1]], [-right[1], right[0]]]) / size
    return np.append(((landmarks - middle) @ to_frame.T).reshape(-1), 1).astype(np.float32)
