"""Pictures to learn from, made of scenes and faces: cut, turned, scaled, and with faces pasted in.

What is pasted has a soft edge, and things that are no faces are pasted with the same edge: the network
must not learn that an edge means a face.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.boxes import fit_boxes
from training.degradations import covered, degraded
from training.faces import CROP_PX, Faces
from training.geometry import Matrix, Size, share_inside, similarity, transformed, turned_boxes, warp
from training.scenes import Scene
from wsgi_app.vision.detect import shared_areas

# How often a view is a scene with faces, and a scene without any; into the rest faces are pasted.
WITH_FACES, WITHOUT_FACES = 0.6, 0.12
MOST_PASTED = 3
DECOYS = 0.35
COVERED = 0.2
LEAST_PX = 10.0  # smaller faces are not learnt
LEAST_INSIDE = 0.6  # of a face's box must be within the view, or it is not learnt
TOO_CLOSE = 0.05  # overlap (intersection over the smaller) from which nothing is pasted

# Mirrored, the left eye is the right one.
MIRRORED = [1, 0, 2, 4, 3]


class ViewMaker:
    """Makes views of scenes; the same random numbers give the same view."""

    def __init__(self, scenes: list[Scene], faces: Faces):
        self._with = [scene for scene in scenes if (~scene.ignored).any()]
        self._without = [scene for scene in scenes if not len(scene.boxes)]
        self._faces = faces
        self._box_of = fit_boxes(self._with)

    def view(self, size: Size, random: np.random.Generator) -> Scene:
        """One view, of exactly that size, degraded as a door camera does."""
        kind = random.random()
        if kind < WITH_FACES:
            view = self._of_faces(size, random)
        else:
            view = self._background(size, random)
            pasted = random.integers(1, MOST_PASTED + 1) if kind >= WITH_FACES + WITHOUT_FACES else 0
            for _ in range(pasted):
                view = self._with_pasted_face(view, size, random)
        if random.random() < DECOYS:
            view = self._with_decoy(view, size, random)
        return Scene(degraded(view.pixels, random), view.boxes, view.landmarks, view.ignored)

    def _of_faces(self, size: Size, random: np.random.Generator) -> Scene:
        scene = self._with[random.integers(len(self._with))]
        number = random.choice(np.flatnonzero(~scene.ignored))
        box, now = scene.boxes[number], float(scene.sizes[number])
        wanted = _random_size(size, random)
        place = np.array([size.width, size.height]) * random.uniform(0.1, 0.9, 2)
        middle = np.array([size.width, size.height]) / 2
        close = min(1.0, wanted / min(size.width, size.height))  # a large face stands in the middle
        matrix = similarity(
            box[:2] + box[2:] / 2,
            place * (1 - close) + middle * close,
            scale=float(np.clip(wanted / now, 0.1, 4.0)),
            degrees=_random_turn(random),
        )
        return warped(scene, matrix, size, mirror=bool(random.random() < 0.5), random=random)

    def _background(self, size: Size, random: np.random.Generator) -> Scene:
        scene = self._without[random.integers(len(self._without))]
        height, width = scene.pixels.shape[:2]
        fill = max(size.width / width, size.height / height) * np.exp(random.uniform(-0.2, 0.8))
        there = np.array([width, height]) * random.uniform(0.3, 0.7, 2)
        matrix = similarity(there, np.array([size.width, size.height]) / 2, scale=float(fill), degrees=0.0)
        return warped(scene, matrix, size, mirror=bool(random.random() < 0.5), random=random)

    def _with_pasted_face(self, view: Scene, size: Size, random: np.random.Generator) -> Scene:
        number = random.integers(len(self._faces.crops))
        crop, landmarks = self._faces.crops[number], self._faces.landmarks[number]
        if random.random() < COVERED:
            crop = covered(crop, random)
        wanted = _random_size(size, random)
        matrix = similarity(
            np.array([CROP_PX, CROP_PX]) / 2,
            np.array([size.width, size.height]) * random.uniform(0.1, 0.9, 2),
            scale=wanted / CROP_PX,
            degrees=_random_turn(random),
        )
        points = transformed(landmarks, matrix)
        box = self._box_of(points)
        if not _is_inside(box, size) or _overlaps(box, view.boxes):
            return view
        return Scene(
            pasted(view.pixels, crop, matrix, random),
            np.concatenate([view.boxes, box[None]]),
            np.concatenate([view.landmarks, points[None]]),
            np.append(view.ignored, False),
        )

    def _with_decoy(self, view: Scene, size: Size, random: np.random.Generator) -> Scene:
        scene = self._without[random.integers(len(self._without))]
        height, width = scene.pixels.shape[:2]
        side = int(min(height, width, CROP_PX))
        top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
        patch = cv2.resize(scene.pixels[top : top + side, left : left + side], (CROP_PX, CROP_PX))
        place = np.array([size.width, size.height]) * random.uniform(0.1, 0.9, 2)
        wanted = _random_size(size, random) / 2
        box = np.array([*(place - wanted), 2 * wanted, 2 * wanted], np.float32)
        if _overlaps(box, view.boxes):
            return view
        matrix = similarity(
            np.array([CROP_PX, CROP_PX]) / 2, place, scale=2 * wanted / CROP_PX, degrees=_random_turn(random)
        )
        return Scene(
            pasted(view.pixels, np.asarray(patch, np.uint8), matrix, random),
            view.boxes,
            view.landmarks,
            view.ignored,
        )


def warped(scene: Scene, matrix: Matrix, size: Size, *, mirror: bool, random: np.random.Generator) -> Scene:
    """A scene through a map, and mirrored; faces that end up small or cut are to be ignored."""
    boxes, landmarks = turned_boxes(scene.boxes, matrix), transformed(scene.landmarks, matrix)
    fill = [int(value) for value in random.integers(0, 256, 3)] if random.random() < 0.5 else [0, 0, 0]
    pixels = warp(scene.pixels, matrix, size, fill)
    if mirror:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        boxes[:, 0] = size.width - boxes[:, 0] - boxes[:, 2]
        landmarks = landmarks[:, MIRRORED]
        landmarks[..., 0] = size.width - landmarks[..., 0]
    share = share_inside(boxes, size)
    large = np.sqrt(boxes[:, 2] * boxes[:, 3]) >= LEAST_PX
    ignored = scene.ignored | ~large | (share < LEAST_INSIDE)
    seen = share > 0
    return Scene(pixels, boxes[seen], landmarks[seen], ignored[seen])


def pasted(
    pixels: NDArray[np.uint8], patch: NDArray[np.uint8], matrix: Matrix, random: np.random.Generator
) -> NDArray[np.uint8]:
    """A patch [128, 128, 3] over a picture, through a map, with a soft oval edge and some of its light."""
    height, width = pixels.shape[:2]
    size = Size(width, height)
    mask = np.zeros((CROP_PX, CROP_PX), np.float32)
    softness = random.uniform(2, 7)
    axes = np.minimum((random.uniform(40, 58), random.uniform(50, 60)), CROP_PX / 2 - 2 * softness)
    cv2.ellipse(mask, ((CROP_PX / 2, CROP_PX / 2), (2 * axes[0], 2 * axes[1]), 0), 1.0, -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), softness), np.float32)
    mask[[0, -1]] = mask[:, [0, -1]] = 0
    over = warp(patch, matrix, size, [0, 0, 0]).astype(np.float32)
    share = warp(mask, matrix, size, [0])[..., None]
    weight = float(share.sum())
    if weight < 1:
        return pixels
    towards = (pixels * share).sum((0, 1)) / weight - (over * share).sum((0, 1)) / weight
    over = np.clip(over + towards * random.uniform(0, 0.7), 0, 255)
    return np.asarray(pixels * (1 - share) + over * share, np.uint8)


def _random_size(size: Size, random: np.random.Generator) -> float:
    largest = size.largest_face * min(size.width, size.height)
    return float(np.exp(random.uniform(np.log(size.least_face), np.log(largest))))


def _random_turn(random: np.random.Generator) -> float:
    return float(random.uniform(-35, 35) if random.random() < 0.3 else random.normal(0, 8))


def _is_inside(box: NDArray[np.float32], size: Size) -> bool:
    return bool(share_inside(box[None], size)[0] >= LEAST_INSIDE and np.sqrt(box[2] * box[3]) >= LEAST_PX)


def _overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    smaller = np.minimum(box[2] * box[3], others[:, 2] * others[:, 3])
    return bool((shared_areas(box, others) > TOO_CLOSE * smaller).any())
