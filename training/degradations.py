"""What a door camera does to a face: jitter, bad light, blur, noise, few pixels, compression."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

RARELY = 0.2

# What a mask, glasses and a cap hide of a crop of 128 px: its first and last row, by its height.
HIDDEN = ((0.58, 0.96), (0.34, 0.5), (0.0, 0.36))


@dataclass(frozen=True)
class Jitter:
    """How far a crop may be off, each way.

    Attributes:
        shift_px: across and down.
        turn_degrees: around the centre.
        scale: 0.05 is five per cent larger or smaller.
        stretch: 0.05 is five per cent wider or narrower.
    """

    shift_px: float = 3.0
    turn_degrees: float = 6.0
    scale: float = 0.06
    stretch: float = 0.0


def jittered(picture: Picture, size_px: int, jitter: Jitter, random: np.random.Generator) -> Picture:
    """Cut the middle out of a picture, slightly shifted, turned and scaled."""
    turn, grow = random.normal(0, jitter.turn_degrees / 2), np.exp(random.normal(0, jitter.scale / 2))
    shift = random.normal(0, jitter.shift_px / 2, 2)
    middle = (picture.shape[1] / 2 - 0.5, picture.shape[0] / 2 - 0.5)
    matrix = cv2.getRotationMatrix2D(middle, turn, grow)
    wider = np.exp(random.normal(0, jitter.stretch / 2) / 2)
    matrix[:, :2] *= (wider, 1 / wider)
    matrix[:, 2] += np.array(middle) - (matrix[:, :2] @ middle + matrix[:, 2])
    matrix[:, 2] += shift + (size_px / 2 - 0.5) - np.array(middle)
    return np.asarray(
        cv2.warpAffine(
            picture, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        ),
        np.uint8,
    )


def lit_otherwise(picture: Picture, random: np.random.Generator) -> Picture:
    """Darker or brighter, flatter or harder, warmer or colder: one curve for each channel."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(random.normal(0, 0.25))
    gain, lift = np.exp(random.normal(-0.05, 0.2)), random.normal(0, 0.04)
    tint = np.exp(random.normal(0, 0.07, 3))
    curves = np.clip((levels[:, None] ** gamma * gain + lift) * tint, 0, 1) * 255
    return np.asarray(cv2.LUT(picture, curves.astype(np.uint8)[None]), np.uint8)


def lit_from_one_side(picture: Picture, random: np.random.Generator) -> Picture:
    """A slope of light over the face, as a lamp or the sun at one side makes it."""
    height, width = picture.shape[:2]
    angle, depth = random.uniform(0, 2 * np.pi), random.uniform(0.3, 0.9)
    across = np.linspace(-1, 1, width, dtype=np.float32) * np.cos(angle)
    down = np.linspace(-1, 1, height, dtype=np.float32) * np.sin(angle)
    light = 1 - depth * (0.5 + 0.5 * np.clip(down[:, None] + across[None], -1, 1))
    return np.asarray(picture * light[..., None], np.uint8)


def grey(picture: Picture, random: np.random.Generator) -> Picture:  # noqa: ARG001
    """Without colour, as infrared night pictures are."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def blurred(picture: Picture, random: np.random.Generator) -> Picture:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 2.2)), np.uint8)


def moved(picture: Picture, random: np.random.Generator) -> Picture:
    """Smeared along a line, as by somebody who walks."""
    length, angle = int(random.integers(3, 10)), random.uniform(0, 180)
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    middle = (length / 2 - 0.5, length / 2 - 0.5)
    turned = cv2.warpAffine(line, cv2.getRotationMatrix2D(middle, angle, 1), (length, length))
    return np.asarray(
        cv2.filter2D(picture, -1, np.asarray(turned / max(float(turned.sum()), 1e-6), np.float32)), np.uint8
    )


def shrunk(picture: Picture, random: np.random.Generator) -> Picture:
    """Seen from far: few pixels, enlarged again."""
    height, width = picture.shape[:2]
    factor = random.uniform(0.22, 0.8)
    small = cv2.resize(picture, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def noisy(picture: Picture, random: np.random.Generator) -> Picture:
    """A sensor's noise in poor light, now and then so much that hardly anything else is seen."""
    most = 60 if random.random() < RARELY else 18
    noise = random.standard_normal(picture.shape, np.float32) * random.uniform(2, most)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def recompressed(picture: Picture, random: np.random.Generator) -> Picture:
    """Through a JPEG of low quality."""
    quality = int(random.integers(3, 15) if random.random() < RARELY else random.integers(15, 75))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def covered(picture: Picture, random: np.random.Generator) -> Picture:
    """Partly behind something: a mask, glasses, a hand, a scarf, a cap; of one colour, or with a pattern."""
    height, width = picture.shape[:2]
    if random.random() < 0.5:
        high, wide = int(height * random.uniform(0.15, 0.4)), int(width * random.uniform(0.15, 0.5))
        top, left = random.integers(0, height - high), random.integers(0, width - wide)
    else:
        first, last = HIDDEN[random.integers(len(HIDDEN))]
        top = int(height * (first + random.normal(0, 0.02)))
        high = int(height * (last + random.normal(0, 0.02))) - top
        left, wide = int(width * random.uniform(0, 0.15)), int(width * random.uniform(0.85, 1))
    hidden = picture.copy()
    place = hidden[max(0, top) : top + high, left : left + wide]
    place[:] = pattern(place.shape[0], place.shape[1], random)
    return hidden


def pattern(height: int, width: int, random: np.random.Generator) -> Picture:
    """Cloth, uint8 [height, width, 3]: plain, shaded from one edge to the other, striped, or woven."""
    colours = random.integers(0, 256, (2, 3)).astype(np.float32)
    kind = random.integers(4)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == 0:
        share = np.zeros((height, width), np.float32)
    elif kind == 1:
        share = down / max(1, height - 1)
    elif kind == 2:
        share = (
            np.sin((down * random.normal() + across * random.normal()) * random.uniform(0.2, 1.5)) / 2 + 0.5
        )
    else:
        grain = random.standard_normal((height, width)).astype(np.float32)
        share = np.clip(
            np.asarray(cv2.GaussianBlur(grain, (0, 0), random.uniform(0.5, 4)), np.float32) * 2 + 0.5, 0, 1
        )
    return np.asarray(colours[0] + share[..., None] * (colours[1] - colours[0]), np.uint8)


# In the order in which light, lens, sensor and file do their damage, and how often each happens.
DEGRADATIONS: tuple[tuple[float, Callable[[Picture, np.random.Generator], Picture]], ...] = (
    (0.50, lit_otherwise),
    (0.08, lit_from_one_side),
    (0.06, grey),
    (0.12, blurred),
    (0.04, moved),
    (0.15, shrunk),
    (0.12, noisy),
    (0.20, recompressed),
)


def degraded(picture: Picture, random: np.random.Generator) -> Picture:
    """A picture, uint8 [height, width, 3] RGB, through a random choice of ``DEGRADATIONS``."""
    for frequency, degradation in DEGRADATIONS:
        if random.random() < frequency:
            picture = degradation(picture, random)
    return picture
