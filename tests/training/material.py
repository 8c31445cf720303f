"""Training material in miniature, in the form that training/ reads: shards and tables of drawn faces."""

import csv
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.faces import Faces
from training.scenes import Scene
from wsgi_app.vision.align import TEMPLATE

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# In a crop of 128 px: the template with its margin, and where this material has the box around it.
LANDMARKS = np.asarray(TEMPLATE + 8, np.float32)
BOX = np.array([26, 24, 76, 92], np.float32)
SEEN_PX = float(np.sqrt(76 * 92))  # a face's size in the crop, as ``Scene.sizes`` has it


def form(array: NDArray[Any]) -> tuple[tuple[int, ...], str]:
    """An array's shape and dtype."""
    return array.shape, array.dtype.name


def nothing_in(height: int, width: int) -> Scene:
    """A black picture without a face."""
    return scene(plain(height, width, 0, 0, 0))


def plain(height: int, width: int, *colour: int) -> Pixels:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def noise(height: int, width: int, seed: int = 1) -> Pixels:
    """A picture of nothing."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def drawn_face(look: int = 0) -> Pixels:
    """A face uint8 [128, 128, 3], with its features on the template."""
    random = np.random.default_rng(look)
    picture = plain(128, 128, *random.integers(0, 256, 3).tolist())
    skin, dark = random.integers(120, 250, 3).tolist(), random.integers(0, 90, 3).tolist()
    cv2.ellipse(picture, (64, 70), (38, 46), 0, 0, 360, skin, -1)
    left_eye, right_eye, nose, left_corner, right_corner = LANDMARKS.round().astype(int).tolist()
    for eye in (left_eye, right_eye):
        cv2.circle(picture, eye, 5, dark, -1)
    cv2.line(picture, (nose[0], nose[1] - 16), nose, dark, 3)
    cv2.line(picture, left_corner, right_corner, dark, 4)
    return picture


def placed_landmarks(x: float, y: float, size_px: float) -> Floats:
    """The landmarks of an upright face of that size around that middle of its box."""
    scale = size_px / SEEN_PX
    return np.asarray((LANDMARKS - BOX[:2] - BOX[2:] / 2) * scale + [x, y], np.float32)


def placed_box(x: float, y: float, size_px: float) -> Floats:
    """Likewise its box."""
    sides = BOX[2:] * size_px / SEEN_PX
    return np.array([x - sides[0] / 2, y - sides[1] / 2, *sides], np.float32)


def scene(
    pixels: Pixels, *faces: tuple[float, float, float], ignored: Sequence[bool] | None = None, look: int = 0
) -> Scene:
    """A picture with drawn faces in it, each at (x, y) and of a size."""
    pixels = pixels.copy()
    for number, (x, y, size_px) in enumerate(faces):
        scale = size_px / SEEN_PX
        left, top = np.array([x, y]) - (BOX[:2] + BOX[2:] / 2) * scale
        cv2.warpAffine(
            drawn_face(look + number),
            np.array([[scale, 0, left], [0, scale, top]]),
            pixels.shape[1::-1],
            dst=pixels,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    return Scene(
        pixels,
        np.array([placed_box(*face) for face in faces], np.float32).reshape(-1, 4),
        np.array([placed_landmarks(*face) for face in faces], np.float32).reshape(-1, 5, 2),
        np.array(ignored or [False] * len(faces), bool),
    )


def scenes_to_learn_from() -> list[Scene]:
    """A handful: with one face, with several, with an ignored one, and without any."""
    return [
        scene(noise(120, 160, 1), (80, 60, 40), look=1),
        scene(noise(160, 120, 2), (60, 60, 70), look=2),
        scene(noise(120, 160, 3), (40, 40, 30), (110, 70, 50), look=3),
        scene(noise(120, 160, 4), (50, 50, 44), (120, 60, 30), ignored=[False, True], look=5),
        scene(noise(100, 180, 5)),
        scene(noise(180, 100, 6)),
    ]


def faces_to_learn_from(people: Sequence[int] = (0, 0, 1, -1)) -> Faces:
    """Drawn faces of those people."""
    return Faces(
        np.array([f"drawn/{number:05}.jpg" for number in range(len(people))]),
        np.stack([drawn_face(look) for look in range(len(people))]),
        np.stack([LANDMARKS] * len(people)),
        np.array(people, np.int64),
        np.full(len(people), -1, np.int64),
    )


def through_jpeg(pixels: Pixels) -> Pixels:
    """What is left of RGB pixels once they were stored."""
    jpeg = np.frombuffer(jpeg_of(pixels), np.uint8)
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


def jpeg_of(pixels: Pixels) -> bytes:
    """RGB pixels as a JPEG."""
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return bytes(data)


def write_shard(path: Path, pictures: Mapping[str, Pixels]) -> None:
    """A tar file of JPEGs, in the order given; packed where its name says so."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, pixels in pictures.items():
            data = jpeg_of(pixels)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_faces(folder: Path, faces: Faces, people: Sequence[str]) -> None:
    """``faces.npz`` and two shards of faces of people by their names."""
    names = faces.names.tolist()
    write_face_table(folder, names, people, faces.landmarks, faces.clusters.tolist())
    for shard in (0, 1):
        part = slice(shard, None, 2)
        write_shard(folder / f"faces-{shard}.tar", dict(zip(names[part], faces.crops[part], strict=True)))


