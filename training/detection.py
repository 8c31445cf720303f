"""How well a detector finds the faces of scenes: recall, precision, landmark error, by the faces' size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.scenes import Scene
from wsgi_app.vision.detect import Face, find_faces, overlaps
from wsgi_app.vision.engines import Network
from wsgi_app.vision.packs import DetectorFile

SAME = 0.5  # intersection over union from which a found face is the one in the scene
PRECISION = 0.95
LEAST_SCORE = 0.05
BANDS = ((0.0, 24.0), (24.0, 40.0), (40.0, 80.0), (80.0, 160.0), (160.0, np.inf))
LARGE_PX = 40.0


@dataclass(frozen=True, eq=False)
class Findings:
    """What a detector found in all scenes.

    Attributes:
        scores: float [D], of each found face that counts.
        right: bool [D], whether it is a face of the scene.
        found_sizes: float [D], px, of the face it is, else of its own box.
        sizes: float [F], px, of the faces in the scenes.
        found_at: float [F], the score with which each was found; 0 where it was not.
        landmark_errors: float [F], mean distance of the landmarks in eye distances; NaN likewise.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    found_sizes: NDArray[np.float64]
    sizes: NDArray[np.float64]
    found_at: NDArray[np.float64]
    landmark_errors: NDArray[np.float64]

    def threshold(self, least_px: float, most_px: float = np.inf) -> float:
        """The least score at which ``PRECISION`` of what is found of these sizes is right; 1 if none is."""
        among = (self.found_sizes >= least_px) & (self.found_sizes < most_px)
        order = np.argsort(-self.scores[among])
        scores, right = self.scores[among][order], self.right[among][order]
        ends = np.append(np.diff(scores) != 0, True)  # equal scores pass together
        precise = np.flatnonzero(ends & (np.cumsum(right) / np.arange(1, len(right) + 1) >= PRECISION))
        return float(scores[precise[-1]]) if len(precise) else 1.0

    def recall(self, threshold: float, least_px: float, most_px: float = np.inf) -> float:
        """Share of the scenes' faces of these sizes that are found with at least that score."""
        among = (self.sizes >= least_px) & (self.sizes < most_px)
        return float(np.mean(self.found_at[among] >= threshold)) if among.any() else float("nan")

    def precision(self, threshold: float, least_px: float, most_px: float = np.inf) -> float:
        """Share of what is found with at least that score and of these sizes that is right."""
        among = (self.found_sizes >= least_px) & (self.found_sizes < most_px) & (self.scores >= threshold)
        return float(np.mean(self.right[among])) if among.any() else float("nan")

    def landmark_error(self, threshold: float, least_px: float, most_px: float = np.inf) -> float:
        """Median over the found faces of these sizes: in profile the eyes are close, and means burst."""
        among = (self.sizes >= least_px) & (self.sizes < most_px) & (self.found_at >= threshold)
        return float(np.median(self.landmark_errors[among])) if among.any() else float("nan")

    def summary(self) -> dict[str, float]:
        """Recall at the precision, and landmark error, of faces over 40 px and of those over 24 px."""
        large, all_sizes = self.threshold(LARGE_PX), self.threshold(24.0)
        return {
            "recall_over_40_px": self.recall(large, LARGE_PX),
            "recall_over_24_px": self.recall(all_sizes, 24.0),
            "landmark_error": self.landmark_error(large, LARGE_PX),
        }


def evaluate_detector(
    network: Network, scenes: list[Scene], input_px: int = 320, sizes: str = "any"
) -> Findings:
    """Look for the faces of scenes as the server does; see ``find_faces``."""
    file = DetectorFile(
        file="", sha256="", size_bytes=1, licence="", source="",
        input_px=input_px, score_threshold=LEAST_SCORE, sizes=sizes,  # type: ignore[arg-type]
    )  # fmt: skip
    parts = [_judge(find_faces(network, scene.pixels, file), scene) for scene in scenes]
    return Findings(*(np.concatenate([part[place] for part in parts]) for place in range(6)))


def _judge(found: tuple[Face, ...], scene: Scene) -> tuple[NDArray[np.generic], ...]:
    """The columns of ``Findings`` for one scene; the surest found face takes its match first."""
    free = ~scene.ignored
    found_at, errors = np.zeros(len(scene.boxes)), np.full(len(scene.boxes), np.nan)
    rows = []
    for face in sorted(found, key=lambda face: -face.score):
        alike = overlaps(np.array(face.box), scene.boxes)
        if (alike[scene.ignored] >= SAME).any():
            continue
        alike = alike * free
        match = int(np.argmax(alike)) if len(alike) else -1
        if match < 0 or alike[match] < SAME:
            rows.append((face.score, False, float(np.sqrt(face.box[2] * face.box[3]))))
            continue
        free[match] = False
        rows.append((face.score, True, float(scene.sizes[match])))
        found_at[match] = face.score
        errors[match] = _landmark_error(np.array(face.landmarks), scene.landmarks[match])
    scores, right, sizes = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    counted = ~scene.ignored
    return (
        np.asarray(scores, float),
        np.asarray(right, bool),
        np.asarray(sizes, float),
        scene.sizes[counted].astype(float),
        found_at[counted],
        errors[counted],
    )


def _landmark_error(found: NDArray[np.floating], true: NDArray[np.float32]) -> float:
    eyes = max(float(np.linalg.norm(true[0] - true[1])), 1e-6)
    return float(np.linalg.norm(found - true, axis=1).mean() / eyes)
