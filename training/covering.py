"""What may lie over an aligned face, or a part of it: each makes another picture of one."""

import cv2
import numpy as np

from training.degradations import Picture, pattern
from training.faces import CROP_PX, FACE_PX
from wsgi_app.vision.align import TEMPLATE

Span = tuple[float, float]  # the first and the last, or the least and the most
POINTS = TEMPLATE.astype(np.float32) + (CROP_PX - FACE_PX) / 2  # x, y in px of a crop
EYES = POINTS[:2]
# What is painted: x, y of its middle, and half its width and height, px.
PAINTED = (
    *((x, y, 11, 8) for x, y in EYES.tolist()),
    (64, 81, 7, 8),
    (64, 101, 14, 6),
    (38, 86, 9, 9),
    (90, 86, 9, 9),
    (64, 38, 20, 10),
)


def shaded(depth: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """In the shadow of leaves, lace or blinds."""
    cells = int(random.integers(4, 16))
    shape = ((cells, cells), (cells, 2), (2, cells))[random.choice(3, p=(0.6, 0.2, 0.2))]
    coarse = random.random(shape).astype(np.float32)
    shadow = cv2.resize(coarse, (CROP_PX, CROP_PX), interpolation=cv2.INTER_CUBIC)
    shadow = np.clip((shadow - 0.5) * random.uniform(2, 8) + 0.5, 0, 1)
    return np.asarray(picture * (1 - random.uniform(*depth) * shadow[..., None]), np.uint8)


def veiled(share: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """Behind something thin: a veil, a net, a dirty pane."""
    much = random.uniform(*share)
    over = pattern(CROP_PX, CROP_PX, random)
    return np.asarray(cv2.addWeighted(picture, 1 - much, over, much, 0), np.uint8)


def painted(picture: Picture, random: np.random.Generator) -> Picture:
    """With paint on eyes, nose, mouth or cheeks, on some of them."""
    layer, share = picture.copy(), np.zeros((CROP_PX, CROP_PX), np.float32)
    places = [PAINTED[number] for number in random.permutation(len(PAINTED))[: random.integers(2, 6)]]
    for x, y, wide, high in places:
        axes = (round(wide * random.uniform(0.7, 1.5)), round(high * random.uniform(0.7, 1.5)))
        centre, turn = (round(x + random.normal(0, 2)), round(y + random.normal(0, 2))), random.normal(0, 10)
        colour = tuple(int(value) for value in random.choice((0, 30, 128, 225, 255), 3))
        cv2.ellipse(layer, centre, axes, turn, 0, 360, colour, -1)
        cv2.ellipse(share, centre, axes, turn, 0, 360, 1, -1)
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), random.uniform(0.6, 2)), np.float32)
    much = random.uniform(0.5, 1) * share[..., None]
    return np.asarray(picture + much * (layer.astype(np.float32) - picture), np.uint8)


def spectacled(picture: Picture, random: np.random.Generator) -> Picture:
    """With frames of spectacles, thin or thick, round or square."""
    drawn, thick = picture.copy(), int(random.integers(1, 5))
    colour = tuple(int(value) for value in random.integers(0, 110, 3))
    wide, high = random.uniform(12, 17), random.uniform(8, 15)
    is_round = random.random() < 0.5
    for x, y in EYES:
        box = ((x, y + random.uniform(-1, 3)), (2 * wide, 2 * high), 0)
        if is_round:
            cv2.ellipse(drawn, box, colour, thick, cv2.LINE_AA)
        else:
            cv2.drawContours(drawn, [cv2.boxPoints(box).astype(np.int32)], 0, colour, thick, cv2.LINE_AA)
    middle = round(float(np.mean(EYES[:, 1])))
    inner = (round(EYES[0, 0] + wide), middle), (round(EYES[1, 0] - wide), middle)
    cv2.line(drawn, *inner, colour, thick, cv2.LINE_AA)
    return drawn


def hidden(rows: Span, columns: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """A part behind cloth or a hand, or grey; with hard edges or soft ones, square or round."""
    (top, bottom), (left, right) = (
        sorted(round(CROP_PX * (share + random.normal(0, 0.03))) for share in span)
        for span in (rows, columns)
    )
    share = np.zeros((CROP_PX, CROP_PX), np.float32)
    if random.random() < 0.5:
        share[max(0, top) : bottom, max(0, left) : right] = 1
    else:
        centre = ((left + right) / 2, (top + bottom) / 2)
        cv2.ellipse(
            share, (centre, (1.15 * (right - left), 1.15 * (bottom - top)), random.uniform(-8, 8)), 1, -1
        )
    if random.random() < 0.5:
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), random.uniform(0.7, 3)), np.float32)
    return np.asarray(
        picture + share[..., None] * (_cloth(picture, random).astype(np.float32) - picture), np.uint8
    )


def _cloth(picture: Picture, random: np.random.Generator) -> Picture:
    kind = random.random()
    if kind < 0.1:  # as what is cut off is in many files
        return np.full_like(picture, random.integers(0, 256))
    if kind < 0.28:  # a hand, or skin where none should be: the face's own colours, lit from somewhere
        return _skin(picture, random)
    if kind < 0.5:  # the same face once more, moved: two mouths, four eyes
        shift = random.uniform(18, 40, 2) * random.choice((-1, 1), 2) * (random.random(2) < 0.7)
        moved = np.array([[1, 0, shift[0]], [0, 1, shift[1] or 30]])
        return np.asarray(
            cv2.warpAffine(picture, moved, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    if kind < 0.6:  # made unknowable on purpose
        small = cv2.resize(picture, (int(random.integers(6, 18)),) * 2, interpolation=cv2.INTER_AREA)
        how = cv2.INTER_NEAREST if random.random() < 0.7 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(small, (CROP_PX, CROP_PX), interpolation=how), np.uint8)
    if kind < 0.67:  # grain
        return np.asarray(random.integers(0, 256, picture.shape), np.uint8)
    return pattern(CROP_PX, CROP_PX, random)


def _skin(picture: Picture, random: np.random.Generator) -> Picture:
    y, x = random.integers(45, 85, 2)
    tone = picture[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))
    down, across = np.mgrid[0:CROP_PX, 0:CROP_PX].astype(np.float32) / CROP_PX - random.uniform(0.2, 0.8)
    if random.random() < 0.5:  # lighter or darker in the middle
        light = 1 + random.normal(0, 0.3) * np.exp(-(down**2 + across**2) / random.uniform(0.02, 0.2))
    else:
        light = 1 + random.normal(0, 0.4) * down + random.normal(0, 0.4) * across
    grain = random.normal(0, random.uniform(0, 4), picture.shape)
    return np.clip(tone * light[..., None] + grain, 0, 255).astype(np.uint8)
