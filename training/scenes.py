"""Photos with the faces in them, from the shards of the training material, in memory."""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

SHARDS = "scenes-[0-9]*.tar*"  # packed or not
HELD_OUT = 10  # every tenth scene is never learnt from


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and its faces.

    Attributes:
        pixels: uint8 [height, width, 3], RGB.
        boxes: float32 [F, 4]: left, top, width, height in px.
        landmarks: float32 [F, 5, 2], px: eyes, nose, mouth corners, left ones first.
        ignored: bool [F]: perhaps a face; to be learnt from and counted on neither side.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    ignored: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.float32]:
        """Of each face, px: the square root of its box's area."""
        return np.sqrt(self.boxes[:, 2] * self.boxes[:, 3])


def read_scenes(data: Path) -> tuple[list[Scene], list[Scene]]:
    """Read every shard; gives the scenes to learn from, and those held out."""
    rows = json.loads((data / "scenes.json").read_text(encoding="utf-8"))
    scenes: dict[str, Scene] = {}
    with tqdm(total=len(rows), desc="reading scenes", unit="scene", disable=None) as progress:
        for shard in sorted(data.glob(SHARDS)):
            with tarfile.open(shard) as archive:
                for member in archive:
                    file = archive.extractfile(member) if Path(member.name).name in rows else None
                    if file is None:
                        continue
                    name = Path(member.name).name
                    scenes[name] = _scene(file.read(), rows[name]["faces"])
                    progress.update()
    if len(scenes) != len(rows):
        raise FileNotFoundError(f"{len(rows) - len(scenes)} of {len(rows)} scenes are in none of the shards.")
    ordered = [scenes[name] for name in sorted(scenes)]
    learnt = [scene for number, scene in enumerate(ordered) if number % HELD_OUT]
    return learnt, ordered[::HELD_OUT]


def _scene(jpeg: bytes, faces: list[dict[str, object]]) -> Scene:
    return Scene(
        np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8),
        np.array([face["box"] for face in faces], np.float32).reshape(-1, 4),
        np.array([face["points"] for face in faces], np.float32).reshape(-1, 5, 2),
        np.array([face["ignore"] for face in faces], bool),
    )
