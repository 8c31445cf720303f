"""What may be wrong with a photo, in families and levels: each makes another photo of one."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.framing import FORMS, framed
from wsgi_app.vision.detect import Face

Pixels = NDArray[np.uint8]
Alter = Callable[[Pixels, Face], Pixels]
Place = tuple[float, float, float, float]  # left, top, right and bottom in shares of a face's box

GREY = (128, 128, 128)
CLOTH, CARD, GLASS = (120, 160, 190), (235, 235, 235), (15, 15, 15)
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
    light = np.clip(1.15 - far / _eye_distance(face), 0.3, 1.3)[..., None]
    return np.asarray(np.clip(pixels[nose_y, nose_x] * light, 0, 255), np.uint8)


def _pixelated(pixels: Pixels, face: Face) -> Pixels:
    """Four blocks between the eyes."""
    height, width = pixels.shape[:2]
    block = max(2, int(_eye_distance(face) / 4))
    small = cv2.resize(pixels, (width // block, height // block), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _lower(pixels: Pixels, face: Face) -> Pixels:
    """All of it lower: where the mouth was are the eyes once more."""
    return np.roll(pixels, int(0.9 * _eye_distance(face)), axis=0)


def _eye_distance(face: Face) -> float:
    return float(np.linalg.norm(np.subtract(face.landmarks[1], face.landmarks[0])))


# What of the picture itself may lie over a part of a face.
COVERS: dict[str, Callable[[Pixels, Face], Pixels]] = {
    "its skin": _skin,
    "pixelated": _pixelated,
    "the same face, lower": _lower,
}


def turned(quarters: int, pixels: Pixels, _: Face) -> Pixels:
    """Lying, or upside down."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def tilted(degrees: float, pixels: Pixels, face: Face) -> Pixels:
    """The head to one side."""
    left, top, width, height = face.box
    turn = cv2.getRotationMatrix2D((left + width / 2, top + height / 2), degrees, 1.0)
    size = pixels.shape[1], pixels.shape[0]
    return np.asarray(cv2.warpAffine(pixels, turn, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def unaltered(pixels: Pixels, _: Face) -> Pixels:
    """Nothing."""
    return pixels


def mirrored(pixels: Pixels, _: Face) -> Pixels:
    """As a mirror shows it."""
    return np.ascontiguousarray(pixels[:, ::-1])


def stretched(factor: float, pixels: Pixels, _: Face) -> Pixels:
    """Wider than it is, or narrower: shown in the wrong form."""
    height, width = pixels.shape[:2]
    return np.asarray(cv2.resize(pixels, (round(width * factor), height)), np.uint8)


def skewed(shear: float, pixels: Pixels, face: Face) -> Pixels:
    """Each row moved to the side, by so much of its distance to the nose."""
    size = pixels.shape[1], pixels.shape[0]
    matrix = np.array([[1, shear, -shear * face.landmarks[2][1]], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def cut(side: str, share: float, pixels: Pixels, face: Face) -> Pixels:
    """The face cut off by an edge of the picture, by so much of its box."""
    left, top, width, height = (round(value) for value in face.box)
    begin_x, begin_y = max(0, left + round(share * width)), max(0, top + round(share * height))
    end_x, end_y = left + round((1 - share) * width), top + round((1 - share) * height)
    parts = {
        "left": pixels[:, begin_x:],
        "right": pixels[:, :end_x],
        "top": pixels[begin_y:],
        "bottom": pixels[:end_y],
    }
    return np.ascontiguousarray(parts[side])


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
    soft = np.asarray(cv2.GaussianBlur(share, (0, 0), max(0.6, 0.015 * _eye_distance(face))))[..., None]
    return np.asarray(pixels + soft * (COVERS[cover](pixels, face).astype(np.float32) - pixels), np.uint8)


def blurred(share: float, pixels: Pixels, face: Face) -> Pixels:
    """Out of focus, by so much of the face's width."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), share * face.box[2]), np.uint8)


def moved(share: float, pixels: Pixels, face: Face) -> Pixels:
    """Moved to the side while it was taken, by so much of the face's width."""
    length = max(1, round(share * face.box[2]))
    return np.asarray(cv2.blur(pixels, (length, 1)), np.uint8)


def coarse(face_px: int, pixels: Pixels, face: Face) -> Pixels:
    """From so far away that the face had so many pixels, and enlarged again."""
    height, width = pixels.shape[:2]
    factor = face_px / face.box[2]
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def lit(gain: float, lift: float, pixels: Pixels, _: Face) -> Pixels:
    """Darker, brighter or flatter."""
    return np.asarray(np.clip(pixels * gain + lift, 0, 255), np.uint8)


def noisy(deviation: float, pixels: Pixels, _: Face) -> Pixels:
    """With a sensor's noise."""
    noise = np.random.default_rng(SEED).normal(0, deviation, pixels.shape)
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


def compressed(quality: int, pixels: Pixels, _: Face) -> Pixels:
    """As a JPEG of low quality."""
    data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def near(form: str, share: float, pixels: Pixels, face: Face) -> Pixels:
    """So near that the face has this share of the picture's height."""
    return framed(pixels, face, FORMS[form], share)[0]


FACTORS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 1.15, 1.25, 1.4, 1.5, 1.8)

ALTERATIONS: dict[str, Alter] = {
    "as it is": unaltered,
    "mirrored": mirrored,
    **{f"lying, {quarters} quarters": partial(turned, quarters) for quarters in (1, 2, 3)},
    **{f"tilted, {degrees} degrees": partial(tilted, degrees) for degrees in (15, 30, 45)},
    **{f"stretched, {factor:g} times as wide": partial(stretched, factor) for factor in FACTORS},
    **{f"skewed, {shear:g}": partial(skewed, shear) for shear in (-0.35, 0.2, 0.35)},
    **{
        f"cut off {side}, {share:.0%}": partial(cut, side, share)
        for side in ("left", "right", "top", "bottom")
        for share in (0.1, 0.25, 0.4)
    },
    "left half grey": partial(covered, (-9, -9, 0.5, 9), GREY),
    "right half grey": partial(covered, (0.5, -9, 9, 9), GREY),
    "upper half grey": partial(covered, (-9, -9, 9, 0.45), GREY),
    "lower half grey": partial(covered, (-9, 0.55, 9, 9), GREY),
    "mask": partial(covered, (0, 0.55, 1, 1.05), CLOTH),
    "white mask": partial(covered, (0, 0.55, 1, 1.05), CARD),
    "dark glasses": partial(covered, (0.05, 0.3, 0.95, 0.48), GLASS),
    "hat": partial(covered, (-0.1, -0.3, 1.1, 0.22), GLASS),
    "hand over the mouth": partial(covered, (0.2, 0.65, 0.8, 0.95), CLOTH),
    **{
        f"{name}, {cloth}": partial(behind, place, cloth)
        for name, place in HIDDEN.items()
        for cloth in CLOTHS
    },
    **{
        f"{name}, {cover}": partial(under, place, cover) for name, place in HIDDEN.items() for cover in COVERS
    },
    **{f"blurred, {share:.0%} of the face": partial(blurred, share) for share in (0.01, 0.02, 0.04, 0.06)},
    **{f"moved, {share:.0%} of the face": partial(moved, share) for share in (0.05, 0.1, 0.2)},
    **{f"coarse, {face_px} px": partial(coarse, face_px) for face_px in (32, 24, 16, 12)},
    **{f"dark, {gain:g}": partial(lit, gain, 0) for gain in (0.4, 0.2, 0.1)},
    **{f"bright, {gain:g}": partial(lit, gain, 40) for gain in (1.5, 2.5)},
    **{f"flat, {gain:g}": partial(lit, gain, 110 * (1 - gain)) for gain in (0.4, 0.15)},
    **{f"noisy, {deviation}": partial(noisy, deviation) for deviation in (20, 40, 50, 90)},
    **{f"JPEG of quality {quality}": partial(compressed, quality) for quality in (20, 8, 5, 3)},
    **{
        f"near, {form}, {share:.0%}": partial(near, form, share)
        for form in FORMS
        for share in (0.9, 1.1, 1.3, 1.5, 1.8, 2.5)
    },
}
