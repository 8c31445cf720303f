"""What may be wrong with an aligned face, or look so and be right: each makes another picture of one."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from training.covering import EYES, POINTS, Span, hidden, painted, shaded, spectacled, veiled
from training.degradations import Picture, degraded
from training.faces import CROP_PX

Change = Callable[[Picture, np.random.Generator], Picture]
Grid = NDArray[np.float32]  # [128, 128], in distances of the eyes from the middle of a face
Bend = Callable[[Grid, Grid, np.float32, np.random.Generator], tuple[Grid, Grid]]
EYES_PX = float(EYES[1, 0] - EYES[0, 0])
MIDDLE = POINTS.mean(axis=0)[::-1]  # y, x


def formed(factor: float, picture: Picture, _: np.random.Generator) -> Picture:
    """So many times as wide as it should be, of the same area."""
    wide, middle = np.sqrt(factor), CROP_PX / 2 - 0.5
    matrix = np.array([[wide, 0, middle * (1 - wide)], [0, 1 / wide, middle * (1 - 1 / wide)]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def skewed(shear: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Each row moved to the side, by so much of its distance to the middle."""
    middle = CROP_PX / 2 - 0.5
    matrix = np.array([[1, shear, -shear * middle], [0, 1, 0]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def bent(how: Bend, strength: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """As a lens, a slanting camera or a beautifier bends a face, more or less, to either side."""
    down, across = (np.indices((CROP_PX, CROP_PX), np.float32) - MIDDLE[:, None, None]) / EYES_PX
    much = np.float32(random.uniform(*strength) * random.choice((-1, 1)))
    across, down = how(across, down, much, random)
    return np.asarray(
        cv2.remap(
            picture,
            (across * EYES_PX + MIDDLE[1]).astype(np.float32),
            (down * EYES_PX + MIDDLE[0]).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _lens(across: Grid, down: Grid, much: np.float32, _: np.random.Generator) -> tuple[Grid, Grid]:
    square = across**2 + down**2
    scale = np.maximum(1 + much * square / (1 + 0.3 * square), 0.5)
    return across * scale, down * scale


def _bulge(across: Grid, down: Grid, much: np.float32, random: np.random.Generator) -> tuple[Grid, Grid]:
    x, y = random.normal(0, 0.25, 2)  # at the nose, or near it
    scale = 1 - much * np.exp(-((across - x) ** 2 + (down - y) ** 2) / random.uniform(0.2, 0.9))
    return (across - x) * scale + x, (down - y) * scale + y


def _keystone(across: Grid, down: Grid, much: np.float32, random: np.random.Generator) -> tuple[Grid, Grid]:
    if random.random() < 0.5:
        return across * (1 + much * down), down
    return across, down * (1 + much * across)


def _waves(across: Grid, down: Grid, much: np.float32, random: np.random.Generator) -> tuple[Grid, Grid]:
    length, begin = random.uniform(0.3, 1.5), random.uniform(0, 6.28)
    if random.random() < 0.5:
        return across + much * np.sin(2 * np.pi * down / length + begin), down
    return across, down + much * np.sin(2 * np.pi * across / length + begin)


def _torn(across: Grid, down: Grid, much: np.float32, random: np.random.Generator) -> tuple[Grid, Grid]:
    band = (down / random.uniform(0.08, 0.4)).astype(np.int32)
    return across + random.normal(0, abs(float(much)), 200).astype(np.float32)[band + 100], down


def _swirl(across: Grid, down: Grid, much: np.float32, _: np.random.Generator) -> tuple[Grid, Grid]:
    turn = much * np.exp(-(across**2 + down**2) / 1.4)
    return across * np.cos(turn) - down * np.sin(turn), across * np.sin(turn) + down * np.cos(turn)


def doubled(share: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """Seen twice, as when it moved, or as a pane reflects."""
    turn = random.normal(0, 8)
    matrix = np.array(cv2.getRotationMatrix2D((CROP_PX / 2, CROP_PX / 2), turn, random.uniform(0.8, 1.25)))
    matrix[:, 2] = matrix[:, 2] + random.choice((-1, 1), 2) * random.uniform(4, 22, 2)
    seen = picture[:, ::-1] if random.random() < 0.5 else picture
    other = cv2.warpAffine(seen, matrix, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE)
    much = random.uniform(*share)
    return np.asarray(cv2.addWeighted(picture, 1 - much, np.asarray(other, np.uint8), much, 0), np.uint8)


def pale(picture: Picture, random: np.random.Generator) -> Picture:
    """Of little contrast and detail, as a cheap camera smooths it, or without colour."""
    seen = picture.astype(np.float32)
    if random.random() < 0.25:
        seen = np.repeat(seen.mean(axis=2, keepdims=True), 3, axis=2)
    if random.random() < 0.6:
        seen = np.asarray(cv2.bilateralFilter(seen, 7, random.uniform(10, 45), 3), np.float32)
    if random.random() < 0.5:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), random.uniform(0.3, 1.1)), np.float32)
    level, lift = seen.mean(axis=(0, 1)), random.uniform(-5, 55)
    seen = (seen - level) * random.uniform(0.5, 1.1) + level * random.uniform(0.8, 1.1) + lift
    return np.clip(seen, 0, 255).astype(np.uint8)


def noisy(deviation: float, picture: Picture, random: np.random.Generator) -> Picture:
    """With a sensor's noise."""
    noise = random.standard_normal(picture.shape, np.float32) * deviation
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(quality: int, picture: Picture, random: np.random.Generator) -> Picture:
    """As a JPEG of low quality, in which the face was larger."""
    side = round(CROP_PX * random.uniform(0.7, 2.5))
    data = cv2.imencode(".jpg", cv2.resize(picture, (side, side)), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    larger = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.resize(larger, (CROP_PX, CROP_PX), interpolation=cv2.INTER_AREA), np.uint8)


def smeared(share: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Moved to the side while it was taken, by so much of the face's width."""
    return np.asarray(cv2.blur(picture, (max(1, round(0.75 * CROP_PX * share)), 1)), np.uint8)


def out_of_focus(share: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Blurred by so much of the face's width."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.75 * CROP_PX * share), np.uint8)


def as_it_is(picture: Picture, _: np.random.Generator) -> Picture:
    """Nothing wrong."""
    return picture


def nearly_right(picture: Picture, random: np.random.Generator) -> Picture:
    """Hardly wider or narrower than it should be: heads are."""
    return formed(random.uniform(0.94, 1.07), picture, random)


WHOLE: Span = (-0.2, 1.2)
# What is good: by name, how often.
RIGHT: dict[str, tuple[float, Change]] = {
    "as it is": (0.35, as_it_is),
    "a door's": (0.2, degraded),
    "nearly right": (0.15, nearly_right),
    "hat": (0.08, partial(hidden, (-0.2, 0.2), WHOLE)),
    "spectacles": (0.08, spectacled),
    "pale": (0.14, pale),
}
# What is not: by outcome and name; all of an outcome are shown as often.
WRONG: dict[str, dict[str, Change]] = {
    "distorted": {
        **{
            f"stretched {factor:g}": partial(formed, factor)
            for factor in (0.55, 0.65, 0.7, 0.75, 0.8, 0.85, 1.2, 1.3, 1.45, 1.6, 1.8)
        },
        **{f"skewed {shear:g}": partial(skewed, shear) for shear in (-0.45, -0.3, 0.3, 0.45)},
        "lens": partial(bent, _lens, (0.3, 0.8)),
        "bulge": partial(bent, _bulge, (0.3, 0.7)),
        "keystone": partial(bent, _keystone, (0.22, 0.5)),
        "waves": partial(bent, _waves, (0.04, 0.12)),
        "torn": partial(bent, _torn, (0.05, 0.2)),
        "swirl": partial(bent, _swirl, (0.35, 0.9)),
    },
    "obscured": {
        "mask": partial(hidden, (0.58, 1.1), WHOLE),
        "glasses": partial(hidden, (0.36, 0.52), (0.05, 0.95)),
        "left half": partial(hidden, WHOLE, (-0.2, 0.48)),
        "right half": partial(hidden, WHOLE, (0.52, 1.2)),
        "upper half": partial(hidden, (-0.2, 0.52), WHOLE),
        "mouth": partial(hidden, (0.68, 0.9), (0.28, 0.72)),
        "an eye": partial(hidden, (0.36, 0.52), (0.22, 0.48)),
        "paint": painted,
        "shadows": partial(shaded, (0.35, 0.75)),
        "veil": partial(veiled, (0.25, 0.6)),
    },
    "blurred": {
        "double": partial(doubled, (0.25, 0.5)),
        **{f"noise {deviation}": partial(noisy, deviation) for deviation in (35, 50, 70, 90)},
        **{f"JPEG {quality}": partial(compressed, quality) for quality in (2, 3, 4, 5)},
        **{f"moved {share:g}": partial(smeared, share) for share in (0.1, 0.15, 0.2)},
        **{f"out of focus {share:g}": partial(out_of_focus, share) for share in (0.03, 0.05)},
    },
}

# What an embedder is to look through.
DISGUISES: tuple[Change, ...] = (
    spectacled,
    spectacled,
    spectacled,
    painted,
    partial(shaded, (0.2, 0.7)),
    partial(shaded, (0.2, 0.7)),
    partial(bent, _lens, (0.1, 0.6)),
    partial(bent, _bulge, (0.1, 0.6)),
    partial(bent, _keystone, (0.1, 0.4)),
    partial(veiled, (0.15, 0.4)),
)