def write_face_table(
    folder: Path, names: Sequence[str], people: Sequence[str], landmarks: Floats, clusters: Sequence[int]
) -> None:
    """``faces.npz`` alone."""
    np.savez(
        folder / "faces.npz",
        name=np.array(names),
        person=np.array(people),
        landmarks=landmarks.astype(np.float16),
        eye_distance_px=np.full(len(names), 60, np.float16),
        cluster=np.array(clusters, np.int32),
    )


def write_pairs(folder: Path, crops: Mapping[str, Pixels], pairs: Sequence[tuple[str, str, str]]) -> None:
    """``faces-val.tar``, and ``val-pairs.csv`` of pairs (one, other, kind)."""
    write_shard(folder / "faces-val.tar", crops)
    with (folder / "val-pairs.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["a", "b", "same", "kind"])
        table.writerows([one, other, int(kind == "genuine"), kind] for one, other, kind in pairs)


def write_scenes(folder: Path, scenes: Sequence[Scene]) -> None:
    """``scenes.json`` and one shard, the scenes named by their numbers."""
    names = [f"{number:05}.jpg" for number in range(len(scenes))]
    write_shard(folder / "scenes-0.tar", dict(zip(names, (scene.pixels for scene in scenes), strict=True)))
    rows = {
        name: {
            "source": "drawn",
            "size": [*scene.pixels.shape[1::-1]],
            "faces": [
                {"box": box.tolist(), "points": points.reshape(-1).tolist(), "score": 0.9, "ignore": ignored}
                for box, points, ignored in zip(
                    scene.boxes, scene.landmarks, scene.ignored.tolist(), strict=True
                )
            ],
        }
        for name, scene in zip(names, scenes, strict=True)
    }
    (folder / "scenes.json").write_text(json.dumps(rows), encoding="utf-8")


def write_material(folder: Path) -> Path:
    """Everything that a training command reads; of the held-out scenes one has a face and one has none."""
    scenes = scenes_to_learn_from()
    write_scenes(folder, [*scenes, *scenes, *scenes])
    write_faces(folder, faces_to_learn_from(), ["Ana", "Ana", "Bruno", ""])
    people = ("F1-MID1", "F1-MID2", "F2-MID1")
    crops = {
        f"{person}/0000{shot}.jpg": drawn_face(10 * look + shot)
        for look, person in enumerate(people)
        for shot in (0, 1)
    }
    genuine = [(f"{person}/00000.jpg", f"{person}/00001.jpg", "genuine") for person in people]
    write_pairs(
        folder,
        crops,
        [
            *genuine,
            ("F1-MID1/00000.jpg", "F1-MID2/00000.jpg", "relative"),
            ("F1-MID1/00000.jpg", "F2-MID1/00000.jpg", "stranger"),
            ("F1-MID2/00001.jpg", "F2-MID1/00001.jpg", "stranger"),
        ],
    )
    return folder
