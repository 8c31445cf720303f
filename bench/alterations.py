"""What may be wrong with a photo, in families and levels: each makes another photo of one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.covers import (
    CARD,
    CLOTH,
    CLOTHS,
    COVERS,
    GLASS,
    GREY,
    HIDDEN,
    SEED,
    Pixels,
    behind,
    covered,
    eye_distance,
    in_shadow,
    painted,
    spectacled,
    under,
)
from bench.framing import FORMS, framed
from wsgi_app.vision.detect import Face

Alter = Callable[[Pixels, Face], Pixels]


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


# Where a bent picture has what is so far across and down from the middle of a face, in distances of the eyes.
BENDS: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]] = {
    "by a lens": lambda x, y: _scaled(x, y, 1 + 0.5 * (x * x + y * y) / (1 + 0.3 * (x * x + y * y))),
    "by a lens too near": lambda x, y: _scaled(x, y, 1 - 0.5 * np.exp(-(x * x + y * y) / 0.5)),
    "from below": lambda x, y: (x * (1 + 0.3 * np.clip(y, -3, 3)), y),
    "from the side": lambda x, y: (x, y * (1 + 0.3 * np.clip(x, -3, 3))),
    "in waves": lambda x, y: (x + 0.08 * np.sin(2 * np.pi * y / 0.7), y),
}


def _scaled(
    x: NDArray[np.float32], y: NDArray[np.float32], scale: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    return x * scale, y * scale


def bent(how: str, pixels: Pixels, face: Face) -> Pixels:
    """As a lens, a slanting camera or a pane of old glass bends it."""
    middle_x, middle_y = np.mean(face.landmarks, axis=0)
    unit = eye_distance(face)
    down, across = np.indices(pixels.shape[:2], np.float32)
    x, y = BENDS[how]((across - middle_x) / unit, (down - middle_y) / unit)
    places = ((x * unit + middle_x).astype(np.float32), (y * unit + middle_y).astype(np.float32))
    return np.asarray(cv2.remap(pixels, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def doubled(share: float, pixels: Pixels, face: Face) -> Pixels:
    """Exposed twice, a little moved."""
    moved = np.roll(pixels, (int(0.2 * eye_distance(face)), int(0.3 * eye_distance(face))), (0, 1))
    return np.asarray(cv2.addWeighted(pixels, 1 - share, moved, share, 0), np.uint8)


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
    **{f"bent {how}": partial(bent, how) for how in BENDS},
    **{f"in the shadow of leaves, {depth:.0%}": partial(in_shadow, depth) for depth in (0.3, 0.5, 0.7)},
    **{f"exposed twice, {share:.0%}": partial(doubled, share) for share in (0.2, 0.35)},
    "face paint": painted,
    **{f"spectacles, {thick:.0%}": partial(spectacled, thick) for thick in (0.04, 0.1)},
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
