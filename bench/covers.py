"""What may lie over a face, or a part of it: each makes another photo of one."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import Face

Pixels = NDArray[np.uint8]
Place = tuple[float, float, float, float]  # left, top, right and bottom in shares of a face's box

GREY = (128, 128, 128)
CLOTH, CARD, GLASS, RED = (120, 160, 190), (235, 235, 235), (15, 15, 15), (200, 20, 30)
LIGHT = np.array((225, 215, 120))  # the other colour of a pattern
SEED = 3

# How much of the second colour cloth has at places that are so far down and across, in heights of a face.
CLOTHS: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]] = {
    "shaded": lambda down, _: down / max(float(down.max(initial=0.0)), 1e-6),
    "striped": lambda down, _: np.sin(2 * np.pi * down / 0.07) / 2 + 0.5,
    "dotted": lambda down, across: (
        np.sin(2 * np.pi * down / 0.1) * np.sin(2 * np.pi * across / 0.1) > 0.3
    ).astype(np.float32),
    "speckled": lambda down, _: np.random.default_rng(SEED).random(down.shape, np.float32),
}
HIDDEN: dict[str, Place] = {
    "mask": (0, 0.55, 1, 1.05),
    "glasses": (0.05, 0.3, 0.95, 0.48),
    "scarf over the mouth": (0.2, 0.65, 0.8, 0.95),
    "left half": (-9, -9, 0.5, 9),
}


def _skin(pixels: Pixels, face: Face) -> Pixels:
    """The colour of the nose, lit from the middle."""
    nose_x, nose_y = (int(value) for value in face.landmarks[2])
    down, across = np.indices(pixels.shape[:2], np.float32)
    far = np.abs(across - nose_x) * 0.45 + (down - nose_y) * 0.2
    light = np.clip(1.15 - far / eye_distance(face), 0.3, 1.3)[..., None]
    return np.asarray(np.clip(pixels[nose_y, nose_x] * light, 0, 255), np.uint8)


def _pixelated(pixels: Pixels, face: Face) -> Pixels:
    """Four blocks between the eyes."""
    height, width = pixels.shape[:2]
    block = max(2, int(eye_distance(face) / 4))
    small = cv2.resize(pixels, (width // block, height // block), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _lower(pixels: Pixels, face: Face) -> Pixels:
    """All of it lower: where the mouth was are the eyes once more."""
    return np.roll(pixels, int(0.9 * eye_distance(face)), axis=0)


# What of the picture itself may lie over a part of a face.
COVERS: dict[str, Callable[[Pixels, Face], Pixels]] = {
    "its skin": _skin,
    "pixelated": _pixelated,
    "the same face, lower": _lower,
}


def part_at(place: Place, face: Face) -> tuple[slice, slice]:
    """The rows and the columns of a picture where a part of a face is."""
    left, top, width, height = face.box
    first_x, first_y, last_x, last_y = place
    rows, columns = (
        [max(0, round(begin + share * side)) for share in shares]
        for begin, side, shares in ((top, height, (first_y, last_y)), (left, width, (first_x, last_x)))
    )
    return slice(*rows), slice(*columns)


def covered(place: Place, colour: tuple[int, int, int], pixels: Pixels, face: Face) -> Pixels:
    """A part of the face behind something of one colour."""
    painted = pixels.copy()
    painted[part_at(place, face)] = colour
    return painted


def behind(place: Place, cloth: str, pixels: Pixels, face: Face) -> Pixels:
    """A part of the face behind cloth with a pattern, the same for everybody."""
    part, painted = part_at(place, face), pixels.copy()
    down, across = np.indices(painted[part].shape[:2], np.float32) / face.box[3]
    share = CLOTHS[cloth](down, across)[..., None]
    painted[part] = (LIGHT + share * (np.array(CLOTH) - LIGHT)).astype(np.uint8)
    return painted


def under(place: Place, cover: str, pixels: Pixels, face: Face) -> Pixels:
    """A part of the face behind something that is made of the picture, with a soft edge."""
    share = np.zeros(pixels.shape[:2], np.float32)
    share[part_at(place, face)] = 1
    soft = np.asarray(cv2.GaussianBlur(share, (0, 0), max(0.6, 0.015 * eye_distance(face))))[..., None]
    return np.asarray(pixels + soft * (COVERS[cover](pixels, face).astype(np.float32) - pixels), np.uint8)


def in_shadow(depth: float, pixels: Pixels, face: Face) -> Pixels:
    """In the soft shadow of leaves, the same for everybody."""
    unit = eye_distance(face)
    cells = np.random.default_rng(SEED).random((24, 24), np.float32)
    side = round(24 * unit / 3)  # three leaves between the eyes
    shadow = cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC)
    left, top = (int(value - side / 2) for value in np.mean(face.landmarks, axis=0))
    whole = np.zeros(pixels.shape[:2], np.float32)
    rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
    part = whole[rows, columns]
    begin_y, begin_x = max(0, -top), max(0, -left)
    part[:] = shadow[begin_y : begin_y + part.shape[0], begin_x : begin_x + part.shape[1]]
    return np.asarray(pixels * (1 - depth * np.clip(whole, 0, 1)[..., None]), np.uint8)


def painted(pixels: Pixels, face: Face) -> Pixels:
    """With white eyes and a red nose and mouth."""
    unit, layer = eye_distance(face), pixels.copy()
    left, right, nose, left_corner, right_corner = (np.array(point) for point in face.landmarks)
    for place, wide, high, colour in (
        (left, 0.32, 0.42, CARD),
        (right, 0.32, 0.42, CARD),
        ((left_corner + right_corner) / 2, 0.5, 0.25, RED),
        (nose, 0.2, 0.2, RED),
    ):
        axes = (round(wide * unit), round(high * unit))
        cv2.ellipse(layer, (round(place[0]), round(place[1])), axes, 0, 0, 360, colour, -1)
    return np.asarray(cv2.addWeighted(pixels, 0.4, layer, 0.6, 0), np.uint8)


def spectacled(thick: float, pixels: Pixels, face: Face) -> Pixels:
    """With round black spectacles, their frames as thick as this share of the distance of the eyes."""
    unit, drawn = eye_distance(face), pixels.copy()
    line = max(1, round(thick * unit))
    eyes = [np.array(point) for point in face.landmarks[:2]]
    for x, y in eyes:
        axes = (round(0.38 * unit), round(0.3 * unit))
        cv2.ellipse(drawn, (round(x), round(y)), axes, 0, 0, 360, GLASS, line, cv2.LINE_AA)
    bridge = [eyes[0] + (eyes[1] - eyes[0]) * share for share in (0.38, 0.62)]
    first, last = ((round(x), round(y)) for x, y in bridge)
    cv2.line(drawn, first, last, GLASS, line, cv2.LINE_AA)
    return drawn


def eye_distance(face: Face) -> float:
    """In pixels."""
    return float(np.linalg.norm(np.subtract(face.landmarks[1], face.landmarks[0])))
